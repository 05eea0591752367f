/** Candles as Parquet files. Timestamps are instants (UTC), numbers doubles; what is not known is null. */
import { Context, type Effect, type Stream } from "effect"
import type { Interval } from "./Interval.ts"
import type { Labelled, Labels } from "./Labelled.ts"
import type { StoreError } from "./StoreError.ts"

/** Rows of a file, ascending. */
export interface Part<E = never, R = never> {
  readonly labels: Labels
  readonly rows: Stream.Stream<Labelled, E, R>
  /** Where `rows` are those of the store as they are: the interval, for a database that writes such files by itself. */
  readonly asStored?: Interval | undefined
}

export interface File {
  readonly path: string
  /** Whether the columns that name a series are left out, because the path has them. */
  readonly partitioned: boolean
}

export class ParquetWriter extends Context.Service<
  ParquetWriter,
  {
    /** Writes the parts one after the other into a new file. Gives the number of rows. */
    readonly write: <E, R>(file: File, parts: ReadonlyArray<Part<E, R>>) => Effect.Effect<number, E | StoreError, R>
  }
>()("@tidemark/core/ParquetWriter") {}
