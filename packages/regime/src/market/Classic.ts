/**
 * The rule as it has been in use, faults included. Measured on the S&P 500:
 * a trend beyond ±0.6 never happens, more than every fifth day is a tie, and two
 * falling means have a positive momentum, which speaks for a bull market.
 *
 * In the first 20 days with a regime there are fewer than 60 volatilities to
 * be ranked among, and the rank is still counted in sixtieths.
 */
import { deviation, mean } from "@tidemark/features/Windows"
import { type AnomalyOf, at, type Profile } from "./Profile.ts"
import { all } from "./Regime.ts"
import * as Rows from "./Rows.ts"

const days = 60
const sessionsPerYear = 252

export const classic: Profile = {
  id: "classic",
  method: { id: "market-regime/classic", version: 1 },
  needs: days,
  reach: days + Rows.volatilityDays,
  returnOf: Rows.simpleReturn,
  measure: ({ close, returns, volatility, volume }, row, _, out): AnomalyOf => {
    let calmer = 0
    for (let i = Math.max(0, row - days + 1); i < row; i++) if (volatility[i]! < volatility[row]!) calmer++
    const month = mean(returns, row, 20)
    const usual = mean(volume, row, days)
    const spread = deviation(volume, row, days, 1)
    const varies = spread > Rows.leastDeviation * usual
    out[at.volatility] = volatility[row]! * Math.sqrt(sessionsPerYear)
    out[at.volatilityPercentile] = calmer / days
    out[at.trendStrength] =
      0.5 * (close[row]! / close[row - days + 1]! - 1 + (mean(close, row, 20) / mean(close, row, 50) - 1))
    out[at.momentumScore] = month === 0 ? 0 : mean(returns, row, 5) / month
    out[at.drawdownSeverity] = Math.abs(close[row]! / Rows.highest(close, row, days) - 1)
    out[at.volumeAnomaly] = varies ? (volume[row]! - usual) / spread : 0
    return varies ? "volume" : "none"
  },
  /** The most points; of a tie the first. */
  decide: (points) => {
    let first = 0
    for (let i = 1; i < points.length; i++) if (points[i]! > points[first]!) first = i
    return { regime: all[first]!, confidence: Math.min(points[first]! / 5, 1) }
  }
}
