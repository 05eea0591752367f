/** The daemon: serves the jobs of a database until it is told to stop. Composition only. */
import { hostname } from "node:os"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { JobStore } from "@tidemark/core"
import { Scheduler } from "@tidemark/jobs"
import { Configuration, Runtime } from "@tidemark/runtime"
import { Clock, Effect, Layer, Option } from "effect"
import * as Jobs from "./Jobs.ts"

const scheduler = Effect.gen(function* () {
  yield* (yield* JobStore.JobStore).seed(Jobs.initial(yield* Clock.currentTimeMillis))
  yield* Effect.logInfo("the daemon serves its jobs")
  return yield* Scheduler.serve({
    holder: `${hostname()} ${process.pid}`,
    works: Jobs.works
  })
})

const daemon = Layer.unwrap(
  Effect.map(Configuration.load({ database: Option.none(), config: Option.none() }), (settings) =>
    Layer.effectDiscard(Effect.forkScoped(scheduler)).pipe(Layer.provide(Runtime.layer(settings, "write")))
  )
)

Layer.launch(daemon).pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
