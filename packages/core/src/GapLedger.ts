/**
 * Where the causes of missing candles are kept, for people and for SQL: the
 * gaps of each series as they were when somebody last looked, the outages
 * that explain gaps of every symbol of a venue, and what other sources have of
 * what is missing.
 *
 * What is missing is always worked out from coverage; this is what was found.
 */
import { Context, type Effect } from "effect"
import type { Candidate } from "./Candidate.ts"
import type { Selection } from "./CandleStore.ts"
import type { Gap } from "./Gap.ts"
import type { EpochMillis } from "./Instant.ts"
import type { Outage } from "./Outage.ts"
import type { Series } from "./Series.ts"
import type { StoreError } from "./StoreError.ts"

export interface RecordedGap extends Gap {
  /** Since when something has been missing there for this cause. */
  readonly detectedAt: EpochMillis
  readonly checkedAt: EpochMillis
}

export interface Looked {
  readonly series: Series
  /** All gaps that the series has. */
  readonly gaps: ReadonlyArray<Gap>
}

export class GapLedger extends Context.Service<
  GapLedger,
  {
    /** Puts the gaps of each series in place of those that were recorded of it. */
    readonly record: (looked: ReadonlyArray<Looked>, at: EpochMillis) => Effect.Effect<void, StoreError>
    /** By symbol, source, timeframe and time. */
    readonly list: Effect.Effect<ReadonlyArray<RecordedGap>, StoreError>
    /** Those of some series, in the same order. */
    readonly of: (selection: Selection) => Effect.Effect<ReadonlyArray<RecordedGap>, StoreError>
    /** Puts the outages that were found in place of those of the venue. */
    readonly recordOutages: (
      venue: string,
      outages: ReadonlyArray<Outage>,
      at: EpochMillis
    ) => Effect.Effect<void, StoreError>
    /** By venue and time. */
    readonly outages: Effect.Effect<ReadonlyArray<Outage>, StoreError>
    /** Puts verdicts in place of earlier ones of the same source on the same gaps. */
    readonly recordCandidates: (found: ReadonlyArray<Candidate>) => Effect.Effect<void, StoreError>
    /** By symbol, source, timeframe, other source and time. */
    readonly candidates: Effect.Effect<ReadonlyArray<Candidate>, StoreError>
  }
>()("@tidemark/core/GapLedger") {}
