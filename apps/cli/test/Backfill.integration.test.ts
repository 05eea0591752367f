import { existsSync } from "node:fs"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import type { Emulator } from "@tidemark/emulator"
import { Effect } from "effect"
import * as Market from "./market.ts"
import { contents, folder, type Options, parse, provider, query, type ReportJson, run } from "./tidemark.ts"

const seconds = 60_000
const hours = 48
const day = ["--start=2024-01-01", "--end=2024-01-03"] as const
const ofBtc = ["backfill", "--symbols=BTC/USDT", "--source=binance", "--timeframes=1h", ...day] as const

const served = (emulator: Emulator["Service"], cwd: string): Options => ({
  cwd,
  env: { BINANCE_BASE_URL: emulator.url, DATABASE_URL: "duckdb:./x.duckdb" }
})

const klines = (emulator: Emulator["Service"]) =>
  Effect.map(emulator.requests, (all) => all.filter(({ path }) => path === "/api/v3/klines").length)

const isProgress = (line: string) => line === "" || /^(plan: |! |repair: |[a-z]+: [\d,]+ of )/.test(line)

describe("backfill on a new machine", { concurrent: true }, () => {
  it.live(
    "without a source that can be reached it shows the whole product, and says loudly what the data is",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        // Three weeks: the shortest in which every timeframe has a candle that has closed.
        const ended = yield* run(["backfill", "--days", "21"], { cwd })
        assert.strictEqual(ended.code, 0, ended.stderr)
        for (const symbol of ["BTC/USDT", "ETH/USDT", "AAPL", "SPY"]) {
          const row = ended.stdout.split("\n").find((line) => line.startsWith(symbol))
          assert.deepStrictEqual(row?.trim().split(/\s+/), [symbol, ...Array.from({ length: 8 }, () => "✓")])
        }
        assert.include(
          ended.stdout,
          "! SYNTHETIC DATA: BTC/USDT, ETH/USDT, AAPL, SPY are generated, not market history."
        )
        assert.include(ended.stdout, "tidemark backfill --symbols BTC/USDT --source binance")
        assert.include(ended.stdout, "32 series: 32 complete")
        assert.match(ended.stderr, /^! binance.*: no usable answer/m)
        assert.isTrue(existsSync(join(cwd, "data", "tidemark.duckdb")))

        const sources = yield* query("SELECT DISTINCT source, provenance FROM market_data", { cwd })
        assert.deepStrictEqual(sources, [{ source: "synthetic", provenance: "synthetic" }])
        const [counts] = yield* query(
          "SELECT count(*)::INTEGER AS candles FROM market_data WHERE symbol = 'BTC/USDT' AND timeframe = '1h'",
          { cwd }
        )
        assert.include([503, 504], counts!["candles"])
        const doctor = yield* run(["doctor"], { cwd })
        assert.strictEqual(doctor.code, 0, doctor.stdout)
        assert.match(
          doctor.stdout,
          /✓ +database +duckdb:\.\/data\/tidemark\.duckdb \(DuckDB .+\): \d+ series, [\d,]+ candles/
        )
        assert.match(doctor.stdout, /✗ +source binance/)
      }),
    seconds
  )

  it.live(
    "where Binance answers it takes the real thing, and generates only what nobody has",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        const emulator = yield* provider({
          datasets: ["BTC/USDT", "ETH/USDT"].map((symbol) => Market.hourly({ symbol, rows: 100 }))
        })
        const ended = yield* run(["backfill", "--timeframes=1h", ...day, "--json"], served(emulator, cwd))
        assert.strictEqual(ended.code, 0, ended.stderr)
        assert.deepStrictEqual(
          parse<ReportJson>(ended).series.map(({ provenance, source, symbol }) => [symbol, source, provenance]),
          [
            ["BTC/USDT", "binance", "observed"],
            ["ETH/USDT", "binance", "observed"],
            ["AAPL", "synthetic", "synthetic"],
            ["SPY", "synthetic", "synthetic"]
          ]
        )
      }),
    seconds
  )
})

