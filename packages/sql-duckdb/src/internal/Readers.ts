/**
 * Connections for reads, kept open. One that was used without a failure is
 * used again, any other is closed.
 *
 * **Gotchas**
 *
 * Statements are not kept: a prepared SELECT that DuckDB had planned before a
 * transaction was rolled back has given the values of its rows afterwards.
 */
import type { DuckDBConnection, DuckDBInstance } from "@duckdb/node-api"
import { Effect, Exit, type Scope } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import * as Failure from "./Failure.ts"
import type * as Health from "./Health.ts"
import type { Module } from "./Native.ts"
import * as Session from "./Session.ts"

export interface Reader {
  readonly connection: DuckDBConnection
  readonly session: Session.Session
}

export interface Readers {
  /** Lends a connection to the work. */
  readonly use: <A>(work: (reader: Reader) => Effect.Effect<A, SqlError>) => Effect.Effect<A, SqlError>
  /** Lends a connection to the scope. */
  readonly lease: Effect.Effect<Reader, SqlError, Scope.Scope>
}

export const make = Effect.fnUntraced(function* (
  native: Module,
  instance: DuckDBInstance,
  health: Health.Health
): Effect.fn.Return<Readers, never, Scope.Scope> {
  const idle: Array<Reader> = []
  let isClosed = false
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      isClosed = true
      for (const { connection } of idle.splice(0)) connection.closeSync()
    })
  )

  const open = Effect.map(
    Effect.tryPromise({ try: () => instance.connect(), catch: (cause) => Failure.fromNative(cause, "connect") }),
    (connection): Reader => ({ connection, session: Session.make(native, connection, health) })
  )
  const take = Effect.suspend(() => {
    const reader = idle.pop()
    return reader === undefined ? open : Effect.succeed(reader)
  })
  const giveBack = (reader: Reader, exit: Exit.Exit<unknown, unknown>) =>
    Effect.sync(() => {
      if (Exit.isSuccess(exit) && !isClosed) idle.push(reader)
      else reader.connection.closeSync()
    })

  return {
    use: (work) => Effect.acquireUseRelease(take, work, giveBack),
    lease: Effect.acquireRelease(take, giveBack)
  }
})
