/** What another program, or a kill, did to the database between two runs is noticed by the next and put right. */
import { truncate } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execute } from "./database.ts"
import { fresh, onEvery } from "./databases.ts"
import * as Market from "./market.ts"
import { folder, parse, provider, type ReportJson, run } from "./tidemark.ts"

const hours = 48
const backfill = [
  "backfill",
  "--symbols=BTC/USDT",
  "--source=binance",
  "--timeframes=1h",
  "--start=2024-01-01",
  "--end=2024-01-03",
  "--json"
]

/** A new database, and a provider with a hundred hours to fill it from. */
const served = Effect.flatMap(provider({ datasets: [Market.hourly({ symbol: "BTC/USDT", rows: 100 })] }), fresh)

const doubled = "INSERT INTO candles SELECT * FROM candles WHERE open = 120"

onEvery("a database that was changed from outside", (it, kind) => {
  const cases: ReadonlyArray<readonly [name: string, ...sql: ReadonlyArray<string>]> = [
    ["rows that were deleted are fetched again", "DELETE FROM candles WHERE open BETWEEN 110 AND 114"],
    ["rows whose ledger was deleted are not doubled", "DELETE FROM coverage"],
    // On Postgres a unique index stands against it, which is what the last test below is about.
    ...(kind === "DuckDB" ? [["a row that was doubled stands once again", doubled] as const] : [])
  ]
  for (const [name, ...sql] of cases) {
    it.effect(
      name,
      () =>
        Effect.gen(function* () {
          const { database, options } = yield* served
          assert.strictEqual((yield* run(backfill, options)).code, 0)
          yield* database.execute(...sql)
          const ended = yield* run(backfill, options)
          assert.strictEqual(ended.code, 0, ended.stderr)
          assert.deepInclude(parse<ReportJson>(ended).summary, { complete: 1, missing: 0 })
          const [rows] = yield* database.select(
            `SELECT count(*)::INTEGER AS candles, count(DISTINCT timestamp)::INTEGER AS instants, sum(volume) AS volume
              FROM market_data`
          )
          assert.deepStrictEqual(rows, { candles: hours, instants: hours, volume: (hours * (hours + 1)) / 2 })
          const ledger = "SELECT sum(candles)::INTEGER AS candles FROM coverage WHERE evidence = 'fetched'"
          assert.deepStrictEqual(yield* database.select(ledger), [{ candles: hours }])
        }),
      60_000
    )
  }

  it.effect(
    "rows whose record is gone are not given out, and the command that is named brings them back",
    () =>
      Effect.gen(function* () {
        const { database, options } = yield* served
        assert.strictEqual((yield* run(backfill, options)).code, 0)
        yield* database.execute("DELETE FROM coverage")
        const reading = ["export", "--symbols=BTC/USDT", "--timeframes=1h", "--out=x.csv"]
        const refused = yield* run(reading, options)
        assert.strictEqual(refused.code, 1)
        assert.include(refused.stderr, "BTC/USDT 1h has rows that no record of an answer vouches for")
        assert.include(refused.stderr, "tidemark backfill --symbols BTC/USDT --timeframes 1h")
        assert.strictEqual((yield* run(backfill, options)).code, 0)
        assert.strictEqual((yield* run(reading, options)).code, 0)
      }),
    60_000
  )

  it.effect(
    "a row that is no candle any more is replaced by --force, and what it was is kept",
    () =>
      Effect.gen(function* () {
        const { database, options } = yield* served
        assert.strictEqual((yield* run(backfill, options)).code, 0)
        yield* database.execute("UPDATE candles SET close = CAST('NaN' AS FLOAT8), volume = -1 WHERE open = 120")
        const ended = yield* run([...backfill, "--force"], options)
        assert.strictEqual(ended.code, 0, ended.stderr)
        const [rows] = yield* database.select(
          "SELECT count(*)::INTEGER AS candles FROM market_data WHERE close BETWEEN 0 AND 1000 AND volume > 0"
        )
        assert.deepStrictEqual(rows, { candles: hours })
        const kept = yield* database.select("SELECT CAST(close AS VARCHAR) AS close, volume FROM revisions")
        assert.deepStrictEqual(
          kept.map(({ close, volume }) => [`${close as string}`.toLowerCase(), volume]),
          [["nan", -1]]
        )
      }),
    60_000
  )

  it.effect(
    "a database of which a kill left only the list of migrations reads as empty, and the next run completes it",
    () =>
      Effect.gen(function* () {
        const { database, options } = yield* served
        // The migrator makes this table before the transaction of the migrations themselves.
        yield* database.execute(
          `CREATE TABLE tidemark_migrations (migration_id INTEGER PRIMARY KEY NOT NULL,
            created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, name VARCHAR(255) NOT NULL)`
        )
        const coverage = yield* run(["coverage"], options)
        const ended = yield* run(backfill, options)
        assert.strictEqual(ended.code, 0, ended.stderr)
        assert.deepInclude(parse<ReportJson>(ended).summary, { complete: 1, inserted: hours })
        assert.strictEqual(coverage.code, 0, coverage.stderr)
        assert.include(coverage.stdout, "Nothing is stored yet")
      }),
    60_000
  )

  it.effect.skipIf(kind === "DuckDB")(
    "a row cannot be doubled at all: a unique index refuses it",
    () =>
      Effect.gen(function* () {
        const { database, options } = yield* served
        assert.strictEqual((yield* run(backfill, options)).code, 0)
        const refused = yield* Effect.exit(database.execute(doubled))
        assert.include(JSON.stringify(refused), "candles_by_series")
        assert.deepStrictEqual(yield* database.select("SELECT count(*)::INTEGER AS candles FROM candles"), [
          { candles: hours }
        ])
      }),
    60_000
  )
})

describe("a file that a kill left half-made", { concurrent: true }, () => {
  for (const bytes of [0, 4096, 8192]) {
    it.live(
      `with ${bytes} of its first 12,288 bytes, is made anew`,
      () =>
        Effect.gen(function* () {
          const cwd = yield* folder
          const emulator = yield* provider({ datasets: [Market.hourly({ symbol: "BTC/USDT", rows: 100 })] })
          yield* execute(join(cwd, "x.duckdb"))
          yield* Effect.promise(() => truncate(join(cwd, "x.duckdb"), bytes))
          const ended = yield* run(backfill, {
            cwd,
            env: { BINANCE_BASE_URL: emulator.url, DATABASE_URL: "duckdb:./x.duckdb" }
          })
          assert.strictEqual(ended.code, 0, ended.stderr)
          assert.deepInclude(parse<ReportJson>(ended).summary, { complete: 1, inserted: hours })
        }),
      60_000
    )
  }
})
