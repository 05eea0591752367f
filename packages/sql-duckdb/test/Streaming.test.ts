import { assert, describe, it } from "@effect/vitest"
import { DuckDbClient } from "@tidemark/sql-duckdb"
import { Deferred, Effect, Exit, Fiber, Scope, Stream } from "effect"
import { Reactivity } from "effect/reactivity"
import { pbkdf2 } from "node:crypto"
import { promisify } from "node:util"
import { file, memory, openElsewhere } from "./database.ts"

const client = DuckDbClient.DuckDbClient

/** A query that no machine finishes: 10^12 pairs. */
const endless = "SELECT count(*) FROM range(1000000) a, range(1000000) b"

/** A million rows, and then a search that finds nothing for as long as no machine lives. */
const endlessAfterRows = "SELECT i FROM range(1000000000000) t(i) WHERE i < 1000000 OR hash(i) = 0"

/** A read that fails after many chunks have been given. */
const failsLate = "SELECT (CASE WHEN i < 3000000 THEN '1' ELSE 'x' END)::INTEGER AS i FROM range(5000000) t(i)"

describe("a streaming read", () => {
  it.layer(memory)((it) => {
    it.effect("gives millions of rows batch by batch", () =>
      Effect.gen(function* () {
        const sql = yield* client
        const batches = sql.columns(sql`SELECT i FROM range(5000000) t(i)`)
        const { count, sum } = yield* Stream.runFold(
          batches,
          () => ({ count: 0, sum: 0 }),
          ({ count, sum }, batch) => ({ count: count + 1, sum: sum + batch.rowCount })
        )
        assert.strictEqual(sum, 5_000_000)
        assert.strictEqual(count, Math.ceil(5_000_000 / 2048))
      })
    )

    it.effect("gives its first rows before the query is done, and ends when no more are taken", () =>
      Effect.gen(function* () {
        const sql = yield* client
        const rows = yield* Stream.runCollect(Stream.take(sql.unsafe(endlessAfterRows).stream, 3))
        assert.deepStrictEqual(rows, [{ i: 0 }, { i: 1 }, { i: 2 }])
        const [batch] = yield* Stream.runCollect(Stream.take(sql.columns(sql.unsafe(endlessAfterRows)), 1))
        assert.strictEqual(batch!.rowCount, 2048)
      })
    )

    it.effect("may be read inside another, many deep", () =>
      Effect.gen(function* () {
        const sql = yield* client
        const nested = (depth: number): Stream.Stream<unknown, unknown> =>
          depth === 0
            ? Stream.fromEffect(sql`SELECT 1 AS a`)
            : Stream.flatMap(sql`SELECT i FROM range(2) t(i)`.stream, () => nested(depth - 1))
        assert.strictEqual(yield* Stream.runCount(nested(6)), 64)
      })
    )

    it.effect("fails when the query fails half-way, instead of ending early", () =>
      Effect.gen(function* () {
        const sql = yield* client
        for (const read of [sql.unsafe(failsLate).stream, sql.columns(sql.unsafe(failsLate))]) {
          const error = yield* Effect.flip(Stream.runDrain(read as Stream.Stream<unknown, Error>))
          assert.match(error.message, /Could not convert string 'x' to INT32/)
        }
      })
    )

    it.effect("in a transaction sees its writes and leaves the connection free", () =>
      Effect.gen(function* () {
        const sql = yield* client
        yield* sql`CREATE TABLE copies (i INTEGER)`
        yield* sql.withTransaction(
          Effect.gen(function* () {
            yield* sql`INSERT INTO copies SELECT i FROM range(5000) t(i)`
            yield* sql
              .columns(sql`SELECT i FROM copies`)
              .pipe(Stream.runForEach((batch) => sql`INSERT INTO copies VALUES (${-batch.rowCount})`))
            yield* Stream.runDrain(Stream.take(sql`SELECT i FROM copies`.stream, 1))
          })
        )
        assert.deepStrictEqual(yield* sql`SELECT count(*) AS n, min(i) AS least FROM copies`, [
          { n: 5003, least: -2048 }
        ])
      })
    )

    it.effect("of a write gives what it returns", () =>
      Effect.gen(function* () {
        const sql = yield* client
        yield* sql`CREATE TABLE streamed (i INTEGER)`
        const rows = yield* Stream.runCollect(sql`INSERT INTO streamed VALUES (1), (2) RETURNING i`.stream)
        assert.deepStrictEqual(rows, [{ i: 1 }, { i: 2 }])
        assert.deepStrictEqual(yield* sql`SELECT count(*) AS n FROM streamed`, [{ n: 2 }])
      })
    )
  })

  it.effect("that was left early doesn't keep the file", () =>
    Effect.gen(function* () {
      const path = yield* file
      yield* Effect.gen(function* () {
        const sql = yield* client
        yield* Stream.runDrain(Stream.take(sql.columns(sql`SELECT i FROM range(10000000) t(i)`), 1))
        yield* Effect.ignore(Stream.runDrain(sql.unsafe(failsLate).stream))
      }).pipe(Effect.provide(DuckDbClient.layer({ path })))
      assert.deepStrictEqual(yield* openElsewhere(path), { opened: true })
    })
  )
})

