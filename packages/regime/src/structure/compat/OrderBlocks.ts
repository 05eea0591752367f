/**
 * Order blocks as the reference library has them, with the future.
 *
 * A close above the last swing high makes the candle with the lowest low since
 * that high a bullish block, the later of two alike. It is mitigated by a low
 * below it; a high above it after that erases it, as if it had never been.
 * Bearish blocks are the same upside down.
 */
import type { Candles } from "@tidemark/core"
import * as Prices from "../Prices.ts"
import { Waiting } from "../Waiting.ts"
import type { Swings } from "./Swings.ts"

export interface OrderBlocks {
  /** 1 bullish, -1 bearish, 0 none. */
  readonly direction: Int8Array
  readonly top: Float64Array
  readonly bottom: Float64Array
  /** Of the candle that crossed the swing and the two before it. */
  readonly volume: Float64Array
  /** The row of mitigation, one before it for a bullish block; 0 for none. */
  readonly mitigated: Int32Array
  /** The smaller in percent of the larger: volume of the last two of the three candles, and of the first; 100 without volume. */
  readonly percentage: Float64Array
}

export const of = (candles: Candles.Candles, swings: Swings): OrderBlocks => {
  const size = candles.openTime.length
  const none = () => new Float64Array(size).fill(Number.NaN)
  const blocks = {
    direction: new Int8Array(size),
    top: none(),
    bottom: none(),
    volume: none(),
    mitigated: new Int32Array(size),
    percentage: none()
  }
  const prices = Prices.of(candles)
  pass(prices, candles.volume, swings, 1, blocks)
  pass(prices, candles.volume, swings, -1, blocks)
  return blocks
}

const pass = (
  prices: Prices.Prices,
  volume: Float64Array,
  swings: Swings,
  sign: Prices.Sign,
  blocks: OrderBlocks
): void => {
  const { close, high, low } = Prices.seen(prices, sign)
  const [untouched, mitigated] = [new Waiting<number>(), new Waiting<number>()]
  /** The last swing, until it is crossed. */
  let swing = -1
  /** Of the lowest low after it. */
  let lowest = -1
  for (let row = 0; row < close.length; row++) {
    while (-mitigated.next < high[row]!) erase(mitigated.take(), blocks)
    while (untouched.next > low[row]!) {
      const at = untouched.take()
      blocks.mitigated[at] = sign === 1 ? row - 1 : row
      mitigated.add(-high[at]!, at)
    }
    if (swing >= 0 && close[row]! > high[swing]!) {
      const at = lowest < 0 ? row - 1 : lowest
      blocks.direction[at] = sign
      // The candle before may be the swing itself; the reference then has it upside down.
      const isSwapped = lowest < 0 && sign === 1
      blocks.top[at] = isSwapped ? prices.low[at]! : prices.high[at]!
      blocks.bottom[at] = isSwapped ? prices.high[at]! : prices.low[at]!
      blocks.volume[at] = volumeAt(volume, row) + volumeAt(volume, row - 1) + volumeAt(volume, row - 2)
      blocks.percentage[at] = balance(volumeAt(volume, row) + volumeAt(volume, row - 1), volumeAt(volume, row - 2))
      untouched.add(low[at]!, at)
      swing = -1
    }
    if (swings.direction[row] === sign) {
      swing = row
      lowest = -1
    } else if (swing >= 0 && (lowest < 0 || low[row]! <= low[lowest]!)) lowest = row
  }
}

const volumeAt = (volume: Float64Array, row: number): number => {
  const value = volume[row] ?? 0
  return Number.isFinite(value) ? value : 0
}

const balance = (a: number, b: number): number => {
  const larger = Math.max(a, b)
  return larger === 0 ? 100 : (100 * Math.min(a, b)) / larger
}

const erase = (at: number, { bottom, direction, mitigated, percentage, top, volume }: OrderBlocks): void => {
  direction[at] = 0
  mitigated[at] = 0
  for (const column of [top, bottom, volume, percentage]) column[at] = Number.NaN
}
