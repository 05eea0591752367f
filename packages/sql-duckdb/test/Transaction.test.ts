import { assert, describe, it } from "@effect/vitest"
import { DuckDbClient } from "@tidemark/sql-duckdb"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { file, memory } from "./database.ts"

/** A client of an empty table `t (a INTEGER PRIMARY KEY)`. */
const empty = Layer.provideMerge(
  Layer.effectDiscard(Effect.flatMap(DuckDbClient.DuckDbClient, (sql) => sql`CREATE TABLE t (a INTEGER PRIMARY KEY)`)),
  memory
)

const stored = Effect.gen(function* () {
  const sql = yield* DuckDbClient.DuckDbClient
  return (yield* sql<{ a: number }>`SELECT a FROM t ORDER BY a`).map((row) => row.a)
})

const insert = (a: number) => Effect.flatMap(DuckDbClient.DuckDbClient, (sql) => sql`INSERT INTO t VALUES (${a})`)

const withTransaction = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(DuckDbClient.DuckDbClient, (sql) => sql.withTransaction(effect))

describe("a transaction", () => {
  it.effect("is stored when it succeeds and leaves no trace when it fails", () =>
    Effect.gen(function* () {
      yield* withTransaction(Effect.andThen(insert(1), insert(2)))
      assert.strictEqual(yield* Effect.flip(withTransaction(Effect.andThen(insert(3), Effect.fail("no")))), "no")
      assert.deepStrictEqual(yield* stored, [1, 2])
    }).pipe(Effect.provide(empty))
  )

  it.effect("sees its own writes, while others read the state before it without waiting", () =>
    Effect.gen(function* () {
      yield* insert(1)
      const written = yield* Deferred.make<void>()
      const looked = yield* Deferred.make<void>()
      const writer = yield* withTransaction(
        Effect.gen(function* () {
          yield* insert(2)
          assert.deepStrictEqual(yield* stored, [1, 2])
          yield* Deferred.succeed(written, undefined)
          yield* Deferred.await(looked)
        })
      ).pipe(Effect.forkChild)
      yield* Deferred.await(written)
      assert.deepStrictEqual(yield* stored, [1])
      yield* Deferred.succeed(looked, undefined)
      yield* Fiber.join(writer)
      assert.deepStrictEqual(yield* stored, [1, 2])
    }).pipe(Effect.provide(empty))
  )

  it.effect("waits for the one before it, so that writers never conflict", () =>
    Effect.gen(function* () {
      yield* insert(0)
      const sql = yield* DuckDbClient.DuckDbClient
      const increment = Effect.gen(function* () {
        const [row] = yield* sql<{ a: number }>`SELECT a FROM t`
        yield* sql`UPDATE t SET a = ${row!.a + 1}`
      })
      yield* Effect.all(
        Array.from({ length: 10 }, () => sql.withTransaction(increment)),
        { concurrency: "unbounded", discard: true }
      )
      assert.deepStrictEqual(yield* stored, [10])
    }).pipe(Effect.provide(empty))
  )

  it.effect("runs statements of several fibers on its one connection", () =>
    Effect.gen(function* () {
      yield* withTransaction(
        Effect.all(
          Array.from({ length: 20 }, (_, a) => insert(a)),
          { concurrency: "unbounded" }
        )
      )
      assert.strictEqual((yield* stored).length, 20)
    }).pipe(Effect.provide(empty))
  )

  it.effect("is rolled back when it is interrupted", () =>
    Effect.gen(function* () {
      const written = yield* Deferred.make<void>()
      const fiber = yield* withTransaction(
        Effect.gen(function* () {
          yield* insert(1)
          yield* Deferred.succeed(written, undefined)
          const sql = yield* DuckDbClient.DuckDbClient
          yield* sql`SELECT count(*) FROM range(1000000) a, range(1000000) b`
        })
      ).pipe(Effect.forkChild)
      yield* Deferred.await(written)
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(yield* stored, [])
      yield* withTransaction(insert(2))
      assert.deepStrictEqual(yield* stored, [2])
    }).pipe(Effect.provide(empty))
  )

  it.effect("goes on when a statement that waits for its turn is interrupted", () =>
    Effect.gen(function* () {
      const sql = yield* DuckDbClient.DuckDbClient
      const long = sql`SELECT count(*) AS n FROM range(4000) a, range(10000) b WHERE hash(a.range + b.range) >= 0`
      const rows = yield* withTransaction(
        Effect.gen(function* () {
          const running = yield* Effect.forkChild(long, { startImmediately: true })
          const waiting = yield* Effect.forkChild(insert(1), { startImmediately: true })
          yield* Fiber.interrupt(waiting)
          return yield* Fiber.join(running)
        })
      )
      assert.deepStrictEqual(rows, [{ n: 40_000_000 }])
      assert.deepStrictEqual(yield* stored, [])
    }).pipe(Effect.provide(empty))
  )

  it.effect("that the caller ended by hand still fails as it fails", () =>
    Effect.gen(function* () {
      const sql = yield* DuckDbClient.DuckDbClient
      const error = yield* Effect.flip(withTransaction(Effect.all([insert(1), sql`ROLLBACK`, Effect.fail("no")])))
      assert.strictEqual(error, "no")
    }).pipe(Effect.provide(empty))
  )

  it.effect("may begin with a statement of the caller's", () =>
    Effect.gen(function* () {
      const error = yield* withTransaction(insert(1)).pipe(
        Effect.provideService(SqlClient.BeginTransaction, "BEGIN TRANSACTION READ ONLY"),
        Effect.flip
      )
      assert.match(error.message, /read-only/i)
    }).pipe(Effect.provide(empty))
  )

  it.effect("runs what waits for its commit, once", () =>
    Effect.gen(function* () {
      const sql = yield* DuckDbClient.DuckDbClient
      const seen: Array<ReadonlyArray<number>> = []
      const look = sql.afterCommit(
        stored.pipe(
          Effect.orDie,
          Effect.map((rows) => void seen.push(rows))
        )
      )
      yield* withTransaction(Effect.all([insert(1), look, withTransaction(Effect.andThen(insert(2), look))]))
      yield* Effect.ignore(withTransaction(Effect.all([insert(3), look, Effect.fail("no")])))
      assert.deepStrictEqual(seen, [
        [1, 2],
        [1, 2]
      ])
    }).pipe(Effect.provide(empty))
  )
})

