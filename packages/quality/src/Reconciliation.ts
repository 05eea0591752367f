/**
 * Whether two series that should tell the same do: the same market at two
 * sources, or candles and those that shorter ones add up to. Pure.
 */
import { type Calendar, Candles, type Timeframe } from "@tidemark/core"

/** How far apart two values may be and still be the same, as a share of the larger. */
export interface Tolerance {
  readonly price: number
  readonly volume: number
}

/** What floating point loses when volumes are added in another order. */
export const exact: Tolerance = { price: 1e-9, volume: 1e-6 }

const columns = ["open", "high", "low", "close", "volume"] as const
export type Column = (typeof columns)[number]

/** A candle that both have and that is not the same. */
export interface Difference {
  readonly openTime: number
  /** Where it differs most. */
  readonly column: Column
  readonly ours: number
  readonly theirs: number
  /** As a share of the larger. */
  readonly off: number
}

export interface Comparison {
  /** Candles that both have. */
  readonly compared: number
  readonly differences: ReadonlyArray<Difference>
  readonly onlyOurs: number
  readonly onlyTheirs: number
}

export const nothing: Comparison = { compared: 0, differences: [], onlyOurs: 0, onlyTheirs: 0 }

export const add = (a: Comparison, b: Comparison): Comparison => ({
  compared: a.compared + b.compared,
  differences: [...a.differences, ...b.differences],
  onlyOurs: a.onlyOurs + b.onlyOurs,
  onlyTheirs: a.onlyTheirs + b.onlyTheirs
})

const offBy = (a: number, b: number): number => (a === b ? 0 : Math.abs(a - b) / Math.max(Math.abs(a), Math.abs(b)))

/** The column that is furthest beyond its tolerance. */
const differenceAt = (
  ours: Candles.Candles,
  i: number,
  theirs: Candles.Candles,
  j: number,
  tolerance: Tolerance
): Difference | undefined => {
  let worst: Difference | undefined
  let worstShare = 1
  for (const column of columns) {
    const [a, b] = [ours[column][i]!, theirs[column][j]!]
    const off = offBy(a, b)
    const share = off / (column === "volume" ? tolerance.volume : tolerance.price)
    // What is no number differs from everything.
    if (!(share <= worstShare)) {
      worst = { openTime: ours.openTime[i]!, column, ours: a, theirs: b, off }
      worstShare = share
    }
  }
  return worst
}

/** Both ascending. */
export const compare = (ours: Candles.Candles, theirs: Candles.Candles, tolerance: Tolerance): Comparison => {
  const differences: Array<Difference> = []
  let [i, j, compared, onlyOurs, onlyTheirs] = [0, 0, 0, 0, 0]
  const [size, other] = [Candles.length(ours), Candles.length(theirs)]
  while (i < size || j < other) {
    const [a, b] = [ours.openTime[i] ?? Infinity, theirs.openTime[j] ?? Infinity]
    if (a === b) {
      const difference = differenceAt(ours, i, theirs, j, tolerance)
      if (difference !== undefined) differences.push(difference)
      compared++
      i++
      j++
    } else if (a < b) {
      onlyOurs++
      i++
    } else {
      onlyTheirs++
      j++
    }
  }
  return { compared, differences, onlyOurs, onlyTheirs }
}

/**
 * Candles of a timeframe that shorter ones add up to: the first open, the
 * highest high, the lowest low, the last close, all volume. One is there only
 * if the calendar expects none of its shorter candles that is missing.
 */
export const aggregate = (
  finer: Candles.Candles,
  finerTimeframe: Timeframe.Timeframe,
  calendar: Calendar.Calendar,
  timeframe: Timeframe.Timeframe
): Candles.Candles => {
  const rows = Candles.length(finer)
  const out = Candles.allocate(rows)
  let count = 0
  for (let start = 0; start < rows;) {
    const open = calendar.openAtOrBefore(timeframe, finer.openTime[start]!)
    const close = calendar.closeOf(timeframe, open)
    let end = start
    while (end < rows && finer.openTime[end]! < close) end++
    if (end - start === calendar.countOpens(finerTimeframe, { from: open, to: close })) {
      out.openTime[count] = open
      out.open[count] = finer.open[start]!
      out.close[count] = finer.close[end - 1]!
      let [high, low, volume] = [-Infinity, Infinity, 0]
      for (let row = start; row < end; row++) {
        high = Math.max(high, finer.high[row]!)
        low = Math.min(low, finer.low[row]!)
        volume += finer.volume[row]!
      }
      out.high[count] = high
      out.low[count] = low
      out.volume[count] = volume
      count++
    }
    start = Math.max(end, start + 1)
  }
  return Candles.slice(out, 0, count)
}
