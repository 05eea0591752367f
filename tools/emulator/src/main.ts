/** The `emulator` command. */
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import { Effect } from "effect"
import { Command } from "effect/cli"
import { faults } from "./commands/faults.ts"
import { serve } from "./commands/serve.ts"

Command.make("emulator").pipe(
  Command.withDescription("Market data providers on loopback, with faults on demand"),
  Command.withSubcommands([serve, faults]),
  Command.run({ version: "0.1.0" }),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