describe("interruption", () => {
  it.layer(memory)((it) => {
    it.effect("ends a statement that would never end, and the client works on", () =>
      Effect.gen(function* () {
        const sql = yield* client
        for (const statement of [sql.unsafe(endless), sql.unsafe(`CREATE TABLE never AS ${endless}`)]) {
          const fiber = yield* Effect.forkChild(statement, { startImmediately: true })
          yield* sql`SELECT 1`
          yield* Fiber.interrupt(fiber)
        }
        assert.deepStrictEqual(yield* sql`SELECT 1 AS a`, [{ a: 1 }])
        yield* sql`CREATE TABLE afterwards AS SELECT 1 AS a`
      })
    )

    it.effect("ends statements that still wait for a connection", () =>
      Effect.gen(function* () {
        const sql = yield* client
        const fibers = yield* Effect.forEach(Array.from({ length: 8 }), () =>
          Effect.forkChild(sql.unsafe(endless), { startImmediately: true })
        )
        yield* Fiber.interruptAll(fibers)
        assert.deepStrictEqual(yield* sql`SELECT 1 AS a`, [{ a: 1 }])
      })
    )

    it.effect("ends a statement that DuckDB has not begun, as all threads are busy", () =>
      Effect.gen(function* () {
        const sql = yield* client
        const busy = Promise.all(Array.from({ length: 16 }, () => promisify(pbkdf2)("", "", 50_000, 64, "sha512")))
        const fiber = yield* Effect.forkChild(sql.unsafe(endless).unprepared, { startImmediately: true })
        yield* Fiber.interrupt(fiber)
        yield* Effect.promise(() => busy)
        assert.deepStrictEqual(yield* sql`SELECT 1 AS a`, [{ a: 1 }])
      })
    )

    it.effect("of a fiber that outlives the client comes from closing the client", () =>
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        const sql = yield* DuckDbClient.make({ path: ":memory:" }).pipe(
          Scope.provide(scope),
          Effect.provide(Reactivity.layer)
        )
        const write = sql.unsafe(`CREATE TABLE never AS ${endless}`)
        const fiber = yield* Effect.forkDetach(write, { startImmediately: true })
        yield* sql`SELECT 1`
        yield* Scope.close(scope, Exit.void)
        assert.isTrue(Exit.isFailure(yield* Fiber.await(fiber)))
      })
    )

    it.effect("ends a stream in the middle of its query", () =>
      Effect.gen(function* () {
        const sql = yield* client
        const started = yield* Deferred.make<void>()
        const fiber = yield* sql.columns(sql.unsafe(endlessAfterRows)).pipe(
          Stream.runForEach(() => Deferred.succeed(started, undefined)),
          Effect.forkChild
        )
        yield* Deferred.await(started)
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual(yield* sql`SELECT 1 AS a`, [{ a: 1 }])
      })
    )
  })
})
