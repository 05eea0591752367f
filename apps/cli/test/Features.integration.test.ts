/** Features as users meet them: derived once, gone on with, killed in between, and never a number that is none. */
import { assert } from "@effect/vitest"
import { Features } from "@tidemark/features"
import { Effect, Random } from "effect"
import { type Database, Databases, fresh, onEvery } from "./databases.ts"
import { killed } from "./kills.ts"
import { type Options, parse, query, run } from "./tidemark.ts"

const seconds = 240_000

interface FeaturesJson {
  readonly summary: { readonly processed: number; readonly inserted: number; readonly updated: number }
}

const backfill = (
  start: string,
  end: string,
  { symbols = "BTC/USDT", timeframes = "1m,1h" }: { readonly symbols?: string; readonly timeframes?: string } = {}
) => [
  "backfill",
  `--symbols=${symbols}`,
  "--source=synthetic",
  `--timeframes=${timeframes}`,
  `--start=${start}`,
  `--end=${end}`,
  "--quiet"
]

const derived = Effect.fnUntraced(function* (options: Options, ...more: ReadonlyArray<string>) {
  const ended = yield* run(["features", "--json", ...more], options)
  assert.strictEqual(ended.code, 0, ended.stderr)
  return parse<FeaturesJson>(ended).summary
})

/** All rows of features, as one value for each series. */
const contents = Effect.fnUntraced(function* (database: Database) {
  const { fingerprint } = yield* Databases
  const columns = ["open_time", "known_at", ...Features.names, "input_hash", "version", "reason"].join(", ")
  return yield* database.select(
    `SELECT series_id, count(*)::INTEGER AS rows, ${fingerprint(columns)} AS fingerprint FROM features
      GROUP BY series_id ORDER BY series_id`
  )
})

onEvery("features", (it) => {
  it.effect(
    "go on with what is new; what is generated stays so; a table never holds a number that is none",
    () =>
      Effect.gen(function* () {
        const { database, options } = yield* fresh()
        assert.strictEqual((yield* run(backfill("2024-01-01", "2024-01-08"), options)).code, 0)
        assert.deepInclude(yield* derived(options), { inserted: 7 * 24 * 61, updated: 0 })
        assert.strictEqual((yield* run(backfill("2024-01-08", "2024-01-10"), options)).code, 0)
        assert.deepInclude(yield* derived(options), { processed: 2 * 24 * 61, inserted: 2 * 24 * 61, updated: 0 })
        assert.deepInclude(yield* derived(options), { processed: 0, inserted: 0, updated: 0 })
        const before = yield* contents(database)
        yield* derived(options, "--force")
        assert.deepStrictEqual(yield* contents(database), before)
        const [row] = yield* query(
          "SELECT count(*)::INTEGER AS rows, count(rsi_14)::INTEGER AS values, min(provenance) AS provenance, " +
            "count(known_at)::INTEGER AS known FROM market_data_v2",
          options
        )
        const rows = 9 * 24 * 61
        assert.deepStrictEqual(row, { rows, values: rows - 2 * 14, provenance: "synthetic", known: rows })

        yield* database.execute(
          "UPDATE candles SET close = CAST('NaN' AS FLOAT8) WHERE open_time = TIMESTAMP '2024-01-05 00:00:00'"
        )
        yield* derived(options, "--force")
        const broken = yield* query(
          "SELECT reason FROM market_data_v2 WHERE timestamp = TIMESTAMP '2024-01-05 00:00:00'",
          options
        )
        assert.deepStrictEqual(
          broken.map(({ reason }) => reason),
          ["no prices", "no prices"]
        )
        const isNone = Features.names.map((name) => `${name} IN ('NaN', 'Infinity', '-Infinity')`).join(" OR ")
        const [none] = yield* database.select(`SELECT count(*)::INTEGER AS count FROM features WHERE ${isNone}`)
        assert.strictEqual(none!["count"], 0)
        const typo = yield* run(["features", "--symbols=NOPE"], options)
        assert.strictEqual(typo.code, 3)
        assert.include(typo.stderr, "NOPE is not stored")
      }),
    seconds
  )

  it.effect(
    "killed at 6 moments end as if nothing had happened",
    () =>
      Effect.gen(function* () {
        const { database, options } = yield* fresh()
        const several = backfill("2024-01-01", "2024-01-08", {
          symbols: "BTC/USDT,ETH/USDT,SOL/USDT",
          timeframes: "5m,15m,1h"
        })
        const filled = yield* run(several, options)
        assert.strictEqual(filled.code, 0, filled.stderr)
        const plain = yield* database.remember
        yield* derived(options)
        const reference = yield* contents(database)
        yield* plain
        yield* killed({
          args: ["features"],
          database,
          options,
          kills: 6,
          writes: [1, 2, 3, 5, 8, 13, 21, 34, 55, 89],
          contents: contents(database),
          reference,
          begin: plain
        })
        yield* derived(options)
        assert.deepStrictEqual(yield* contents(database), reference)
      }).pipe(Random.withSeed("features")),
    seconds
  )
})
