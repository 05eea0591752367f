/** The kinds of regimes that are derived: where each is kept, of which candles, and what it can be. */
import type { Regimes } from "@tidemark/api"
import type { DerivedStore, Timeframe } from "@tidemark/core"
import { JumpModel, JumpUpdate } from "@tidemark/regime/jump"
import { MarketRegime, MarketUpdate, Regime } from "@tidemark/regime/market"
import { StructureRegime, StructureTables } from "@tidemark/regime/structure"

export interface Kind {
  readonly table: DerivedStore.Table
  readonly method: DerivedStore.Method
  readonly timeframe: Timeframe.Timeframe
  readonly labels: ReadonlyArray<string>
  /** The command that derives it. */
  readonly command: string
}

/** `profile`: of the market regime; the others have one method each. */
export const of = (kind: Regimes.Kind, profile: MarketRegime.ProfileId = "causal"): Kind => {
  switch (kind) {
    case "market":
      return {
        table: MarketUpdate.table,
        method: MarketRegime.profiles[profile].method,
        timeframe: "1d",
        labels: Regime.all,
        command: "tidemark regime market --symbol"
      }
    case "jump":
      return {
        table: JumpUpdate.table,
        method: JumpModel.method,
        timeframe: "1d",
        labels: JumpModel.all,
        command: "tidemark regime jump --symbol"
      }
    case "structure":
      return {
        table: StructureTables.regimes,
        method: StructureRegime.method,
        timeframe: "4h",
        labels: StructureRegime.labels,
        command: "tidemark regime structure --symbols"
      }
  }
}