describe("the count of writes", () => {
  it.effect("is another one after whatever may have written, and the same after a read", () =>
    Effect.gen(function* () {
      const sql = yield* DuckDbClient.DuckDbClient
      yield* sql`CREATE TABLE counted (v INTEGER)`
      const changes = Effect.fnUntraced(function* <A, E>(work: Effect.Effect<A, E>) {
        const before = sql.writes()
        yield* Effect.exit(work)
        return sql.writes() !== before
      })
      assert.isFalse(yield* changes(sql`SELECT * FROM counted`))
      assert.isTrue(yield* changes(sql`INSERT INTO counted VALUES (1)`))
      assert.isTrue(yield* changes(sql`INSERT INTO counted VALUES (2) RETURNING v`))
      assert.isTrue(yield* changes(sql.append("counted", [{ kind: "integer", values: Int32Array.of(3) }])))
      assert.isTrue(yield* changes(sql.withTransaction(sql`DELETE FROM counted`)))
      assert.isTrue(yield* changes(sql.withTransaction(Effect.andThen(sql`DELETE FROM counted`, Effect.fail("no")))))
      assert.isTrue(yield* changes(sql`INSERT INTO counted VALUES (4)`.unprepared))
    }).pipe(Effect.provide(memory))
  )
})

describe("a nested transaction", () => {
  it.effect("joins the outer one", () =>
    Effect.gen(function* () {
      yield* withTransaction(Effect.andThen(insert(1), withTransaction(insert(2))))
      assert.deepStrictEqual(yield* stored, [1, 2])
      yield* Effect.ignore(withTransaction(Effect.andThen(withTransaction(insert(3)), Effect.fail("no"))))
      assert.deepStrictEqual(yield* stored, [1, 2])
    }).pipe(Effect.provide(empty))
  )

  it.effect("that fails lets nothing of the outer one be stored, even if the caller recovers", () =>
    Effect.gen(function* () {
      const inner = withTransaction(Effect.andThen(insert(2), Effect.fail("inner")))
      const error = yield* withTransaction(Effect.all([insert(1), Effect.ignore(inner), insert(3)])).pipe(Effect.flip)
      assert.strictEqual(
        (error as Error).message,
        "a nested transaction failed; DuckDB has no savepoints, so the whole transaction was rolled back"
      )
      assert.deepStrictEqual(yield* stored, [])
      yield* withTransaction(insert(4))
      assert.deepStrictEqual(yield* stored, [4])
    }).pipe(Effect.provide(empty))
  )
})

