import { Argument, Command, Flag } from "effect/cli"
import * as Include from "../flags/Include.ts"
import * as Span from "../flags/Span.ts"
import { lazy } from "../Lazy.ts"

const load = () => import("../run/gamma.ts")
const loadImport = () => import("../run/gammaImport.ts")
const loadShow = () => import("../run/gammaShow.ts")

const symbol = Flag.String("symbol").pipe(
  Flag.withAlias("s"),
  Flag.withDescription("The underlying: SPY, ^GSPC (or SPX, as its options are called), BTC/USDT")
)

/** Methods that a chain is looked at by. */
const methods = ["recomputed", "implied", "vendor"] as const

const method = Flag.Literals("method", methods).pipe(
  Flag.withDescription(
    "Gamma at the volatility that the provider gives, at the one that quotes imply, or as the provider has it"
  ),
  Flag.withDefault("recomputed" as const)
)

const anyMethod = Flag.Literals("method", [...methods, "model"]).pipe(
  Flag.withDescription("Rows of this method only"),
  Flag.optional
)

const snapshot = Command.make("snapshot", {
  symbol,
  source: Flag.String("source").pipe(
    Flag.withDescription("`auto` for cboe, then the symbol's own sources that show chains; or one"),
    Flag.withDefault("auto")
  ),
  method
}).pipe(
  Command.withDescription("Ask for the option chain as it is now, keep it, and say what follows from it"),
  Command.withExamples([
    { command: "tidemark gamma snapshot --symbol SPY", description: "From CBOE, delayed a quarter of an hour, no key" }
  ]),
  Command.withHandler(lazy(() => load().then((module) => ({ run: module.snapshot }))))
)

const importCommand = Command.make("import", {
  file: Argument.String("file").pipe(Argument.withDescription("CBOE quotedata (.csv), or a table (.csv, .parquet)")),
  symbol,
  at: Flag.String("at").pipe(
    Flag.withDescription("The moment that the quotes are of (default: as the file says, all moments of a table)"),
    Flag.optional
  ),
  spot: Flag.Finite("spot").pipe(
    Flag.withDescription(
      "Price of the underlying at one moment (default: as the file says, else the newest stored candle)"
    ),
    Flag.optional
  ),
  method,
  replace: Flag.Boolean("replace").pipe(
    Flag.withDescription("Put it in place of another chain of its moment, and make the rows of that one anew"),
    Flag.withDefault(false)
  )
}).pipe(
  Command.withDescription("Keep the option chains that are in a file, and say what follows from them"),
  Command.withExamples([
    { command: "tidemark gamma import rut_quotedata.csv --symbol ^RUT", description: "A chain of CBOE" },
    { command: "tidemark gamma import year.parquet --symbol SPX", description: "All moments of a table" }
  ]),
  Command.withHandler(lazy(() => loadImport().then((module) => ({ run: module.importFile }))))
)

const backfill = Command.make("backfill", {
  symbol,
  days: Flag.Int("days").pipe(Flag.withDescription("Calendar days back from --end (default 365)"), Flag.optional),
  ...Span.flags("the snapshots (default: 365 days before the end)"),
  source: Flag.String("source").pipe(
    Flag.withDescription("Where the prices are from (default: the first of the symbol's sources that is stored)"),
    Flag.optional
  ),
  method,
  force: Flag.Boolean("force").pipe(Flag.withDescription("Make rows anew that are there"), Flag.withDefault(false)),
  dryRun: Flag.Boolean("dry-run").pipe(
    Flag.withDescription("Say what would be made of what; make nothing"),
    Flag.withDefault(false)
  )
}).pipe(
  Command.withDescription("Four snapshots a session: of kept chains, else a model on real prices, else simulated ones"),
  Command.withExamples([
    {
      command: "tidemark gamma backfill --symbol SPY --days 365",
      description: "Fills gex_history, gamma_history, gamma_daily_summary and regime_signals"
    }
  ]),
  Command.withHandler(lazy(() => load().then((module) => ({ run: module.backfill }))))
)

const last = Flag.Int("last").pipe(Flag.withDescription("The newest so many (default 12)"), Flag.withDefault(12))

const selection = {
  symbol,
  source: Flag.String("source").pipe(Flag.withDescription("Of this source only"), Flag.optional),
  method: anyMethod,
  include: Include.flag
}

const show = Command.make("show", {
  ...selection,
  ...Span.flags("the snapshots"),
  last,
  daily: Flag.Boolean("daily").pipe(
    Flag.withDescription("A row a session instead of one a snapshot"),
    Flag.withDefault(false)
  )
}).pipe(
  Command.withDescription("Show snapshots that are stored: exposure, flip, walls and what else follows from a chain"),
  Command.withHandler(lazy(() => loadShow().then((module) => ({ run: module.show }))))
)

const plot = Command.make("plot", {
  ...selection,
  at: Flag.String("at").pipe(
    Flag.withDescription("The newest chain at or before this moment (default: the newest)"),
    Flag.optional
  ),
  out: Flag.String("out").pipe(Flag.withDescription("The file to draw: .svg, .png or .html"))
}).pipe(
  Command.withDescription("Draw exposure by strike with spot, flip and walls, and exposure over the spot"),
  Command.withExamples([
    { command: "tidemark gamma plot --symbol SPY --out spy.svg", description: "The newest chain" }
  ]),
  Command.withHandler(lazy(() => loadShow().then((module) => ({ run: module.plot }))))
)

export const gamma = Command.make("gamma").pipe(
  Command.withDescription(
    "What option dealers have to buy and sell as the price moves: observed, imported, or modelled"
  ),
  Command.withSubcommands([snapshot, importCommand, backfill, show, plot])
)
