/** For those who watch: whether the process is alive, and whether it can do its work. No key needed, nothing told. */
import { JobStore } from "@tidemark/core"
import { Clock, Context, Effect, Layer, Ref } from "effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Problem from "./Problem.ts"

/** A scheduler that has not looked for so long hangs. */
const silenceMillis = 120_000

/** When the scheduler last looked for what is due. */
export class Pulse extends Context.Service<
  Pulse,
  { readonly beat: Effect.Effect<void>; readonly age: Effect.Effect<number> }
>()("@tidemark/daemon/Pulse") {
  static readonly layer = Layer.effect(
    Pulse,
    Effect.gen(function* () {
      const last = yield* Ref.make(yield* Clock.currentTimeMillis)
      return Pulse.of({
        beat: Effect.flatMap(Clock.currentTimeMillis, (now) => Ref.set(last, now)),
        age: Effect.zipWith(Clock.currentTimeMillis, Ref.get(last), (now, then) => now - then)
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
    Effect.flatMap(Pulse, ({ age }) => age),
    (millis) =>
      millis < silenceMillis
        ? fine
        : Problem.response(503, `The scheduler has not looked for ${Math.round(millis / 1_000)} s.`)
  )
)

/** The database answers too. */
const ready = HttpRouter.add(
  "GET",
  "/health/ready",
  Effect.flatMap(JobStore.JobStore, (store) => store.atWork).pipe(
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
