/** For those who watch: whether the process is alive, and whether it can do its work. No key needed, nothing told. */
import { JobStore } from "@tidemark/core"
import { Clock, Context, Deferred, Effect, Layer } from "effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Problem from "./Problem.ts"

/** A scheduler that has not looked for so long hangs. */
const silenceMillis = 120_000
/** A database that has not answered for so long will not answer this process any more. */
const patienceMillis = 600_000

/** When the scheduler last looked for what is due, and when there was last an answer. */
export class Pulse extends Context.Service<
  Pulse,
  {
    readonly beat: (isAnswered: boolean) => Effect.Effect<void>
    /** Milliseconds since. */
    readonly ages: Effect.Effect<{ readonly looked: number; readonly answered: number }>
  }
>()("@tidemark/daemon/Pulse") {
  static readonly layer = Layer.effect(
    Pulse,
    Effect.gen(function* () {
      const begun = yield* Clock.currentTimeMillis
      let last = { looked: begun, answered: begun }
      return Pulse.of({
        beat: (isAnswered) =>
          Effect.map(Clock.currentTimeMillis, (now) => {
            last = { looked: now, answered: isAnswered ? now : last.answered }
          }),
        ages: Effect.map(Clock.currentTimeMillis, (now) => ({
          looked: now - last.looked,
          answered: now - last.answered
        }))
      })
    })
  )
}

const fine = HttpServerResponse.jsonUnsafe({ status: "ok" })

/** The process answers, and its scheduler looks. */
const live = HttpRouter.add(
  "GET",
  "/health/live",
  Effect.map(
    Effect.flatMap(Pulse, ({ ages }) => ages),
    ({ answered, looked }) => {
      if (looked >= silenceMillis) {
        return Problem.response(503, `The scheduler has not looked for ${Math.round(looked / 1_000)} s.`)
      }
      return answered < patienceMillis
        ? fine
        : Problem.response(503, `The database has not answered for ${Math.round(answered / 1_000)} s.`)
    }
  )
)

/** What is to be done before the first answers come as fast as later ones. */
export class Warmth extends Context.Service<Warmth, { readonly done: Deferred.Deferred<void> }>()(
  "@tidemark/daemon/Warmth"
) {
  static readonly layer = Layer.effect(
    Warmth,
    Effect.map(Deferred.make<void>(), (done) => Warmth.of({ done }))
  )
}

/** The database answers too, and the first answers have been made. */
const ready = HttpRouter.add(
  "GET",
  "/health/ready",
  Effect.flatMap(Warmth, ({ done }) => Deferred.await(done)).pipe(
    Effect.andThen(Effect.flatMap(JobStore.JobStore, (store) => store.atWork)),
    Effect.as(fine),
    Effect.timeoutOrElse({
      duration: "5 seconds",
      orElse: () => Effect.succeed(Problem.response(503, "The database does not answer."))
    }),
    Effect.catchTag("StoreError", ({ message }) =>
      Effect.as(Effect.logWarning(`not ready: ${message}`), Problem.response(503, "The database does not answer."))
    )
  )
)

export const layer = Layer.mergeAll(live, ready)
