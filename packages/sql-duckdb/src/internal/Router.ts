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
import type { DuckDBConnection } from "@duckdb/node-api"
import { Context, Effect, type Scope, Semaphore, Stream } from "effect"
import { SqlClient } from "effect/sql"
import type { Connection } from "effect/sql/SqlConnection"
import type { SqlError } from "effect/sql/SqlError"
import type { Batch } from "../Columns.ts"
import * as Chunks from "./Chunks.ts"
import * as Cursor from "./Cursor.ts"
import * as Failure from "./Failure.ts"
import { call, type Module } from "./Native.ts"
import * as Opened from "./Opened.ts"
import * as Session from "./Session.ts"
import * as Transaction from "./Transaction.ts"

export interface Router extends Connection {
  /** Leases the writer to the scope, and ends a transaction that is left open on it. */
  readonly reserve: Effect.Effect<Session.Session, SqlError, Scope.Scope>
  /** Leases the writer to a transaction that begins and ends by itself. */
  readonly lease: Effect.Effect<Session.Session, SqlError, Scope.Scope>
  /** Leases a connection to a transaction that only reads, which waits for no writer. */
  readonly leaseReader: Effect.Effect<Session.Session, SqlError, Scope.Scope>
  readonly columns: Session.Session["columns"]
  /** Another number whenever something may have been written, of these topics. */
  readonly writes: (topics?: ReadonlyArray<string>) => number
}

/** What the statements of a fiber can change, in words of its own; anything where nothing is said. */
export const Topics = Context.Reference<ReadonlyArray<string> | undefined>("@tidemark/sql-duckdb/Topics", {
  defaultValue: () => undefined
})

/** Counts writes: those of each topic, and those that may have changed anything. */
const makeCount = () => {
  const ofTopics = new Map<string, number>()
  let [all, unsaid] = [0, 0]
  return {
    add: (topics: ReadonlyArray<string> | undefined) => {
      all++
      if (topics === undefined) unsaid++
      else for (const topic of topics) ofTopics.set(topic, (ofTopics.get(topic) ?? 0) + 1)
    },
    read: (topics: ReadonlyArray<string> | undefined): number =>
      topics === undefined ? all : topics.reduce((sum, topic) => sum + (ofTopics.get(topic) ?? 0), unsaid)
  }
}

/**
 * How many reads run at a time. Each occupies a thread of Node's pool, which has
 * four by default; one is left for the writer.
 */
const maxReads = 3

export const make = Effect.fnUntraced(function* (
  native: Module,
  opening: Omit<Opened.Options, "onReopen">
): Effect.fn.Return<Router, SqlError, Scope.Scope> {
  const count = makeCount()
  const lender = yield* Opened.make(native, { ...opening, onReopen: () => count.add(undefined) })
  const writing = Semaphore.makeUnsafe(1)
  const reading = Semaphore.makeUnsafe(maxReads)

  // Told before whoever writes hears that it is done.
  const counting = Effect.map(Topics, (topics) => Effect.sync(() => count.add(topics)))
  const lease = Effect.gen(function* () {
    yield* writing.takeScoped(1)
    const { writer } = yield* lender.borrow
    const written = yield* counting
    yield* Effect.addFinalizer(() => written)
    return writer
  })
  const reserve = Effect.tap(lease, (session) =>
    Effect.addFinalizer(() => Effect.ignore(Transaction.rollback(session)))
  )
  const leaseReader = Effect.gen(function* () {
    yield* reading.takeScoped(1)
    const { readers } = yield* lender.borrow
    return (yield* readers.lease).session
  })

  const write = <A>(sql: string, f: (session: Session.Session) => Effect.Effect<A, SqlError>) => {
    if (transactionControl.test(sql)) return Effect.fail(unguardedTransaction())
    return Effect.flatMap(counting, (written) =>
      writing.withPermit(
        lender.use(({ writer }) => {
          const writes = mayBegin.test(sql)
            ? Effect.ensuring(f(writer), Effect.ignore(Transaction.rollback(writer)))
            : f(writer)
          return Effect.ensuring(writes, written)
        })
      )
    )
  }

  const route = <A>(sql: string, f: (session: Session.Session) => Effect.Effect<A, SqlError>) => {
    const read = lender.use(({ readers }) =>
      readers.use(({ connection, session }) =>
        Effect.flatMap(isRead(native, connection, sql), (is) =>
          is ? Effect.map(f(session), (value) => ({ value })) : Effect.undefined
        )
      )
    )
    return Effect.flatMap(reading.withPermit(read), (done) =>
      done === undefined ? write(sql, f) : Effect.succeed(done.value)
    )
  }

  const chunks = (sql: string, params: ReadonlyArray<unknown>) =>
    Effect.gen(function* () {
      const { instance } = yield* lender.borrow
      const read = yield* Effect.scoped(
        Effect.flatMap(Session.connect(instance), (connection) => isRead(native, connection, sql))
      )
      return read ? yield* Cursor.open(native, instance, sql, params) : undefined
    })

  return {
    reserve,
    lease,
    leaseReader,
    writes: count.read,
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
