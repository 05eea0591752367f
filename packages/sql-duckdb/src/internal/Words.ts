/**
 * 64-bit integers as pairs of 32-bit words, low word first, so that a column of
 * them turns into numbers and back without a `bigint` per value.
 *
 * **Gotchas**
 *
 * DuckDB keeps vectors in the machine's byte order; every platform that it
 * ships Node bindings for is little-endian.
 */
const high = 2 ** 32

/** What DuckDB stores for the timestamp `infinity`: the largest 64-bit integer. */
const infinityHigh = 0x7fffffff
const infinityLow = -1

export type Words = Int32Array<ArrayBufferLike>

/** The two words of each element of a 64-bit array, over the same memory. */
export const over = (array: ArrayBufferView): Words =>
  new Int32Array(array.buffer, array.byteOffset, array.byteLength / Int32Array.BYTES_PER_ELEMENT)

/** Writes a whole number; one beyond ±2^53 must already be rounded as its caller wishes. */
export const write = (words: Words, index: number, whole: number): void => {
  const upper = Math.floor(whole / high)
  words[2 * index] = whole - upper * high
  words[2 * index + 1] = upper
}

export const writeInfinity = (words: Words, index: number, negative: boolean): void => {
  // -infinity is minus the largest integer: one more than the smallest.
  words[2 * index] = negative ? 1 : infinityLow
  words[2 * index + 1] = negative ? -infinityHigh - 1 : infinityHigh
}

/** Reads a signed integer, rounded to the nearest double beyond ±2^53. */
export const read = (words: Words, index: number): number => words[2 * index + 1]! * high + (words[2 * index]! >>> 0)

export const readUnsigned = (words: Words, index: number): number =>
  (words[2 * index + 1]! >>> 0) * high + (words[2 * index]! >>> 0)

/** Reads a signed integer in which the two extremes mean ±infinity, as in a timestamp. */
export const readTime = (words: Words, index: number): number => {
  const upper = words[2 * index + 1]!
  const lower = words[2 * index]!
  if (upper === infinityHigh && lower === infinityLow) return Infinity
  if (upper === -infinityHigh - 1 && lower === 1) return -Infinity
  return upper * high + (lower >>> 0)
}
