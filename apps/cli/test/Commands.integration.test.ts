import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Market from "./market.ts"
import { contents, folder, parse, provider, run } from "./tidemark.ts"

const seconds = 60_000
const env = { DATABASE_URL: "duckdb:./x.duckdb" }

describe("help", { concurrent: true }, () => {
  it.live(
    "of the program mentions every command and every global flag",
    () =>
      Effect.gen(function* () {
        const ended = yield* run(["--help"], { cwd: yield* folder })
        assert.strictEqual(ended.code, 0)
        assert.strictEqual(ended.stderr, "")
        for (const command of [
          "backfill",
          "coverage",
          "actions",
          "symbols",
          "sources",
          "query",
          "export",
          "migrate",
          "doctor"
        ]) {
          assert.match(ended.stdout, new RegExp(`^  ${command} +\\S`, "m"))
        }
        for (const flag of ["--database", "--config", "--json", "--quiet", "--log-level", "--version"]) {
          assert.include(ended.stdout, flag)
        }
      }),
    seconds
  )

  it.live(
    "of backfill mentions every flag and shows examples",
    () =>
      Effect.gen(function* () {
        const ended = yield* run(["backfill", "--help"], { cwd: yield* folder })
        assert.strictEqual(ended.code, 0)
        assert.strictEqual(ended.stderr, "")
        const flags =
          "symbols timeframes days years start end limit source concurrency force dry-run no-repair results json quiet"
        for (const flag of flags.split(" ")) assert.match(ended.stdout, new RegExp(`--${flag}\\b.*\\S`))
        assert.include(ended.stdout, "tidemark backfill --symbols BTC/USDT --timeframes 1h,1d --days 30")
      }),
    seconds
  )

  it.live(
    "of a group of commands mentions each of them",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        const symbols = yield* run(["symbols", "--help"], { cwd })
        assert.strictEqual(symbols.code, 0)
        for (const verb of ["add", "list", "remove", "import"]) {
          assert.match(symbols.stdout, new RegExp(`^  ${verb} +\\S`, "m"))
        }
        assert.deepStrictEqual(yield* contents(cwd), {})
      }),
    seconds
  )
})

interface SymbolsJson {
  readonly built_in: boolean
  readonly symbols: ReadonlyArray<{ readonly symbol: string } & Readonly<Record<string, unknown>>>
}

describe("symbols", { concurrent: true }, () => {
  it.live(
    "the built-in list stands until there is an own one; add, change, import and remove come back from list",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        const list = Effect.map(run(["symbols", "list", "--json"], { cwd, env }), (ended) => parse<SymbolsJson>(ended))
        const names = Effect.map(list, ({ symbols }) => symbols.map(({ symbol }) => symbol))
        const ok = (...args: ReadonlyArray<string>) =>
          Effect.map(run(["symbols", ...args], { cwd, env }), (ended) =>
            assert.deepStrictEqual({ code: ended.code, stderr: ended.stderr }, { code: 0, stderr: "" })
          )
        const builtIn = yield* list
        assert.isTrue(builtIn.built_in)
        assert.deepStrictEqual(
          builtIn.symbols.map(({ symbol }) => symbol),
          ["BTC/USDT", "ETH/USDT", "AAPL", "SPY"]
        )
        assert.deepStrictEqual(yield* contents(cwd), {})

        yield* ok("add", "sol/usdt")
        yield* ok("add", "MSFT", "--sources", "file:h/{symbol}.csv, synthetic", "--listed", "1986-03-13")
        const own = yield* list
        assert.isFalse(own.built_in)
        assert.deepStrictEqual(own.symbols, [
          {
            symbol: "MSFT",
            asset_class: "equity",
            calendar: "XNYS",
            sources: ["file:h/{symbol}.csv", "synthetic"],
            listed: "1986-03-13",
            delisted: null,
            active: true
          },
          {
            symbol: "SOL/USDT",
            asset_class: "crypto",
            calendar: "24/7",
            sources: ["binance"],
            listed: null,
            delisted: null,
            active: true
          }
        ])

        yield* ok("add", "SOL/USDT", "--sources", "synthetic")
        assert.deepStrictEqual((yield* list).symbols[1]!["sources"], ["synthetic"])

        yield* Effect.promise(() =>
          writeFile(join(cwd, "list.json"), '["ADA/USDT", {"symbol": "EUR/USD", "sources": ["synthetic"]}]')
        )
        yield* ok("import", "list.json")
        yield* Effect.promise(() => writeFile(join(cwd, "list.txt"), "# mine\nDOT/USDT\n\nXRP/USDT # later\n"))
        yield* ok("import", "list.txt")
        assert.deepStrictEqual(yield* names, ["ADA/USDT", "DOT/USDT", "EUR/USD", "MSFT", "SOL/USDT", "XRP/USDT"])
        yield* ok("remove", "msft", "ADA/USDT", "DOT/USDT", "EUR/USD", "XRP/USDT")
        assert.deepStrictEqual(yield* names, ["SOL/USDT"])
        yield* ok("remove", "SOL/USDT")
        assert.isTrue((yield* list).built_in)
      }),
    seconds
  )
})

