import { Command, Flag } from "effect/cli"
import { lazy } from "../Lazy.ts"

const load = () => import("../run/alerts.ts")

const list = Command.make("list", {
  all: Flag.Boolean("all").pipe(
    Flag.withDescription("Those that are over too, of the last 90 days"),
    Flag.withDefault(false)
  )
}).pipe(
  Command.withDescription("Show what the daemon's watch has found: what is open, since when, and what to do"),
  Command.withHandler(lazy(() => load().then((module) => ({ run: module.list }))))
)

const test = Command.make("test").pipe(
  Command.withDescription("Send a test message to every configured webhook and say what each answered"),
  Command.withHandler(lazy(() => load().then((module) => ({ run: module.test }))))
)

export const alerts = Command.make("alerts").pipe(
  Command.withDescription("What somebody should know of, and who is told"),
  Command.withSubcommands([list, test])
)
