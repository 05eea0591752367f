import { Command, Flag } from "effect/cli"
import * as Lists from "../flags/Lists.ts"
import * as Span from "../flags/Span.ts"
import { lazy } from "../Lazy.ts"

const load = () => import("../run/gaps.ts")

const flags = {
  ...Lists.flags,
  source: Flag.String("source").pipe(Flag.withDescription("Of this source only"), Flag.optional),
  cause: Flag.String("cause").pipe(
    Flag.withDescription("Of these causes only, with commas between them: unexplained, unfetched, outage, …"),
    Flag.optional
  ),
  ...Span.flags("the gaps (default: all that was ever asked for)")
}

const list = Command.make("list", flags).pipe(
  Command.withDescription("What of the stored history is missing, why, and what to do"),
  Command.withExamples([
    { command: "tidemark gaps list --cause unexplained", description: "Only what nobody can explain" }
  ]),
  Command.withHandler(lazy(() => load().then((module) => ({ run: module.list }))))
)

const fill = Command.make("fill", {
  ...flags,
  with: Flag.String("with").pipe(
    Flag.withDescription(
      "Then ask another source for what is still missing, into its own series, and say whether it could stand in: polygon"
    ),
    Flag.optional
  ),
  tolerance: Flag.Finite("tolerance").pipe(
    Flag.withDescription(
      "How far prices of the two may be apart, as a share: 0.005 is 0.5 % (default 0.001, at most 0.1)"
    ),
    Flag.optional
  )
}).pipe(
  Command.withDescription("Ask again for exactly what is missing and not explained"),
  Command.withExamples([
    { command: "tidemark gaps fill --symbols BTC/USDT", description: "Only the holes, nothing else" },
    {
      command: "tidemark gaps fill --symbols BTC/USDT --with ccxt:coinbaseexchange",
      description: "Whether another source has what stays missing"
    }
  ]),
  Command.withHandler(lazy(() => load().then((module) => ({ run: module.fill }))))
)

export const gaps = Command.make("gaps").pipe(
  Command.withDescription("Missing candles: causes, evidence, next actions"),
  Command.withSubcommands([list, fill])
)
