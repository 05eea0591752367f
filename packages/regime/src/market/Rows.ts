/** Daily candles that follow one another, and what windows over them are made of. */
import { deviation } from "@tidemark/features/Windows"

export interface Rows {
  readonly close: Float64Array
  /** 0 where there is none. */
  readonly volume: Float64Array
  /** ln of volume; `NaN` where there is none. */
  readonly logVolume: Float64Array
  /** Of each close from the one before; `NaN` for the first. */
  readonly returns: Float64Array
  /** Standard deviation of the last 20 returns, of a sample, a day; `NaN` before there are 20. */
  readonly volatility: Float64Array
}

/** Returns that volatility is of. */
export const volatilityDays = 20

/** Less than this is the rounding of returns that are all the same. */
export const leastDeviation = 1e-12

export const simpleReturn = (close: number, before: number): number => close / before - 1
export const logReturn = (close: number, before: number): number => Math.log(close / before)

export const of = (
  close: Float64Array,
  volume: Float64Array,
  returnOf: (close: number, before: number) => number
): Rows => {
  const returns = new Float64Array(close.length).fill(Number.NaN)
  const volatility = new Float64Array(close.length).fill(Number.NaN)
  for (let row = 1; row < close.length; row++) {
    returns[row] = returnOf(close[row]!, close[row - 1]!)
    if (row >= volatilityDays) volatility[row] = deviation(returns, row, volatilityDays, 1)
  }
  const logVolume = volume.map((value) => (value > 0 ? Math.log(value) : Number.NaN))
  return { close, volume, logVolume, returns, volatility }
}

/** The highest of the last `n` values, or of as many as there are. */
export const highest = (values: Float64Array, row: number, n: number): number => {
  let top = values[row]!
  for (let i = Math.max(0, row - n + 1); i < row; i++) if (values[i]! > top) top = values[i]!
  return top
}
