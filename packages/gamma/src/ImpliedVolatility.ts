/**
 * The volatility at which the formula gives a price: Newton's steps, kept
 * inside a bracket that halves wherever a step would leave it.
 */
import * as BlackScholes from "./BlackScholes.ts"

/** Volatilities that are looked between: shares a year. */
export const lowest = 1e-4
export const highest = 5

/** Of the price, relative to spot and strike. */
const tolerance = 1e-12
const mostSteps = 100

/** `undefined` where no volatility in the bracket has the price: below what is intrinsic, or above what any could be. */
export const of = (
  price: number,
  terms: Omit<BlackScholes.Terms, "volatility">,
  isCall: boolean
): number | undefined => {
  const at = (volatility: number) => BlackScholes.price({ ...terms, volatility }, isCall)
  if (!(price > 0) || !BlackScholes.isPriced({ ...terms, volatility: 1 })) return undefined
  let [low, high] = [lowest, highest]
  if (price < at(low) || price > at(high)) return undefined
  const near = tolerance * Math.max(terms.spot, terms.strike)
  let volatility = 0.3
  for (let step = 0; step < mostSteps; step++) {
    const { price: found, vega } = BlackScholes.greeks({ ...terms, volatility }, isCall)
    const miss = found - price
    if (Math.abs(miss) <= near || high - low <= 1e-14) return volatility
    if (miss > 0) high = volatility
    else low = volatility
    const next = volatility - miss / vega
    volatility = next > low && next < high ? next : (low + high) / 2
  }
  return volatility
}
