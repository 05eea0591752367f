import { Argument, Command, Flag } from "effect/cli"
import { lazy } from "../Lazy.ts"

const load = () => import("../run/symbols.ts")

const add = Command.make("add", {
  symbol: Argument.String("symbol").pipe(Argument.withDescription("Such as BTC/USDT, AAPL, ^GSPC or EUR/USD")),
  assetClass: Flag.Literals("asset-class", ["crypto", "equity", "stock", "etf", "index", "fx", "forex"]).pipe(
    Flag.withDescription("Default: what the symbol's form says"),
    Flag.optional
  ),
  calendar: Flag.Literals("calendar", ["24/7", "24/5", "XNYS"]).pipe(
    Flag.withDescription("Default: the asset class's"),
    Flag.optional
  ),
  sources: Flag.String("sources").pipe(
    Flag.withDescription("Sources in order of preference, with commas between them"),
    Flag.optional
  ),
  listed: Flag.String("listed").pipe(Flag.withDescription("First day of trading"), Flag.optional),
  delisted: Flag.String("delisted").pipe(Flag.withDescription("First day without trading"), Flag.optional)
}).pipe(
  Command.withDescription("Put a symbol on your list, or change it there"),
  Command.withHandler(lazy(() => load().then((module) => ({ run: module.add }))))
)

const list = Command.make("list").pipe(
  Command.withDescription("Show your list"),
  Command.withHandler(lazy(() => load().then((module) => ({ run: module.list }))))
)

const remove = Command.make("remove", {
  symbols: Argument.String("symbol").pipe(Argument.atLeast(1))
}).pipe(
  Command.withDescription("Take symbols off your list; their candles stay"),
  Command.withHandler(lazy(() => load().then((module) => ({ run: module.remove }))))
)

const importFile = Command.make("import", {
  file: Argument.String("file").pipe(
    Argument.withDescription("JSON (a list of entries) or text (a symbol a line, # starts a comment)")
  )
}).pipe(
  Command.withDescription("Put every symbol of a file on your list, all or none"),
  Command.withHandler(lazy(() => load().then((module) => ({ run: module.importFile }))))
)

const discover = Command.make("discover", {
  source: Flag.String("source").pipe(Flag.withDescription("Who lists them, such as binance or ccxt:kraken")),
  quote: Flag.String("quote").pipe(Flag.withDescription("Only those priced in it, such as USDT"), Flag.optional),
  top: Flag.Int("top").pipe(Flag.withDescription("So many, by what is traded in a day"), Flag.withDefault(50)),
  add: Flag.Boolean("add").pipe(Flag.withDescription("Put them on your list"), Flag.withDefault(false))
}).pipe(
  Command.withDescription("Show what a source lists, the most traded first"),
  Command.withExamples([
    {
      command: "tidemark symbols discover --source binance --quote USDT --top 50",
      description: "Its 50 largest markets"
    }
  ]),
  Command.withHandler(lazy(() => import("../run/discover.ts")))
)

export const symbols = Command.make("symbols").pipe(
  Command.withDescription("Your list of symbols"),
  Command.withSubcommands([add, list, remove, importFile, discover])
)
