import { Command } from "effect/cli"
import { lazy } from "../Lazy.ts"

export const status = Command.make("status", {}).pipe(
  Command.withDescription("When each series was last brought up to date, what failed, and which are worst"),
  Command.withHandler(lazy(() => import("../run/status.ts")))
)
