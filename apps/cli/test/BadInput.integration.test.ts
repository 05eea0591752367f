import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { fresh, onEvery } from "./databases.ts"
import * as Market from "./market.ts"
import {
  assertForPeople,
  assertRefused,
  backfill,
  type Case,
  complaint,
  refuses,
  refusesOnEvery,
  seconds
} from "./refusal.ts"
import { contents, folder, provider, run } from "./tidemark.ts"

refusesOnEvery("a wrong symbol, timeframe or source", [
  {
    name: "a symbol that is not on the list names the ways to get it",
    args: backfill("--symbols", "NOPE/USDT"),
    code: 2,
    says: ["NOPE/USDT", "BTC/USDT, ETH/USDT, AAPL, SPY", "tidemark symbols add NOPE/USDT", "--source binance"]
  },
  {
    name: "a symbol in another spelling is recognised",
    args: backfill("--symbols", "BTCUSDT"),
    code: 2,
    says: ["There is no symbol BTCUSDT. Did you mean BTC/USDT?"]
  },
  {
    name: "what cannot be a symbol says how symbols are written",
    args: backfill("--symbols", "BTC/USDT,b!d"),
    code: 2,
    says: ['"b!d" is no symbol', "BTC/USDT, AAPL, ^GSPC or EUR/USD"]
  },
  {
    name: "an unknown timeframe lists those there are",
    args: backfill("--timeframes", "1h,7m"),
    code: 2,
    says: ['no timeframe "7m"', "1s, 1m, 3m, 5m, 15m, 30m, 1h"]
  },
  {
    name: "coverage refuses an unknown timeframe too",
    args: ["coverage", "--timeframes", "7m"],
    code: 2,
    says: ['no timeframe "7m"']
  },
  {
    name: "an unknown source lists those there are, and makes no database",
    args: backfill("--symbols", "BTC/USDT", "--source", "nope"),
    code: 2,
    says: ['no source "nope"', "Known sources: binance, "]
  },
  ...[
    ["verify", "--source=kraken"],
    ["gaps", "list", "--source=kraken"],
    ["gaps", "fill", "--with=kraken"],
    ["prune", "--source=kraken"],
    ["quality", "list", "--source=kraken"],
    ["quality", "compare", "--with=kraken"],
    ["export", "--source=kraken"],
    ["features", "--source=kraken"],
    ["actions", "fetch", "--symbols=AAPL", "--source=kraken"],
    ["symbols", "add", "ABC/USDT", "--sources=kraken"],
    ["sources", "check", "kraken"],
    [
      "quality",
      "acknowledge",
      "--source=kraken",
      "--symbol=BTC/USD",
      "--timeframe=1h",
      "--start=2024-01-01",
      "--end=2024-01-02",
      "--note=right"
    ]
  ].map((args): Case => ({
    name: `the name of an exchange alone, with the source that has it: ${args.slice(0, 2).join(" ")}`,
    args,
    code: 2,
    says: ['no source "kraken". Did you mean ccxt:kraken? Known sources: binance, ']
  })),
  {
    name: "a tolerance in percent",
    args: ["quality", "compare", "--with=yahoo", "--tolerance=5"],
    code: 2,
    says: ["--tolerance is a share of the price", "at most 0.1, where 0.005 is 0.5 %; got 5"]
  },
  {
    name: "a source that takes no argument refuses one",
    args: backfill("--symbols", "BTC/USDT", "--source", "binance:spot"),
    code: 2,
    says: ['"binance" takes no argument', '"spot"']
  },
  {
    name: "a source that has no such asset class says so",
    args: backfill("--symbols", "AAPL", "--source", "binance"),
    code: 2,
    says: ["AAPL", "binance has no equity", "tidemark sources list"]
  }
])

onEvery("a symbol that the source itself does not know", (it) => {
  it.effect(
    "fails with its name, and stores nothing",
    () =>
      Effect.gen(function* () {
        const emulator = yield* provider({ datasets: [Market.hourly({ symbol: "BTC/USDT", rows: 10 })] })
        const { options } = yield* fresh(emulator)
        const ended = yield* run(
          backfill(
            "--symbols=NOPE/USDT",
            "--source=binance",
            "--timeframes=1h",
            "--start=2024-01-01",
            "--end=2024-01-02"
          ),
          options
        )
        assert.strictEqual(ended.code, 1, JSON.stringify(ended))
        assert.include(ended.stdout, "binance NOPE/USDT")
        assert.include(ended.stdout, "unknown symbol: Binance has no such market")
        assert.deepStrictEqual(complaint(ended), [])
        assertForPeople(ended.stdout)
        const coverage = yield* run(["coverage"], options)
        assert.include(coverage.stdout, "Nothing is stored yet")
      }),
    seconds
  )
})

