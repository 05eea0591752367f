/**
 * The gamma exposure of a chain: what is held, contract by contract, times how
 * fast its delta changes.
 *
 * Of one contract: ±Γ · open interest · multiplier · S² · 0.01, calls positive
 * and puts negative, in dollars for a move of the underlying by one percent.
 * That takes dealers to be long the calls and short the puts.
 */
import type { Gamma, Instant } from "@tidemark/core"
import type * as Kept from "./Kept.ts"

/**
 * Figures of the contracts of one expiry and strike, a row each: ascending by expiry, then by strike. What is open of
 * contracts that cannot be priced is there too, without an exposure.
 */
export interface Cells {
  /** Days since 1970-01-01 of the expiration date. */
  readonly expiry: Float64Array
  readonly strike: Float64Array
  /** Dollars for a move of one percent; puts are not above 0. */
  readonly call: Float64Array
  readonly put: Float64Array
  /** Contracts. */
  readonly callOpenInterest: Float64Array
  readonly putOpenInterest: Float64Array
}

/** Sums are `NaN` where no contract is kept: that is not an exposure of 0. */
export interface Exposure {
  readonly at: Instant.EpochMillis
  /** Days since 1970-01-01 of the exchange's date at that moment: the days to an expiry count from it. */
  readonly today: number
  readonly spot: number
  readonly net: number
  readonly call: number
  readonly put: number
  readonly gross: number
  readonly cells: Cells
  readonly accounting: Gamma.Accounting
}

/** The cell of each contract, as a position in cells that ascend by expiry, then by strike. */
const arrange = (all: ReadonlyArray<Kept.Open>) => {
  const strikesOf = new Map<number, Map<number, number>>()
  for (const { expiry, strike } of all) {
    for (let i = 0; i < expiry.length; i++) {
      let strikes = strikesOf.get(expiry[i]!)
      if (strikes === undefined) strikesOf.set(expiry[i]!, (strikes = new Map()))
      strikes.set(strike[i]!, 0)
    }
  }
  const rows: { readonly expiry: Array<number>; readonly strike: Array<number> } = { expiry: [], strike: [] }
  for (const date of Float64Array.from(strikesOf.keys()).sort()) {
    const strikes = strikesOf.get(date)!
    for (const at of Float64Array.from(strikes.keys()).sort()) {
      strikes.set(at, rows.strike.length)
      rows.expiry.push(date)
      rows.strike.push(at)
    }
  }
  return {
    rows,
    cellOf: ({ expiry, strike }: Kept.Open, i: number): number => strikesOf.get(expiry[i]!)!.get(strike[i]!)!
  }
}

const cellsOf = ({ columns, unpriced }: Kept.Kept): Cells => {
  const { cellOf, rows } = arrange([columns, unpriced])
  const column = () => new Float64Array(rows.strike.length)
  const cells = {
    expiry: Float64Array.from(rows.expiry),
    strike: Float64Array.from(rows.strike),
    call: column(),
    put: column(),
    callOpenInterest: column(),
    putOpenInterest: column()
  }
  for (const open of [columns, unpriced]) {
    for (let i = 0; i < open.strike.length; i++) {
      const contracts = open.isCall[i] === 1 ? cells.callOpenInterest : cells.putOpenInterest
      contracts[cellOf(open, i)]! += open.openInterest[i]!
    }
  }
  for (let i = 0; i < columns.strike.length; i++) {
    const sums = columns.isCall[i] === 1 ? cells.call : cells.put
    sums[cellOf(columns, i)]! += columns.exposure[i]!
  }
  return cells
}

export const total = (column: Float64Array): number => {
  let sum = 0
  for (let i = 0; i < column.length; i++) sum += column[i]!
  return sum
}

/** Of the contracts of a chain that are kept. */
export const of = (kept: Kept.Kept): Exposure => {
  const { accounting, at, spot, today } = kept
  const cells = cellsOf(kept)
  const [call, put] = accounting.kept === 0 ? [Number.NaN, Number.NaN] : [total(cells.call), total(cells.put)]
  return { at, today, spot, net: call + put, call, put, gross: call - put, cells, accounting }
}
