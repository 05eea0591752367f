/**
 * DuckDB's chunks as rows of plain JavaScript values.
 *
 * - BIGINT, HUGEINT and the like: number when safe, else bigint; always bigint
 *   under `SqlClient.SafeIntegers`
 * - DECIMAL: number
 * - TIMESTAMP of every unit and TIMESTAMPTZ: Date (a fraction of a millisecond
 *   is cut off)
 * - DATE: `"2024-01-31"`, as a Date would add a time and a zone to it
 * - BLOB: Uint8Array
 * - LIST and ARRAY: Array; STRUCT: object; MAP: Map; UNION: its value
 * - anything else (UUID, ENUM, TIME, INTERVAL, …): DuckDB's text for it
 */
import type {
  DuckDBArrayType,
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBDataChunk,
  DuckDBDecimalValue,
  DuckDBListType,
  DuckDBListValue,
  DuckDBMapType,
  DuckDBMapValue,
  DuckDBStructType,
  DuckDBStructValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampValue,
  DuckDBType,
  DuckDBUnionType,
  DuckDBUnionValue,
  DuckDBValue
} from "@duckdb/node-api"
import { DateTime } from "effect"
import type { Module } from "./Native.ts"

type Decode = (value: DuckDBValue) => unknown

/** Turns chunks of one result into rows. */
export interface Reader {
  readonly values: (chunk: DuckDBDataChunk) => Array<Array<unknown>>
  readonly objects: (chunk: DuckDBDataChunk) => Array<Record<string, unknown>>
}

export const reader = (
  native: Module,
  names: ReadonlyArray<string>,
  types: ReadonlyArray<DuckDBType>,
  safeIntegers: boolean
): Reader => {
  const decoders = types.map((type) => decoder(native, type, safeIntegers))
  const fill = <Row>(
    chunk: DuckDBDataChunk,
    make: () => Row,
    set: (row: Row, column: number, value: unknown) => void
  ) => {
    const rows = Array.from({ length: chunk.rowCount }, make)
    for (const [column, decode] of decoders.entries()) {
      const vector = chunk.getColumnVector(column)
      for (const [index, row] of rows.entries()) {
        const value = vector.getItem(index)
        set(row, column, value === null ? null : decode(value))
      }
    }
    return rows
  }
  return {
    values: (chunk) =>
      fill(
        chunk,
        () => Array.from<unknown>({ length: decoders.length }),
        (row, column, value) => {
          row[column] = value
        }
      ),
    objects: (chunk) =>
      fill(
        chunk,
        (): Record<string, unknown> => ({}),
        (row, column, value) => {
          row[names[column]!] = value
        }
      )
  }
}

const decoder = (native: Module, type: DuckDBType, safeIntegers: boolean): Decode => {
  const id = native.DuckDBTypeId
  const nested = (inner: DuckDBType): Decode => {
    const decode = decoder(native, inner, safeIntegers)
    return (value) => (value === null ? null : decode(value))
  }
  switch (type.typeId) {
    case id.BOOLEAN:
    case id.TINYINT:
    case id.SMALLINT:
    case id.INTEGER:
    case id.UTINYINT:
    case id.USMALLINT:
    case id.UINTEGER:
    case id.FLOAT:
    case id.DOUBLE:
    case id.VARCHAR:
      return (value) => value
    case id.BIGINT:
    case id.UBIGINT:
    case id.HUGEINT:
    case id.UHUGEINT:
    case id.BIGNUM:
      return safeIntegers ? (value) => value : narrow
    case id.DECIMAL:
      return (value) => (value as DuckDBDecimalValue).toDouble()
    case id.TIMESTAMP:
    case id.TIMESTAMP_TZ:
      return (value) => date(value, Number(floorDivide((value as DuckDBTimestampValue).micros, 1000n)))
    case id.TIMESTAMP_MS:
      return (value) => date(value, Number((value as DuckDBTimestampMillisecondsValue).millis))
    case id.TIMESTAMP_S:
      return (value) => date(value, Number((value as DuckDBTimestampSecondsValue).seconds) * 1000)
    case id.TIMESTAMP_NS:
      return (value) => date(value, Number(floorDivide((value as DuckDBTimestampNanosecondsValue).nanos, 1_000_000n)))
    case id.BLOB:
      return (value) => Uint8Array.from((value as DuckDBBlobValue).bytes)
    case id.LIST:
    case id.ARRAY: {
      const item = nested((type as DuckDBListType | DuckDBArrayType).valueType)
      return (value) => (value as DuckDBListValue | DuckDBArrayValue).items.map(item)
    }
    case id.STRUCT: {
      const struct = type as DuckDBStructType
      const entries = struct.entryNames.map((name, index) => [name, nested(struct.entryTypes[index]!)] as const)
      return (value) =>
        Object.fromEntries(entries.map(([name, decode]) => [name, decode((value as DuckDBStructValue).entries[name]!)]))
    }
    case id.MAP: {
      const key = nested((type as DuckDBMapType).keyType)
      const item = nested((type as DuckDBMapType).valueType)
      return (value) => new Map((value as DuckDBMapValue).entries.map((entry) => [key(entry.key), item(entry.value)]))
    }
    case id.UNION: {
      const union = type as DuckDBUnionType
      const members = new Map(union.memberTags.map((tag, index) => [tag, nested(union.memberTypes[index]!)]))
      return (value) => members.get((value as DuckDBUnionValue).tag)!((value as DuckDBUnionValue).value)
    }
    default:
      return String
  }
}

const narrow: Decode = (value) => {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** BigInt division rounds towards zero; a moment before 1970 must not move forward. */
const floorDivide = (value: bigint, divisor: bigint): bigint => {
  const quotient = value / divisor
  return value < 0n && quotient * divisor !== value ? quotient - 1n : quotient
}

const maxDateMillis = 8.64e15

const date = (value: DuckDBValue, millis: number) => {
  if (Math.abs(millis) > maxDateMillis) {
    throw new RangeError(`The timestamp ${value} is beyond what a Date can hold; cast it to VARCHAR or to BIGINT.`)
  }
  return DateTime.toDateUtc(DateTime.makeUnsafe(millis))
}
