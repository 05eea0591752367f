/**
 * Transactions on a database that has no savepoints.
 *
 * A nested `withTransaction` joins the outer one. When it fails, nothing can
 * take back just its part, so the outer transaction may only be rolled back:
 * even if the caller recovers from the inner failure, the outer commit fails.
 *
 * **Gotchas**
 *
 * COMMIT of a transaction that DuckDB has aborted (a constraint was violated, a
 * conversion failed) rolls back and *reports success*. So a commit after any
 * failed statement first asks whether the transaction is still alive.
 */
import { Effect } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import * as Failure from "./Failure.ts"
import { isAborted, type Session } from "./Session.ts"

export const begin = (session: Session, statement = "BEGIN TRANSACTION"): Effect.Effect<void, SqlError> =>
  Effect.suspend(() => {
    session.transaction.failed = undefined
    session.transaction.rollbackOnly = undefined
    return Effect.asVoid(session.query(statement))
  })

export const commit = Effect.fnUntraced(function* (session: Session): Effect.fn.Return<void, SqlError> {
  const refusal = session.transaction.rollbackOnly ?? (yield* aborted(session))
  if (refusal !== undefined) {
    yield* rollback(session)
    return yield* Effect.fail(refusal)
  }
  yield* Effect.onError(session.query("COMMIT"), () => Effect.ignore(rollback(session)))
})

/** Ends the transaction if one is open. */
export const rollback = (session: Session): Effect.Effect<void, SqlError> =>
  session.query("ROLLBACK").pipe(
    Effect.asVoid,
    Effect.catchIf(
      (error) => error.message.includes("no transaction is active"),
      () => Effect.void
    )
  )

/** Condemns the outer transaction after a nested one has failed. */
export const nestedFailed = (session: Session): Effect.Effect<void> =>
  Effect.sync(() => {
    session.transaction.rollbackOnly ??= Failure.of(
      "a nested transaction failed; DuckDB has no savepoints, so the whole transaction was rolled back",
      "commit",
      session.transaction.failed
    )
  })

const aborted = (session: Session): Effect.Effect<SqlError | undefined, SqlError> => {
  const { failed } = session.transaction
  if (failed === undefined) return Effect.undefined
  return session.query("SELECT 1").pipe(
    Effect.as(undefined),
    Effect.catchIf(isAborted, () =>
      Effect.succeed(
        Failure.of(`A statement failed, so the whole transaction was rolled back: ${failed.message}`, "commit", failed)
      )
    )
  )
}
