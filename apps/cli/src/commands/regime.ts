import { Command, Flag } from "effect/cli"
import * as Span from "../flags/Span.ts"
import { lazy } from "../Lazy.ts"

const shared = {
  source: Flag.String("source").pipe(Flag.withDescription("Of this source only"), Flag.optional),
  ...Span.flags("the rows (default: all)"),
  dryRun: Flag.Boolean("dry-run").pipe(
    Flag.withDescription("Print what would be derived; keep nothing"),
    Flag.withDefault(false)
  ),
  force: Flag.Boolean("force").pipe(Flag.withDescription("Make every row anew"), Flag.withDefault(false)),
  plot: Flag.String("plot").pipe(
    Flag.withDescription("Draw prices with bands of regimes into a file: .svg, .png or .html"),
    Flag.optional
  )
}

const daily = {
  symbol: Flag.String("symbol").pipe(
    Flag.withAlias("s"),
    Flag.withDescription("The market, of which daily candles are stored (default ^GSPC)"),
    Flag.withDefault("^GSPC")
  ),
  batchSize: Flag.Int("batch-size").pipe(
    Flag.withDescription("Days that are derived and written at once; the rows are the same (default 122880)"),
    Flag.optional
  ),
  ...shared
}

const market = Command.make("market", {
  ...daily,
  profile: Flag.Literals("profile", ["causal", "classic"]).pipe(
    Flag.withDescription("The rule: causal, or classic as it has been in use with its known faults"),
    Flag.withDefault("causal")
  )
}).pipe(
  Command.withDescription(
    "Bull, bear, volatile or transitioning: the regime of every day, and what returns were in it"
  ),
  Command.withExamples([
    { command: "tidemark regime market --symbol ^GSPC --plot sp500.svg", description: "Fills market_regime_history" }
  ]),
  Command.withHandler(lazy(() => import("../run/regime.ts").then((module) => ({ run: module.market }))))
)

const jump = Command.make("jump", {
  ...daily,
  trainStart: Flag.String("train-start").pipe(
    Flag.withDescription("First day that the model is trained on (default: as before, or the first with features)"),
    Flag.optional
  ),
  trainEnd: Flag.String("train-end").pipe(
    Flag.withDescription("First day that it is not trained on (default: as before, or after 1,260 days)"),
    Flag.optional
  ),
  lambda: Flag.Finite("lambda").pipe(
    Flag.withDescription("The price of going from one regime to the other (default: as before, or 50)"),
    Flag.optional
  )
}).pipe(
  Command.withDescription("Bull or bear by a statistical jump model, told day by day"),
  Command.withExamples([
    {
      command: "tidemark regime jump --symbol ^NDX --train-start 2007-01-01 --train-end 2022-01-01",
      description: "Fills jump_regime_history"
    }
  ]),
  Command.withHandler(lazy(() => import("../run/regime.ts").then((module) => ({ run: module.jump }))))
)

const structure = Command.make("structure", {
  symbols: Flag.String("symbols").pipe(
    Flag.withAlias("s"),
    Flag.withDescription("Symbols, with commas between them (default: every stored one)"),
    Flag.optional
  ),
  ...shared,
  mode: Flag.Literals("mode", ["smc-pit", "smc-compat"]).pipe(
    Flag.withDescription("Events point in time, or as the reference library marks them with the future"),
    Flag.withDefault("smc-pit")
  )
}).pipe(
  Command.withDescription("Tight, wide or consolidating: the structure of 4h candles, with ADX of 1h and bias of 1d"),
  Command.withExamples([
    {
      command: "tidemark regime structure --symbols BTC/USDT",
      description: "Fills structure_regime_history and structure_events"
    }
  ]),
  Command.withHandler(lazy(() => import("../run/structure.ts")))
)

export const regime = Command.make("regime").pipe(
  Command.withDescription("What kind of market it was, told by nothing that came after"),
  Command.withSubcommands([market, structure, jump])
)
