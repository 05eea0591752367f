/** The indicators of Wilder (1978), with his averages: the mean of the first `n`, then (13 · last + next) / 14 for n = 14. */
import { type Indicator, type Rows, windowed } from "./Indicator.ts"

const trueRangeAt = ({ close, high, low }: Rows, row: number): number => {
  const before = close[row - 1]!
  return Math.max(high[row]!, before) - Math.min(low[row]!, before)
}

/** The range of a candle with the gap before it; of the second candle on. */
export const trueRange: Indicator = windowed("true_range", 2, trueRangeAt)

/** Average true range; its first value is the mean of the ranges of candles 2 to n + 1. */
export const atr = (n: number): Indicator => ({
  columns: [{ name: `atr_${n}`, warmUp: n + 1 }],
  // Ranges so far; their sum, then their average.
  initial: [0, 0],
  prices: [1],
  run: (rows, state, [out]) => {
    const { age, end, start } = rows
    for (let row = age === 1 ? start + 1 : start; row < end; row++) {
      const range = trueRangeAt(rows, row)
      const count = ++state[0]!
      if (count > n) state[1] = (state[1]! * (n - 1) + range) / n
      else state[1] = count === n ? (state[1]! + range) / n : state[1]! + range
      if (count >= n) out![row - start] = state[1]!
    }
  }
})

/** Relative strength; 100 where nothing was lost. */
export const rsi = (n: number): Indicator => ({
  columns: [{ name: `rsi_${n}`, warmUp: n + 1 }],
  // Changes so far; sum and then average of gains, and of losses.
  initial: [0, 0, 0],
  prices: [1, 2],
  run: ({ age, close, end, start }, state, [out]) => {
    for (let row = age === 1 ? start + 1 : start; row < end; row++) {
      const change = close[row]! - close[row - 1]!
      const gain = Math.max(change, 0)
      const loss = Math.max(-change, 0)
      const count = ++state[0]!
      if (count > n) {
        state[1] = (state[1]! * (n - 1) + gain) / n
        state[2] = (state[2]! * (n - 1) + loss) / n
      } else {
        state[1] = (state[1]! + gain) / (count === n ? n : 1)
        state[2] = (state[2]! + loss) / (count === n ? n : 1)
      }
      if (count >= n) out![row - start] = state[2] === 0 ? 100 : 100 - 100 / (1 + state[1]! / state[2]!)
    }
  }
})

/**
 * Directional movement: +DI, −DI, and the average of 100 · |+DI − −DI| / sum.
 * First sums over candles 2 to n + 1, then S − S/n + next. Where prices do not
 * move at all, both are 0.
 */
export const adx = (n: number): Indicator => ({
  columns: [
    { name: `plus_di_${n}`, warmUp: n + 1 },
    { name: `minus_di_${n}`, warmUp: n + 1 },
    { name: `adx_${n}`, warmUp: 2 * n }
  ],
  // Moves so far; sums of range, +DM, −DM; directional indices so far; their sum, then their average.
  initial: [0, 0, 0, 0, 0, 0],
  prices: [1, 2, 3],
  run: (rows, state, [plus, minus, out]) => {
    const { age, end, high, low, start } = rows
    for (let row = age === 1 ? start + 1 : start; row < end; row++) {
      const up = high[row]! - high[row - 1]!
      const down = low[row - 1]! - low[row]!
      const count = ++state[0]!
      const kept = count > n ? 1 - 1 / n : 1
      const range = (state[1] = kept * state[1]! + trueRangeAt(rows, row))
      const ups = (state[2] = kept * state[2]! + (up > down && up > 0 ? up : 0))
      const downs = (state[3] = kept * state[3]! + (down > up && down > 0 ? down : 0))
      if (count < n) continue
      const plusDi = range === 0 ? 0 : (100 * ups) / range
      const minusDi = range === 0 ? 0 : (100 * downs) / range
      const both = plusDi + minusDi
      const dx = both === 0 ? 0 : (100 * Math.abs(plusDi - minusDi)) / both
      const indices = ++state[4]!
      if (indices > n) state[5] = (state[5]! * (n - 1) + dx) / n
      else state[5] = (state[5]! + dx) / (indices === n ? n : 1)
      plus![row - start] = plusDi
      minus![row - start] = minusDi
      if (indices >= n) out![row - start] = state[5]!
    }
  }
})
