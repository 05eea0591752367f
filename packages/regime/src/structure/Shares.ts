/** Prices that were worked out in the shares of today, told in those of their day. */
import type { SplitAt } from "@tidemark/features/Inputs"
import type { FairValueGap, OrderBlock, StructureRegime } from "./StructureRegime.ts"

/** Shares of today for one of an instant. */
export const sharesAt = (splits: ReadonlyArray<SplitAt>, instant: number): number =>
  splits.reduce((shares, { at, factor }) => (at > instant ? shares / factor : shares), 1)

const zone = <Zone extends OrderBlock | FairValueGap>(of: Zone | null, shares: number): Zone | null =>
  of === null ? null : { ...of, top: of.top * shares, bottom: of.bottom * shares }

export const inShares = (regime: StructureRegime, splits: ReadonlyArray<SplitAt>): StructureRegime => {
  const shares = sharesAt(splits, regime.openTime)
  if (shares === 1) return regime
  const { bias, breakOfStructure, close } = regime
  return {
    ...regime,
    close: close === null ? null : close * shares,
    orderBlock: zone(regime.orderBlock, shares),
    fairValueGap: zone(regime.fairValueGap, shares),
    breakOfStructure: breakOfStructure && { ...breakOfStructure, level: breakOfStructure.level * shares },
    bias: bias && { ...bias, close: bias.close * shares, ema: bias.ema * shares }
  }
}
