/**
 * Fair value gaps as the reference library has them, with the future.
 *
 * A rising candle between a high and a higher low that do not meet leaves a
 * bullish gap, a falling one between a low and a lower high a bearish one. It
 * stands in the row of the middle candle, before the third is there.
 */
import type { Candles } from "@tidemark/core"
import * as Prices from "../Prices.ts"
import { Waiting } from "../Waiting.ts"

export interface FairValueGaps {
  /** 1 bullish, -1 bearish, 0 none. */
  readonly direction: Int8Array
  readonly top: Float64Array
  readonly bottom: Float64Array
  /** The first row, from two after its own, that came back to it; 0 for never. */
  readonly mitigated: Int32Array
}

export interface Options {
  /** Gaps of one direction in rows that follow one another are one, in the last of them. */
  readonly joinConsecutive?: boolean
}

export const of = (candles: Candles.Candles, { joinConsecutive = false }: Options = {}): FairValueGaps => {
  const { close, high, low, open } = Prices.of(candles)
  const size = open.length
  const direction = new Int8Array(size)
  const top = new Float64Array(size).fill(Number.NaN)
  const bottom = new Float64Array(size).fill(Number.NaN)
  for (let row = 1; row + 1 < size; row++) {
    if (high[row - 1]! < low[row + 1]! && close[row]! > open[row]!) {
      direction[row] = 1
      top[row] = low[row + 1]!
      bottom[row] = high[row - 1]!
    } else if (low[row - 1]! > high[row + 1]! && close[row]! < open[row]!) {
      direction[row] = -1
      top[row] = low[row - 1]!
      bottom[row] = high[row + 1]!
    }
  }
  if (joinConsecutive) join({ direction, top, bottom })
  const mitigated = new Int32Array(size)
  const [falling, rising] = [new Waiting<number>(), new Waiting<number>()]
  for (let row = 2; row < size; row++) {
    const gap = row - 2
    if (direction[gap] === 1) falling.add(top[gap]!, gap)
    if (direction[gap] === -1) rising.add(-bottom[gap]!, gap)
    while (falling.next >= low[row]!) mitigated[falling.take()] = row
    while (rising.next >= -high[row]!) mitigated[rising.take()] = row
  }
  return { direction, top, bottom, mitigated }
}

const join = ({ bottom, direction, top }: Omit<FairValueGaps, "mitigated">): void => {
  for (let row = 0; row + 1 < direction.length; row++) {
    if (direction[row] === 0 || direction[row] !== direction[row + 1]) continue
    top[row + 1] = Math.max(top[row]!, top[row + 1]!)
    bottom[row + 1] = Math.min(bottom[row]!, bottom[row + 1]!)
    direction[row] = 0
    top[row] = Number.NaN
    bottom[row] = Number.NaN
  }
}
