/**
 * Swing highs and lows as the reference library has them, with the future.
 *
 * Row `i` is a swing high if no high of rows `i - length + 1` to `i + length`
 * is above its own; a row that is a high and a low counts as a high. Of highs
 * without a low between them the highest stays, the earlier of two alike;
 * lows likewise. The first and the last row then become swings too, opposite
 * to their neighbours, so that there is a way from edge to edge.
 */
import type { Candles } from "@tidemark/core"
import * as Prices from "../Prices.ts"

export interface Swings {
  /** 1 for a high, -1 for a low, 0 for neither. */
  readonly direction: Int8Array
  /** Its price; `NaN` where there is none. */
  readonly level: Float64Array
}

/** `length` is in candles, on each side. */
export const of = (candles: Candles.Candles, length: number): Swings => {
  const { high, low } = Prices.of(candles)
  const size = high.length
  const direction = new Int8Array(size)
  const level = new Float64Array(size).fill(Number.NaN)
  let [first, last] = [-1, -1]
  for (let row = 2 * length - 1; row + length < size; row++) {
    const found = isExtreme(high, 1, row, length) ? 1 : isExtreme(low, -1, row, length) ? -1 : 0
    if (found === 0) continue
    if (last >= 0 && direction[last] === found) {
      if (found === 1 ? high[row]! <= high[last]! : low[row]! >= low[last]!) continue
      direction[last] = 0
      if (first === last) first = row
    }
    if (first < 0) first = row
    direction[row] = found
    last = row
  }
  if (last >= 0) {
    direction[0] = -direction[first]!
    direction[size - 1] = -direction[last]!
  }
  for (let row = 0; row < size; row++) {
    if (direction[row] !== 0) level[row] = direction[row] === 1 ? high[row]! : low[row]!
  }
  return { direction, level }
}

const isExtreme = (values: Float64Array, sign: Prices.Sign, row: number, length: number): boolean => {
  const own = sign * values[row]!
  for (let i = row - length + 1; i <= row + length; i++) {
    // Not `>`: nothing is an extreme next to what is no number.
    if (!(sign * values[i]! <= own)) return false
  }
  return true
}
