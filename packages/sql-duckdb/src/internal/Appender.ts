/**
 * Bulk append: fills DuckDB's data chunks a column at a time and hands them to
 * its appender.
 *
 * The native calls block, at some millions of rows a second, so the fiber
 * yields between slices of a large batch. An appender lives for one call:
 * nothing unflushed can outlast a rollback.
 */
import type { DuckDBAppender, DuckDBConnection, DuckDBDataChunk, DuckDBType, DuckDBVector } from "@duckdb/node-api"
import { Effect, Result } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import type { Column, ConstantColumn } from "../Columns.ts"
import * as Failure from "./Failure.ts"
import { callSync, type Module } from "./Native.ts"
import * as Vectors from "./Vectors.ts"
import * as Words from "./Words.ts"

/** The rows of one data chunk, DuckDB's vector size. */
const chunkRows = 2048

/** How many chunks are flushed in one blocking stretch: some milliseconds for ten columns. */
const sliceChunks = 16

const microsPerMilli = 1000

const operation = "append"

/** The number of rows, or why the columns don't make up a batch. */
export const rowCount = (columns: ReadonlyArray<Column>): Result.Result<number, SqlError> => {
  const lengths = new Set(columns.flatMap((column) => (column.kind === "constant" ? [] : [column.values.length])))
  const [rows, ...others] = lengths
  if (rows === undefined) {
    return Result.fail(Failure.of("A batch needs at least one column that isn't constant.", operation))
  }
  return others.length === 0
    ? Result.succeed(rows)
    : Result.fail(Failure.of(`The columns of a batch differ in length: ${[...lengths].join(", ")}.`, operation))
}

/** Appends to `table` (`name`, `schema.name` or `catalog.schema.name`) in the connection's open transaction. */
export const append = (
  native: Module,
  connection: DuckDBConnection,
  table: string,
  columns: ReadonlyArray<Column>,
  rows: number
): Effect.Effect<void, SqlError> =>
  Effect.acquireUseRelease(
    createAppender(connection, table),
    Effect.fnUntraced(function* (appender) {
      yield* checkColumns(native, appender, table, columns)
      const types = columns.map((column) => columnType(native, column))
      const writers = columns.map(writer)
      for (let from = 0; from < rows; from += chunkRows * sliceChunks) {
        const to = Math.min(rows, from + chunkRows * sliceChunks)
        yield* callSync(operation, () => appendSlice(native, appender, types, writers, from, to))
        if (to < rows) yield* Effect.yieldNow
      }
    }),
    (appender) => Effect.sync(() => discard(appender))
  )

const createAppender = (connection: DuckDBConnection, table: string): Effect.Effect<DuckDBAppender, SqlError> => {
  const [name = table, schema, catalog] = table.split(".").toReversed()
  return Effect.tryPromise({
    try: () => connection.createAppender(name, schema, catalog),
    catch: (cause) => Failure.fromNative(cause, operation)
  })
}

/** Closes an appender; what a failure left unflushed in it is thrown away, not stored. */
const discard = (appender: DuckDBAppender): void => {
  try {
    appender.clear()
    appender.closeSync()
  } catch {
    // The failure that brought us here has been reported already.
  }
}

const checkColumns = (
  native: Module,
  appender: DuckDBAppender,
  table: string,
  columns: ReadonlyArray<Column>
): Effect.Effect<void, SqlError> => {
  if (appender.columnCount !== columns.length) {
    return Effect.fail(
      Failure.of(`Table ${table} has ${appender.columnCount} columns, the batch ${columns.length}.`, operation)
    )
  }
  const id = native.DuckDBTypeId
  const integers = new Set<number>([
    id.TINYINT,
    id.SMALLINT,
    id.INTEGER,
    id.BIGINT,
    id.HUGEINT,
    id.UTINYINT,
    id.USMALLINT,
    id.UINTEGER,
    id.UBIGINT,
    id.UHUGEINT
  ])
  for (const [index, column] of columns.entries()) {
    const type = appender.columnType(index)
    if (kindOf(column) === "double" && integers.has(type.typeId)) {
      return Effect.fail(
        Failure.of(
          `Column ${index + 1} of ${table} is ${type}: DuckDB would round a "double" column; append "integer" or "bigint".`,
          operation
        )
      )
    }
  }
  return Effect.void
}

const kindOf = (column: Column) => (column.kind === "constant" ? column.type : column.kind)

const columnType = (native: Module, column: Column): DuckDBType => {
  switch (kindOf(column)) {
    case "double":
      return native.DOUBLE
    case "integer":
      return native.INTEGER
    case "bigint":
      return native.BIGINT
    case "timestamp":
      return native.TIMESTAMP
    case "boolean":
      return native.BOOLEAN
    case "text":
      return native.VARCHAR
  }
}

