/**
 * A stored candle that a later answer of its source changed or took back.
 * The row keeps the new value, the revision the old one, so that a read
 * `asOf` an earlier time gives what was known then.
 */
import type { EpochMillis } from "./Instant.ts"
import type { Series } from "./Series.ts"

export interface CandleValues {
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
  /** Traded value in the quote currency; `NaN` where the source does not give it. */
  readonly quoteVolume: number
  /** Number of trades; `NaN` where the source does not give it. */
  readonly trades: number
}

export interface Revision {
  readonly series: Series
  readonly openTime: EpochMillis
  /** When the old values were first stored. */
  readonly knownAt: EpochMillis
  /** When they were replaced. */
  readonly revisedAt: EpochMillis
  readonly before: CandleValues
  /** `undefined` where the source no longer has the candle. */
  readonly after: CandleValues | undefined
  /** What led to the new answer, such as `force` or `repair`. */
  readonly reason: string
}
