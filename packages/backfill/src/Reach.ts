/** Whether a source would answer now. */
import { type Source, SourceError } from "@tidemark/core"
import { Deferred, Effect, Exit } from "effect"
import { Policy } from "./Policy.ts"
import { RequestCounter } from "./SourceHttp.ts"

/** Completes when the first request has been let through the door. */
const firstRequest = Effect.map(Deferred.make<void>(), (sent) => ({
  sent: Deferred.await(sent),
  counter: {
    count: 0,
    unanswered: 0,
    get requests() {
      return this.count
    },
    set requests(count: number) {
      this.count = count
      Deferred.doneUnsafe(sent, Exit.void)
    }
  }
}))

/**
 * Fails with why it would not. That it lacks the symbol it is asked for is an
 * answer. The deadline begins with the first request:
 * who waits for a budget that others have spent has not been asked yet.
 */
export const reach = Effect.fnUntraced(function* (
  name: string,
  source: Source.Source
): Effect.fn.Return<void, SourceError.SourceError> {
  const { checkDeadlineMillis } = yield* Policy
  const { counter, sent } = yield* firstRequest
  const detail = `no answer within ${checkDeadlineMillis / 1000} s`
  const overdue = Effect.andThen(
    Effect.andThen(sent, Effect.sleep(checkDeadlineMillis)),
    Effect.fail(new SourceError.SourceError({ source: name, reason: new SourceError.Unavailable({ detail }) }))
  )
  const check = (source.check ?? Effect.void).pipe(
    Effect.catchIf(
      ({ reason }) => reason._tag === "NotListed",
      () => Effect.void
    ),
    Effect.provideService(RequestCounter, counter)
  )
  yield* Effect.raceFirst(check, overdue)
})
