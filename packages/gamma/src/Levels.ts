/**
 * Prices that an exposure points at: walls, max pain, the expected move; and
 * how much of it ends when.
 */
import type * as Day from "@tidemark/calendars/Day"
import * as Exposure from "./Exposure.ts"
import type { Kept } from "./Kept.ts"
import * as Strikes from "./Strikes.ts"

export interface Wall {
  readonly strike: number
  /** Of all expiries together: dollars for a move of one percent, negative for puts. */
  readonly exposure: number
}

export interface Walls {
  /** Strike at or above the spot of the largest exposure of calls. */
  readonly call: Wall | undefined
  /** Strike at or below the spot of the largest exposure of puts, without its sign. */
  readonly put: Wall | undefined
}

/** Of two that are as large, the one nearer to the spot. */
const wall = (strikes: ReadonlyArray<Strikes.Strike>, kind: "call" | "put", spot: number): Wall | undefined => {
  const side = kind === "call" ? 1 : -1
  let found: Wall | undefined
  for (const { strike, [kind]: exposure } of strikes) {
    if (side * (strike - spot) < 0 || exposure === 0) continue
    const ahead = found === undefined ? Infinity : Math.abs(exposure) - Math.abs(found.exposure)
    if (ahead > 0 || (ahead === 0 && Math.abs(strike - spot) < Math.abs(found!.strike - spot))) {
      found = { strike, exposure }
    }
  }
  return found
}

export const walls = ({ cells, spot }: Pick<Exposure.Exposure, "cells" | "spot">): Walls => {
  const strikes = Strikes.byStrike({ cells })
  return { call: wall(strikes, "call", spot), put: wall(strikes, "put", spot) }
}

/** The cells of one expiry: the first of them, and the one after the last. */
const rangeOf = ({ expiry }: Exposure.Cells, day: Day.Day): readonly [number, number] => {
  const first = expiry.indexOf(day)
  return first < 0 ? [0, 0] : [first, expiry.lastIndexOf(day) + 1]
}

/**
 * The strike at which what an expiry's open contracts pay out is least:
 * argmin over k of Σ calls · max(k − K, 0) + puts · max(K − k, 0). Of several,
 * the lowest. `undefined` where nothing expires then.
 *
 * The sum is convex in k. From one strike to the next it grows by their
 * distance times the calls up to the one, less the puts from the other on: the
 * least is at the first strike from where it no longer falls. Whole contracts
 * are added up and compared, so that nothing hangs on how figures are rounded.
 */
export const maxPain = (cells: Exposure.Cells, expiry: Day.Day): number | undefined => {
  const [from, to] = rangeOf(cells, expiry)
  let calls = 0
  let puts = Exposure.total(cells.putOpenInterest.subarray(from, to))
  for (let i = from; i < to; i++) {
    calls += cells.callOpenInterest[i]!
    puts -= cells.putOpenInterest[i]!
    if (calls >= puts) return cells.strike[i]!
  }
  return undefined
}

/** `undefined` where no contract is kept. */
export const nearestExpiry = ({ columns }: Kept): Day.Day | undefined => {
  let nearest = Infinity
  for (let i = 0; i < columns.expiry.length; i++) nearest = Math.min(nearest, columns.expiry[i]!)
  return nearest === Infinity ? undefined : nearest
}

export interface ExpectedMove {
  /** A share a year. */
  readonly atmVolatility: number
  /** One standard deviation of the spot, in its currency. */
  readonly expectedMove: number
}

/**
 * S · σ · √T, σ being the volatility at the strike nearest to the spot, of two
 * that are as near the lower one: the mean of its calls and of its puts, where
 * there are both. `undefined` where nothing that expires then has a volatility.
 */
export const expectedMove = ({ columns, spot }: Kept, expiry: Day.Day): ExpectedMove | undefined => {
  let nearest = Infinity
  let years = 0
  const sums = [0, 0]
  const counts = [0, 0]
  for (let i = 0; i < columns.strike.length; i++) {
    const [strike, volatility] = [columns.strike[i]!, columns.volatility[i]!]
    if (columns.expiry[i] !== expiry || Number.isNaN(volatility)) continue
    const closer = Math.abs(nearest - spot) - Math.abs(strike - spot)
    if (closer > 0 || (closer === 0 && strike < nearest)) {
      nearest = strike
      years = columns.years[i]!
      sums.fill(0)
      counts.fill(0)
    }
    if (strike !== nearest) continue
    sums[columns.isCall[i]!]! += volatility
    counts[columns.isCall[i]!]! += 1
  }
  const means = sums.flatMap((sum, side) => (counts[side] === 0 ? [] : [sum / counts[side]!]))
  if (means.length === 0) return undefined
  const atmVolatility = means.reduce((sum, mean) => sum + mean, 0) / means.length
  return { atmVolatility, expectedMove: spot * atmVolatility * Math.sqrt(years) }
}

/** Gross exposure by days from today to the expiry; the parts add up to the whole. */
export interface GrossByDays {
  readonly today: number
  /** 1 to 5 days. */
  readonly within5: number
  /** 6 to 14. */
  readonly within14: number
  readonly later: number
}

/** What has expired is in no exposure: nothing is from before today. */
export const grossByDays = ({ cells, today }: Pick<Exposure.Exposure, "cells" | "today">): GrossByDays => {
  const sums = { today: 0, within5: 0, within14: 0, later: 0 }
  for (let i = 0; i < cells.expiry.length; i++) {
    const days = cells.expiry[i]! - today
    const part = days <= 0 ? "today" : days <= 5 ? "within5" : days <= 14 ? "within14" : "later"
    sums[part] += cells.call[i]! - cells.put[i]!
  }
  return sums
}
