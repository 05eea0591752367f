/**
 * A number that stands for all candles of a run up to a row: equal where they
 * are equal, in all likelihood different where one of them is not. Each row's
 * follows from the one before, in 53 bits, which a double holds.
 */
import type { Candles } from "@tidemark/core"

/** The two halves of a hash. */
export type HashState = [low: number, high: number]

export const initial: HashState = [0x9e3779b9, 0x7f4a7c15]

const columns = ["openTime", "open", "high", "low", "close", "volume"] as const

/** Brings a number that is no candle's into a state. */
export const mix = (number: number, state: HashState): void => {
  const words = new Int32Array(Float64Array.of(number).buffer)
  state[0] = Math.imul(state[0] ^ words[0]!, 0x85ebca6b)
  state[1] = Math.imul(state[1] ^ words[1]! ^ state[0], 0xc2b2ae35)
}

/** Fills `out` with the hashes of rows `[start, end)`, and brings `state` up to the last. */
export const chain = (
  candles: Candles.Candles,
  start: number,
  end: number,
  state: HashState,
  out: Float64Array
): void => {
  const value = new Float64Array(1)
  const words = new Int32Array(value.buffer)
  const of = columns.map((name) => candles[name])
  let [low, high] = state
  for (let row = start; row < end; row++) {
    for (let i = 0; i < of.length; i++) {
      // Adding zero makes one zero of both.
      value[0] = of[i]![row]! + 0
      low = Math.imul(low ^ words[0]!, 0x85ebca6b)
      low ^= low >>> 15
      high = Math.imul(high ^ words[1]! ^ low, 0xc2b2ae35)
      high ^= high >>> 13
      low = (low + high) | 0
    }
    out[row - start] = (high >>> 11) * 0x1_0000_0000 + (low >>> 0)
  }
  state[0] = low
  state[1] = high
}
