/**
 * Whether an open database can still be trusted.
 *
 * A commit that fails for want of memory or disk leaves DuckDB's tables in
 * memory in disorder: rows that are appended next, in transactions of their
 * own that succeed, have been seen to take over values of the rows that were
 * rolled back, on disk as well. The file itself is whole. So after such a
 * failure nothing more is read or written until the file is opened again. The
 * same goes for what DuckDB calls fatal, after which it answers nothing.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import * as Failure from "./Failure.ts"

export interface Health {
  /** Whether the database is still there once it is closed. */
  readonly isKept: boolean
  /** That after which there is no trust. */
  failure: SqlError | undefined
}

export const make = (isKept: boolean): Health => ({ isKept, failure: undefined })

/** A commit that was refused for what it would have stored has been undone as it should be. */
const isDisorderly = ({ message }: SqlError): boolean =>
  (/Failed to commit/i.test(message) && !/constraint|conflict|duplicate key/i.test(message)) ||
  // DuckDB itself answers nothing any more.
  /^FATAL Error|database has been invalidated/i.test(message)

export const note = (health: Health, error: SqlError): void => {
  if (isDisorderly(error)) health.failure ??= error
}

/** Fails once there is no trust. */
export const check = (health: Health): Effect.Effect<void, SqlError> =>
  health.failure === undefined
    ? Effect.void
    : Effect.fail(health.isKept ? Failure.toBeReopened(health.failure) : Failure.lost(health.failure))
