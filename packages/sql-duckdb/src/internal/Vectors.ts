/**
 * The memory behind DuckDB's vectors, for columns that are copied whole.
 *
 * **Gotchas**
 *
 * `@duckdb/node-api` types these fields as private: its public way in and out
 * of a vector is one value at a time, through a `bigint` for each 64-bit one.
 * The fields are plain properties in the version that package.json pins; a test
 * that appends and reads each kind guards the upgrade.
 */
import type { DuckDBVector } from "@duckdb/node-api"
import * as Words from "./Words.ts"

export type Numbers =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array

interface Fields {
  readonly items: Numbers
  readonly dataView: DataView
  readonly validity: { readonly data: BigUint64Array | null; setItemValid(index: number, valid: boolean): void }
}

const allValid = 0xffff_ffff_ffff_ffffn

const fields = (vector: DuckDBVector): Fields => vector as unknown as Fields

/** The values of a vector of 8, 16, 32-bit or floating-point numbers. */
export const numbers = (vector: DuckDBVector): Numbers => fields(vector).items

/** The values of a vector of 64-bit integers, timestamps among them. */
export const words = (vector: DuckDBVector): Words.Words => Words.over(fields(vector).items)

/** The bytes of a BOOLEAN, DECIMAL or VARCHAR vector. */
export const view = (vector: DuckDBVector): DataView => fields(vector).dataView

/** Marks one value of a vector that is being written as NULL. */
export const setNull = (vector: DuckDBVector, index: number): void => fields(vector).validity.setItemValid(index, false)

/** Forgets the NULLs of what a reused vector held before. */
export const setAllValid = (vector: DuckDBVector): void => {
  fields(vector).validity.data?.fill(allValid)
}

/** Calls `f` with the index of each NULL in `[from, to)`. */
export const forEachNull = (vector: DuckDBVector, from: number, to: number, f: (index: number) => void): void => {
  const { data } = fields(vector).validity
  if (data === null) return
  const bits = Words.over(data)
  for (let index = from; index < to; index++) {
    if (((bits[index >>> 5]! >>> (index & 31)) & 1) === 0) f(index)
  }
}