describe("reading what is stored", { concurrent: true }, () => {
  it.live(
    "query and coverage print tables for people and JSON for programs",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        const emulator = yield* provider({
          datasets: [Market.hourly({ symbol: "BTC/USDT", rows: 100, without: [30] })]
        })
        const options = { cwd, env: { ...env, BINANCE_BASE_URL: emulator.url } }
        const stored = yield* run(
          [
            "backfill",
            "--symbols=BTC/USDT",
            "--source=binance",
            "--timeframes=1h",
            "--start=2024-01-01",
            "--end=2024-01-03"
          ],
          options
        )
        assert.strictEqual(stored.code, 3, stored.stderr)
        const sql = "SELECT symbol, timestamp, open FROM market_data ORDER BY timestamp LIMIT 2"
        const text = yield* run(["query", sql], options)
        assert.strictEqual(text.code, 0)
        assert.match(text.stdout, /^symbol +timestamp +open/)
        assert.match(text.stdout, /BTC\/USDT +2024-01-01T00:00:00\.000Z +100/)
        assert.include(text.stdout, "2 rows")
        const json = yield* run(["query", sql, "--json"], options)
        assert.deepStrictEqual(parse<unknown>(json), [
          { symbol: "BTC/USDT", timestamp: "2024-01-01T00:00:00.000Z", open: 100 },
          { symbol: "BTC/USDT", timestamp: "2024-01-01T01:00:00.000Z", open: 101 }
        ])

        const coverage = yield* run(["coverage", "--json"], options)
        assert.deepStrictEqual(parse<unknown>(coverage), [
          {
            symbol: "BTC/USDT",
            timeframe: "1h",
            source: "binance",
            provenance: "observed",
            from: "2024-01-01T00:00Z",
            to: "2024-01-03T00:00Z",
            candles: 47,
            recorded: 47,
            missing: 1,
            pruned: [],
            unfetched: 0,
            stale: 0
          }
        ])
        const table = yield* run(["coverage"], options)
        assert.match(table.stdout, /BTC\/USDT \(binance\) +◐ 97%/)
        const other = yield* run(["coverage", "--symbols", "ETH/USDT"], options)
        assert.include(other.stdout, "Nothing of these is stored")
        assert.deepStrictEqual([other.code, other.stderr.includes("ETH/USDT is not stored")], [3, true])
        assert.deepStrictEqual(
          [text, json, coverage, table].map(({ stderr }) => stderr),
          ["", "", "", ""]
        )
      }),
    seconds
  )
})

describe("the machine", { concurrent: true }, () => {
  it.live(
    "sources list says what each source has and whether it can be reached",
    () =>
      Effect.gen(function* () {
        const emulator = yield* provider({ datasets: [] })
        const cwd = yield* folder
        const near = yield* run(["sources", "list", "--json"], { cwd, env: { BINANCE_BASE_URL: emulator.url } })
        assert.strictEqual(near.code, 0, near.stderr)
        const rows = parse<ReadonlyArray<Readonly<Record<string, unknown>>>>(near)
        const of = (id: string) => rows.find((row) => row["id"] === id)
        assert.deepInclude(of("binance"), { provenance: "observed", reachable: true })
        assert.deepInclude(of("synthetic"), { provenance: "synthetic", reachable: true })
        assert.deepInclude(of("file"), { provenance: "observed", reachable: true })
        const far = yield* run(["sources", "list"], { cwd })
        assert.strictEqual(far.code, 0)
        assert.match(far.stdout, /^binance .*no: .*ECONNREFUSED/m)
        assert.deepStrictEqual(yield* contents(cwd), {})
      }),
    seconds
  )

  it.live(
    "migrate makes the database, and a second time finds nothing to do",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        const first = yield* run(["migrate"], { cwd, env })
        assert.strictEqual(first.code, 0, first.stderr)
        assert.include(first.stdout, "duckdb:./x.duckdb is up to date (schema ")
        const made = yield* contents(cwd)
        assert.deepStrictEqual(Object.keys(made), ["x.duckdb"])
        const second = yield* run(["migrate", "--json"], { cwd, env })
        assert.strictEqual(second.code, 0, second.stderr)
        assert.deepInclude(parse<Readonly<Record<string, unknown>>>(second), { database: "duckdb:./x.duckdb" })
        assert.deepStrictEqual(yield* contents(cwd), made)
      }),
    seconds
  )

  it.live(
    "flags win over the environment, it over .env.local, that over .env, that over tidemark.json",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        const named = (name: string) => `duckdb:./${name}.duckdb`
        const chosen = (args: ReadonlyArray<string>, variables: Readonly<Record<string, string>> = {}) =>
          Effect.map(run(["migrate", "--json", ...args], { cwd, env: variables }), (ended) =>
            String(parse<Readonly<Record<string, unknown>>>(ended)["database"])
          )
        const put = (name: string, text: string) => Effect.promise(() => writeFile(join(cwd, name), text))
        assert.strictEqual(yield* chosen([]), "duckdb:./data/tidemark.duckdb")
        yield* put("tidemark.json", JSON.stringify({ database: named("file") }))
        assert.strictEqual(yield* chosen([]), named("file"))
        yield* put(".env", `DATABASE_URL=${named("dotenv")}\n`)
        assert.strictEqual(yield* chosen([]), named("dotenv"))
        yield* put(".env.local", `DATABASE_URL=${named("local")}\n`)
        assert.strictEqual(yield* chosen([]), named("local"))
        assert.strictEqual(yield* chosen([], { DATABASE_URL: named("environment") }), named("environment"))
        assert.strictEqual(
          yield* chosen(["--database", named("flag")], { DATABASE_URL: named("environment") }),
          named("flag")
        )
      }),
    seconds
  )
})
