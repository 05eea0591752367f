/**
 * Calls into DuckDB's native module, as effects.
 *
 * **Gotchas**
 *
 * - The module is loaded on first use, as it takes tens of milliseconds.
 * - `connection.interrupt()` does nothing to a call that still waits for a
 *   libuv thread, and DuckDB forgets it when the call starts. So an interrupted
 *   call is interrupted again and again until it settles.
 * - An interrupted fiber waits for its call to settle: disconnecting under a
 *   running query is not safe.
 */
import type * as DuckDb from "@duckdb/node-api"
import { Effect } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import * as Failure from "./Failure.ts"

export type Module = typeof DuckDb

/** DuckDB's Node module, loaded once a process by the module cache. */
export const load: Effect.Effect<Module, SqlError> = Effect.tryPromise({
  try: () => import("@duckdb/node-api"),
  catch: (cause) => Failure.of("DuckDB's native module could not be loaded on this platform.", "load", cause)
})

const interruptEveryMillis = 5

/** Runs `f`, whose native work happens on `connection`, and cancels that work when the fiber is interrupted. */
export const call = <A>(
  connection: DuckDb.DuckDBConnection,
  operation: string,
  f: () => Promise<A>
): Effect.Effect<A, SqlError> =>
  Effect.callback<A, SqlError>((resume) => {
    const settled = f().then(
      (value) => resume(Effect.succeed(value)),
      (cause) => resume(Effect.fail(Failure.fromNative(cause, operation)))
    )
    return Effect.promise(() => cancel(connection, settled))
  })

/** Cancels the work that `settled` stands for, which runs or is about to run on `connection`. */
export const cancel = (connection: DuckDb.DuckDBConnection, settled: Promise<unknown>): Promise<unknown> => {
  connection.interrupt()
  const timer = setInterval(() => connection.interrupt(), interruptEveryMillis)
  return settled.finally(() => clearInterval(timer))
}

/** Runs a native call that blocks. */
export const callSync = <A>(operation: string, f: () => A): Effect.Effect<A, SqlError> =>
  Effect.try({ try: f, catch: (cause) => Failure.fromNative(cause, operation) })
