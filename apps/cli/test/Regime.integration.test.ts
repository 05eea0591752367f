/** Regimes as users meet them: derived once, gone on with, killed in between, drawn, and never a number that is none. */
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { assert } from "@effect/vitest"
import { Effect, Random } from "effect"
import { type Database, Databases, fresh, onEvery } from "./databases.ts"
import { killed } from "./kills.ts"
import { type Options, parse, query, run } from "./tidemark.ts"

const seconds = 240_000

const backfill = (symbols: string, timeframes: string, start: string, end: string) => [
  "backfill",
  `--symbols=${symbols}`,
  "--source=synthetic",
  `--timeframes=${timeframes}`,
  `--start=${start}`,
  `--end=${end}`,
  "--quiet"
]

interface MarketJson {
  readonly series: ReadonlyArray<{
    readonly processed: number
    readonly inserted: number
    readonly updated: number
    readonly provenance: string
    readonly performance: Readonly<Record<string, { readonly count: number }>>
  }>
}

interface StructureJson {
  readonly distribution: Readonly<Record<string, number>>
  readonly symbols: ReadonlyArray<{
    readonly symbol: string
    readonly regime: string
    readonly missing: string | null
    readonly next: ReadonlyArray<string>
  }>
  readonly summary: { readonly processed: number; readonly inserted: number; readonly updated: number }
}

const market = ["regime", "market", "--symbol=BTC/USDT", "--quiet"]

const derived = Effect.fnUntraced(function* (options: Options, ...more: ReadonlyArray<string>) {
  const ended = yield* run([...market, "--json", ...more], options)
  assert.strictEqual(ended.code, 0, ended.stderr)
  return parse<MarketJson>(ended).series[0]!
})

const columns =
  "date, market_symbol, regime, confirmed_regime, confidence, volatility_percentile, trend_strength, momentum_score, " +
  "drawdown_severity, volume_anomaly, description, known_at, method, input_hash"

const contents = Effect.fnUntraced(function* (database: Database) {
  const { fingerprint } = yield* Databases
  return yield* database.select(
    `SELECT count(*)::INTEGER AS rows, ${fingerprint(columns)} AS fingerprint FROM market_regime_history`
  )
})

