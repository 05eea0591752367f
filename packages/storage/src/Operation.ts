/**
 * One thing that a store does: its failure in our words, and again from its
 * start while the database is only away or busy.
 *
 * A server that restarts, a connection that breaks and a deadlock cost a run
 * nothing: what an operation writes is one transaction, so it happened whole or
 * not at all, and every operation may be repeated. Inside a transaction
 * nothing is repeated; the whole transaction is, by whoever opened it.
 */
import { type Changes, StoreError } from "@tidemark/core"
import { Context, Duration, Effect, Option, Schedule } from "effect"
import { SqlClient } from "effect/sql"
import { Driver } from "./Driver.ts"
import { failing } from "./Failure.ts"

/** How long an operation waits for a database that is away. A server that restarts needs seconds. */
export const Patience = Context.Reference<Duration.Duration>("@tidemark/storage/Patience", {
  defaultValue: () => Duration.minutes(1)
})

const isTransient = (error: unknown): error is StoreError.StoreError =>
  error instanceof StoreError.StoreError && error.isTransient

/** From 50 ms to 2 s apart. */
const schedule = (patience: Duration.Duration) =>
  Schedule.min([Schedule.exponential("50 millis", 2), Schedule.spaced("2 seconds")]).pipe(
    Schedule.jittered,
    Schedule.upTo({ duration: patience })
  )

/** Repeats what a transient failure has stopped, and says once that it waits. */
export const patiently = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function* () {
    let said = false
    return yield* effect.pipe(
      Effect.tapError((error) => {
        if (said || !isTransient(error)) return Effect.void
        said = true
        return Effect.logWarning(`${error.message.split(". ", 1)[0]}; waiting for it`)
      }),
      Effect.retry({ while: isTransient, schedule: schedule(yield* Patience) })
    )
  })

/** The operations of a store. `kind`: what all that they write is about; anything, where nothing is said. */
export const make = Effect.fnUntraced(function* (kind?: Changes.Kind) {
  const sql = yield* SqlClient.SqlClient
  const driver = yield* Driver
  const about = kind === undefined ? <A>(work: A) => work : driver.about([kind])
  return (name: string) =>
    <A, E, R>(effect: Effect.Effect<A, E, R>) => {
      const once = about(failing(driver, name)(effect))
      return Effect.flatMap(Effect.serviceOption(sql.transactionService), (transaction) =>
        Option.isSome(transaction) ? once : patiently(once)
      )
    }
})
