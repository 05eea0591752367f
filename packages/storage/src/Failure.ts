/** Turns a driver's `SqlError` into the one error of our stores. Streams and openings use it as it is; the rest goes through `Operation`. */
import { StoreError } from "@tidemark/core"
import { Effect, Stream } from "effect"
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

/** Names the operation that a SQL failure belongs to; other errors pass. */
export const failing =
  (driver: Driver["Service"], operation: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, Mapped<E>, R> =>
    Effect.mapError(effect, mapper(driver, operation))

/** `failing` for a stream. */
export const failingStream =
  (driver: Driver["Service"], operation: string) =>
  <A, E, R>(stream: Stream.Stream<A, E, R>): Stream.Stream<A, Mapped<E>, R> =>
    Stream.mapError(stream, mapper(driver, operation))
