import { Command, Flag } from "effect/cli"
import * as Lists from "../flags/Lists.ts"
import * as Span from "../flags/Span.ts"
import { lazy } from "../Lazy.ts"

export const formats = ["csv", "json", "parquet", "arrow"] as const
export type Format = (typeof formats)[number]

const flags = {
  ...Lists.flags,
  source: Flag.String("source").pipe(
    Flag.withDescription("Where the candles are from (default: the first of the symbol's sources that is stored)"),
    Flag.optional
  ),
  ...Span.flags("the candles (default: all that was ever asked for)"),
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
  resample: Flag.String("resample").pipe(
    Flag.withDescription("Candles of this timeframe, put together from those of the shorter one in --timeframes"),
    Flag.optional
  ),
  fillFrom: Flag.String("fill-from").pipe(
    Flag.withDescription("Where candles are missing, those of this source, each row with its own source"),
    Flag.optional
  ),
  allowGaps: Flag.Boolean("allow-gaps").pipe(
    Flag.withDescription("Write what there is where candles are missing, instead of nothing"),
    Flag.withDefault(false)
  ),
  format: Flag.Literals("format", formats).pipe(
    Flag.withDescription("Default: by the ending of --out; csv without one, or json on stdout with --json"),
    Flag.optional
  ),
  out: Flag.String("out").pipe(Flag.withDescription("Write to this file instead of stdout"), Flag.optional),
  partition: Flag.Literals("partition", ["year", "month"]).pipe(
    Flag.withDescription("Make --out a folder of Parquet files: one for each series and year, or month"),
    Flag.optional
  ),
  include: Flag.Literals("include", ["synthetic", "modelled"]).pipe(
    Flag.withDescription("Export data that was not observed, too"),
    Flag.optional
  )
}

export const exportCommand = Command.make("export", flags).pipe(
  Command.withDescription("Write candles as CSV, JSON, Parquet or Arrow; all of a range, or an error"),
  Command.withExamples([
    {
      command: "tidemark export --symbols AAPL --timeframes 1d --adjust all --out aapl.csv",
      description: "A history of total return"
    },
    {
      command: "tidemark export --timeframes 1m --out minutes --partition month",
      description: "A folder of Parquet files"
    }
  ]),
  Command.withHandler(lazy(() => import("../run/export.ts")))
)
