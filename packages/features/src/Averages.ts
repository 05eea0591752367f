/** Moving averages and what is made of them. */
import { type Indicator, windowed } from "./Indicator.ts"
import { deviation, mean, slope } from "./Windows.ts"

export const sma = (n: number): Indicator => windowed(`sma_${n}`, n, ({ close }, row) => mean(close, row, n))

/**
 * Steps of an exponential average that begins as the mean of its first `n`
 * values: α = 2 / (n + 1). State at `at`: how many values there were, and
 * their sum until there are `n`, the average from then on.
 */
const step = (state: Array<number>, at: number, n: number, value: number): number => {
  const count = state[at]! + 1
  state[at] = count
  if (count > n) return (state[at + 1] = state[at + 1]! + (2 / (n + 1)) * (value - state[at + 1]!))
  const sum = state[at + 1]! + value
  state[at + 1] = count === n ? sum / n : sum
  return count === n ? state[at + 1]! : Number.NaN
}

export const ema = (n: number): Indicator => ({
  columns: [{ name: `ema_${n}`, warmUp: n }],
  initial: [0, 0],
  prices: [1],
  run: ({ close, end, start }, state, [out]) => {
    for (let row = start; row < end; row++) out![row - start] = step(state, 0, n, close[row]!)
  }
})

/** Fast average less slow average; the average of that; what lies between the two. */
export const macd = (fast: number, slow: number, signal: number): Indicator => ({
  columns: [
    { name: "macd", warmUp: slow },
    { name: "macd_signal", warmUp: slow + signal - 1 },
    { name: "macd_histogram", warmUp: slow + signal - 1 }
  ],
  initial: [0, 0, 0, 0, 0, 0],
  prices: [1, 3, 5],
  run: ({ close, end, start }, state, [lines, signals, histograms]) => {
    for (let row = start; row < end; row++) {
      const value = close[row]!
      const line = step(state, 0, fast, value) - step(state, 2, slow, value)
      if (Number.isNaN(line)) continue
      const average = step(state, 4, signal, line)
      lines![row - start] = line
      signals![row - start] = average
      histograms![row - start] = line - average
    }
  }
})

/** Mean ± `width` deviations, of all there is. The mean itself is `sma_n`. */
export const bollinger = (n: number, width: number): Indicator => ({
  columns: ["bollinger_upper", "bollinger_lower"].map((name) => ({ name, warmUp: n })),
  initial: [],
  prices: [],
  run: ({ age, close, end, start }, _, [upper, lower]) => {
    for (let row = Math.max(start, start + n - age); row < end; row++) {
      const center = mean(close, row, n)
      const reach = width * deviation(close, row, n, 0)
      upper![row - start] = center + reach
      lower![row - start] = center - reach
    }
  }
})

/** Of the least-squares line through the closes, in price a candle. */
export const trend = (n: number): Indicator => windowed(`slope_${n}`, n, ({ close }, row) => slope(close, row, n))
