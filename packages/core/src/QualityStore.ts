/**
 * What checks of stored candles have found, for people and for SQL: how
 * complete each month of a series is, and which candles look wrong.
 */
import { Context, type Effect } from "effect"
import type { OpenCause } from "./Gap.ts"
import type { EpochMillis } from "./Instant.ts"
import type { Interval } from "./Interval.ts"
import type { Series } from "./Series.ts"
import type { StoreError } from "./StoreError.ts"

/** One month of a series, in UTC. */
export interface Month {
  /** Its first instant. */
  readonly month: EpochMillis
  /** Candles that there should be. */
  readonly expected: number
  readonly actual: number
  /** Those that are not there and have no cause that excuses it, by what they have. */
  readonly open: Readonly<Record<OpenCause, number>>
  readonly hasAnomalies: boolean
}

/** A candle, or a run of them, that looks wrong. */
export interface Finding {
  readonly kind: string
  readonly severity: "info" | "warning" | "error"
  readonly interval: Interval
  readonly evidence: string
  readonly figures: Readonly<Record<string, number>>
}

export interface StoredFinding extends Finding {
  readonly series: Series
  readonly foundAt: EpochMillis
  /** When somebody found it right, and what they said. */
  readonly acknowledged?: { readonly at: EpochMillis; readonly note: string } | undefined
}

export interface Check {
  readonly series: Series
  readonly months: ReadonlyArray<Month>
  readonly findings: ReadonlyArray<Finding>
}

export class QualityStore extends Context.Service<
  QualityStore,
  {
    /**
     * Puts what a check found in place of what the last one found. A finding that is found again, of the same kind
     * from the same candle on, keeps when it was first found and that it was acknowledged.
     */
    readonly record: (check: Check, at: EpochMillis) => Effect.Effect<void, StoreError>
    /** By symbol, source, timeframe and time. */
    readonly findings: Effect.Effect<ReadonlyArray<StoredFinding>, StoreError>
    /** Marks findings of a series that overlap an interval as looked at and right; gives how many. */
    readonly acknowledge: (
      series: Series,
      interval: Interval,
      note: string,
      at: EpochMillis
    ) => Effect.Effect<number, StoreError>
  }
>()("@tidemark/core/QualityStore") {}
