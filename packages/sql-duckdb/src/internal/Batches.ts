/**
 * Chunks of a result as columnar batches.
 *
 * A column is copied out of DuckDB's memory in one go, or word by word where it
 * has to change its unit; only HUGEINT, DECIMAL and text go value by value.
 */
import type { DuckDBDataChunk, DuckDBDecimalType, DuckDBType, DuckDBVector } from "@duckdb/node-api"
import { Result } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import type { Batch } from "../Columns.ts"
import * as Failure from "./Failure.ts"
import type { Module } from "./Native.ts"
import * as Vectors from "./Vectors.ts"
import * as Words from "./Words.ts"

/** The rows `[from, to)` of a chunk. */
export interface Slice {
  readonly chunk: DuckDBDataChunk
  readonly from: number
  readonly to: number
}

const operation = "columns"

type Target = Float64Array | Uint8Array | Array<string | null>

/** Copies the rows `[from, to)` of a vector to `target`, starting at `at`. */
type Copy<A extends Target> = (vector: DuckDBVector, from: number, to: number, target: A, at: number) => void

/** Reads one column of each slice into one array. */
type ColumnReader = (slices: ReadonlyArray<Slice>, column: number, rows: number) => Target

/** Makes a batch of slices; fails by naming the column when a value doesn't fit. */
export type BatchReader = (slices: ReadonlyArray<Slice>) => Result.Result<Batch, SqlError>

export const reader = (
  native: Module,
  names: ReadonlyArray<string>,
  types: ReadonlyArray<DuckDBType>
): Result.Result<BatchReader, SqlError> => {
  const readers: Array<ColumnReader> = []
  for (const [index, type] of types.entries()) {
    const reader = columnReader(native, names[index]!, type)
    if (reader === undefined) {
      return Result.fail(
        Failure.of(
          `Column "${names[index]}" is ${type}, which has no columnar form here; cast it to a number, a timestamp or VARCHAR.`,
          operation
        )
      )
    }
    readers.push(reader)
  }
  return Result.succeed((slices) => {
    const rowCount = slices.reduce((rows, slice) => rows + slice.to - slice.from, 0)
    return Result.try({
      try: (): Batch => ({ rowCount, names, columns: readers.map((read, column) => read(slices, column, rowCount)) }),
      catch: (cause) => Failure.of(cause instanceof Error ? cause.message : String(cause), operation, cause)
    })
  })
}

const columnReader = (native: Module, name: string, type: DuckDBType): ColumnReader | undefined => {
  const id = native.DuckDBTypeId
  switch (type.typeId) {
    case id.TINYINT:
    case id.SMALLINT:
    case id.INTEGER:
    case id.UTINYINT:
    case id.USMALLINT:
    case id.UINTEGER:
    case id.FLOAT:
    case id.DOUBLE:
      return floats(copyNumbers)
    case id.BIGINT:
      return safe(name, floats(copyWords(Words.read)))
    case id.UBIGINT:
      return safe(name, floats(copyWords(Words.readUnsigned)))
    case id.TIMESTAMP:
    case id.TIMESTAMP_TZ:
      return floats(copyWords((words, index) => Words.readTime(words, index) / 1000))
    case id.TIMESTAMP_MS:
      return floats(copyWords(Words.readTime))
    case id.TIMESTAMP_S:
      return floats(copyWords((words, index) => Words.readTime(words, index) * 1000))
    case id.TIMESTAMP_NS:
      return floats(copyWords((words, index) => Words.readTime(words, index) / 1_000_000))
    case id.DATE:
      return floats(copyDates)
    case id.HUGEINT:
    case id.UHUGEINT:
      return safe(name, floats(copyItems(Number)))
    case id.DECIMAL: {
      const unit = 10 ** (type as DuckDBDecimalType).scale
      return floats(copyItems((value) => Number((value as { readonly value: bigint }).value) / unit))
    }
    case id.BOOLEAN:
      return booleans(name)
    case id.VARCHAR:
    case id.ENUM:
      return texts
    default:
      return undefined
  }
}

const floats =
  (copy: Copy<Float64Array>) =>
  (slices: ReadonlyArray<Slice>, column: number, rows: number): Float64Array => {
    const target = new Float64Array(rows)
    eachSlice(slices, column, (vector, from, to, at) => {
      copy(vector, from, to, target, at)
      Vectors.forEachNull(vector, from, to, (index) => {
        target[at + index - from] = NaN
      })
    })
    return target
  }

const booleans =
  (name: string): ColumnReader =>
  (slices, column, rows) => {
    const target = new Uint8Array(rows)
    eachSlice(slices, column, (vector, from, to, at) => {
      Vectors.forEachNull(vector, from, to, () => {
        throw new RangeError(`Column "${name}" holds NULL, which a BOOLEAN column cannot show; use coalesce.`)
      })
      const view = Vectors.view(vector)
      for (let row = from; row < to; row++) target[at + row - from] = view.getUint8(row)
    })
    return target
  }

const texts: ColumnReader = (slices, column, rows) => {
  const target = Array.from<string | null>({ length: rows })
  eachSlice(slices, column, (vector, from, to, at) => {
    for (let row = from; row < to; row++) target[at + row - from] = vector.getItem(row) as string | null
  })
  return target
}

const eachSlice = (
  slices: ReadonlyArray<Slice>,
  column: number,
  f: (vector: DuckDBVector, from: number, to: number, at: number) => void
): void => {
  let at = 0
  for (const { chunk, from, to } of slices) {
    f(chunk.getColumnVector(column), from, to, at)
    at += to - from
  }
}

const copyNumbers: Copy<Float64Array> = (vector, from, to, target, at) =>
  target.set(Vectors.numbers(vector).subarray(from, to), at)

const copyWords =
  (read: (words: Words.Words, index: number) => number): Copy<Float64Array> =>
  (vector, from, to, target, at) => {
    const words = Vectors.words(vector)
    for (let row = from; row < to; row++) target[at + row - from] = read(words, row)
  }

const millisPerDay = 86_400_000
const infiniteDate = 2 ** 31 - 1

const copyDates: Copy<Float64Array> = (vector, from, to, target, at) => {
  const days = Vectors.numbers(vector)
  for (let row = from; row < to; row++) {
    const day = days[row]!
    target[at + row - from] = Math.abs(day) === infiniteDate ? day * Infinity : day * millisPerDay
  }
}

const copyItems =
  (decode: (value: unknown) => number): Copy<Float64Array> =>
  (vector, from, to, target, at) => {
    for (let row = from; row < to; row++) {
      const value = vector.getItem(row)
      if (value !== null) target[at + row - from] = decode(value)
    }
  }

/** Refuses integers that a double rounds. */
const safe =
  (name: string, read: (...args: Parameters<ColumnReader>) => Float64Array): ColumnReader =>
  (slices, column, rows) => {
    const values = read(slices, column, rows)
    for (const value of values) {
      if (Number.isSafeInteger(value) || Number.isNaN(value)) continue
      throw new RangeError(`Column "${name}" holds an integer beyond ±2^53; cast it to DOUBLE or VARCHAR.`)
    }
    return values
  }
