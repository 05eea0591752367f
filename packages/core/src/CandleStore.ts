/**
 * Where candles are kept, with the ledger of what was asked for.
 *
 * There is no primary key on candles: uniqueness comes from replacing the
 * rows of an interval in one transaction (DESIGN §5), which the storage
 * contract suite proves.
 */
import { Context, type Effect, type Stream } from "effect"
import type { Candles } from "./Candles.ts"
import type { Coverage, Hole, Stale } from "./Coverage.ts"
import type { EpochMillis } from "./Instant.ts"
import type { Interval, IntervalSet } from "./Interval.ts"
import type { Labels } from "./Labelled.ts"
import type { File } from "./ParquetWriter.ts"
import type { Provenance } from "./Provenance.ts"
import type { Revision } from "./Revision.ts"
import type { Series } from "./Series.ts"
import type { SourceFile } from "./SourceFile.ts"
import type { StoreError } from "./StoreError.ts"
import type { Timeframe } from "./Timeframe.ts"

/** One answer of a source, validated. */
export interface PageWrite {
  readonly series: Series
  readonly provenance: Provenance
  readonly interval: Interval
  /** All candles of the interval, ascending and unique. */
  readonly candles: Candles
  /** The expected candles that the answer lacked. */
  readonly holes: ReadonlyArray<Hole>
  /** Candles that the calendar expects in an interval. */
  readonly countOpens: (interval: Interval) => number
  readonly at: EpochMillis
  /** Recorded with every revision that this write causes. */
  readonly reason: string
  /** The files that the answer comes from. */
  readonly files?: ReadonlyArray<SourceFile>
  /**
   * Told by a live stream: it counts as `streamed` until an answer confirms it, and is written only where it continues
   * what is covered. What an answer has said is never changed by a stream, and what lies between is never guessed.
   */
  readonly isStreamed?: boolean
}

export interface WriteResult {
  readonly inserted: number
  /** Rows whose values changed; each left a revision. */
  readonly changed: number
  /** Rows that the answer no longer has; each left a revision. */
  readonly removed: number
  readonly unchanged: number
  /** URLs of files that are no longer what they were when they were last fetched. */
  readonly rewritten?: ReadonlyArray<string>
  /** Nothing was written: it was streamed and does not continue what is covered. */
  readonly isPassedOver?: true
}

export interface ReadOptions {
  /** What was known at this instant, instead of now. */
  readonly asOf?: EpochMillis
  /** Rows a batch, at most. Default 65,536. */
  readonly batchRows?: number
}

/** Where a series is cut because older candles are not kept. */
export interface Cut {
  /** Open of the first candle that stays. */
  readonly before: EpochMillis
  readonly at: EpochMillis
  /** Candles that the calendar expects in an interval. */
  readonly countOpens: (interval: Interval) => number
}

/** What a cut took away. */
export interface PruneResult {
  readonly rows: number
  readonly revisions: number
}

/** What is stored of a series, without reading it. */
export interface StoredSeries {
  readonly series: Series
  readonly provenance: Provenance
  readonly coverage: Coverage
  /** Rows in the table, counted; differs from the coverage's only if something else changed the table. */
  readonly rows: number
  /** Open of the oldest candle that the source has, as it once told. */
  readonly listedAt: EpochMillis | undefined
}

/** Which series; all where nothing is named. */
export interface Selection {
  readonly symbols?: ReadonlyArray<string> | undefined
  readonly timeframes?: ReadonlyArray<Timeframe> | undefined
  readonly source?: string | undefined
}

/** Whether a selection means a series. */
export const includes = ({ source, symbols = [], timeframes = [] }: Selection, series: Series): boolean =>
  (symbols.length === 0 || symbols.includes(series.symbol)) &&
  (timeframes.length === 0 || timeframes.includes(series.timeframe)) &&
  (source === undefined || source === series.source)

/** How many rows there are in an interval, and where they lie, as two figures. */
export interface Sum {
  readonly rows: number
  /** Sum of the seconds from its beginning to each open: another where one row is doubled and one is gone. */
  readonly offsets: number
}

/** The rows of a series that open in one UTC month. */
export interface Tally extends Sum {
  readonly series: Series
  /** Its first instant. */
  readonly month: EpochMillis
}

