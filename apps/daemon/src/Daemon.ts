/** All that runs in the daemon: the scheduler of a database's jobs, and the HTTP server beside it. */
import { hostname } from "node:os"
import { JobStore } from "@tidemark/core"
import { Scheduler } from "@tidemark/jobs"
import { type Configuration, Runtime } from "@tidemark/runtime"
import { Clock, Effect, Layer } from "effect"
import { Pulse, Warmth } from "./http/Health.ts"
import * as Server from "./http/Server.ts"
import * as Jobs from "./Jobs.ts"

const scheduler = (settings: Configuration.Configuration, works: typeof Jobs.works) =>
  Layer.effect(
    Scheduler.Scheduler,
    Effect.gen(function* () {
      const { beat } = yield* Pulse
      yield* (yield* JobStore.JobStore).seed(Jobs.initial(yield* Clock.currentTimeMillis))
      return yield* Scheduler.make({
        holder: `${hostname()} ${process.pid}`,
        works,
        leaves: Jobs.leaves(settings),
        onLook: ({ isAnswered }) => beat(isAnswered)
      })
    })
  )

const serving = Layer.effectDiscard(
  Effect.gen(function* () {
    const { serve } = yield* Scheduler.Scheduler
    yield* Effect.forkScoped(serve)
    yield* Effect.logInfo("the daemon serves its jobs")
  })
)

/** Works until its scope closes; then the runs of this process have ended. */
export const layer = (settings: Configuration.Configuration, works = Jobs.works) =>
  // Whoever cannot listen does no work either.
  serving.pipe(
    Layer.provideMerge(Server.layer(settings)),
    Layer.provide(scheduler(settings, works)),
    Layer.provide([Pulse.layer, Warmth.layer]),
    Layer.provide(Runtime.layer(settings, "serve"))
  )
