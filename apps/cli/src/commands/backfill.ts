import { Command, Flag } from "effect/cli"
import * as Lists from "../flags/Lists.ts"
import * as Range from "../flags/Range.ts"
import { lazy } from "../Lazy.ts"

const flags = {
  ...Lists.flags,
  ...Range.flags,
  source: Flag.String("source").pipe(
    Flag.withDescription(
      "`auto` for each symbol's own list, or one for all: binance, ccxt:kraken, yahoo, polygon, synthetic, file:PATH"
    ),
    Flag.withDefault("auto")
  ),
  concurrency: Flag.Int("concurrency").pipe(
    Flag.withDescription("Requests at once to each source (default: what suits the source)"),
    Flag.optional
  ),
  force: Flag.Boolean("force").pipe(
    Flag.withDescription("Ask for everything again; what changed is kept as a revision"),
    Flag.withDefault(false)
  ),
  dryRun: Flag.Boolean("dry-run").pipe(
    Flag.withDescription("Print what would be asked and what it costs; ask for no candles"),
    Flag.withDefault(false)
  ),
  noRepair: Flag.Boolean("no-repair").pipe(
    Flag.withDescription("Do not ask again for candles that an answer lacked"),
    Flag.withDefault(false)
  ),
  results: Flag.String("results").pipe(Flag.withDescription("Write the results as JSON to this file"), Flag.optional)
}

export const backfill = Command.make("backfill", flags).pipe(
  Command.withDescription("Fetch what is missing, store it, check it, and say what is not there and why"),
  Command.withExamples([
    { command: "tidemark backfill", description: "A year of every active symbol in all eight timeframes" },
    {
      command: "tidemark backfill --symbols BTC/USDT --timeframes 1h,1d --days 30",
      description: "One symbol, two timeframes"
    },
    {
      command: "tidemark backfill --symbols AAPL --timeframes 1d --source file:history/AAPL.csv",
      description: "Your own file"
    }
  ]),
  Command.withHandler(lazy(() => import("../run/backfill.ts")))
)
