/**
 * The net exposure over the spots around that of a chain, and where it is 0.
 *
 * Every contract is priced anew at 60 spots from 0.8 to 1.2 times that of the
 * chain, its volatility and time staying as they are. The volatility is the
 * method's own. Of the method `vendor`, whose gammas are known at one spot
 * only, it is the provider's; contracts without one that can be used are left
 * out, so at the chain's own spot such a profile is near the sum of the
 * provider's gammas, not equal to it.
 */
import * as Conventions from "./Conventions.ts"
import type { Kept } from "./Kept.ts"
import * as Repricing from "./Repricing.ts"

export interface Profile {
  /** Ascending. */
  readonly spot: Float64Array
  /** Dollars for a move of one percent. */
  readonly net: Float64Array
  /** Spots at which the exposure changes its sign, ascending. */
  readonly crossings: ReadonlyArray<number>
}

/**
 * Where the values change their sign, by straight lines between the points. A
 * run of exact zeros between both signs is one crossing, in its middle; one
 * that the same sign is on both sides of, or nothing on one, is none.
 */
export const crossings = (spot: Float64Array, net: Float64Array): ReadonlyArray<number> => {
  const found: Array<number> = []
  let last = -1
  for (let i = 0; i < net.length; i++) {
    if (net[i] === 0) continue
    if (last >= 0 && net[last]! > 0 !== net[i]! > 0) {
      const [from, to] = [spot[last]!, spot[i]!]
      found.push(
        i - last === 1
          ? from + ((to - from) * net[last]!) / (net[last]! - net[i]!)
          : (spot[last + 1]! + spot[i - 1]!) / 2
      )
    }
    last = i
  }
  return found
}

/**
 * The contracts that have a volatility; puts have negative shares. Neighbours of one strike, time and volatility are
 * priced as one: the call and the put of chains that tell a volatility a strike.
 */
const repriced = ({ columns }: Kept): Repricing.Columns => {
  const size = columns.strike.length
  const column = () => new Float64Array(size)
  const [strike, years, volatility, shares] = [column(), column(), column(), column()]
  let rows = 0
  for (let i = 0; i < size; i++) {
    const [k, t, sigma] = [columns.strike[i]!, columns.years[i]!, columns.volatility[i]!]
    if (Number.isNaN(sigma)) continue
    const last = rows - 1
    if (rows > 0 && strike[last] === k && years[last] === t && volatility[last] === sigma) {
      shares[last]! += columns.shares[i]!
      continue
    }
    strike[rows] = k
    years[rows] = t
    volatility[rows] = sigma
    shares[rows] = columns.shares[i]!
    rows++
  }
  return {
    strike: strike.subarray(0, rows),
    years: years.subarray(0, rows),
    volatility: volatility.subarray(0, rows),
    shares: shares.subarray(0, rows)
  }
}

/** Contracts as they are priced at any spot. */
export const termsOf = (kept: Kept): Repricing.Terms => Repricing.termsOf(repriced(kept), kept.conventions)

/** `undefined` where there is no contract with a volatility. */
export const of = (kept: Kept): Profile | undefined => {
  const terms = termsOf(kept)
  if (terms.a.length === 0) return undefined
  const { from, points, to } = Conventions.grid
  const spot = Float64Array.from({ length: points }, (_, i) => kept.spot * (from + ((to - from) * i) / (points - 1)))
  const net = spot.map((at) => Repricing.net(terms, at))
  return { spot, net, crossings: crossings(spot, net) }
}
