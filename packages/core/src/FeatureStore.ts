/**
 * Where what is derived from candles, one row a candle, is kept.
 *
 * How far a series has been derived, and what the next candle needs of the
 * past, is written in the same transaction as the rows: whoever is killed goes
 * on where the last page ended.
 */
import { Context, type Effect, type Stream } from "effect"
import type { EpochMillis } from "./Instant.ts"
import type { Interval } from "./Interval.ts"
import type { Series } from "./Series.ts"
import type { StoreError } from "./StoreError.ts"

/** The features of a candle, in the order of the table; what each is, is said in `@tidemark/features`. */
export const columns = [
  "return_simple",
  "return_log",
  "volatility_20",
  "parkinson_20",
  "garman_klass_20",
  "rogers_satchell_20",
  "yang_zhang_20",
  "true_range",
  "atr_14",
  "rsi_14",
  "plus_di_14",
  "minus_di_14",
  "adx_14",
  "sma_20",
  "sma_50",
  "ema_20",
  "ema_50",
  "ema_200",
  "macd",
  "macd_signal",
  "macd_histogram",
  "bollinger_upper",
  "bollinger_lower",
  "slope_14",
  "volume_z_20",
  "volume_ratio_20"
] as const

/** Rows with values; those of candles without any are there too, and say why. */
export interface FeatureRows {
  readonly openTime: Float64Array
  /** When each row could have been known. */
  readonly knownAt: Float64Array
  /** In the order of `columns`; `NaN` where there is no value. */
  readonly columns: ReadonlyArray<Float64Array>
  /** Of the candles that a row follows from. */
  readonly inputHash: Float64Array
}

/** How far a series has been derived. */
export interface Progress {
  readonly series: Series
  /** Of the method that made the rows. */
  readonly version: number
  /** Rows are there from here … */
  readonly from: EpochMillis
  /** … up to here. */
  readonly until: EpochMillis
  /** What the store knew of the series when the work began: what came later has not been looked at. */
  readonly seenAt: EpochMillis
  /** Where candles were missing that could still come. */
  readonly missing: ReadonlyArray<Interval>
  /** What the next candle needs, as the method has saved it. */
  readonly state: unknown
}

export interface FeaturePage {
  readonly progress: Progress
  /** All rows of the interval, in place of those that are there. */
  readonly interval: Interval
  readonly rows: FeatureRows
  /** Why values are missing, where they are; a row each. */
  readonly reasons: ReadonlyArray<string | null>
  readonly at: EpochMillis
}

export interface FeatureWrite {
  readonly inserted: number
  /** Rows that were there, and follow from other candles now or by another method. */
  readonly updated: number
}

export class FeatureStore extends Context.Service<
  FeatureStore,
  {
    readonly write: (page: FeaturePage) => Effect.Effect<FeatureWrite, StoreError>
    /** The rows of the interval, ascending, in batches. */
    readonly read: (series: Series, interval: Interval) => Stream.Stream<FeatureRows, StoreError>
    /** Of every series that has been derived. */
    readonly progress: Effect.Effect<ReadonlyArray<Progress>, StoreError>
    /** The open of the first candle, before `until`, that came, changed or went after `seenAt`. */
    readonly touched: (progress: Progress) => Effect.Effect<EpochMillis | undefined, StoreError>
  }
>()("@tidemark/core/FeatureStore") {}