describe("a wrong range", { concurrent: true }, () => {
  refuses([
    {
      name: "a start after the end",
      args: backfill("--start", "2024-02-01", "--end", "2024-01-01"),
      code: 2,
      says: ["--start 2024-02-01T00:00Z is not before --end 2024-01-01T00:00Z", "Swap them"]
    },
    {
      name: "a start that is the end",
      args: backfill("--start", "2024-01-01", "--end", "2024-01-01"),
      code: 2,
      says: ["--start 2024-01-01T00:00Z is not before --end 2024-01-01T00:00Z", "the end is not included"]
    },
    {
      name: "a date that does not exist",
      args: backfill("--start", "2023-02-30"),
      code: 2,
      says: ["--start 2023-02-30 is no date", "Write 2024-01-31"]
    },
    {
      name: "a time that does not exist",
      args: backfill("--start", "2023-02-03T24:30Z"),
      code: 2,
      says: ["--start 2023-02-03T24:30Z is no date"]
    },
    {
      name: "a word for a date",
      args: backfill("--end", "yesterday"),
      code: 2,
      says: ["--end yesterday is no date", "Write 2024-01-31"]
    },
    {
      name: "a range that lies wholly in the future",
      args: backfill("--start", "2999-01-01", "--end", "2999-02-01"),
      code: 2,
      says: ["--start 2999-01-01T00:00Z lies in the future"]
    },
    { name: "no days", args: backfill("--days", "0"), code: 2, says: ["--days must be at least 1, got 0"] },
    { name: "days below zero", args: backfill("--days=-3"), code: 2, says: ["--days must be at least 1, got -3"] },
    { name: "no candles", args: backfill("--limit", "0"), code: 2, says: ["--limit must be at least 1, got 0"] },
    {
      name: "two flags for one thing",
      args: backfill("--days", "3", "--years", "1"),
      code: 2,
      says: ["--days and --years say different things; give one of them"]
    },
    {
      name: "no requests at once",
      args: backfill("--concurrency", "0"),
      code: 2,
      says: ["--concurrency must be at least 1, got 0"]
    }
  ])

  it.live(
    "a provider's address that is no URL is named, without a stack trace",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        const ended = yield* run(backfill("--symbols=BTC/USDT", "--source=binance", "--days=3"), {
          cwd,
          env: { BINANCE_BASE_URL: "localhost" }
        })
        assertRefused(ended, 2, ["BINANCE_BASE_URL", "localhost"])
      }),
    seconds
  )
})

describe("a command line that cannot be read", { concurrent: true }, () => {
  const cases: ReadonlyArray<readonly [name: string, args: ReadonlyArray<string>, says: string]> = [
    ["an unknown flag", backfill("--nope"), "--nope"],
    ["an unknown command", ["nope"], '"nope"'],
    ["a word too many", backfill("extra"), '"extra"'],
    ["days that are no number", backfill("--days", "many"), '"many"'],
    ["days that are not whole", backfill("--days", "1.5"), '"1.5"'],
    ["a concurrency that is no number", backfill("--concurrency", "x"), '"x"'],
    ["a query without SQL", ["query"], "sql"],
    ["no symbol to remove", ["symbols", "remove"], "symbol"]
  ]
  for (const [name, args, says] of cases) {
    it.live(
      `${name} is named on stderr, with help, and changes nothing`,
      () =>
        Effect.gen(function* () {
          const cwd = yield* folder
          const ended = yield* run(args, { cwd })
          assert.strictEqual(ended.code, 2, JSON.stringify(ended))
          assert.include(ended.stderr, says)
          assertForPeople(ended.stderr)
          assert.deepStrictEqual(yield* contents(cwd), {})
        }),
      seconds
    )
  }

  it.live(
    "the help that comes with such an error is no result: stdout stays empty",
    () =>
      Effect.gen(function* () {
        const ended = yield* run(backfill("--nope", "--json"), { cwd: yield* folder })
        assert.strictEqual(ended.code, 2)
        assert.strictEqual(ended.stdout, "")
      }),
    seconds
  )
})

describe("a wrong configuration", { concurrent: true }, () => {
  const config = (name: string, text: string, says: ReadonlyArray<string>): Case => ({
    name,
    args: ["coverage"],
    files: { "tidemark.json": text },
    code: 2,
    says: ["tidemark.json", ...says]
  })
  refuses([
    config("a file that is no JSON", "{oops", ["JSON"]),
    config("a value of the wrong type", '{"database": 5}', ["database"]),
    config("an unknown key", '{"databse": "duckdb:./x.duckdb"}', ["databse"]),
    {
      name: "a file that is not there",
      args: ["coverage", "--config", "nope.json"],
      code: 2,
      says: ["nope.json"]
    },
    {
      name: "a wrong setting of a source",
      args: backfill("--symbols=AAPL", "--timeframes=1d", "--source=file:a.csv"),
      files: {
        "a.csv": "date,open,high,low,close,volume\n2024-01-02,1,2,1,2,5\n",
        "tidemark.json": '{"sources": {"file": {"timeUnit": "weeks"}}}'
      },
      code: 2,
      says: ['source "file"', "timeUnit"]
    }
  ])
})
