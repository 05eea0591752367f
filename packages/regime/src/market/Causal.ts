/**
 * The default rule: the points of the classic one over indicators that have
 * the same meaning in every market. Trend is in standard deviations of what
 * the market does anyway, volatility is ranked among the 60 days before,
 * momentum has the sign of the last week, and no tie goes to the bulls.
 */
import { deviation, mean } from "@tidemark/features/Windows"
import * as Points from "./Points.ts"
import { type AnomalyOf, at, type Profile } from "./Profile.ts"
import { all } from "./Regime.ts"
import * as Rows from "./Rows.ts"

const days = 60
const highDays = 252

/** How many of the last 60 values before a row are smaller, those equal to it by half, as a share. */
const midrank = (values: Float64Array, row: number): number => {
  const value = values[row]!
  let [below, count] = [0, 0]
  for (let i = Math.max(0, row - days); i < row; i++) {
    const other = values[i]!
    if (Number.isNaN(other)) continue
    count++
    if (other < value) below++
    else if (other === value) below += 0.5
  }
  return below / count
}

/** (x − mean) / sd of a sample of 60 days; `undefined` where one of them is missing, or they are all the same but for rounding. */
const zScore = (values: Float64Array, row: number): number | undefined => {
  const spread = deviation(values, row, days, 1)
  return spread > Rows.leastDeviation ? (values[row]! - mean(values, row, days)) / spread : undefined
}

const clip = (value: number, bound: number): number => Math.max(-bound, Math.min(bound, value))

export const causal: Profile = {
  id: "causal",
  method: { id: "market-regime/causal", version: 1 },
  // With the 80th candle there are 60 volatilities: its own, and 59 to be ranked among; 60 from the next one on.
  needs: days + Rows.volatilityDays,
  reach: highDays,
  returnOf: Rows.logReturn,
  measure: ({ close, logVolume, returns, volatility }, row, barsPerYear, out): AnomalyOf => {
    const daily = deviation(returns, row, days, 1)
    const rise = Math.log(close[row]! / close[row - days]!) / (daily * Math.sqrt(days))
    const lead = Math.log(mean(close, row, 20) / mean(close, row, 50)) / (daily * Math.sqrt(15))
    const month = mean(returns, row, 20)
    const usual = Math.max(Math.abs(month), (0.1 * volatility[row]!) / Math.sqrt(20))
    out[at.volatility] = volatility[row]! * Math.sqrt(barsPerYear)
    out[at.volatilityPercentile] = midrank(volatility, row)
    out[at.trendStrength] = Math.tanh(0.5 * (rise + lead))
    out[at.momentumScore] = usual === 0 ? 0 : clip(mean(returns, row, 5) / usual, 3)
    out[at.drawdownSeverity] = 1 - close[row]! / Rows.highest(close, row, highDays)
    const volumes = zScore(logVolume, row)
    const proxy = volumes === undefined ? zScore(volatility, row) : undefined
    out[at.volumeAnomaly] = volumes ?? proxy ?? 0
    return volumes !== undefined ? "volume" : proxy !== undefined ? "volatility-proxy" : "none"
  },
  /** The highest share of the points that each could have; a tie is a market between regimes. */
  decide: (points) => {
    let [first, second] = [-1, -1]
    let highest = 0
    for (let i = 0; i < points.length; i++) {
      const score = (points[i]! /= Points.most[i]!)
      if (score > first) [first, second, highest] = [score, first, i]
      else if (score > second) second = score
    }
    return { regime: first === second ? "transitioning" : all[highest]!, confidence: first - second }
  }
}
