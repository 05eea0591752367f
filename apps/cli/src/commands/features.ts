import { Command, Flag } from "effect/cli"
import * as Lists from "../flags/Lists.ts"
import * as Span from "../flags/Span.ts"
import { lazy } from "../Lazy.ts"

const flags = {
  ...Lists.flags,
  source: Flag.String("source").pipe(Flag.withDescription("Of this source only"), Flag.optional),
  ...Span.flags("the rows (default: all that is stored)"),
  force: Flag.Boolean("force").pipe(Flag.withDescription("Make every row anew"), Flag.withDefault(false))
}

export const features = Command.make("features", flags).pipe(
  Command.withDescription("Derive features from stored candles: what is new, and what has changed"),
  Command.withExamples([
    { command: "tidemark features --symbols BTC/USDT --timeframes 1h", description: "Fills market_data_v2" }
  ]),
  Command.withHandler(lazy(() => import("../run/features.ts")))
)
