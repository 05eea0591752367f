import { assert, describe, it } from "@effect/vitest"
import { DuckDbClient } from "@tidemark/sql-duckdb"
import { Deferred, Effect, Fiber, Layer, Stream } from "effect"
import * as Reactivity from "effect/reactivity/Reactivity"
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

  it.effect("of a topic is another one after writes of it, and after those that say no topic", () =>
    Effect.gen(function* () {
      const sql = yield* DuckDbClient.DuckDbClient
      yield* sql`CREATE TABLE counted (v INTEGER)`
      const of = (...topics: ReadonlyArray<string>) => Effect.provideService(DuckDbClient.Topics, topics)
      const changed = Effect.fnUntraced(function* <A, E>(work: Effect.Effect<A, E>) {
        const before = ["a", "b"].map((topic) => sql.writes([topic]))
        yield* work
        return ["a", "b"].filter((topic, i) => sql.writes([topic]) !== before[i])
      })
      const insertion = sql`INSERT INTO counted VALUES (1)`
      assert.deepStrictEqual(yield* changed(insertion), ["a", "b"])
      assert.deepStrictEqual(yield* changed(of("a")(insertion)), ["a"])
      assert.deepStrictEqual(yield* changed(of("a", "c")(sql.withTransaction(insertion))), ["a"])
      assert.deepStrictEqual(yield* changed(of("c")(insertion)), [])
      const [both, before] = [sql.writes(["a", "b"]), sql.writes()]
      yield* of("b")(insertion)
      assert.notStrictEqual(sql.writes(["a", "b"]), both)
      assert.notStrictEqual(sql.writes(), before)
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
  /** A client whose commit has failed, with two rows of before in the table. */
  const broken = (path: string) =>
    Effect.gen(function* () {
      const sql = yield* DuckDbClient.make({ path, memoryLimit: "28MB" })
      const doubles = Array.from({ length: columns }, (_, i) => `c${i} DOUBLE`).join(", ")
      yield* sql`CREATE TABLE wide (id INTEGER, ${sql.literal(doubles)})`
      yield* sql.append("wide", batch(1, 2_000))
      const stop = Effect.gen(function* () {
        const failed = yield* Effect.flip(sql.append("wide", batch(2, rows)))
        assert.match(failed.message, /Failed to commit/)
      })
      return { sql, stop }
    })
  const ids = (sql: DuckDbClient.DuckDbClient) =>
    sql<{ id: number; rows: number }>`SELECT id, count(*) AS rows FROM wide WHERE id > ${0} GROUP BY id ORDER BY id`

  it.effect("has the file opened again, whole, and then written to as before", () =>
    Effect.gen(function* () {
      const { sql, stop } = yield* broken(yield* file)
      assert.deepStrictEqual(yield* ids(sql), [{ id: 1, rows: 2_000 }])
      const before = sql.writes()
      yield* stop
      assert.deepStrictEqual(yield* ids(sql), [{ id: 1, rows: 2_000 }])
      assert.notStrictEqual(sql.writes(), before)
      for (const id of [3, 4]) yield* sql.append("wide", batch(id, 2_000))
      assert.deepStrictEqual(yield* ids(sql), [
        { id: 1, rows: 2_000 },
        { id: 3, rows: 2_000 },
        { id: 4, rows: 2_000 }
      ])
      const [sums] = yield* sql<{ equal: boolean }>`
        SELECT count(DISTINCT total) = 1 AS equal FROM (SELECT sum(c0 + c30) AS total FROM wide GROUP BY id)`
      assert.deepStrictEqual(sums, { equal: true })
    }).pipe(Effect.provide(Reactivity.layer))
  )

  it.effect("refuses everybody for as long as somebody has something of it", () =>
    Effect.gen(function* () {
      const { sql, stop } = yield* broken(yield* file)
      yield* Effect.gen(function* () {
        const pull = yield* Stream.toPull(sql`SELECT id FROM wide`.stream)
        yield* pull
        yield* stop
        for (const later of [sql.append("wide", batch(3, 2_000)), ids(sql), sql`DELETE FROM wide`]) {
          const refused = yield* Effect.flip(later)
          assert.match(refused.message, /has to be opened again, because of a failure: .*Failed to commit/)
          assert.isTrue(DuckDbClient.isToBeReopened(refused))
        }
      }).pipe(Effect.scoped)
      assert.deepStrictEqual(yield* ids(sql), [{ id: 1, rows: 2_000 }])
    }).pipe(Effect.provide(Reactivity.layer))
  )

  it.effect("refuses everybody for as long as another client of this process keeps the file open", () =>
    Effect.gen(function* () {
      const path = yield* file
      const { sql, stop } = yield* broken(path)
      yield* Effect.gen(function* () {
        yield* DuckDbClient.make({ path, memoryLimit: "28MB" })
        yield* stop
        assert.isTrue(DuckDbClient.isToBeReopened(yield* Effect.flip(ids(sql))))
      }).pipe(Effect.scoped)
      assert.deepStrictEqual(yield* ids(sql), [{ id: 1, rows: 2_000 }])
    }).pipe(Effect.provide(Reactivity.layer))
  )

  it.effect("is the end of a database in memory", () =>
    Effect.gen(function* () {
      const { sql, stop } = yield* broken(":memory:")
      yield* stop
      const refused = yield* Effect.flip(ids(sql))
      assert.match(refused.message, /in memory is lost, because of a failure: .*Failed to commit/)
      assert.isFalse(DuckDbClient.isToBeReopened(refused))
    }).pipe(Effect.provide(Reactivity.layer))
  )
})

describe("a transaction that begins as READ ONLY", () => {
  it.effect("does not wait for a write, sees one moment, and writes nothing", () =>
    Effect.gen(function* () {
      const sql = yield* DuckDbClient.DuckDbClient
      yield* insert(1)
      const reading = <A, E, R>(work: Effect.Effect<A, E, R>) =>
        Effect.provideService(sql.withTransaction(work), SqlClient.BeginTransaction, "BEGIN TRANSACTION READ ONLY")
      const written = yield* Deferred.make<void>()
      const looked = yield* Deferred.make<void>()
      const writer = yield* withTransaction(
        Effect.andThen(insert(2), Deferred.succeed(written, undefined)).pipe(Effect.andThen(Deferred.await(looked)))
      ).pipe(Effect.forkChild)
      yield* Deferred.await(written)
      const before = sql.writes()
      const seen = yield* reading(
        Effect.gen(function* () {
          const first = yield* stored
          yield* Deferred.succeed(looked, undefined)
          yield* Fiber.join(writer)
          return [first, yield* stored]
        })
      )
      assert.deepStrictEqual(seen, [[1], [1]])
      // That of the writer alone.
      assert.strictEqual(sql.writes(), before + 1)
      const refused = yield* Effect.flip(reading(insert(3)))
      assert.match(refused.message, /read-only/i)
      assert.deepStrictEqual(yield* stored, [1, 2])
    }).pipe(Effect.provide(empty))
  )
})
