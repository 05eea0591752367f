/** A rule for the market regime: what it measures of the candles up to a day, and what it makes of that. */
import type { Regime } from "./Regime.ts"
import type { Rows } from "./Rows.ts"

/** In the order of every batch. */
export const indicators = [
  /** A year: 0.2 is 20 %. */
  "volatility",
  /** 0 (calmer than all of the last 60 days) to 1. */
  "volatility_percentile",
  /** Above 0 is up. */
  "trend_strength",
  /** The last week against the last month. */
  "momentum_score",
  /** From the high, as a share of it: 0 to 1. */
  "drawdown_severity",
  /** In standard deviations. */
  "volume_anomaly"
] as const

/** Where each indicator is. */
export const at = {
  volatility: 0,
  volatilityPercentile: 1,
  trendStrength: 2,
  momentumScore: 3,
  drawdownSeverity: 4,
  volumeAnomaly: 5
} as const

/**
 * What the volume anomaly is of. Where there is no volume it is of the
 * volatility, and where nothing is left that varies, of nothing, and 0.
 */
export type AnomalyOf = "volume" | "volatility-proxy" | "none"

export interface Verdict {
  readonly regime: Regime
  /** 0 to 1. */
  readonly confidence: number
}

export interface Profile {
  readonly id: "classic" | "causal"
  /** What made a row, for everyone who reads it: another version gives other values. */
  readonly method: { readonly id: string; readonly version: number }
  /** Candles of a run, up to and with the first that has a regime. */
  readonly needs: number
  /** Candles up to and with a row that it looks at, at most. */
  readonly reach: number
  readonly returnOf: (close: number, before: number) => number
  /** Fills `out` with the indicators of a row. */
  readonly measure: (rows: Rows, row: number, barsPerYear: number, out: Float64Array) => AnomalyOf
  /** Turns points into scores, in place, and says what follows from them. */
  readonly decide: (points: Float64Array) => Verdict
}
