import { Command } from "effect/cli"
import { lazy } from "../Lazy.ts"

const list = Command.make("list").pipe(
  Command.withDescription("Show every source: what it has, what it allows, whether it can be reached"),
  Command.withHandler(lazy(() => import("../run/sources.ts")))
)

export const sources = Command.make("sources").pipe(
  Command.withDescription("Where history comes from"),
  Command.withSubcommands([list])
)
