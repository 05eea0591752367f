import { Command, Flag } from "effect/cli"
import * as Lists from "../flags/Lists.ts"
import * as Span from "../flags/Span.ts"
import { lazy } from "../Lazy.ts"

const load = () => import("../run/actions.ts")

const { symbols } = Lists.flags

const fetch = Command.make("fetch", {
  symbols,
  source: Flag.String("source").pipe(
    Flag.withDescription("`auto` for the first of each symbol's own sources that has them, or one for all"),
    Flag.withDefault("auto")
  ),
  ...Span.flags("the dates (default: all)")
}).pipe(
  Command.withDescription("Ask for splits, dividends and earnings, keep them, and say what is new"),
  Command.withExamples([
    { command: "tidemark actions fetch --symbols AAPL,MSFT --source yahoo", description: "All that Yahoo knows" }
  ]),
  Command.withHandler(lazy(() => load().then((module) => ({ run: module.fetch }))))
)

const list = Command.make("list", {
  symbols,
  kinds: Flag.String("kinds").pipe(
    Flag.withDescription("Of split, dividend, earnings, with commas between them (default: all)"),
    Flag.optional
  ),
  ...Span.flags("the dates")
}).pipe(
  Command.withDescription("Show the corporate actions that are stored"),
  Command.withHandler(lazy(() => load().then((module) => ({ run: module.list }))))
)

export const actions = Command.make("actions").pipe(
  Command.withDescription("Splits, dividends and earnings"),
  Command.withSubcommands([fetch, list])
)