describe("backfill", { concurrent: true }, () => {
  it.live(
    "stores every value as the provider gave it, and a second run asks for nothing and stores nothing",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        const emulator = yield* provider({ datasets: [Market.hourly({ symbol: "BTC/USDT", rows: 100 })] })
        const options = served(emulator, cwd)
        const first = parse<ReportJson>(yield* run([...ofBtc, "--json"], options))
        assert.deepInclude(first.summary, { complete: 1, inserted: hours, missing: 0, requests: 1, exit_code: 0 })
        const rows = yield* query(
          "SELECT epoch_ms(timestamp)::DOUBLE AS at, open, high, low, close, volume FROM market_data ORDER BY 1",
          options
        )
        assert.deepStrictEqual(
          rows,
          Array.from({ length: hours }, (_, i) => ({
            at: Market.start + i * 3_600_000,
            open: 100 + i,
            high: 102 + i,
            low: 99 + i,
            close: 101 + i,
            volume: 1 + i
          }))
        )
        const asked = yield* emulator.requestCount
        const second = yield* run([...ofBtc, "--json"], options)
        assert.strictEqual(second.code, 0)
        assert.deepInclude(parse<ReportJson>(second).summary, { complete: 1, inserted: 0, requests: 0 })
        assert.strictEqual(yield* emulator.requestCount, asked)
      }),
    seconds
  )

  it.live(
    "prints pure JSON on stdout while progress goes to stderr, and writes the same to --results",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        const emulator = yield* provider({
          datasets: [Market.hourly({ symbol: "BTC/USDT", rows: 100, without: [7, 8] })]
        })
        const ended = yield* run([...ofBtc, "--json", "--results=results.json"], served(emulator, cwd))
        assert.strictEqual(ended.code, 3, ended.stderr)
        const report = parse<ReportJson>(ended)
        assert.sameMembers(Object.keys(report), ["summary", "series", "gaps_detected", "gaps_filled", "errors"])
        assert.deepInclude(report.summary, { incomplete: 1, missing: 2, expected: hours, exit_code: 3 })
        assert.lengthOf(report.gaps_detected, 1)
        assert.deepInclude(report.gaps_detected[0], {
          symbol: "BTC/USDT",
          from: "2024-01-01T07:00Z",
          to: "2024-01-01T09:00Z",
          missing: 2
        })
        assert.deepStrictEqual(report.gaps_filled, [])
        assert.deepStrictEqual(report.errors, [])
        const written = yield* Effect.promise(() => readFile(join(cwd, "results.json"), "utf8"))
        assert.deepStrictEqual(JSON.parse(written), report)
        assert.match(ended.stderr, /^plan: 1 series, 1 to fetch$/m)
        assert.deepStrictEqual(
          ended.stderr.split("\n").filter((line) => !isProgress(line)),
          []
        )
        const quiet = yield* run([...ofBtc, "--json", "--quiet", "--force"], served(emulator, cwd))
        assert.strictEqual(quiet.stderr, "")
      }),
    seconds
  )

  it.live(
    "--dry-run says what it would cost, asks for no candle and makes no database",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        const emulator = yield* provider({ datasets: [Market.hourly({ symbol: "BTC/USDT", rows: 100 })] })
        const text = yield* run([...ofBtc, "--dry-run"], served(emulator, cwd))
        assert.strictEqual(text.code, 0, text.stderr)
        assert.match(text.stdout, /48 candles, 1 requests? \(weight 2\)/)
        assert.include(text.stdout, "Nothing was fetched.")
        const json = yield* run([...ofBtc, "--dry-run", "--json"], served(emulator, cwd))
        assert.deepInclude(parse<ReportJson>(json).summary, { series: 1, candles: hours, requests: 1 })
        assert.strictEqual(yield* klines(emulator), 0)
        assert.deepStrictEqual(yield* contents(cwd), {})
      }),
    seconds
  )

  it.live(
    "--limit takes the newest so many",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        const emulator = yield* provider({ datasets: [Market.hourly({ symbol: "BTC/USDT", rows: 100 })] })
        const options = served(emulator, cwd)
        const args = ["backfill", "--symbols=BTC/USDT", "--source=binance", "--timeframes=1h", "--end=2024-01-03"]
        const ended = yield* run([...args, "--limit=10", "--json"], options)
        assert.strictEqual(ended.code, 0, ended.stderr)
        assert.strictEqual(parse<ReportJson>(ended).summary.inserted, 10)
        const [row] = yield* query(
          "SELECT count(*)::INTEGER AS candles, min(open) AS first, max(open) AS last FROM market_data",
          options
        )
        assert.deepStrictEqual(row, { candles: 10, first: 138, last: 147 })
      }),
    seconds
  )

  it.live(
    "--force on unchanged data asks again and writes no revision; a changed candle leaves one, with old and new",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        const before = yield* provider({ datasets: [Market.hourly({ symbol: "BTC/USDT", rows: 100 })] })
        const after = yield* provider({
          datasets: [Market.hourly({ symbol: "BTC/USDT", rows: 100, volumes: { 5: 77.5 } })]
        })
        yield* run(ofBtc, served(before, cwd))
        const same = yield* run([...ofBtc, "--force", "--json"], served(before, cwd))
        assert.deepInclude(parse<ReportJson>(same).summary, { requests: 1, inserted: 0, changed: 0, removed: 0 })
        const revisions = "SELECT epoch_ms(timestamp)::DOUBLE AS at, reason, volume, new_volume FROM candle_revisions"
        assert.deepStrictEqual(yield* query(revisions, served(before, cwd)), [])

        const changed = yield* run([...ofBtc, "--force", "--json"], served(after, cwd))
        assert.strictEqual(changed.code, 0, changed.stderr)
        assert.deepInclude(parse<ReportJson>(changed).summary, { inserted: 0, changed: 1, removed: 0 })
        assert.deepStrictEqual(yield* query(revisions, served(after, cwd)), [
          { at: Market.start + 5 * 3_600_000, reason: "force", volume: 6, new_volume: 77.5 }
        ])
        const [row] = yield* query(
          "SELECT count(*)::INTEGER AS candles, sum(volume) AS volume FROM market_data",
          served(after, cwd)
        )
        assert.deepStrictEqual(row, { candles: hours, volume: (hours * (hours + 1)) / 2 - 6 + 77.5 })
      }),
    seconds
  )

  it.live(
    "one symbol that its source does not know stops no other",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        const emulator = yield* provider({
          datasets: ["BTC/USDT", "ZEC/USDT"].map((symbol) => Market.hourly({ symbol, rows: 100 }))
        })
        const options = served(emulator, cwd)
        for (const symbol of ["BTC/USDT", "NOPE/USDT", "ZEC/USDT"]) {
          assert.strictEqual((yield* run(["symbols", "add", symbol], options)).code, 0)
        }
        const ended = yield* run(["backfill", "--timeframes=1h", ...day, "--json"], options)
        assert.strictEqual(ended.code, 1, ended.stderr)
        const report = parse<ReportJson>(ended)
        assert.deepStrictEqual(
          report.series.map(({ inserted, status, symbol }) => [symbol, status, inserted]),
          [
            ["BTC/USDT", "complete", hours],
            ["NOPE/USDT", "failed", 0],
            ["ZEC/USDT", "complete", hours]
          ]
        )
        assert.lengthOf(report.errors, 1)
        assert.include(String(report.errors[0]!["message"]), "binance NOPE/USDT")
        const text = yield* run(["backfill", "--timeframes=1h", ...day], options)
        assert.strictEqual(text.code, 1)
        assert.match(text.stdout, /^NOPE\/USDT +✗/m)
        assert.match(text.stdout, /^BTC\/USDT +✓/m)
        assert.match(text.stdout, /Failed:\n +binance NOPE\/USDT/)
      }),
    seconds
  )

  it.live(
    "a symbol of the user's own list never becomes synthetic data",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        yield* run(["symbols", "add", "BTC/USDT"], { cwd })
        const ended = yield* Effect.scoped(
          Effect.gen(function* () {
            const emulator = yield* provider({ datasets: [] })
            return yield* run(["backfill", "--timeframes=1h", ...day, "--json"], {
              cwd,
              env: { BINANCE_BASE_URL: emulator.url }
            })
          })
        )
        assert.strictEqual(ended.code, 1, ended.stdout)
        assert.deepStrictEqual(yield* query("SELECT * FROM market_data", { cwd }), [])
      }),
    seconds
  )
})

