/**
 * Where what is derived from candles is kept: features, regimes, events.
 *
 * How far a method has come in a series, and what the next candle needs of the
 * past, is written in the same transaction as the rows: whoever is killed goes
 * on where the last page ended.
 */
import { Context, type Effect } from "effect"
import type { Selection } from "./CandleStore.ts"
import type { EpochMillis } from "./Instant.ts"
import type { Interval } from "./Interval.ts"
import type { Provenance } from "./Provenance.ts"
import type { Series } from "./Series.ts"
import type { StoreError } from "./StoreError.ts"

/** What made a row: another version makes others. */
export interface Method {
  readonly id: string
  readonly version: number
}

export interface Column {
  readonly name: string
  /** A `time` is epoch milliseconds. */
  readonly kind: "number" | "time" | "text"
}

/** A table of rows that each follow from the candles of a series up to one of them. */
export interface Table {
  readonly name: string
  readonly columns: ReadonlyArray<Column>
  /** Whether rows of several methods lie in it, told apart by a column `method`. */
  readonly isShared: boolean
  /** What orders the rows of one candle, where there are several. */
  readonly order?: ReadonlyArray<string>
}

/** `NaN` and `null` where there is no value. */
export type Values = Float64Array | ReadonlyArray<string | null>

/** Ascending by open; those without any values are there too, and say why. */
export interface Rows {
  /** Of the candle that a row is for. */
  readonly openTime: Float64Array
  /** When each row could have been known. */
  readonly knownAt: Float64Array
  /** In the order of the table's. */
  readonly columns: ReadonlyArray<Values>
  /** Of the candles that a row follows from. */
  readonly inputHash: Float64Array
  /** Why values are missing, where they are. */
  readonly reasons: ReadonlyArray<string | null>
}

/** How far a method has come in a series. */
export interface Progress {
  readonly series: Series
  readonly method: Method
  /** Rows are there from here … */
  readonly from: EpochMillis
  /** … up to here. */
  readonly until: EpochMillis
  /** Rows that lie from `until` to here follow from what has changed since, and wait to be made again. */
  readonly reach: EpochMillis
  /** What the store knew of the series when the work began: what came later has not been looked at. */
  readonly seenAt: EpochMillis
  /** Where candles were missing that could still come. */
  readonly missing: ReadonlyArray<Interval>
  /** What the next candle needs, as the method has saved it. */
  readonly state: unknown
  /** Of the write that came to it, like no other's. */
  readonly token: string
}

export interface Page {
  readonly table: Table
  readonly progress: Omit<Progress, "reach" | "token">
  /** The progress that this goes on from; `undefined` where there was none. Another's fails the write. */
  readonly after: string | undefined
  /** All rows of the interval, in place of those that are there. */
  readonly interval: Interval
  /** Whether there is nothing to come behind it: what is there goes. */
  readonly isLast: boolean
  readonly rows: Rows
  readonly at: EpochMillis
}

/** The last that was derived of a series. */
export interface Newest {
  readonly series: Series
  readonly provenance: Provenance
  /** Of the method. */
  readonly version: number
  /** One row, or all of one candle. */
  readonly rows: Rows
}

export interface Written {
  readonly inserted: number
  /** Rows that were there, and follow from other candles now or by another method. */
  readonly updated: number
  readonly token: string
}

export class DerivedStore extends Context.Service<
  DerivedStore,
  {
    /** All of it or nothing: a page of which somebody else has changed what it goes on from fails. */
    readonly write: (page: Page) => Effect.Effect<Written, StoreError>
    /**
     * The rows of the interval that a method made, ascending, or the first so many of them; all at once, so that they
     * have to fit in memory.
     */
    readonly read: (
      table: Table,
      method: Pick<Method, "id">,
      series: Series,
      interval: Interval,
      limit?: number
    ) => Effect.Effect<Rows, StoreError>
    /** The newest row of each of some series, by symbol; of those that have any. */
    readonly newest: (
      table: Table,
      method: Pick<Method, "id">,
      of: Selection
    ) => Effect.Effect<ReadonlyArray<Newest>, StoreError>
    /** Of every series in which a method has come anywhere. */
    readonly progress: (method: Pick<Method, "id">) => Effect.Effect<ReadonlyArray<Progress>, StoreError>
    /** The open of the first candle of a series, before `until`, that came, changed or went after `seenAt`. */
    readonly touched: (
      series: Series,
      since: Pick<Progress, "until" | "seenAt">
    ) => Effect.Effect<EpochMillis | undefined, StoreError>
  }
>()("@tidemark/core/DerivedStore") {}
