/** Ctrl-C as a request to stop, not as the end. */
import { Deferred, Effect, Fiber } from "effect"

/**
 * Runs work that can be told to stop, and then what is to be said about it.
 * An interruption tells the work to stop and waits for its result; what comes
 * after is never interrupted, so that the result is always shown.
 */
export const untilInterrupted = <A, E, R, B, E2, R2>(
  work: (stop: Effect.Effect<void>) => Effect.Effect<A, E, R>,
  after: (result: A) => Effect.Effect<B, E2, R2>
): Effect.Effect<B, E | E2, R | R2> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const stop = yield* Deferred.make<void>()
      const fiber = yield* Effect.forkChild(Effect.interruptible(work(Deferred.await(stop))))
      yield* restore(Fiber.await(fiber)).pipe(
        Effect.onInterrupt(() => Deferred.succeed(stop, undefined)),
        Effect.exit
      )
      return yield* Effect.flatMap(Fiber.join(fiber), after)
    })
  )