describe("a failed statement", () => {
  it.effect("makes later statements say what failed first", () =>
    Effect.gen(function* () {
      yield* insert(1)
      const error = yield* withTransaction(Effect.andThen(Effect.ignore(insert(1)), stored)).pipe(Effect.flip)
      assert.match(error.message, /aborted by an earlier failure and must be rolled back: .*Duplicate key "a: 1"/)
      assert.deepStrictEqual(yield* stored, [1])
    }).pipe(Effect.provide(empty))
  )

  it.effect("makes the commit fail, which DuckDB itself would report as done", () =>
    Effect.gen(function* () {
      yield* insert(1)
      const error = yield* withTransaction(Effect.all([insert(2), Effect.ignore(insert(1))])).pipe(Effect.flip)
      assert.match(error.message, /whole transaction was rolled back: .*Duplicate key "a: 1"/)
      assert.deepStrictEqual(yield* stored, [1])
      yield* withTransaction(insert(2))
      assert.deepStrictEqual(yield* stored, [1, 2])
    }).pipe(Effect.provide(empty))
  )

  it.effect("that never ran leaves the transaction as it was", () =>
    Effect.gen(function* () {
      const sql = yield* DuckDbClient.DuckDbClient
      yield* withTransaction(Effect.all([insert(1), Effect.ignore(sql`SELECT nope FROM t`), insert(2)]))
      assert.deepStrictEqual(yield* stored, [1, 2])
    }).pipe(Effect.provide(empty))
  )
})

describe("a reserved connection", () => {
  it.effect("is the writer, and a transaction left open on it is rolled back", () =>
    Effect.gen(function* () {
      const sql = yield* DuckDbClient.DuckDbClient
      yield* Effect.scoped(
        Effect.gen(function* () {
          const connection = yield* sql.reserve
          yield* connection.executeUnprepared("BEGIN", [], undefined)
          yield* connection.executeUnprepared("INSERT INTO t VALUES (1)", [], undefined)
        })
      )
      yield* insert(2)
      assert.deepStrictEqual(yield* stored, [2])
    }).pipe(Effect.provide(empty))
  )
})

describe("a commit that fails for want of memory", () => {
  const columns = 31
  const rows = 65_536
  const batch = (id: number, size: number) => [
    { kind: "constant", type: "integer", value: id } as const,
    ...Array.from({ length: columns }, (_, column) => ({
      kind: "double" as const,
      values: Float64Array.from({ length: size }, (_, row) => Math.sin(row * columns + column))
    }))
  ]
  const open = (path: string) => DuckDbClient.layer({ path, memoryLimit: "28MB" })
  const ids = Effect.flatMap(
    DuckDbClient.DuckDbClient,
    (sql) => sql<{ id: number; rows: number }>`SELECT id, count(*) AS rows FROM wide GROUP BY id ORDER BY id`
  )

  it.effect("is the end of that client: what it would write next could not be trusted; the file is whole", () =>
    Effect.gen(function* () {
      const path = yield* file
      yield* Effect.gen(function* () {
        const sql = yield* DuckDbClient.DuckDbClient
        const doubles = Array.from({ length: columns }, (_, i) => `c${i} DOUBLE`).join(", ")
        yield* sql`CREATE TABLE wide (id INTEGER, ${sql.literal(doubles)})`
        yield* sql.append("wide", batch(1, 2_000))
        const failed = yield* Effect.flip(sql.append("wide", batch(2, rows)))
        assert.match(failed.message, /Failed to commit/)
        for (const later of [sql.append("wide", batch(3, 2_000)), ids, sql`DELETE FROM wide`]) {
          const refused = yield* Effect.flip(later)
          assert.match(refused.message, /has to be opened again, because a commit failed: .*Failed to commit/)
        }
      }).pipe(Effect.provide(open(path)))
      yield* Effect.gen(function* () {
        assert.deepStrictEqual(yield* ids, [{ id: 1, rows: 2_000 }])
        yield* (yield* DuckDbClient.DuckDbClient).append("wide", batch(3, 2_000))
        assert.deepStrictEqual(yield* ids, [
          { id: 1, rows: 2_000 },
          { id: 3, rows: 2_000 }
        ])
      }).pipe(Effect.provide(open(path)))
    })
  )
})
