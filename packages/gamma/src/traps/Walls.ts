/**
 * The walls that traps are told by: the nearest strike on its side that much
 * gamma lies on. They need not be those of a snapshot, which are the largest.
 *
 * The exposure of a strike is the sum over all expiries of the calls there (or
 * of the puts, without their sign). Much is at least the 80th percentile of
 * that over all strikes where it is not 0, in the money or not (interpolated
 * linearly, as numpy does).
 */
import type { Exposure } from "../Exposure.ts"
import * as Strikes from "../Strikes.ts"

const muchPercentile = 80
/** Days to an expiry that is near, and to one that is less so. */
const nearDays = 5
const laterDays = 14

export interface Wall {
  readonly strike: number
  /** Dollars for a move of one percent, without a sign. */
  readonly size: number
  /** From the spot, as a share of it; not below 0. */
  readonly distance: number
  /** Shares of `size` that expire within 5 days, and in 6 to 14. */
  readonly near: number
  readonly later: number
}

/** Interpolated linearly between the two values that it lies between; `sorted` is ascending and not empty. */
export const percentile = (sorted: Float64Array, percent: number): number => {
  const at = ((sorted.length - 1) * percent) / 100
  const below = Math.floor(at)
  const low = sorted[below]!
  return low + (at - below) * ((sorted[below + 1] ?? low) - low)
}

/** How much of a strike expires when. */
const partsOf = ({ cells, today }: Exposure, kind: "call" | "put", strike: number) => {
  let [near, later] = [0, 0]
  for (let i = 0; i < cells.strike.length; i++) {
    if (cells.strike[i] !== strike) continue
    const days = cells.expiry[i]! - today
    if (days <= nearDays) near += Math.abs(cells[kind][i]!)
    else if (days <= laterDays) later += Math.abs(cells[kind][i]!)
  }
  return { near, later }
}

const wall = (exposure: Exposure, strikes: ReadonlyArray<Strikes.Strike>, kind: "call" | "put"): Wall | undefined => {
  const { spot } = exposure
  const sizes = strikes.map((one) => ({ strike: one.strike, size: Math.abs(one[kind]) })).filter(({ size }) => size > 0)
  if (sizes.length === 0) return undefined
  const much = percentile(Float64Array.from(sizes, ({ size }) => size).sort(), muchPercentile)
  const side = sizes.filter(({ size, strike }) => size >= much && (kind === "call" ? strike >= spot : strike <= spot))
  // They ascend: the nearest is the first above, the last below.
  const nearest = kind === "call" ? side[0] : side.at(-1)
  if (nearest === undefined) return undefined
  const { size, strike } = nearest
  const { later, near } = partsOf(exposure, kind, strike)
  return { strike, size, distance: Math.abs(strike - spot) / spot, near: near / size, later: later / size }
}

/** `undefined` where no strike on that side has much gamma. */
export const of = (exposure: Exposure): { readonly call: Wall | undefined; readonly put: Wall | undefined } => {
  const strikes = Strikes.byStrike(exposure)
  return { call: wall(exposure, strikes, "call"), put: wall(exposure, strikes, "put") }
}