/** Rows that were taken out of the table and are kept aside, from the first to the last. */
export interface TakenOut extends Interval {
  readonly rows: number
}

export class CandleStore extends Context.Service<
  CandleStore,
  {
    /**
     * Replaces the rows of each interval by its candles, keeps a revision of every row that changed or
     * vanished, and records the coverage: all pages in one transaction, in order. Rows that did not change
     * keep the time they were first stored.
     */
    readonly write: (pages: ReadonlyArray<PageWrite>) => Effect.Effect<ReadonlyArray<WriteResult>, StoreError>
    /** The candles of the interval, ascending, in batches. */
    readonly read: (series: Series, interval: Interval, options?: ReadOptions) => Stream.Stream<Candles, StoreError>
    /** Only the open times, ascending, in batches. */
    readonly openTimes: (series: Series, interval: Interval) => Stream.Stream<Float64Array, StoreError>
    /** Writes rows as they are, ascending in each part, to a Parquet file: of a database that can. Gives how many. */
    readonly writeParquet:
      | ((
          file: File,
          parts: ReadonlyArray<{ readonly labels: Labels; readonly interval: Interval }>
        ) => Effect.Effect<number, StoreError>)
      | undefined
    /** How many rows open in the interval: the store counts, so that no row is read. */
    readonly count: (series: Series, interval: Interval) => Effect.Effect<number, StoreError>
    /** How many rows open in the interval and where: the store adds up, so that no row is read. */
    readonly sum: (series: Series, interval: Interval) => Effect.Effect<Sum, StoreError>
    /** What is covered; `Coverage.none` for a series that is not there. */
    readonly coverage: (series: Series) => Effect.Effect<Coverage, StoreError>
    /** How many rows there are and where, month by month: the store counts, so that no row is read. */
    readonly tally: Effect.Effect<ReadonlyArray<Tally>, StoreError>
    /** Everything stored, as of one moment. */
    readonly list: Effect.Effect<ReadonlyArray<StoredSeries>, StoreError>
    /** Of some series, with the rows that the ledger has: nothing is counted, so it costs no more as history grows. */
    readonly recorded: (of: Selection) => Effect.Effect<ReadonlyArray<StoredSeries>, StoreError>
    /**
     * Brings table and ledger in line where something else has changed the table. `lost` counts as never fetched;
     * `stray` is what no answer of a source put there, and changes nothing in the ledger. The rows of both are taken
     * out of the table and kept in `stray_candles`, and what was derived of them goes; the rows of every fetched
     * interval are counted anew. Gives what was taken out, if anything was.
     */
    readonly reconcile: (
      series: Series,
      damage: { readonly lost: IntervalSet; readonly stray: IntervalSet },
      at: EpochMillis
    ) => Effect.Effect<TakenOut | undefined, StoreError>
    /**
     * Records that the source tells what opened before `since` in a new scale: candles that were stored before an
     * instant, and what lies between them, are stale. Rows and counts stay as they are. Gives what was marked.
     */
    readonly markStale: (
      series: Series,
      evidence: Pick<Stale, "since" | "at"> & { readonly storedBefore: EpochMillis }
    ) => Effect.Effect<IntervalSet, StoreError>
    /**
     * Takes away what opens before an instant: rows, those kept aside too, and revisions, so that no reading as of an earlier time brings a
     * part of them back; what was derived of them; what checks have found there, whole months and anomalies; gaps and
     * files that end before it.
     * Records it as pruned, all in one transaction.
     */
    readonly prune: (series: Series, cut: Cut) => Effect.Effect<PruneResult, StoreError>
    /**
     * Runs work during which nobody else writes the series, in one transaction: what it reads fits together,
     * and what it writes counts only if it succeeds. Work that loses the database is run again from its start.
     */
    readonly exclusively: <A, E, R>(series: Series, work: Effect.Effect<A, E, R>) => Effect.Effect<A, E | StoreError, R>
    readonly revisions: (series: Series, interval: Interval) => Effect.Effect<ReadonlyArray<Revision>, StoreError>
    /** Records the open of the oldest candle that the source says it has. */
    readonly setListedAt: (series: Series, provenance: Provenance, at: EpochMillis) => Effect.Effect<void, StoreError>
  }
>()("@tidemark/core/CandleStore") {}
