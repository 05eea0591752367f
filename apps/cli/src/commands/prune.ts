import { Command, Flag } from "effect/cli"
import * as Lists from "../flags/Lists.ts"
import { lazy } from "../Lazy.ts"

const flags = {
  ...Lists.flags,
  source: Flag.String("source").pipe(Flag.withDescription("Of this source only"), Flag.optional),
  dryRun: Flag.Boolean("dry-run").pipe(
    Flag.withDescription("Print what would go and what stays; change nothing"),
    Flag.withDefault(false)
  ),
  evenIfNeeded: Flag.Boolean("even-if-needed").pipe(
    Flag.withDescription("Take away also what is the last of its kind, or what adjusting other candles needs"),
    Flag.withDefault(false)
  )
}

export const prune = Command.make("prune", flags).pipe(
  Command.withDescription(
    "Take away candles that are older than they are kept: 1m and 5m 12 months, 15m to 1h 24 months, longer ones forever, unless tidemark.json says otherwise"
  ),
  Command.withExamples([
    { command: "tidemark prune --dry-run", description: "What would go, and what stays" },
    { command: "tidemark prune --symbols BTC/USDT --timeframes 1m", description: "Old minutes of one symbol" }
  ]),
  Command.withHandler(lazy(() => import("../run/prune.ts")))
)
