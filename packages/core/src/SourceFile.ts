/**
 * A file that a source took candles from, or refused to take: the evidence
 * behind rows that came in bulk.
 */
import { Context, type Effect } from "effect"
import type { EpochMillis } from "./Instant.ts"
import type { Interval } from "./Interval.ts"
import type { Series } from "./Series.ts"
import type { StoreError } from "./StoreError.ts"

export interface SourceFile {
  /** Host and path, without what a user put in place of the origin. */
  readonly url: string
  /** What it holds candles of. */
  readonly interval: Interval
  /** Of the bytes that came, hexadecimal. */
  readonly sha256: string
  readonly bytes: number
  /** `quarantined`: nothing of it was used, for the reason in `detail`. */
  readonly status: "verified" | "quarantined"
  readonly detail?: string | undefined
}

/** A file as it was when it was fetched. One that has changed since has several records. */
export interface FileRecord extends SourceFile {
  readonly series: Series
  readonly fetchedAt: EpochMillis
}

export class SourceFiles extends Context.Service<
  SourceFiles,
  {
    /** The newest record of every file of a source, by URL. */
    readonly list: (source: string) => Effect.Effect<ReadonlyArray<FileRecord>, StoreError>
  }
>()("@tidemark/core/SourceFiles") {}
