import { Command, Flag } from "effect/cli"
import * as Lists from "../flags/Lists.ts"
import * as Span from "../flags/Span.ts"
import { lazy } from "../Lazy.ts"

const flags = {
  ...Lists.flags,
  source: Flag.String("source").pipe(
    Flag.withDescription("Where the candles are from (default: the first of the symbol's sources that is stored)"),
    Flag.optional
  ),
  ...Span.flags("the candles (default: all that is stored)"),
  adjust: Flag.Literals("adjust", ["none", "splits", "all"]).pipe(
    Flag.withDescription("none: as the source gives them; splits: in today's shares; all: dividends taken out too"),
    Flag.withDefault("none" as const)
  ),
  actionsFrom: Flag.String("actions-from").pipe(
    Flag.withDescription("Source of the splits and dividends (default: that of the candles, else one that was asked)"),
    Flag.optional
  ),
  asOf: Flag.String("as-of").pipe(
    Flag.withDescription("What was known at this time instead of now: values from before later revisions"),
    Flag.optional
  ),
  format: Flag.Literals("format", ["csv", "json"]).pipe(
    Flag.withDescription("Default: csv, or json with --json"),
    Flag.optional
  ),
  out: Flag.String("out").pipe(Flag.withDescription("Write to this file instead of stdout"), Flag.optional),
  include: Flag.Literals("include", ["synthetic", "modelled"]).pipe(
    Flag.withDescription("Export data that was not observed, too"),
    Flag.optional
  )
}

export const exportCommand = Command.make("export", flags).pipe(
  Command.withDescription("Write candles as CSV or JSON, adjusted for splits and dividends if wanted"),
  Command.withExamples([
    {
      command: "tidemark export --symbols AAPL --timeframes 1d --adjust all --out aapl.csv",
      description: "A history of total return"
    }
  ]),
  Command.withHandler(lazy(() => import("../run/export.ts")))
)
