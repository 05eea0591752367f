/** A Postgres server that goes away in the middle of a run. */
import { assert, describe, it } from "@effect/vitest"
import { PostgresServer } from "@tidemark/postgres"
import { Effect } from "effect"
import * as Market from "./market.ts"
import { folder, parse, provider, type ReportJson, run, spawn, until } from "./tidemark.ts"

describe("a Postgres server that goes away", () => {
  for (const ending of ["fast", "crash"] as const) {
    it.live(
      `and comes back (${ending}): the run waits, says so, and ends complete`,
      () =>
        Effect.gen(function* () {
          const cwd = yield* folder
          const server = yield* PostgresServer.make()
          const database = yield* server.database
          const emulator = yield* provider({ datasets: Market.datasets(), latencyMillis: 20 })
          const options = { cwd, env: { BINANCE_BASE_URL: emulator.url, DATABASE_URL: database } }
          const running = yield* spawn([...Market.backfill, "--json"], options)
          for (const requests of [20, 60, 100]) {
            yield* until(emulator.requestCount, (count) => count >= requests || !running.isAlive())
            assert.isTrue(running.isAlive(), "the run has ended before the server was stopped")
            yield* server.stop(ending)
            yield* server.start
          }
          const ended = yield* running.ended
          assert.strictEqual(ended.code, 0, ended.stderr)
          assert.match(ended.stderr, /^! postgresql:.*; waiting for it$/m)
          assert.notInclude(ended.stderr, new URL(database).password)
          const report = parse<ReportJson>(ended)
          assert.deepInclude(report.summary, { complete: 4, missing: 0 })
          const [[row]] = (yield* server.execute(
            [
              `SELECT count(*)::int AS candles, count(DISTINCT (symbol, timeframe, timestamp))::int AS distinct,
                (SELECT sum(candles)::int FROM coverage WHERE evidence = 'fetched') AS covered,
                (SELECT count(*)::int FROM revisions) AS revisions FROM market_data`
            ],
            new URL(database).pathname.slice(1)
          )) as [[Record<string, number>]]
          const { candles } = Market
          assert.deepStrictEqual(row, { candles, distinct: candles, covered: candles, revisions: 0 })
        }).pipe(Effect.scoped),
      60_000
    )
  }

  it.live(
    "and stays away: one message, and the next run continues",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        const server = yield* PostgresServer.make()
        const env = { DATABASE_URL: yield* server.database }
        const emulator = yield* provider({ datasets: Market.datasets(), latencyMillis: 20 })
        const options = { cwd, env: { ...env, BINANCE_BASE_URL: emulator.url } }
        yield* server.stop()
        const refused = yield* run(Market.backfill, options)
        assert.strictEqual(refused.code, 1)
        assert.include(refused.stderr, "nothing listens there")
        yield* server.start
        const ended = yield* run(Market.backfill, options)
        assert.strictEqual(ended.code, 0, ended.stderr)
      }).pipe(Effect.scoped),
    60_000
  )
})
