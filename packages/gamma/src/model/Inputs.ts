/**
 * What an exposure is estimated from where there is no chain: five figures of
 * the daily candles that had closed, the last of which is that of the last
 * session that was over.
 */
import { deviation, mean } from "@tidemark/features/Windows"
import type { Unknown } from "../traps/Figure.ts"
import type { Daily } from "../traps/Market.ts"

/**
 * In the order of every model: close by the mean of 20 closes, less 1;
 * logarithm of the volatility of 20 days; close by the highest close of 60
 * days, less 1; return of the last day; logarithm of the volatility of 5 days.
 */
export const names = ["close/sma20-1", "ln(rv20)", "close/max60-1", "return", "ln(rv5)"] as const

/** Daily closes that there have to be. */
export const needs = 60

/** √N · sd of the last `n` log returns, of a sample: a share a year of `barsPerYear` days. */
const volatility = (returns: Float64Array, n: number, barsPerYear: number): number =>
  Math.sqrt(barsPerYear) * deviation(returns, returns.length - 1, n, 1)

/** By `names`, or why there are none. The return is a simple one. */
export const of = ({ candles, missing }: Daily, barsPerYear: number): Float64Array | Unknown => {
  const all = candles.close
  if (all.length < needs) return { why: `the inputs need ${needs} daily closes, there are ${all.length}` }
  if (missing > 0)
    return { why: `the last ${missing === 1 ? "daily candle is" : `${missing} daily candles are`} missing` }
  const close = all.subarray(all.length - needs)
  if (!close.every((price) => price > 0 && Number.isFinite(price))) return { why: "a daily close is no price" }
  const last = close[needs - 1]!
  const returns = Float64Array.from({ length: needs - 1 }, (_, i) => Math.log(close[i + 1]! / close[i]!))
  const [rv20, rv5] = [volatility(returns, 20, barsPerYear), volatility(returns, 5, barsPerYear)]
  // What is left of returns that are all the same is rounding.
  if (rv5 < 1e-12 || rv20 < 1e-12)
    return { why: "daily returns did not vary, so that their volatility has no logarithm" }
  return Float64Array.of(
    last / mean(close, needs - 1, 20) - 1,
    Math.log(rv20),
    last / close.reduce((highest, price) => Math.max(highest, price)) - 1,
    last / close[needs - 2]! - 1,
    Math.log(rv5)
  )
}
