/** The table of points that both profiles share: what speaks for which regime. */
import { at } from "./Profile.ts"

/** Brings the points of `indicators` into `out`, by the order of regimes. */
export const fill = (indicators: Float64Array, out: Float64Array): void => {
  const rank = indicators[at.volatilityPercentile]!
  const trend = indicators[at.trendStrength]!
  const momentum = indicators[at.momentumScore]!
  const drawdown = indicators[at.drawdownSeverity]!
  const anomaly = indicators[at.volumeAnomaly]!
  const isFlat = Math.abs(trend) < 0.2
  out[0] = (trend > 0.6 ? 2 : trend > 0 ? 1 : 0) + (momentum > 0.5 ? 1 : 0) + (rank < 0.3 ? 1 : 0)
  out[1] =
    (trend < -0.6 ? 2 : trend < 0 ? 1 : 0) + (drawdown > 0.1 ? 2 : drawdown > 0.05 ? 1 : 0) + (momentum < -0.5 ? 1 : 0)
  out[2] = (rank > 0.7 ? 2 : 0) + (Math.abs(anomaly) > 2 ? 1 : 0) + (isFlat ? 1 : 0)
  out[3] = isFlat && rank > 0.4 && rank < 0.6 ? 2 : 0
}

/** The most that each regime can have. */
export const most = [4, 5, 4, 2] as const