describe("the user's own files", { concurrent: true }, () => {
  it.live(
    "dates without times become candles that open with the session, in winter and summer time",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        // Around the start of summer time, 10 March.
        const dates = "2024-03-07 2024-03-08 2024-03-11 2024-03-12 2024-03-13 2024-03-14 2024-03-15 2024-03-18".split(
          " "
        )
        const lines = dates.map((date, i) => `${date},${5100 + i}.5,${5110 + i}.25,${5090 + i},${5105 + i},39000${i}`)
        const csv = ["Date,Open,High,Low,Close,Volume", ...lines].join("\n")
        yield* Effect.promise(() => writeFile(join(cwd, "sp500.csv"), csv))
        const ended = yield* run(
          ["backfill", "--symbols=^GSPC", "--timeframes=1d", "--source=file:sp500.csv", "--json"],
          { cwd }
        )
        assert.strictEqual(ended.code, 0, ended.stdout + ended.stderr)
        const report = parse<ReportJson>(ended)
        assert.deepInclude(report.summary, { complete: 1, missing: 0, expected: dates.length, inserted: dates.length })
        assert.deepInclude(report.series[0], { source: "file:sp500.csv", symbol: "^GSPC", provenance: "observed" })
        const rows = yield* query(
          "SELECT strftime(timestamp, '%Y-%m-%d %H:%M') AS opens, open, close, volume FROM market_data ORDER BY 1",
          { cwd }
        )
        assert.deepStrictEqual(
          rows,
          dates.map((date, i) => ({
            opens: `${date} ${date < "2024-03-10" ? "14:30" : "13:30"}`,
            open: 5100.5 + i,
            close: 5105 + i,
            volume: 390_000 + i
          }))
        )
        const again = yield* run(
          ["backfill", "--symbols=^GSPC", "--timeframes=1d", "--source=file:sp500.csv", "--json"],
          { cwd }
        )
        assert.deepInclude(parse<ReportJson>(again).summary, { complete: 1, inserted: 0, changed: 0 })
      }),
    seconds
  )

  it.live(
    "a session that the file lacks is a gap, and the exit code says incomplete",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        const csv = "date,open,high,low,close,volume\n2024-03-07,1,2,1,2,5\n2024-03-11,1,2,1,2,5\n"
        yield* Effect.promise(() => writeFile(join(cwd, "a.csv"), csv))
        const ended = yield* run(["backfill", "--symbols=AAPL", "--timeframes=1d", "--source=file:a.csv"], { cwd })
        assert.strictEqual(ended.code, 3, ended.stderr)
        assert.match(ended.stdout, /AAPL +◐ 66%/)
        assert.include(ended.stdout, "2024-03-08T14:30Z → 2024-03-08T21:00Z: 1 candle missing, unexplained")
        assert.include(ended.stdout, "next: ")
      }),
    seconds
  )
})
