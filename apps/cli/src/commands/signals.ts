import { Command, Flag } from "effect/cli"
import * as Include from "../flags/Include.ts"
import * as Lists from "../flags/Lists.ts"
import * as Span from "../flags/Span.ts"
import { lazy } from "../Lazy.ts"

const load = () => import("../run/signals.ts")

const flags = {
  symbols: Lists.flags.symbols,
  patterns: Flag.String("patterns").pipe(
    Flag.withDescription("Of these patterns, with commas between them: FALSE_FLOOR, LIBERATION (default: all)"),
    Flag.optional
  ),
  include: Include.flag,
  ...Span.flags("the signals")
}

const list = Command.make("list", {
  ...flags,
  outcomes: Flag.String("outcomes").pipe(
    Flag.withDescription("Of these outcomes, with commas between them: pending, won, lost (default: all)"),
    Flag.optional
  ),
  reasons: Flag.Boolean("reasons").pipe(
    Flag.withDescription("Say the reasons of each signal, not of the newest alone"),
    Flag.withDefault(false)
  ),
  last: Flag.Int("last").pipe(Flag.withDescription("The newest so many (default 20)"), Flag.withDefault(20))
}).pipe(
  Command.withDescription("Show what snapshots said of the sessions to come, and what came of it"),
  Command.withHandler(lazy(() => load().then((module) => ({ run: module.list }))))
)

const performance = Command.make("performance", flags).pipe(
  Command.withDescription("How often each pattern was right, with the interval that so few cases leave open"),
  Command.withHandler(lazy(() => load().then((module) => ({ run: module.performance }))))
)

export const signals = Command.make("signals").pipe(
  Command.withDescription("Trap patterns of gamma and momentum, and their outcomes"),
  Command.withSubcommands([list, performance])
)
