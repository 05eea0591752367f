/** The daemon: serves the jobs of a database and the HTTP API until it is told to stop. Composition only. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Configuration, Logs, Telemetry } from "@tidemark/runtime"
import { Effect, Layer, Option } from "effect"
import * as Daemon from "./Daemon.ts"
import * as Start from "./Start.ts"

const daemon = Layer.unwrap(
  Effect.map(Configuration.load({ database: Option.none(), config: Option.none() }), (settings) =>
    Daemon.layer(settings).pipe(Layer.provide(Telemetry.layer(settings)), Layer.provide(Logs.layer(settings.log)))
  )
)

Layer.launch(daemon).pipe(
  Start.report,
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain({ disableErrorReporting: true })
)
