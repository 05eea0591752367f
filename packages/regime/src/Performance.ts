/**
 * What returns were like in each regime.
 *
 * The return from the close of one day to that of the next belongs to the
 * regime that was known at the first of the two: nobody could have earned it
 * by the label of the day on which it was made.
 */

export interface Performance {
  /** Returns that there are. */
  readonly count: number
  /** Simple return, a candle; `null` where there is none. */
  readonly mean: number | null
  /** √N · sd of a sample, a year; `null` with fewer than two. */
  readonly volatility: number | null
  /** N · mean / volatility, without a riskless rate; `null` where returns do not vary. */
  readonly sharpe: number | null
  /** Of one who is in the market on those days alone, as a share of the most that they had; `null` where there is none. */
  readonly maxDrawdown: number | null
}

export interface Labelled<Label> {
  /** Adjusted for splits, or they are returns. */
  readonly close: Float64Array
  /** As known at the close of each; `null` belongs to none. */
  readonly regimes: ReadonlyArray<Label | null>
  /** Candles a year on the market's calendar. */
  readonly barsPerYear: number
}

const summary = (returns: ReadonlyArray<number>, barsPerYear: number): Performance => {
  const count = returns.length
  if (count === 0) return { count, mean: null, volatility: null, sharpe: null, maxDrawdown: null }
  const mean = returns.reduce((sum, value) => sum + value, 0) / count
  const variance = returns.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1)
  const volatility = count < 2 ? null : Math.sqrt(variance * barsPerYear)
  let [wealth, most, maxDrawdown] = [1, 1, 0]
  for (const value of returns) {
    wealth *= 1 + value
    most = Math.max(most, wealth)
    maxDrawdown = Math.max(maxDrawdown, 1 - wealth / most)
  }
  // What is left of returns that are all the same is rounding.
  const sharpe = volatility === null || volatility < 1e-12 ? null : (mean * barsPerYear) / volatility
  return { count, mean, volatility, sharpe, maxDrawdown: Number.isFinite(maxDrawdown) ? maxDrawdown : null }
}

/** Of each label of `all`. Returns from or to a close that is no number above 0 belong to none. */
export const byRegime = <Label extends string>(
  all: ReadonlyArray<Label>,
  { barsPerYear, close, regimes }: Labelled<Label>
): Record<Label, Performance> => {
  const returns = new Map<Label, Array<number>>(all.map((label) => [label, []]))
  for (let row = 0; row + 1 < close.length; row++) {
    const label = regimes[row] ?? null
    const value = close[row + 1]! / close[row]! - 1
    if (label !== null && close[row]! > 0 && close[row + 1]! > 0 && Number.isFinite(value))
      returns.get(label)?.push(value)
  }
  return Object.fromEntries(all.map((label) => [label, summary(returns.get(label)!, barsPerYear)])) as Record<
    Label,
    Performance
  >
}
