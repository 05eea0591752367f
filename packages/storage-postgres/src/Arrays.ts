/**
 * Columns as Postgres arrays on the wire.
 *
 * A `Float64Array` goes into one parameter as it is, without an object or a
 * text per value: twenty bytes of header, then for each element its length
 * and its bytes, big-endian; length -1 is null. (PostgreSQL's `array_send`
 * and `array_recv`.)
 */
import { PgTypes } from "@effect/sql-pg"
import { Result } from "effect"
import type { Statement } from "effect/sql"

const { float8, float8Array, timestamp, timestampArray } = PgTypes.OID

const headerBytes = 20
const elementBytes = 8

type Put = (view: DataView, at: number, value: number) => void

const putDouble: Put = (view, at, value) => view.setFloat64(at, value)

/** 2000-01-01T00:00Z in epoch milliseconds; Postgres counts microseconds from there. */
const epochMillis = 946_684_800_000
const word = 2 ** 32

const putTimestamp: Put = (view, at, value) => {
  const micros = (value - epochMillis) * 1_000
  const high = Math.floor(micros / word)
  view.setInt32(at, high)
  view.setUint32(at + 4, micros - high * word)
}

/** `NaN` is null. */
const encode = (values: Float64Array, element: number, put: Put): Uint8Array => {
  let nulls = 0
  for (const value of values) if (Number.isNaN(value)) nulls++
  const bytes = new Uint8Array(headerBytes + values.length * (4 + elementBytes) - nulls * elementBytes)
  const view = new DataView(bytes.buffer)
  view.setInt32(0, 1)
  view.setInt32(4, nulls > 0 ? 1 : 0)
  view.setInt32(8, element)
  view.setInt32(12, values.length)
  view.setInt32(16, 1)
  let at = headerBytes
  for (const value of values) {
    if (Number.isNaN(value)) {
      view.setInt32(at, -1)
      at += 4
    } else {
      view.setInt32(at, elementBytes)
      put(view, at + 4, value)
      at += 4 + elementBytes
    }
  }
  return bytes
}

const builtIn = PgTypes.makeRegistry()

const codec = (array: number, element: number, put: Put): PgTypes.Codec<unknown> => ({
  encode: (value) =>
    value instanceof Float64Array ? Result.succeed(encode(value, element, put)) : PgTypes.encode(value, array, builtIn),
  decode: (bytes) => PgTypes.decode(bytes, array, 1, builtIn)
})

/** The built-in types, with arrays of these two taking a `Float64Array` too. */
export const registry: PgTypes.Registry = PgTypes.makeRegistry()
registry.register(float8Array, codec(float8Array, float8, putDouble))
registry.register(timestampArray, codec(timestampArray, timestamp, putTimestamp))

/** A parameter of a registered type; statements pass it through to the client as it is. */
const parameter = (oid: number, value: Float64Array): Statement.Fragment =>
  ({ [PgTypes.ParameterTypeId]: PgTypes.ParameterTypeId, oid, value }) as unknown as Statement.Fragment

/** `float8[]`; `NaN` is null. */
export const doubles = (values: Float64Array): Statement.Fragment => parameter(float8Array, values)

/** `text[]`. */
export const texts = (values: ReadonlyArray<string | null>): Statement.Fragment =>
  ({
    [PgTypes.ParameterTypeId]: PgTypes.ParameterTypeId,
    oid: PgTypes.OID.textArray,
    value: values
  }) as unknown as Statement.Fragment

/** `timestamp[]` from epoch milliseconds. */
export const timestamps = (values: Float64Array): Statement.Fragment => parameter(timestampArray, values)
