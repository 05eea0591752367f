/**
 * Processes that write to one Postgres database at once. DuckDB has one writer
 * (`TwoProcesses.integration.test.ts`); on a server everybody may, and what
 * comes out is what one of them alone would have left.
 */
import { PgClient } from "@effect/sql-pg"
import { assert, layer } from "@effect/vitest"
import type { Emulator } from "@tidemark/emulator"
import { Effect, Fiber, Redacted } from "effect"
import { Reactivity } from "effect/reactivity"
import { fresh, kinds, on } from "./databases.ts"
import * as Market from "./market.ts"
import { assertSound, visible } from "./soundness.ts"
import { type Options, parse, provider, query, type ReportJson, run, type Running, spawn, until } from "./tidemark.ts"

const latencyMillis = 25
const timeout = 120_000

/** Waits until a command that was just started has asked, with none of another still on its way. */
const hasAsked = Effect.fnUntraced(function* (emulator: Emulator["Service"], more: number) {
  const before = yield* emulator.requestCount
  yield* until(emulator.requestCount, (count) => count >= before + more)
})

/** Two processes, of which neither begins after the other's end. */
const together = Effect.fnUntraced(function* (
  args: ReadonlyArray<string>,
  options: Options,
  emulator: Emulator["Service"]
) {
  const first: Running = yield* spawn(args, options)
  yield* hasAsked(emulator, 8)
  // It stands still until the other has planned from what is stored now.
  yield* first.kill("SIGSTOP")
  yield* until(emulator.inFlight, (requests) => requests === 0)
  const second: Running = yield* spawn(args, options)
  yield* hasAsked(emulator, 1)
  yield* first.kill("SIGCONT")
  return [first, second] as const
})

/** Looks again and again while others write: every look sees rows and ledger of one moment. */
const reading = (options: Options, writers: ReadonlyArray<Running>) =>
  Effect.gen(function* () {
    let looks = 0
    while (writers.some((writer) => writer.isAlive())) {
      const [seen] = yield* query(
        `SELECT (SELECT count(*) FROM candles)::INTEGER AS rows,
          (SELECT coalesce(sum(candles), 0) FROM coverage WHERE evidence = 'fetched')::INTEGER AS counted`,
        options
      )
      assert.strictEqual(seen!["rows"], seen!["counted"])
      assert.strictEqual((yield* run(["coverage"], options)).code, 0)
      looks++
    }
    return looks
  })

const ledger = `SELECT s.symbol, s.timeframe, l.evidence, l.from_ms::TEXT AS from_ms, l.to_ms::TEXT AS to_ms,
    l.candles::INTEGER AS candles
  FROM coverage l JOIN series s ON s.series_id = l.series_id ORDER BY 1, 2, 3, 4`

const waiting = `SELECT count(*)::INTEGER AS processes FROM pg_stat_activity
  WHERE datname = current_database() AND application_name = 'tidemark' AND wait_event_type = 'Lock'`

/** The reports of two runs that both did all of the work. */
const reports = Effect.fnUntraced(function* (writers: ReadonlyArray<Running>) {
  const ends = yield* Effect.forEach(writers, (writer) => writer.ended)
  for (const ended of ends) {
    assert.strictEqual(ended.code, 0, ended.stderr)
    assert.deepInclude(parse<ReportJson>(ended).summary, { complete: 4, missing: 0, gaps_detected: 0 })
  }
  return ends.map((ended) => parse<ReportJson>(ended).summary)
})

const total = (summaries: ReadonlyArray<ReportJson["summary"]>, of: "inserted" | "changed") =>
  summaries.reduce((sum, summary) => sum + summary[of], 0)