const appendSlice = (
  native: Module,
  appender: DuckDBAppender,
  types: ReadonlyArray<DuckDBType>,
  writers: ReadonlyArray<Writer>,
  from: number,
  to: number
): void => {
  let chunk: DuckDBDataChunk | undefined
  for (let start = from; start < to; start += chunkRows) {
    const end = Math.min(to, start + chunkRows)
    const reused = chunk !== undefined && chunk.rowCount === end - start
    if (chunk === undefined || !reused) chunk = native.DuckDBDataChunk.create(types, end - start)
    for (const [index, { constant, write }] of writers.entries()) {
      if (reused && constant) continue
      const vector = chunk.getColumnVector(index)
      Vectors.setAllValid(vector)
      write(vector, start, end)
      vector.flush()
    }
    appender.appendDataChunk(chunk)
  }
  appender.flushSync()
}

interface Writer {
  /** Writes the same to every chunk of one size, so once is enough. */
  readonly constant: boolean
  readonly write: Write
}

/** Writes the values `[from, to)` of a column to the start of a vector. */
type Write = (vector: DuckDBVector, from: number, to: number) => void

const writer = (column: Column, index: number): Writer => ({
  constant: column.kind === "constant",
  write: column.kind === "constant" ? constantWrite(column, index) : valuesWrite(column, index)
})

const valuesWrite = (column: Exclude<Column, ConstantColumn>, index: number): Write => {
  switch (column.kind) {
    case "double":
      return (vector, from, to) => {
        const values = column.values.subarray(from, to)
        Vectors.numbers(vector).set(values)
        if (column.nanIsNull === true) nanToNull(vector, values)
      }
    case "integer":
      return (vector, from, to) => Vectors.numbers(vector).set(column.values.subarray(from, to))
    case "bigint":
      return (vector, from, to) => writeBigints(vector, column.values.subarray(from, to), column.nanIsNull, index)
    case "timestamp":
      return (vector, from, to) => writeTimestamps(vector, column.values.subarray(from, to))
    case "boolean":
      return (vector, from, to) => {
        const view = Vectors.view(vector)
        for (let row = from; row < to; row++) view.setUint8(row - from, column.values[row] === 0 ? 0 : 1)
      }
    case "text":
      return (vector, from, to) => {
        for (let row = from; row < to; row++) vector.setItem(row - from, column.values[row] ?? null)
      }
  }
}

const nanToNull = (vector: DuckDBVector, values: Float64Array): void => {
  for (let row = 0; row < values.length; row++) {
    if (Number.isNaN(values[row])) Vectors.setNull(vector, row)
  }
}

const writeBigints = (
  vector: DuckDBVector,
  values: Float64Array,
  nanIsNull: boolean | undefined,
  column: number
): void => {
  const words = Vectors.words(vector)
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!
    if (Number.isSafeInteger(value)) Words.write(words, row, value)
    else if (nanIsNull === true && Number.isNaN(value)) Vectors.setNull(vector, row)
    else
      throw new RangeError(
        `Column ${column + 1} is "bigint" and holds ${value}, which isn't a whole number within ±2^53.`
      )
  }
}

const writeTimestamps = (vector: DuckDBVector, values: Float64Array): void => {
  const words = Vectors.words(vector)
  for (let row = 0; row < values.length; row++) {
    const millis = values[row]!
    if (Number.isFinite(millis)) Words.write(words, row, Math.round(millis * microsPerMilli))
    else if (Number.isNaN(millis)) Vectors.setNull(vector, row)
    else Words.writeInfinity(words, row, millis < 0)
  }
}

/** A constant is a column of its own kind that holds one value throughout. */
const constantWrite = ({ type, value }: ConstantColumn, index: number): Write => {
  if (value === null) {
    return (vector, from, to) => {
      for (let row = from; row < to; row++) Vectors.setNull(vector, row - from)
    }
  }
  const write = valuesWrite(spread(type, value), index)
  return (vector, from, to) => write(vector, 0, to - from)
}

const spread = (type: ConstantColumn["type"], value: string | number | boolean): Exclude<Column, ConstantColumn> => {
  switch (type) {
    case "text":
      return { kind: type, values: Array.from({ length: chunkRows }, () => String(value)) }
    case "integer":
      return { kind: type, values: new Int32Array(chunkRows).fill(Number(value)) }
    case "boolean":
      return { kind: type, values: new Uint8Array(chunkRows).fill(value === true ? 1 : 0) }
    case "double":
    case "bigint":
    case "timestamp":
      return { kind: type, values: new Float64Array(chunkRows).fill(Number(value)) }
  }
}
