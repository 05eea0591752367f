/**
 * One DuckDB connection as an Effect SQL `Connection`.
 *
 * A connection runs one query at a time, so statements of concurrent fibers
 * queue for it; an interrupted one leaves the queue, or is cancelled inside
 * DuckDB when it runs already.
 *
 * A result is complete when its statement ends: DuckDB holds it in columnar
 * memory of its own, and rows are made from there as they are asked for. To
 * read while the query still runs is the work of `Cursor`.
 */
import type { DuckDBConnection, DuckDBDataChunk, DuckDBInstance, DuckDBMaterializedResult } from "@duckdb/node-api"
import { Effect, type Scope, Semaphore, Stream } from "effect"
import { SqlClient } from "effect/sql"
import type { Connection } from "effect/sql/SqlConnection"
import type { SqlError } from "effect/sql/SqlError"
import type { Batch, Column } from "../Columns.ts"
import * as Appender from "./Appender.ts"
import * as Chunks from "./Chunks.ts"
import * as Failure from "./Failure.ts"
import * as Health from "./Health.ts"
import { call, callSync, cancel, type Module } from "./Native.ts"
import * as Parameters from "./Parameters.ts"
import * as Rows from "./Rows.ts"

export interface Session extends Connection {
  readonly transaction: TransactionState
  /** Runs a statement (or several, the last with the parameters) and gives the result of the last. */
  readonly query: (sql: string, params?: ReadonlyArray<unknown>) => Effect.Effect<DuckDBMaterializedResult, SqlError>
  /** Cancels the statement that runs, so that the connection can be closed under a fiber that still waits for it. */
  readonly stop: Effect.Effect<void>
  /** Appends in the open transaction, which must not commit if this fails. */
  readonly append: (table: string, columns: ReadonlyArray<Column>, rows: number) => Effect.Effect<void, SqlError>
  readonly columns: (
    sql: string,
    params: ReadonlyArray<unknown>,
    batchRows: number | undefined
  ) => Stream.Stream<Batch, SqlError>
}

/** What the open transaction has to remember until it ends. */
export interface TransactionState {
  /** The first statement that failed: DuckDB may have aborted the transaction for it. */
  failed: SqlError | undefined
  /** Why this transaction must not commit. */
  rollbackOnly: SqlError | undefined
}

/** Opens a connection that the scope closes. */
export const connect = (instance: DuckDBInstance): Effect.Effect<DuckDBConnection, SqlError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.tryPromise({ try: () => instance.connect(), catch: (cause) => Failure.fromNative(cause, "connect") }),
    (connection) => Effect.sync(() => connection.closeSync())
  )

export const make = (native: Module, connection: DuckDBConnection, health: Health.Health): Session => {
  const turn = Semaphore.makeUnsafe(1)
  const transaction: TransactionState = { failed: undefined, rollbackOnly: undefined }
  let running: Promise<unknown> = Promise.resolve()

  const query: Session["query"] = (sql, params = []) =>
    Effect.andThen(Health.check(health), Effect.fromResult(Parameters.make(native, params))).pipe(
      Effect.flatMap(({ types, values }) =>
        turn.withPermit(
          call(connection, "execute", () => {
            const result = params.length === 0 ? connection.run(sql) : connection.run(sql, values, types)
            running = result
            return result
          })
        )
      ),
      Effect.mapError((error) => explainAborted(error, transaction.failed)),
      Effect.tapError((error) =>
        Effect.sync(() => {
          transaction.failed ??= error
          Health.note(health, error)
        })
      )
    )

  const chunks = (sql: string, params: ReadonlyArray<unknown>) =>
    Effect.map(query(sql, params), (result) => Chunks.make(native, result, fetch(result)))

  const execute: Connection["execute"] = (sql, params, transformRows) =>
    Effect.gen(function* () {
      const result = yield* chunks(sql, params)
      const reader = Rows.reader(native, result.names, result.types, yield* SqlClient.SafeIntegers)
      const rows = yield* Chunks.collect(result, reader.objects)
      return transformRows === undefined ? rows : transformRows(rows)
    })

  const executeValues: Connection["executeValues"] = (sql, params) =>
    Effect.gen(function* () {
      const result = yield* chunks(sql, params)
      const reader = Rows.reader(native, result.names, result.types, yield* SqlClient.SafeIntegers)
      return yield* Chunks.collect(result, reader.values)
    })

  return {
    transaction,
    query,
    stop: Effect.promise(() => cancel(connection, running).catch(() => undefined)).pipe(Effect.asVoid),
    execute,
    executeUnprepared: execute,
    executeValues,
    executeValuesUnprepared: executeValues,
    executeRaw: (sql, params) =>
      Effect.flatMap(query(sql, params), (result) =>
        Effect.tryPromise({
          try: async () => {
            const reader = new native.DuckDBResultReader(result)
            await reader.readAll()
            return reader
          },
          catch: (cause) => Failure.fromNative(cause, "execute")
        })
      ),
    executeStream: (sql, params, transformRows) =>
      Stream.unwrap(
        Effect.gen(function* () {
          const safeIntegers = yield* SqlClient.SafeIntegers
          return Chunks.rows(native, yield* chunks(sql, params), safeIntegers, transformRows)
        })
      ),
    columns: (sql, params, batchRows) =>
      Stream.unwrap(Effect.map(chunks(sql, params), (result) => Chunks.batches(native, result, batchRows))),
    append: (table, columns, rows) =>
      turn
        .withPermit(Effect.andThen(Health.check(health), Appender.append(native, connection, table, columns, rows)))
        .pipe(
          Effect.tapError((error) =>
            Effect.sync(() => {
              transaction.failed ??= error
              Health.note(health, error)
            })
          ),
          Effect.onError(() =>
            Effect.sync(() => {
              transaction.rollbackOnly ??= Failure.of(
                `An append to ${table} failed, so the whole transaction was rolled back.`,
                "commit",
                transaction.failed
              )
            })
          )
        )
  }
}

/**
 * Takes chunks from a complete result, which is in memory. It blocks, for less time than it takes to hand the work to
 * another thread and back.
 */
const fetch = (result: DuckDBMaterializedResult): Effect.Effect<DuckDBDataChunk | null, SqlError> => {
  const count = result.chunkCount
  let next = 0
  return Effect.suspend(() =>
    next === count ? Effect.succeed(null) : callSync("fetch", () => result.getChunk(next++))
  )
}

/** DuckDB answers every statement after a failed one with the same sentence; add what the failure was. */
const explainAborted = (error: SqlError, failed: SqlError | undefined): SqlError =>
  failed === undefined || !isAborted(error)
    ? error
    : Failure.of(
        `The transaction was aborted by an earlier failure and must be rolled back: ${failed.message}`,
        "execute",
        error.reason.cause
      )

export const isAborted = (error: SqlError): boolean =>
  error.reason.cause instanceof Error && error.reason.cause.message.includes("Current transaction is aborted")
