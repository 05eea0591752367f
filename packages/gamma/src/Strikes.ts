/** An exposure by strike, over all its expiries, and by expiry, over all its strikes. Pure. */
import type { Cells, Exposure } from "./Exposure.ts"

interface Sums {
  /** Dollars for a move of one percent; puts are not above 0. */
  call: number
  put: number
  /** Contracts. */
  callOpenInterest: number
  putOpenInterest: number
}

export interface Strike extends Readonly<Sums> {
  readonly strike: number
}

export interface Expiry extends Readonly<Sums> {
  /** Days since 1970-01-01. */
  readonly expiry: number
}

const sums = (cells: Cells, keys: Float64Array): ReadonlyArray<readonly [number, Readonly<Sums>]> => {
  const found = new Map<number, Sums>()
  for (let row = 0; row < keys.length; row++) {
    const key = keys[row]!
    let sum = found.get(key)
    if (sum === undefined) found.set(key, (sum = { call: 0, put: 0, callOpenInterest: 0, putOpenInterest: 0 }))
    sum.call += cells.call[row]!
    sum.put += cells.put[row]!
    sum.callOpenInterest += cells.callOpenInterest[row]!
    sum.putOpenInterest += cells.putOpenInterest[row]!
  }
  return [...found].toSorted(([a], [b]) => a - b)
}

/** Ascending by strike. */
export const byStrike = ({ cells }: Pick<Exposure, "cells">): ReadonlyArray<Strike> =>
  sums(cells, cells.strike).map(([strike, sum]) => ({ strike, ...sum }))

/** Ascending by date. */
export const byExpiry = ({ cells }: Pick<Exposure, "cells">): ReadonlyArray<Expiry> =>
  sums(cells, cells.expiry).map(([expiry, sum]) => ({ expiry, ...sum }))
