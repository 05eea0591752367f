import { assert, describe, it } from "@effect/vitest"
import { Dataset, type Emulator, Equity, Fault } from "@tidemark/emulator"
import { Effect } from "effect"
import { folder, parse, provider, type Row, run } from "./tidemark.ts"

const seconds = 60_000

const month = ["--start=2024-01-01", "--end=2024-02-01"]
const synthetic = [
  ...Dataset.synthetic({ symbols: ["BTC/USDT", "ETH/USDT", "SOL/BTC"] }),
  ...Dataset.synthetic({ symbols: ["BTC/USDT"], market: "um", intervals: ["1m", "1h"] })
]

const near = (emulator: Emulator["Service"], cwd: string, env: Readonly<Record<string, string>> = {}) => ({
  cwd,
  env: {
    DATABASE_URL: "duckdb:./x.duckdb",
    BINANCE_BASE_URL: emulator.url,
    CCXT_BASE_URL: emulator.url,
    BINANCE_ARCHIVE: "on",
    ...env
  }
})

describe("sources check", { concurrent: true }, () => {
  it.live(
    "asks a source a few small things and finds its promises kept",
    () =>
      Effect.gen(function* () {
        const emulator = yield* provider({ datasets: synthetic })
        const options = near(emulator, yield* folder)
        for (const [name, symbol] of [
          ["binance", "BTC/USDT"],
          ["binance", "BTC/USDT:USDT"],
          ["ccxt:kraken", "BTC/USDT"],
          ["ccxt:coinbaseexchange", "ETH/USDT"]
        ] as const) {
          const before = yield* emulator.requestCount
          const ended = yield* run(["sources", "check", name, "--symbol", symbol, "--json"], options)
          assert.strictEqual(ended.code, 0, ended.stdout + ended.stderr)
          const { findings, requests } = parse<{ findings: ReadonlyArray<Row>; requests: number }>(ended)
          assert.isAtLeast(findings.filter(({ status }) => status === "ok").length, 5)
          assert.strictEqual(requests, (yield* emulator.requestCount) - before)
          assert.isAtMost(requests, 20)
        }
      }),
    seconds
  )

  it.live(
    "says which promise is broken, and that a source cannot be reached or set up",
    () =>
      Effect.gen(function* () {
        const emulator = yield* provider({ datasets: synthetic })
        yield* emulator.inject(Fault.OffGrid({ match: { path: "/api/v3/klines" }, times: Infinity }))
        const options = near(emulator, yield* folder)
        const off = yield* run(["sources", "check", "binance"], options)
        assert.strictEqual(off.code, 1)
        assert.match(off.stdout, /^FAILED +it gives candles.* is off the grid/m)
        const far = yield* run(["sources", "check", "binance"], { cwd: options.cwd })
        assert.strictEqual(far.code, 1)
        assert.match(far.stdout, /^FAILED +it can be reached.*ECONNREFUSED/m)
        const keyless = yield* run(["sources", "check", "polygon"], { cwd: options.cwd })
        assert.strictEqual(keyless.code, 1)
        assert.include(keyless.stdout, "POLYGON_API_KEY")
        const none = yield* run(["sources", "check", "binanse"], options)
        assert.strictEqual(none.code, 2)
        assert.include(none.stderr, "Known sources: binance")
      }),
    seconds
  )
})

const options = {
  datasets: [],
  equities: ["AAPL", "SPY", "^SPX", "^VIX"].map((symbol) => Equity.synthetic({ symbol }))
}

