/**
 * JavaScript values as parameters of a statement.
 *
 * A parameter takes part in SQL's typing, so what it is bound as matters:
 *
 * - a whole number is INTEGER, or BIGINT beyond 32 bits, and compares with
 *   every numeric column; any other number is DOUBLE, and so are -0 and whole
 *   numbers beyond ±2^53;
 * - a bigint is BIGINT, or HUGEINT beyond 64 bits;
 * - a Date is TIMESTAMP, UTC;
 * - an array is a LIST, for `= ANY($1)` and `unnest($1)`;
 * - a string is VARCHAR, which DuckDB casts where a date or timestamp is due.
 */
import type { DuckDBType, DuckDBValue } from "@duckdb/node-api"
import { Predicate, Result } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import * as Failure from "./Failure.ts"
import type { Module } from "./Native.ts"

export interface Parameters {
  readonly values: Array<DuckDBValue>
  readonly types: Array<DuckDBType>
}

type Bound = readonly [value: DuckDBValue, type: DuckDBType]

const maxInt32 = 2 ** 31 - 1
const microsPerMilli = 1000n

export const make = (native: Module, params: ReadonlyArray<unknown>): Result.Result<Parameters, SqlError> => {
  const values: Array<DuckDBValue> = []
  const types: Array<DuckDBType> = []
  for (const [index, param] of params.entries()) {
    const bound = bind(native, param)
    if (bound === undefined) {
      return Result.fail(
        Failure.of(`Parameter $${index + 1} is ${describe(param)}, which DuckDB has no type for.`, "bind")
      )
    }
    values.push(bound[0])
    types.push(bound[1])
  }
  return Result.succeed({ values, types })
}

const bind = (native: Module, value: unknown): Bound | undefined => {
  switch (typeof value) {
    case "string":
      return [value, native.VARCHAR]
    case "boolean":
      return [value, native.BOOLEAN]
    case "bigint":
      return [value, BigInt.asIntN(64, value) === value ? native.BIGINT : native.HUGEINT]
    case "number":
      return [value, numberType(native, value)]
    case "undefined":
      return [null, native.SQLNULL]
    case "object":
      return value === null ? [null, native.SQLNULL] : bindObject(native, value)
    default:
      return undefined
  }
}

const numberType = (native: Module, value: number): DuckDBType => {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) return native.DOUBLE
  return value <= maxInt32 && value >= -maxInt32 ? native.INTEGER : native.BIGINT
}

const bindObject = (native: Module, value: object): Bound | undefined => {
  if (Predicate.isDate(value)) {
    const millis = value.getTime()
    return Number.isNaN(millis) ? undefined : [native.timestampValue(BigInt(millis) * microsPerMilli), native.TIMESTAMP]
  }
  if (value instanceof Uint8Array) return [native.blobValue(value), native.BLOB]
  return Array.isArray(value) ? bindList(native, value) : undefined
}

const bindList = (native: Module, items: ReadonlyArray<unknown>): Bound | undefined => {
  const values: Array<DuckDBValue> = []
  let itemType: DuckDBType = native.SQLNULL
  for (const item of items) {
    const bound = bind(native, item)
    if (bound === undefined) return undefined
    values.push(bound[0])
    const joined = join(native, itemType, bound[1])
    if (joined === undefined) return undefined
    itemType = joined
  }
  return [native.listValue(values), native.LIST(itemType)]
}

/** The type that holds both: DuckDB's lists are of one type. */
const join = (native: Module, a: DuckDBType, b: DuckDBType): DuckDBType | undefined => {
  if (a.typeId === b.typeId || b === native.SQLNULL) return a
  if (a === native.SQLNULL) return b
  const numbers: ReadonlyArray<DuckDBType> = [native.INTEGER, native.BIGINT, native.DOUBLE]
  const wider = Math.max(numbers.indexOf(a), numbers.indexOf(b))
  return numbers.includes(a) && numbers.includes(b) ? numbers[wider] : undefined
}

const describe = (value: unknown): string => {
  if (typeof value === "symbol" || typeof value === "function") return `a ${typeof value}`
  if (Predicate.isDate(value)) return "an invalid Date"
  if (Array.isArray(value)) return "an array of mixed or unsupported values"
  return `an object (${value?.constructor?.name ?? "without a prototype"})`
}
