/**
 * The gamma exposure of a chain: what is held, contract by contract, times how
 * fast its delta changes.
 */
import type { Gamma, Instant } from "@tidemark/core"

/** Figures of the contracts of one expiry and strike, a row each: ascending by expiry, then by strike. */
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