describe("a source that has option chains and no candles", { concurrent: true }, () => {
  it.live(
    "is checked by its chain, for shares and for indices",
    () =>
      Effect.gen(function* () {
        const emulator = yield* provider(options)
        const cwd = yield* folder
        for (const args of [[], ["--symbol", "^SPX"], ["--symbol", "SPY", "--timeframe", "1d"]]) {
          const before = yield* emulator.requestCount
          const ended = yield* run(["sources", "check", "cboe", ...args, "--json"], {
            cwd,
            env: { CBOE_BASE_URL: emulator.url }
          })
          assert.strictEqual(ended.code, 0, ended.stdout + ended.stderr)
          const report = parse<{ findings: ReadonlyArray<Row>; requests: number; timeframe: null }>(ended)
          assert.isNull(report.timeframe)
          assert.deepStrictEqual(
            report.findings.map(({ status }) => status),
            ["ok", "skipped", "ok", "ok"]
          )
          assert.match(String(report.findings[2]?.["detail"]), /^\d+ contracts of \d+ expirations at 20/)
          assert.strictEqual(report.requests, (yield* emulator.requestCount) - before)
        }
      }),
    seconds
  )

  it.live(
    "is told so when its chain is none",
    () =>
      Effect.gen(function* () {
        const emulator = yield* provider(options)
        yield* emulator.inject(
          Fault.Empty({ match: { path: "/api/global/delayed_quotes/options/AAPL" }, times: Infinity })
        )
        const ended = yield* run(["sources", "check", "cboe"], {
          cwd: yield* folder,
          env: { CBOE_BASE_URL: emulator.url }
        })
        assert.strictEqual(ended.code, 1)
        assert.match(ended.stdout, /^cboe, asked for AAPL:/)
        assert.match(ended.stdout, /^FAILED +it shows option chains.*it has no contracts/m)
      }),
    seconds
  )

  it.live(
    "is listed with what it has, and a backfill from it is refused before it is asked anything",
    () =>
      Effect.gen(function* () {
        const emulator = yield* provider(options)
        const near = { cwd: yield* folder, env: { CBOE_BASE_URL: emulator.url, DATABASE_URL: "duckdb:./x.duckdb" } }
        const rows = parse<ReadonlyArray<Row>>(yield* run(["sources", "list", "--json"], near))
        const cboe = rows.find((row) => row["id"] === "cboe")
        assert.deepInclude(cboe, {
          timeframes: [],
          options: { delay_ms: 900_000, history: false, computes: ["impliedVolatility", "gamma"] },
          reachable: true,
          variables: ["CBOE_BASE_URL"]
        })
        assert.isNull(rows.find((row) => row["id"] === "binance")?.["options"])
        const table = yield* run(["sources", "list"], near)
        assert.match(table.stdout, /^cboe +observed +equity, index +15 min late +30 a minute +yes/m)
        const before = yield* emulator.requestCount
        const ended = yield* run(
          ["backfill", "--symbols", "SPY", "--timeframes", "1d", "--days", "10", "--source", "cboe"],
          near
        )
        assert.strictEqual(ended.code, 2)
        assert.include(
          ended.stderr,
          "No source of SPY can serve 1d: cboe has no candles, it serves option chains only. See: tidemark sources list"
        )
        assert.strictEqual(yield* emulator.requestCount, before)
      }),
    seconds
  )

  it.live(
    "keeps a symbol on the list that nobody backfills, unless it is named",
    () =>
      Effect.gen(function* () {
        const near = { cwd: yield* folder, env: { DATABASE_URL: "duckdb:./x.duckdb" } }
        const alone = yield* run(["symbols", "add", "^SPX", "--sources", "cboe"], near)
        assert.strictEqual(alone.code, 0, alone.stderr)
        const nothing = yield* run(["backfill", "--timeframes", "1d", "--days", "10"], near)
        assert.strictEqual(nothing.code, 2)
        assert.include(nothing.stderr, "cboe has no candles")
        yield* run(["symbols", "add", "SPY", "--sources", "synthetic"], near)
        const others = yield* run(["backfill", "--timeframes", "1d", "--days", "10", "--json"], near)
        assert.strictEqual(others.code, 0, others.stderr)
        const { series } = parse<{ series: ReadonlyArray<Row> }>(others)
        assert.deepStrictEqual(
          series.map(({ symbol }) => symbol),
          ["SPY"]
        )
        const named = yield* run(["backfill", "--symbols", "^SPX,SPY", "--timeframes", "1d", "--days", "10"], near)
        assert.strictEqual(named.code, 2)
      }),
    seconds
  )
})

describe("sources list", { concurrent: true }, () => {
  it.live(
    "says what a provider allows and whether a key is there",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        const list = (env: Readonly<Record<string, string>>) =>
          Effect.map(run(["sources", "list", "--json"], { cwd, env }), (ended) => parse<ReadonlyArray<Row>>(ended))
        const of = (rows: ReadonlyArray<Row>, id: string) => rows.find((row) => row["id"] === id)
        const without = yield* list({})
        assert.deepInclude(of(without, "binance"), { key: "none needed", budget: { limit: 6_000, window_ms: 60_000 } })
        assert.deepInclude(of(without, "polygon"), { key: "missing", budget: { limit: 5, window_ms: 60_000 } })
        const withKey = yield* list({ POLYGON_API_KEY: "planted-key", POLYGON_PLAN: "paid" })
        assert.deepInclude(of(withKey, "polygon"), { key: "present", budget: { limit: 100, window_ms: 1_000 } })
        assert.notInclude(JSON.stringify(withKey), "planted")
      }),
    seconds
  )
})

