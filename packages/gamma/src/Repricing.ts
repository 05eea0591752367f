/**
 * Exposures of many contracts at a spot that is not that of their chain, their
 * volatilities staying as they are.
 *
 * With d1 = (ln S − a)·b√2, where a = ln K − (r − q + σ²/2)T and b = 1/(σ√2T),
 * a contract's exposure is S·c·e^{−((ln S − a)·b)²}: one exponential a spot and
 * contract, everything else once. See `BlackScholes` for the formula itself.
 */
import type { Conventions } from "./Conventions.ts"

/** A row a contract. */
export interface Terms {
  readonly a: Float64Array
  readonly b: Float64Array
  /** Dollars for a move of one percent and for each unit of the spot; puts are negative. */
  readonly c: Float64Array
}

/** What a contract is: one row of all these columns. */
export interface Columns {
  readonly strike: Float64Array
  readonly years: Float64Array
  readonly volatility: Float64Array
  /** Of calls; those of puts are negative. */
  readonly shares: Float64Array
}

/** Of a move of the spot. */
export const onePercent = 0.01

const sqrtTwo = Math.sqrt(2)
const sqrtTwoPi = Math.sqrt(2 * Math.PI)

export const termsOf = (
  { shares, strike, volatility, years }: Columns,
  { dividendYield, rate }: Pick<Conventions, "rate" | "dividendYield">
): Terms => {
  const size = strike.length
  const [a, b, c] = [new Float64Array(size), new Float64Array(size), new Float64Array(size)]
  for (let i = 0; i < size; i++) {
    const [sigma, time] = [volatility[i]!, years[i]!]
    const deviation = sigma * Math.sqrt(time)
    a[i] = Math.log(strike[i]!) - (rate - dividendYield + 0.5 * sigma * sigma) * time
    b[i] = 1 / (sqrtTwo * deviation)
    c[i] = (onePercent * shares[i]! * Math.exp(-dividendYield * time)) / (sqrtTwoPi * deviation)
  }
  return { a, b, c }
}

/** Beyond it the exponential is 0. */
const farthest = 746

/** Dollars for a move of one percent, all contracts together. */
export const net = ({ a, b, c }: Terms, spot: number): number => {
  const logSpot = Math.log(spot)
  const size = a.length
  let sum = 0
  for (let i = 0; i < size; i++) {
    const z = (logSpot - a[i]!) * b[i]!
    const square = z * z
    if (square < farthest) sum += c[i]! * Math.exp(-square)
  }
  return spot * sum
}

/** The same of each contract. */
export const each = ({ a, b, c }: Terms, spot: number): Float64Array => {
  const logSpot = Math.log(spot)
  return c.map((weight, i) => {
    const z = (logSpot - a[i]!) * b[i]!
    return spot * weight * Math.exp(-z * z)
  })
}
