/** The daemon: serves the jobs of a database and the HTTP API until it is told to stop. Composition only. */
import { hostname } from "node:os"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { JobStore } from "@tidemark/core"
import { Scheduler } from "@tidemark/jobs"
import { Configuration, Runtime } from "@tidemark/runtime"
import { Clock, Effect, Layer, Option } from "effect"
import { Pulse } from "./http/Health.ts"
import * as Server from "./http/Server.ts"
import * as Jobs from "./Jobs.ts"

const scheduler = Layer.effect(
  Scheduler.Scheduler,
  Effect.gen(function* () {
    const { beat } = yield* Pulse
    yield* (yield* JobStore.JobStore).seed(Jobs.initial(yield* Clock.currentTimeMillis))
    return yield* Scheduler.make({
      holder: `${hostname()} ${process.pid}`,
      works: Jobs.works,
      onLook: () => beat
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

const daemon = Layer.unwrap(
  Effect.map(Configuration.load({ database: Option.none(), config: Option.none() }), (settings) =>
    Layer.mergeAll(serving, Server.layer(settings)).pipe(
      Layer.provide(scheduler),
      Layer.provide(Pulse.layer),
      Layer.provide(Runtime.layer(settings, "write"))
    )
  )
)

Layer.launch(daemon).pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
