/**
 * Whether candles of another source could stand in for those that a series
 * lacks. The candles around the gap decide, which both have. Pure.
 */
import type { Candidate, Candles, Instrument } from "@tidemark/core"
import * as Reconciliation from "./Reconciliation.ts"

/** With fewer candles in common nothing is said. */
export const fewestCommon = 20
/** Share of the candles in common whose prices must lie within the tolerance: one of ten may be a quote that only one has. */
export const leastAgreeing = 0.9
/** Share of the candles around a gap that a source must have, so that its having none in the gap says something. */
export const leastPresent = 0.9

/** What both sources have around a gap, in figures. */
export interface Overlap {
  readonly compared: number
  /** Candles that only the series has. */
  readonly lacking: number
  readonly differing: number
  readonly medianOff: number
  readonly medianVolumeOff: number
}

export const overlapOf = (ours: Candles.Candles, theirs: Candles.Candles, tolerance: number): Overlap => {
  // What each counts as volume differs from venue to venue, and says nothing of the price.
  const { compared, differences, onlyOurs } = Reconciliation.compare(ours, theirs, {
    price: tolerance,
    volume: Infinity
  })
  const { price, volume } = Reconciliation.distances(ours, theirs)
  return {
    compared,
    lacking: onlyOurs,
    differing: differences.length,
    medianOff: Reconciliation.median(price),
    medianVolumeOff: Reconciliation.median(volume)
  }
}

/** The verdict on a gap of which the other source has so many candles. */
export const judge = (
  has: number,
  { compared, differing, lacking, medianOff }: Omit<Overlap, "medianVolumeOff">,
  tolerance: number
): Exclude<Candidate.Verdict, "unanswered"> => {
  if (has === 0) {
    return compared >= fewestCommon && compared >= (compared + lacking) * leastPresent ? "empty" : "unproven"
  }
  if (compared < fewestCommon) return "uncompared"
  // Most prices, not the median alone: half of them may be in another scale.
  return medianOff <= tolerance && differing <= compared * (1 - leastAgreeing) ? "offered" : "differs"
}

/** What a volume counts. */
const unitOf = (assetClass: Instrument.AssetClass, symbol: string): string | undefined => {
  switch (assetClass) {
    case "crypto":
      return symbol.split("/")[0]
    case "equity":
      return "shares"
    default:
      return undefined
  }
}

/** How the two were compared, in words: which prices, which volume, which times. */
export const basisOf = (
  prices: Reconciliation.Basis,
  { assetClass, symbol }: Pick<Instrument.Instrument, "assetClass" | "symbol">,
  { compared, medianVolumeOff }: Overlap
): string => {
  const unit = unitOf(assetClass, symbol)
  const apart = compared === 0 ? "" : `, ${Math.round(medianVolumeOff * 100)} % apart (median)`
  return [
    prices.words,
    ...(unit === undefined ? [] : [`volume in ${unit} as each counts it${apart}`]),
    "candles by their open in UTC"
  ].join(", ")
}
