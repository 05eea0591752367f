/**
 * A read that streams: DuckDB runs the query as chunks are asked for and stays
 * a bounded number of chunks ahead.
 *
 * Each cursor has a connection to itself, so that streams can be open side by
 * side and inside one another without waiting for a pool.
 *
 * **Gotchas**
 *
 * - A query that fails half-way looks like one that has ended: the bindings give
 *   no chunk in both cases, and no error. So the read happens in a transaction:
 *   at the end it is asked whether DuckDB aborted it, and if so the query runs
 *   once more under EXPLAIN ANALYZE, which keeps no rows and does report why.
 * - An abandoned streaming result keeps the database file locked until it is
 *   garbage collected, even when its connection is closed. So a cursor that is
 *   closed early interrupts the query and fetches to its end.
 */
import type { DuckDBConnection, DuckDBInstance, DuckDBResult } from "@duckdb/node-api"
import { Effect, type Scope } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import * as Chunks from "./Chunks.ts"
import * as Failure from "./Failure.ts"
import { call, type Module } from "./Native.ts"
import * as Parameters from "./Parameters.ts"
import * as Session from "./Session.ts"

/** Starts a query, which must only read. */
export const open = Effect.fnUntraced(function* (
  native: Module,
  instance: DuckDBInstance,
  sql: string,
  params: ReadonlyArray<unknown>
): Effect.fn.Return<Chunks.Chunks, SqlError, Scope.Scope> {
  const { types, values } = yield* Effect.fromResult(Parameters.make(native, params))
  const connection = yield* Session.connect(instance)
  yield* call(connection, "execute", () => connection.run("BEGIN TRANSACTION"))

  // Kept from the moment it exists, so that an interruption just then doesn't lose it.
  let unfinished: DuckDBResult | undefined
  yield* Effect.addFinalizer(() => (unfinished === undefined ? Effect.void : abandon(connection, unfinished)))
  const result = yield* call(connection, "execute", async () => {
    unfinished = await connection.stream(sql, values, types)
    return unfinished
  })

  const fetch = Effect.tap(
    call(connection, "fetch", () => result.fetchChunk()),
    (chunk) => {
      if (chunk !== null && chunk.rowCount > 0) return Effect.void
      unfinished = undefined
      return checkEnd(connection, () => connection.run(`EXPLAIN ANALYZE ${sql}`, values, types))
    }
  )
  return Chunks.make(native, result, fetch)
})

const abandon = (connection: DuckDBConnection, result: DuckDBResult): Effect.Effect<void> =>
  Effect.promise(async () => {
    connection.interrupt()
    for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0;) {
      connection.interrupt()
      chunk = await result.fetchChunk()
    }
  })

/** Fails if the query that has given its last chunk ended by an error. */
const checkEnd = (connection: DuckDBConnection, runAgain: () => Promise<unknown>): Effect.Effect<void, SqlError> =>
  call(connection, "fetch", () => connection.run("SELECT 1")).pipe(
    Effect.asVoid,
    Effect.catchIf(Session.isAborted, (aborted) =>
      call(connection, "fetch", () => connection.run("ROLLBACK").then(runAgain)).pipe(
        Effect.andThen(
          Effect.fail(Failure.of("The query failed part-way through its rows.", "fetch", aborted.reason.cause))
        )
      )
    )
  )
