import { Argument, Command, Flag } from "effect/cli"
import { flags } from "../flags/Lists.ts"
import { lazy } from "../Lazy.ts"

const load = () => import("../run/sources.ts")

const list = Command.make("list").pipe(
  Command.withDescription("Show every source: what it has, what it allows, whether it can be reached"),
  Command.withHandler(lazy(() => load().then((module) => ({ run: module.list }))))
)

const check = Command.make("check", {
  source: Argument.String("name").pipe(Argument.withDescription("Such as binance or ccxt:kraken")),
  symbol: Flag.String("symbol").pipe(
    Flag.withDescription("What to ask for (default: one that most have)"),
    Flag.optional
  ),
  timeframe: Flag.String("timeframe").pipe(Flag.withDescription("Of the candles (default: 1h)"), Flag.optional)
}).pipe(
  Command.withDescription("Ask a source a few small things and say whether it keeps its promises"),
  Command.withExamples([
    { command: "tidemark sources check ccxt:kraken --symbol BTC/USD", description: "One of many" }
  ]),
  Command.withHandler(lazy(() => load().then((module) => ({ run: module.check }))))
)

const rewrites = Command.make("rewrites", {
  source: Flag.String("source").pipe(Flag.withDescription("Whose files"), Flag.withDefault("binance")),
  symbols: flags.symbols
}).pipe(
  Command.withDescription("Ask whether files that candles came from have been written anew since"),
  Command.withHandler(lazy(() => import("../run/rewrites.ts")))
)

export const sources = Command.make("sources").pipe(
  Command.withDescription("Where history comes from"),
  Command.withSubcommands([list, check, rewrites])
)
