/**
 * What a storage driver adds to an Effect `SqlClient`.
 *
 * Repositories are written once in SQL that every driver's database takes;
 * this service is the one home of what differs: moving candles in bulk,
 * reading columns, keeping several writers apart, and saying in our words why
 * a statement failed.
 */
import type { Changes, Interval, Labelled, ParquetWriter, StoreError } from "@tidemark/core"
import { Context, type Effect, type Stream } from "effect"
import type { SqlError, Statement } from "effect/sql"

/** A column of rows to add, by the name that the table has for it. */
export type Column = { readonly name: string } & (
  | { readonly kind: "double"; readonly values: Float64Array; readonly nanIsNull?: boolean }
  /** Whole numbers within ±2^53. */
  | { readonly kind: "bigint"; readonly values: Float64Array; readonly nanIsNull?: boolean }
  /** Epoch milliseconds. */
  | { readonly kind: "timestamp"; readonly values: Float64Array }
  | { readonly kind: "text"; readonly values: ReadonlyArray<string | null> }
  /** The same in every row. */
  | { readonly kind: "constant"; readonly type: "integer" | "timestamp"; readonly value: number }
  | { readonly kind: "constant"; readonly type: "double"; readonly value: null }
)

/** Rows of the table `candles`. */
export interface StoredRows {
  readonly seriesId: number
  readonly interval: Interval.Interval
  readonly labels: Labelled.Labels
}

export class Driver extends Context.Service<
  Driver,
  {
    /** The database as messages name it, without credentials. */
    readonly database: string
    /** What the database is, such as `PostgreSQL 18.4`, for people. */
    readonly engine: Effect.Effect<string, SqlError.SqlError>
    /** Adds rows to a table inside the current transaction: all of its columns, in its order, all of one length. */
    readonly append: (table: string, columns: ReadonlyArray<Column>) => Effect.Effect<void, SqlError.SqlError>
    /**
     * Runs a query whose columns are all numeric or timestamps and streams
     * them: timestamps as epoch milliseconds, null as `NaN`.
     */
    readonly columns: (
      statement: Statement.Fragment,
      batchRows: number
    ) => Stream.Stream<ReadonlyArray<Float64Array>, SqlError.SqlError>
    /** Writes rows to a Parquet file, where the database can. Gives how many. */
    readonly writeParquet:
      | ((file: ParquetWriter.File, parts: ReadonlyArray<StoredRows>) => Effect.Effect<number, SqlError.SqlError>)
      | undefined
    /** Makes sure, before a query of the user's, that it reads this database and nothing else. */
    readonly confine: Effect.Effect<unknown, SqlError.SqlError>
    /** Why a statement failed. */
    readonly classify: (error: SqlError.SqlError) => StoreError.Reason
    /** The words that a statement begins with that can only read; in capitals. */
    readonly queries: ReadonlyArray<string>
    /** The tables where ours are, or would be, but for those that the database itself has put there. */
    readonly tables: Effect.Effect<ReadonlyArray<string>, SqlError.SqlError>
    /** Ends a SELECT whose rows no other writer may change until the transaction ends; empty where there is one writer. */
    readonly rowLock: "" | "FOR UPDATE"
    /** Holds other writers of a table off until the transaction ends; nothing to do where there is one writer. */
    readonly lockTable: (table: string) => Effect.Effect<void, SqlError.SqlError>
    /** Begins a transaction that reads, and sees one moment of the database throughout. */
    readonly beginSnapshot: string
    /** `Changes.count`. */
    readonly changes: (topics?: ReadonlyArray<Changes.Topic>) => number | undefined
    /** Says of what a work writes that it is about these topics alone. */
    readonly about: (
      topics: ReadonlyArray<Changes.Topic>
    ) => <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
    /** Holds other processes off while the schema changes. */
    readonly migrating: <A, E, R>(migration: Effect.Effect<A, E, R>) => Effect.Effect<A, E | SqlError.SqlError, R>
    /** What the schema needs here besides what is portable, such as indexes; by the number of the migration it belongs to. */
    readonly tuning: Readonly<Record<number, Effect.Effect<unknown, SqlError.SqlError>>>
  }
>()("@tidemark/storage/Driver") {}
