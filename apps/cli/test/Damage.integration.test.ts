/** What another program, or a kill, did to the database between two runs is noticed by the next and put right. */
import { truncate } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execute, select } from "./database.ts"
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

describe("a database that was changed from outside", { concurrent: true }, () => {
  const cases: ReadonlyArray<readonly [name: string, ...sql: ReadonlyArray<string>]> = [
    ["rows that were deleted are fetched again", "DELETE FROM candles WHERE open BETWEEN 110 AND 114"],
    ["a row that was doubled stands once again", "INSERT INTO candles SELECT * FROM candles WHERE open = 120"],
    ["rows whose ledger was deleted are not doubled", "DELETE FROM coverage"]
  ]
  for (const [name, ...sql] of cases) {
    it.live(
      name,
      () =>
        Effect.gen(function* () {
          const cwd = yield* folder
          const emulator = yield* provider({ datasets: [Market.hourly({ symbol: "BTC/USDT", rows: 100 })] })
          const options = { cwd, env: { BINANCE_BASE_URL: emulator.url, DATABASE_URL: "duckdb:./x.duckdb" } }
          const file = join(cwd, "x.duckdb")
          assert.strictEqual((yield* run(backfill, options)).code, 0)
          yield* execute(file, ...sql)
          const ended = yield* run(backfill, options)
          assert.strictEqual(ended.code, 0, ended.stderr)
          assert.deepInclude(parse<ReportJson>(ended).summary, { complete: 1, missing: 0 })
          const [rows] = yield* select(
            file,
            `SELECT count(*)::INTEGER AS candles, count(DISTINCT timestamp)::INTEGER AS instants, sum(volume) AS volume
              FROM market_data`
          )
          assert.deepStrictEqual(rows, { candles: hours, instants: hours, volume: (hours * (hours + 1)) / 2 })
          const ledger = "SELECT sum(candles)::INTEGER AS candles FROM coverage WHERE evidence = 'fetched'"
          assert.deepStrictEqual(yield* select(file, ledger), [{ candles: hours }])
        }),
      60_000
    )
  }

  it.live(
    "a database of which a kill left only the list of migrations reads as empty, and the next run completes it",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        const emulator = yield* provider({ datasets: [Market.hourly({ symbol: "BTC/USDT", rows: 100 })] })
        const options = { cwd, env: { BINANCE_BASE_URL: emulator.url, DATABASE_URL: "duckdb:./x.duckdb" } }
        // The migrator makes this table before the transaction of the migrations themselves.
        yield* execute(
          join(cwd, "x.duckdb"),
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

  for (const bytes of [0, 4096, 8192]) {
    it.live(
      `a file that a kill left half-made, ${bytes} of its first 12,288 bytes, is made anew`,
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