onEvery("regimes", (it) => {
  it.effect(
    "of a market go on with new days, by batches of any size; what is generated stays so",
    () =>
      Effect.gen(function* () {
        const { database, options } = yield* fresh()
        assert.strictEqual((yield* run(backfill("BTC/USDT", "1d", "2018-01-01", "2020-01-01"), options)).code, 0)
        assert.deepInclude(yield* derived(options, "--dry-run"), { processed: 730, inserted: 0 })
        const first = yield* derived(options)
        assert.deepInclude(first, { processed: 730, inserted: 730, updated: 0, provenance: "synthetic" })
        const returns = Object.values(first.performance).reduce((sum, { count }) => sum + count, 0)
        assert.strictEqual(returns, 730 - 79 - 1)
        assert.strictEqual((yield* run(backfill("BTC/USDT", "1d", "2020-01-01", "2021-01-01"), options)).code, 0)
        assert.deepInclude(yield* derived(options, "--batch-size=7"), { processed: 366, inserted: 366, updated: 0 })
        assert.deepInclude(yield* derived(options), { processed: 0, inserted: 0, updated: 0 })
        const before = yield* contents(database)
        assert.deepStrictEqual(before[0]!["rows"], 730 + 366 - 79)
        for (const size of ["30", "2000"]) {
          yield* derived(options, "--force", `--batch-size=${size}`)
          assert.deepStrictEqual(yield* contents(database), before)
        }
        const [row] = yield* query(
          "SELECT count(*) AS days, min(provenance) AS provenance, count(DISTINCT method) AS methods FROM market_regime_history",
          options
        )
        assert.deepStrictEqual([row!["provenance"], Number(row!["methods"])], ["synthetic", 1])
        yield* derived(options, "--profile=classic")
        const methods = yield* query("SELECT DISTINCT method FROM market_regime_history ORDER BY method", options)
        assert.deepStrictEqual(
          methods.map(({ method }) => method),
          ["market-regime/causal", "market-regime/classic"]
        )
        yield* database.execute(
          "UPDATE candles SET close = CAST('NaN' AS FLOAT8) WHERE open_time = TIMESTAMP '2019-06-01'"
        )
        yield* derived(options, "--force")
        const numbers = ["confidence", "volatility", "trend_strength", "momentum_score", "volume_anomaly", "bull_score"]
        const isNone = numbers.map((name) => `${name} IN ('NaN', 'Infinity', '-Infinity')`).join(" OR ")
        const [none] = yield* database.select(
          `SELECT count(*)::INTEGER AS count FROM market_regimes WHERE method = 'market-regime/causal' AND (${isNone})`
        )
        assert.strictEqual(none!["count"], 0)
        const [broken] = yield* database.select(
          "SELECT reason FROM market_regimes WHERE method = 'market-regime/causal' AND open_time = TIMESTAMP '2019-06-01'"
        )
        assert.strictEqual(broken!["reason"], "it has no prices above 0")
      }),
    seconds
  )

  it.effect(
    "of a market killed at 5 moments end as if nothing had happened",
    () =>
      Effect.gen(function* () {
        const { database, options } = yield* fresh()
        assert.strictEqual((yield* run(backfill("BTC/USDT", "1d", "2016-01-01", "2021-01-01"), options)).code, 0)
        const plain = yield* database.remember
        yield* derived(options)
        const reference = yield* contents(database)
        yield* plain
        yield* killed({
          args: [...market, "--batch-size=7"],
          database,
          options,
          kills: 5,
          writes: [1, 2, 3, 5, 8, 13, 21, 34],
          contents: contents(database),
          reference,
          begin: plain
        })
        yield* derived(options)
        assert.deepStrictEqual(yield* contents(database), reference)
      }).pipe(Random.withSeed("regimes")),
    seconds
  )

  it.effect(
    "of structure and of the jump model are kept with what they follow from, and name what is missing",
    () =>
      Effect.gen(function* () {
        const { options } = yield* fresh()
        const both = backfill("BTC/USDT,ETH/USDT", "1h,4h", "2024-01-01", "2024-03-01")
        assert.strictEqual((yield* run(both, options)).code, 0)
        const structure = Effect.fnUntraced(function* (...more: ReadonlyArray<string>) {
          const ended = yield* run(["regime", "structure", "--json", "--quiet", ...more], options)
          assert.strictEqual(ended.code, 0, ended.stderr)
          return parse<StructureJson>(ended)
        })
        const first = yield* structure()
        assert.deepInclude(first.summary, { processed: 2 * 360, inserted: 2 * 360 })
        assert.deepStrictEqual(first.symbols[0]!.next, [
          "tidemark backfill --symbols BTC/USDT --timeframes 1d --source synthetic --start 2023-05-06 --end 2024-03-01T00:00Z"
        ])
        assert.include(first.symbols[0]!.missing!, "no 1d candles are stored")
        assert.strictEqual(
          Object.values(first.distribution).reduce((sum, count) => sum + count, 0),
          2
        )
        assert.strictEqual((yield* run(backfill("BTC/USDT", "1d", "2022-01-01", "2024-03-01"), options)).code, 0)
        assert.deepInclude((yield* structure()).summary, { processed: 360, updated: 360 })
        assert.deepInclude((yield* structure()).summary, { processed: 0 })
        const [late] = yield* query(
          "SELECT count(*) AS events, sum(CASE WHEN known_at <= about_time THEN 1 ELSE 0 END) AS early FROM structure_events",
          options
        )
        assert.isAbove(Number(late!["events"]), 100)
        assert.strictEqual(Number(late!["early"]), 0)
        const trained = ["--train-start=2022-01-01", "--train-end=2023-06-01"]
        const jumped = yield* run(["regime", "jump", "--symbol=BTC/USDT", "--json", "--quiet", ...trained], options)
        assert.strictEqual(jumped.code, 0, jumped.stderr)
        const [labels] = yield* query(
          "SELECT min(regime) AS least, max(regime) AS most, count(*) AS days, " +
            "sum(CASE WHEN known_at < TIMESTAMP '2023-06-01' THEN 1 ELSE 0 END) AS early FROM jump_regime_history",
          options
        )
        assert.deepStrictEqual([labels!["least"], labels!["most"], Number(labels!["early"])], ["bear", "bull", 0])
        assert.strictEqual(Number(labels!["days"]), 790 - 180)
      }),
    seconds
  )
})

onEvery("pictures of regimes", (it) => {
  it.effect(
    "are drawn as lines, as pixels and as a page; what cannot be drawn is said before any work",
    () =>
      Effect.gen(function* () {
        const { options } = yield* fresh()
        assert.strictEqual((yield* run(backfill("BTC/USDT", "1d,4h", "2022-01-01", "2023-01-01"), options)).code, 0)
        const bytes = (name: string) => Effect.promise(() => readFile(join(options.cwd, name)))
        const drawn = Effect.fnUntraced(function* (...args: ReadonlyArray<string>) {
          const ended = yield* run(args, options)
          assert.strictEqual(ended.code, 0, ended.stderr)
        })
        yield* drawn(...market, "--plot=a.svg")
        const svg = (yield* bytes("a.svg")).toString()
        assert.match(svg, /^<svg [^]*BTC\/USDT \(synthetic\) · market regime[^]*<\/svg>\s*$/)
        for (const name of ["bull", "bear", "2022-01-01 to 2022-12-31"]) assert.include(svg, name)
        yield* drawn("regime", "structure", "--symbols=BTC/USDT", "--plot=b.png")
        assert.deepStrictEqual([...(yield* bytes("b.png")).subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47])
        yield* drawn(...market, "--plot=c.html")
        assert.include((yield* bytes("c.html")).toString(), "market regime (causal, confirmed)")
        const cheap = yield* run(["regime", "jump", "--symbol=BTC/USDT", "--lambda=-1"], options)
        assert.deepStrictEqual([cheap.code, cheap.stderr.includes("--lambda is a price")], [2, true])
        const wrong = yield* run([...market, "--plot=d.gif"], options)
        assert.strictEqual(wrong.code, 2)
        assert.include(wrong.stderr, ".svg, .png, .html")
        const none = yield* run(["regime", "market", "--symbol=NOPE"], options)
        assert.strictEqual(none.code, 3)
        assert.include(none.stderr, "tidemark backfill --symbols NOPE --timeframes 1d --years 20 --source yahoo")
      }),
    seconds
  )
})
