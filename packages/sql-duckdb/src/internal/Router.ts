/**
 * Which connection a statement outside a transaction runs on.
 *
 * - A read has a connection to itself for as long as it takes, so that it never
 *   waits for a write: DuckDB shows it the last committed state.
 * - Anything else waits for the one writer, behind any open transaction, so that
 *   two writes of this client never conflict.
 *
 * **Gotchas**
 *
 * What belongs to a connection stays on it: a TEMP table, `USE` or a session
 * SET made outside a transaction reaches later writes but no read. Use a
 * transaction, `reserve`, or `SET GLOBAL`.
 */
import type { DuckDBConnection, DuckDBInstance } from "@duckdb/node-api"
import { Effect, type Scope, Semaphore, Stream } from "effect"
import { SqlClient } from "effect/sql"
import type { Connection } from "effect/sql/SqlConnection"
import type { SqlError } from "effect/sql/SqlError"
import type { Batch } from "../Columns.ts"
import * as Chunks from "./Chunks.ts"
import * as Cursor from "./Cursor.ts"
import * as Failure from "./Failure.ts"
import * as Health from "./Health.ts"
import { call, type Module } from "./Native.ts"
import * as Readers from "./Readers.ts"
import * as Session from "./Session.ts"
import * as Transaction from "./Transaction.ts"

export interface Router extends Connection {
  /** Leases the writer to the scope, and ends a transaction that is left open on it. */
  readonly reserve: Effect.Effect<Session.Session, SqlError, Scope.Scope>
  /** Leases the writer to a transaction that begins and ends by itself. */
  readonly lease: Effect.Effect<Session.Session, never, Scope.Scope>
  readonly columns: Session.Session["columns"]
  /** Another number whenever something may have been written. */
  readonly writes: () => number
}

/**
 * How many reads run at a time. Each occupies a thread of Node's pool, which has
 * four by default; one is left for the writer.
 */
const maxReads = 3

export const make = Effect.fnUntraced(function* (
  native: Module,
  instance: DuckDBInstance
): Effect.fn.Return<Router, SqlError, Scope.Scope> {
  const health = Health.make()
  const writer = Session.make(native, yield* Session.connect(instance), health)
  yield* Effect.addFinalizer(() => writer.stop)
  const writing = Semaphore.makeUnsafe(1)
  const reading = Semaphore.makeUnsafe(maxReads)
  const readers = yield* Readers.make(native, instance, health)

  let writes = 0
  const written = Effect.sync(() => void writes++)
  // Told before whoever writes hears that it is done.
  const lease = Effect.as(
    Effect.andThen(
      writing.takeScoped(1),
      Effect.addFinalizer(() => written)
    ),
    writer
  )
  const reserve = Effect.tap(lease, (session) =>
    Effect.addFinalizer(() => Effect.ignore(Transaction.rollback(session)))
  )

  const write = <A, E>(sql: string, f: (session: Session.Session) => Effect.Effect<A, E>) => {
    if (transactionControl.test(sql)) return Effect.fail(unguardedTransaction())
    const writes = mayBegin.test(sql)
      ? Effect.ensuring(f(writer), Effect.ignore(Transaction.rollback(writer)))
      : f(writer)
    return writing.withPermit(Effect.ensuring(writes, written))
  }

  const route = <A>(sql: string, f: (session: Session.Session) => Effect.Effect<A, SqlError>) => {
    const read = readers.use(({ connection, session }) =>
      Effect.flatMap(isRead(native, connection, sql), (is) =>
        is ? Effect.map(f(session), (value) => ({ value })) : Effect.undefined
      )
    )
    return Effect.flatMap(reading.withPermit(read), (done) =>
      done === undefined ? write(sql, f) : Effect.succeed(done.value)
    )
  }

  const chunks = (sql: string, params: ReadonlyArray<unknown>) =>
    Effect.gen(function* () {
      yield* Health.check(health)
      const read = yield* Effect.scoped(
        Effect.flatMap(Session.connect(instance), (connection) => isRead(native, connection, sql))
      )
      return read ? yield* Cursor.open(native, instance, sql, params) : undefined
    })

  return {
    reserve,
    lease,
    writes: () => writes,
    execute: (sql, params, transformRows) => route(sql, (session) => session.execute(sql, params, transformRows)),
    executeValues: (sql, params) => route(sql, (session) => session.executeValues(sql, params)),
    executeRaw: (sql, params) => route(sql, (session) => session.executeRaw(sql, params)),
    executeUnprepared: (sql, params, transformRows) =>
      write(sql, (session) => session.executeUnprepared(sql, params, transformRows)),
    executeValuesUnprepared: (sql, params) => write(sql, (session) => session.executeValuesUnprepared(sql, params)),
    executeStream: (sql, params, transformRows) =>
      Stream.unwrap(
        Effect.gen(function* () {
          const safeIntegers = yield* SqlClient.SafeIntegers
          const cursor = yield* chunks(sql, params)
          return cursor === undefined
            ? Stream.fromIterable(yield* write(sql, (session) => session.execute(sql, params, transformRows)))
            : Chunks.rows(native, cursor, safeIntegers, transformRows)
        })
      ),
    columns: (sql, params, batchRows) =>
      Stream.unwrap(
        Effect.gen(function* (): Effect.fn.Return<Stream.Stream<Batch, SqlError>, SqlError, Scope.Scope> {
          const cursor = yield* chunks(sql, params)
          return cursor === undefined
            ? (yield* lease).columns(sql, params, batchRows)
            : Chunks.batches(native, cursor, batchRows)
        })
      )
  }
})

/** One statement (no semicolon) that begins as only a query can: no need to ask DuckDB. */
const plainRead = /^\s*(?:select|from|values)\b[^;]*$/i

const isRead = (native: Module, connection: DuckDBConnection, sql: string): Effect.Effect<boolean, SqlError> => {
  if (plainRead.test(sql)) return Effect.succeed(true)
  return call(connection, "prepare", async () => {
    const statements = await connection.extractStatements(sql)
    if (statements.count !== 1) return false
    const prepared = await statements.prepare(0)
    const type = prepared.statementType
    prepared.destroySync()
    return type === native.StatementType.SELECT || type === native.StatementType.EXPLAIN
  })
}

const transactionControl = /^\s*(?:begin|start|commit|end|rollback|abort)\b[^;]*;?\s*$/i

/** A script that may leave a transaction open, above all when it fails half-way. */
const mayBegin = /\bbegin\b|\bstart\s+transaction\b/i

const unguardedTransaction = () =>
  Failure.of(
    "BEGIN, COMMIT and ROLLBACK outside a transaction have no connection to belong to; use withTransaction or reserve.",
    "execute"
  )
