/**
 * The shapes of the columnar path: what `DuckDbClient.append` takes and what
 * `DuckDbClient.columns` gives back.
 *
 * Both keep a column in one typed array and never make an object per row, nor a
 * `bigint` per 64-bit value. Time is epoch milliseconds, UTC, everywhere.
 *
 * **Gotchas**
 *
 * - A timestamp is stored in microseconds. Milliseconds come back exactly as
 *   they went in up to the year 4253 (2^56 µs) either side of 1970; a fraction
 *   of a millisecond is rounded to whole microseconds.
 * - A `Float64Array` has no null. In `double` and `bigint` columns `NaN` is
 *   stored as itself, or as NULL with `nanIsNull`; in a `timestamp` column it is
 *   always NULL. Reading gives `NaN` for NULL.
 */

/**
 * A column to append. The kind says how the values are laid out; DuckDB casts
 * them to the type of the table's column where that loses nothing
 * (`timestamp` to TIMESTAMPTZ, `integer` to BIGINT, `text` to an ENUM).
 */
export type Column =
  | DoubleColumn
  | IntegerColumn
  | BigintColumn
  | TimestampColumn
  | BooleanColumn
  | TextColumn
  | ConstantColumn

export interface DoubleColumn {
  readonly kind: "double"
  readonly values: Float64Array
  /** Store NaN as NULL. */
  readonly nanIsNull?: boolean | undefined
}

export interface IntegerColumn {
  readonly kind: "integer"
  readonly values: Int32Array
}

export interface BigintColumn {
  readonly kind: "bigint"
  /** Whole numbers within ±2^53. */
  readonly values: Float64Array
  /** Store NaN as NULL; otherwise NaN is refused, as any fraction is. */
  readonly nanIsNull?: boolean | undefined
}

export interface TimestampColumn {
  readonly kind: "timestamp"
  /** Epoch milliseconds, UTC. NaN is NULL, ±Infinity is DuckDB's `infinity`. */
  readonly values: Float64Array
}

export interface BooleanColumn {
  readonly kind: "boolean"
  /** 0 is false, anything else is true. */
  readonly values: Uint8Array
}

export interface TextColumn {
  readonly kind: "text"
  readonly values: ReadonlyArray<string | null>
}

/** One value for every row of the batch; the other columns say how many. */
export interface ConstantColumn {
  readonly kind: "constant"
  readonly value: string | number | boolean | null
  readonly type: Exclude<Column["kind"], "constant">
}

/**
 * Rows read back, a column to an array, in the order of the SELECT list.
 *
 * - `Float64Array`: integers of every width, DOUBLE, FLOAT, DECIMAL; and DATE,
 *   TIMESTAMP, TIMESTAMP_S, TIMESTAMP_MS, TIMESTAMP_NS, TIMESTAMPTZ as epoch
 *   milliseconds. NULL is NaN. An integer beyond ±2^53 is an error.
 * - `Uint8Array`: BOOLEAN. A NULL is an error, as there is no byte for it.
 * - `Array<string | null>`: VARCHAR and ENUM.
 */
export interface Batch {
  readonly rowCount: number
  readonly names: ReadonlyArray<string>
  readonly columns: ReadonlyArray<Values>
}

/** One column of a `Batch`. */
export type Values = Float64Array | Uint8Array | ReadonlyArray<string | null>
