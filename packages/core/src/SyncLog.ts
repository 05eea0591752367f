/** What each run did to each series, for people and for reports (`data_sync_log`). */
import { Context, type Effect } from "effect"
import type { EpochMillis } from "./Instant.ts"
import type { Interval } from "./Interval.ts"
import type { Series } from "./Series.ts"
import type { StoreError } from "./StoreError.ts"

export interface SyncEntry {
  /** Groups the entries of one run. */
  readonly runId: string
  readonly series: Series
  /** What was asked for; `undefined` if the range came out empty. */
  readonly requested: Interval | undefined
  readonly startedAt: EpochMillis
  readonly finishedAt: EpochMillis
  readonly status: "complete" | "incomplete" | "failed" | "interrupted"
  readonly requests: number
  /** Of those, how many brought no answer, and were made again or given up. */
  readonly retries: number
  readonly inserted: number
  readonly changed: number
  readonly removed: number
  readonly missing: number
  readonly error: string | undefined
}

export class SyncLog extends Context.Service<
  SyncLog,
  {
    /** Records runs, each with all of its entries: recorded again, a run is there once. */
    readonly append: (entries: ReadonlyArray<SyncEntry>) => Effect.Effect<void, StoreError>
    /** Newest first. */
    readonly recent: (limit: number) => Effect.Effect<ReadonlyArray<SyncEntry>, StoreError>
  }
>()("@tidemark/core/SyncLog") {}