describe("sources rewrites", { concurrent: true }, () => {
  it.live(
    "finds the file that was written anew, and the command it gives brings what it holds now",
    () =>
      Effect.gen(function* () {
        const emulator = yield* provider({ datasets: synthetic })
        const options = near(emulator, yield* folder)
        const first = yield* run(["backfill", "--symbols=BTC/USDT", "--timeframes=1m,5m", ...month], options)
        assert.strictEqual(first.code, 0, first.stderr)
        assert.include(first.stdout, "2 archive files verified by checksum")
        const same = yield* run(["sources", "rewrites"], options)
        assert.strictEqual(same.code, 0, same.stderr)
        assert.include(same.stdout, "2 files: none was written anew")

        yield* emulator.spoilArchive({ _tag: "Rewritten", in: "/1m/" })
        const found = yield* run(["sources", "rewrites", "--json"], options)
        assert.strictEqual(found.code, 3)
        const { changed } = parse<{ changed: ReadonlyArray<Readonly<Record<string, string>>> }>(found)
        assert.strictEqual(changed.length, 1)
        assert.strictEqual(changed[0]!["change"], "rewritten")
        const [, ...command] = changed[0]!["next"]!.split(" ")
        const again = yield* run([...command, "--json"], options)
        assert.strictEqual(again.code, 0, again.stderr)
        assert.deepInclude(parse<{ summary: Row }>(again).summary, { changed: 1, inserted: 0 })
        const settled = yield* run(["sources", "rewrites"], options)
        assert.strictEqual(settled.code, 0, settled.stdout)
      }),
    seconds
  )

  it.live(
    "a run says which file was set aside and why",
    () =>
      Effect.gen(function* () {
        const emulator = yield* provider({
          datasets: synthetic,
          archiveDefects: [{ _tag: "StaleChecksum", in: "/5m/" }]
        })
        const options = near(emulator, yield* folder)
        const ended = yield* run(["backfill", "--symbols=BTC/USDT", "--timeframes=5m", ...month], options)
        assert.strictEqual(ended.code, 0, ended.stderr)
        assert.match(
          ended.stdout,
          /not used, asked for page by page instead: \S+-5m-2024-01\.zip: its checksum is to be/
        )
        assert.include(ended.stdout, "1 series: 1 complete")
        const rows = yield* run(
          ["query", "SELECT status, count(*) AS n FROM source_files GROUP BY 1", "--json"],
          options
        )
        assert.deepStrictEqual(
          parse<ReadonlyArray<Row>>(rows).map((row) => [row["status"], Number(row["n"])]),
          [["quarantined", 1]]
        )
      }),
    seconds
  )
})

describe("symbols discover", { concurrent: true }, () => {
  it.live(
    "shows what a source lists, the most traded first, and puts it on the list",
    () =>
      Effect.gen(function* () {
        const emulator = yield* provider({ datasets: synthetic })
        const options = near(emulator, yield* folder)
        const discover = (...args: ReadonlyArray<string>) =>
          run(["symbols", "discover", "--source", "binance", ...args, "--json"], options)
        const all = parse<{ symbols: ReadonlyArray<Row> }>(yield* discover())
        assert.sameMembers(
          all.symbols.map((row) => String(row["symbol"])),
          ["BTC/USDT", "ETH/USDT", "SOL/BTC", "BTC/USDT:USDT"]
        )
        const turnovers = all.symbols.map((row) => Number(row["turnover"]))
        assert.deepStrictEqual(
          turnovers,
          turnovers.toSorted((a, b) => b - a)
        )
        assert.isAbove(turnovers.at(-1)!, 0)
        const [top] = parse<{ symbols: ReadonlyArray<Row> }>(yield* discover("--quote", "btc", "--top", "1")).symbols
        assert.strictEqual(top!["symbol"], "SOL/BTC")
        const nothing = yield* discover("--quote", "XYZ")
        assert.strictEqual(nothing.code, 2)
        assert.include(nothing.stderr, "binance lists nothing that trades against XYZ")

        const added = yield* discover("--quote", "USDT", "--add")
        assert.strictEqual(parse<{ added: number }>(added).added, 3)
        assert.strictEqual(parse<{ added: number }>(yield* discover("--quote", "USDT", "--add")).added, 0)
        const fetched = yield* run(["backfill", "--timeframes=1h", "--start=2024-01-01", "--end=2024-01-03"], options)
        assert.strictEqual(fetched.code, 0, fetched.stderr)
        assert.match(fetched.stdout, /BTC\/USDT:USDT +✓/)
        const other = yield* run(["symbols", "discover", "--source", "synthetic"], options)
        assert.strictEqual(other.code, 2)
        assert.include(other.stderr, "synthetic has no list of what it has")
      }),
    seconds
  )
})

describe("a source that cannot be used", { concurrent: true }, () => {
  it.live(
    "is passed over for the next of the symbol's own, the report says so, and the two never mix",
    () =>
      Effect.gen(function* () {
        const emulator = yield* provider({ datasets: synthetic })
        const options = near(emulator, yield* folder, { BINANCE_BASE_URL: "http://127.0.0.1:1" })
        const range = ["--start=2026-11-01", "--end=2026-11-03", "--timeframes=1h"]
        yield* run(["symbols", "add", "BTC/USDT", "--sources", "binance,ccxt:coinbaseexchange"], options)
        const ended = yield* run(["backfill", ...range], options)
        assert.strictEqual(ended.code, 0, ended.stderr)
        assert.match(
          ended.stdout,
          /BTC\/USDT from ccxt:coinbaseexchange instead: binance cannot be used now: .*ECONNREFUSED/
        )
        // Binance is back: its own series, from the start.
        const back = yield* run(["backfill", ...range], near(emulator, options.cwd))
        assert.strictEqual(back.code, 0, back.stderr)
        assert.notInclude(back.stdout, "instead")
        const rows = yield* run(
          ["query", "SELECT source, count(*) AS n FROM market_data GROUP BY source ORDER BY source", "--json"],
          options
        )
        assert.deepStrictEqual(
          parse<ReadonlyArray<Row>>(rows).map((row) => [row["source"], Number(row["n"])]),
          [
            ["binance", 48],
            ["ccxt:coinbaseexchange", 48]
          ]
        )
      }),
    seconds
  )
})
