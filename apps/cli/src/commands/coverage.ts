import { Command } from "effect/cli"
import * as Lists from "../flags/Lists.ts"
import { lazy } from "../Lazy.ts"

export const coverage = Command.make("coverage", Lists.flags).pipe(
  Command.withDescription("Show what is stored, from when to when, and how complete it is"),
  Command.withHandler(lazy(() => import("../run/coverage.ts")))
)
