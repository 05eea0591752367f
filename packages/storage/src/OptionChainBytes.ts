/**
 * The contracts of an option chain as bytes, exactly as they were told.
 *
 * The first byte is the version, 1; the rest is one zstd frame of
 *
 * - 4 bytes: length of the header in bytes;
 * - the header, JSON in UTF-8: `rows`, `columns` (each `name` and `decimals`),
 *   `roots` (the distinct ones) and `unreadable`;
 * - `isCall`, a byte a row; which root a row has, 4 bytes;
 * - every column of `columns`, in that order. With `decimals` a value is a
 *   whole number of 4 bytes, divided by 10 to that power, and −2^31 is `NaN`;
 *   with `null` it is a float of 8 bytes.
 *
 * All numbers are little-endian. Those of a column lie by their bytes: first
 * the lowest byte of every row, then the next, so that what is alike lies
 * together. Decimals are used where every value comes back from them bit for
 * bit, as quotes do: that makes a third of the size.
 */
import { OptionChain } from "@tidemark/core"
import { Schema } from "effect"
import { zstdCompressSync, zstdDecompressSync } from "node:zlib"

const version = 1
const missing = -(2 ** 31)
const largest = 2 ** 31 - 1
/** Of dollars, volatilities and gammas. */
const mostDecimals = 8
/** Far above any chain; what says that it holds more is no chain. */
const mostBytes = 2 ** 28

const Header = Schema.Struct({
  rows: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 ** 24 })),
  columns: Schema.Array(
    Schema.Struct({
      name: Schema.Literals(OptionChain.numbers),
      decimals: Schema.NullOr(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: mostDecimals })))
    })
  ),
  roots: Schema.Array(Schema.String),
  unreadable: Schema.Array(Schema.String)
})
const decodeHeader = Schema.decodeUnknownSync(Schema.fromJsonString(Header))

export type Content = Pick<OptionChain.OptionChain, "contracts" | "unreadable">

/** The column in whole numbers; `undefined` where a value would not come back. */
const scaled = (values: Float64Array, decimals: number): Int32Array | undefined => {
  const power = 10 ** decimals
  const out = new Int32Array(values.length)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (value !== value) {
      out[i] = missing
      continue
    }
    const whole = Math.round(value * power)
    if (whole / power !== value || whole > largest || whole <= missing || Object.is(value, -0)) return undefined
    out[i] = whole
  }
  return out
}

const putWords = (into: Uint8Array, at: number, words: Int32Array): number => {
  const rows = words.length
  for (let i = 0; i < rows; i++) {
    const word = words[i]!
    into[at + i] = word
    into[at + rows + i] = word >>> 8
    into[at + 2 * rows + i] = word >>> 16
    into[at + 3 * rows + i] = word >>> 24
  }
  return at + 4 * rows
}

const takeWord = (from: Uint8Array, at: number, rows: number, i: number): number =>
  from[at + i]! | (from[at + rows + i]! << 8) | (from[at + 2 * rows + i]! << 16) | (from[at + 3 * rows + i]! << 24)

const putDoubles = (into: Uint8Array, at: number, values: Float64Array): number => {
  const view = new DataView(new ArrayBuffer(8))
  for (let i = 0; i < values.length; i++) {
    view.setFloat64(0, values[i]!, true)
    for (let byte = 0; byte < 8; byte++) into[at + byte * values.length + i] = view.getUint8(byte)
  }
  return at + 8 * values.length
}

export const encode = ({ contracts, unreadable }: Content): Uint8Array => {
  const rows = OptionChain.length(contracts)
  const numbers = OptionChain.numbers.map((name) => {
    const values = contracts[name]
    let words: Int32Array | undefined
    let decimals = 0
    for (; decimals <= mostDecimals; decimals++) {
      words = scaled(values, decimals)
      if (words !== undefined) break
    }
    return { name, values, words, decimals: words === undefined ? null : decimals }
  })
  const roots = [...new Set(contracts.root)]
  const indexOf = new Map(roots.map((root, i) => [root, i]))
  const header = new TextEncoder().encode(
    JSON.stringify({
      rows,
      columns: numbers.map(({ decimals, name }) => ({ name, decimals })),
      roots,
      unreadable
    })
  )
  const width = numbers.reduce((sum, { words }) => sum + (words === undefined ? 8 : 4), 1 + 4)
  const body = new Uint8Array(4 + header.length + rows * width)
  new DataView(body.buffer).setUint32(0, header.length, true)
  body.set(header, 4)
  let at = 4 + header.length
  body.set(contracts.isCall, at)
  at = putWords(
    body,
    at + rows,
    Int32Array.from(contracts.root, (root) => indexOf.get(root)!)
  )
  for (const { values, words } of numbers) {
    at = words === undefined ? putDoubles(body, at, values) : putWords(body, at, words)
  }
  const compressed = zstdCompressSync(body)
  const out = new Uint8Array(1 + compressed.length)
  out[0] = version
  out.set(compressed, 1)
  return out
}

/** Throws, with what is wrong, for bytes that are none of `encode`. */
export const decode = (bytes: Uint8Array): Content => {
  if (bytes[0] !== version) {
    throw new RangeError(
      `its contracts are in form ${bytes[0] ?? "none"}, which this program does not know; a newer Tidemark may have written them`
    )
  }
  const body = new Uint8Array(zstdDecompressSync(bytes.subarray(1), { maxOutputLength: mostBytes }))
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  const start = 4 + view.getUint32(0, true)
  const { columns, roots, rows, unreadable } = decodeHeader(new TextDecoder().decode(body.subarray(4, start)))
  const width = columns.reduce((sum, { decimals }) => sum + (decimals === null ? 8 : 4), 1 + 4)
  if (body.length !== start + rows * width)
    throw new RangeError("its contracts are cut off, or not what their header says")
  const contracts = OptionChain.allocate(rows)
  let at = start
  contracts.isCall.set(body.subarray(at, at + rows))
  at += rows
  for (let i = 0; i < rows; i++) contracts.root[i] = roots[takeWord(body, at, rows, i)]!
  at += 4 * rows
  const double = new DataView(new ArrayBuffer(8))
  for (const { decimals, name } of columns) {
    const values = contracts[name]
    if (decimals === null) {
      for (let i = 0; i < rows; i++) {
        for (let byte = 0; byte < 8; byte++) double.setUint8(byte, body[at + byte * rows + i]!)
        values[i] = double.getFloat64(0, true)
      }
      at += 8 * rows
      continue
    }
    const power = 10 ** decimals
    for (let i = 0; i < rows; i++) {
      const word = takeWord(body, at, rows, i)
      values[i] = word === missing ? Number.NaN : word / power
    }
    at += 4 * rows
  }
  return { contracts, unreadable }
}
