/** Turns a driver's `SqlError` into the one error of our stores. Streams and openings use it as it is; the rest goes through `Operation`. */
import { StoreError } from "@tidemark/core"
import { Cause, Effect, Stream } from "effect"
import { SqlError } from "effect/sql"
import type { Driver } from "./Driver.ts"

type Mapped<E> = Exclude<E, SqlError.SqlError> | StoreError.StoreError

const mapper =
  (driver: Driver["Service"], operation: string) =>
  <E>(error: E): Mapped<E> =>
    SqlError.isSqlError(error)
      ? new StoreError.StoreError({
          database: driver.database,
          operation,
          reason: driver.classify(error),
          cause: error
        })
      : (error as Exclude<E, SqlError.SqlError>)

/**
 * A transaction whose rollback does not reach the database any more dies, of
 * the rollback and of what led to it. That the database is gone is no defect.
 */
const isOurs = (defect: unknown): boolean => SqlError.isSqlError(defect) || defect instanceof StoreError.StoreError

/** Names the operation that a SQL failure belongs to; other errors pass. */
export const failing =
  (driver: Driver["Service"], operation: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, Mapped<E>, R> =>
    Effect.catchCause(effect, (cause): Effect.Effect<never, Mapped<E>> => {
      const map = mapper(driver, operation)
      const lost = cause.reasons.filter(Cause.isDieReason).find(({ defect }) => isOurs(defect))
      return lost === undefined || Cause.hasInterrupts(cause)
        ? Effect.failCause(Cause.map(cause, map))
        : Effect.fail(map(lost.defect as SqlError.SqlError | StoreError.StoreError))
    })

/** `failing` for a stream. */
export const failingStream =
  (driver: Driver["Service"], operation: string) =>
  <A, E, R>(stream: Stream.Stream<A, E, R>): Stream.Stream<A, Mapped<E>, R> =>
    Stream.mapError(stream, mapper(driver, operation))