layer(kinds.Postgres, { excludeTestServices: true, concurrent: true })("two processes on one Postgres", (it) => {
  it.effect(
    "that fetch the same history leave what one leaves, while others read",
    () =>
      Effect.gen(function* () {
        const emulator = yield* provider({ datasets: Market.datasets(), latencyMillis })
        const alone = yield* fresh(emulator)
        assert.strictEqual((yield* run(Market.backfill, alone.options)).code, 0)
        const { database, options } = yield* fresh(emulator)
        const writers = yield* together([...Market.backfill, "--json"], options, emulator)
        const looks = yield* Effect.forkChild(reading(options, writers))
        const summaries = yield* reports(writers)
        assert.isAbove(yield* Fiber.join(looks), 0)

        assert.deepStrictEqual(yield* visible(options), yield* visible(alone.options))
        assert.deepStrictEqual(yield* database.select(ledger), yield* alone.database.select(ledger))
        assert.deepStrictEqual(yield* assertSound(database, "both ended"), { candles: Market.candles, revisions: 0 })
        // Each candle was new to one of them only.
        assert.strictEqual(total(summaries, "inserted"), Market.candles)
        assert.strictEqual(total(summaries, "changed"), 0)
        for (const { requests } of summaries) assert.isAbove(requests, 0)
      }),
    timeout
  )

  it.effect(
    "that fetch revised history write each revision once",
    () =>
      Effect.gen(function* () {
        const before = yield* provider({ datasets: Market.datasets() })
        const after = yield* provider({ datasets: Market.datasets({ revised: true }), latencyMillis })
        const alone = yield* fresh(after)
        assert.strictEqual((yield* run(Market.backfill, alone.options)).code, 0)
        const { cwd, database, options } = yield* fresh(before)
        assert.strictEqual((yield* run(Market.backfill, options)).code, 0)
        const revised = on(database, cwd, after)
        const writers = yield* together([...Market.backfill, "--force", "--json"], revised, after)
        const looks = yield* Effect.forkChild(reading(revised, writers))
        const summaries = yield* reports(writers)
        assert.isAbove(yield* Fiber.join(looks), 0)

        assert.deepStrictEqual(yield* visible(revised), yield* visible(alone.options))
        assert.deepStrictEqual(yield* assertSound(database, "both ended"), {
          candles: Market.candles,
          revisions: Market.revisedCandles
        })
        assert.strictEqual(total(summaries, "inserted"), 0)
        assert.strictEqual(total(summaries, "changed"), Market.revisedCandles)
      }),
    timeout
  )

  it.effect(
    "that fetch different symbols do not stand in each other's way",
    () =>
      Effect.gen(function* () {
        const emulator = yield* provider({ datasets: Market.datasets(), latencyMillis })
        const alone = yield* fresh(emulator)
        assert.strictEqual((yield* run(Market.backfill, alone.options)).code, 0)
        const { database, options } = yield* fresh(emulator)
        const ends = yield* Effect.forEach(
          ["BTC/USDT", "ETH/USDT"],
          (symbol) =>
            run([...Market.backfill.filter((flag) => !flag.startsWith("--symbols")), `--symbols=${symbol}`], options),
          { concurrency: 2 }
        )
        for (const { code, stderr } of ends) assert.strictEqual(code, 0, stderr)
        assert.deepStrictEqual(yield* visible(options), yield* visible(alone.options))
        assert.deepStrictEqual(yield* database.select(ledger), yield* alone.database.select(ledger))
      }),
    timeout
  )

  it.effect(
    "the schema of a new database is made once, however many make it",
    () =>
      Effect.gen(function* () {
        const one = yield* fresh()
        assert.strictEqual((yield* run(["migrate"], one.options)).code, 0)
        const { database, options } = yield* fresh()
        const all = Array.from({ length: 6 }, () => run(["migrate"], options))
        // Somebody is making the first table, so that all of them come to wait, and begins anew: now they all go at once.
        const sql = yield* PgClient.makeClient({ url: Redacted.make(database.url) })
        yield* sql.unsafe("BEGIN")
        yield* sql.unsafe("CREATE TABLE tidemark_migrations (id INTEGER)")
        const ends = yield* Effect.forkChild(Effect.all(all, { concurrency: "unbounded" }))
        yield* until(database.select(waiting), ([row]) => Number(row!["processes"]) === all.length)
        yield* sql.unsafe("ROLLBACK")
        for (const ended of yield* Fiber.join(ends)) {
          assert.strictEqual(ended.code, 0, ended.stderr)
          assert.match(ended.stdout, /is up to date \(schema \d+\)/)
        }
        const migrations = "SELECT migration_id, name FROM tidemark_migrations"
        assert.deepStrictEqual(yield* database.select(migrations), yield* one.database.select(migrations))
        const relations =
          "SELECT relname, relkind::TEXT FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
        assert.deepStrictEqual(yield* database.select(relations), yield* one.database.select(relations))
      }).pipe(Effect.provide(Reactivity.layer)),
    timeout
  )
})
