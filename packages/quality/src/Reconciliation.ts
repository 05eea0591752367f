/**
 * Whether two series that should tell the same do: the same market at two
 * sources, or candles and those that shorter ones add up to. Pure.
 */
import { type Adjustment, type Calendar, Candles, type Instrument, type Timeframe } from "@tidemark/core"

/** How far apart two values may be and still be the same, as a share of the larger. */
export interface Tolerance {
  readonly price: number
  readonly volume: number
}

/** What floating point loses when volumes are added in another order. */
export const exact: Tolerance = { price: 1e-9, volume: 1e-6 }

/** Of two sources: the last digit of a price, and what each counts as volume. */
export const between: Tolerance = { price: 0.001, volume: 0.05 }

/** How prices of two sources are made comparable. */
export interface Basis {
  /** How both are adjusted as they are read. */
  readonly adjust: Adjustment.Mode
  readonly words: string
}

/** Prices of a source that comes adjusted compare with those of one that does not only after it is adjusted alike. */
export const basisOf = (
  assetClass: Instrument.AssetClass,
  ours: Adjustment.Applied,
  theirs: Adjustment.Applied
): Basis => {
  if (assetClass !== "equity" || ours === theirs) return { adjust: "none", words: "prices as both give them" }
  const adjust = [ours, theirs].includes("splits-and-dividends") ? "all" : "splits"
  return { adjust, words: `both adjusted: ${adjust}` }
}

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

/** Both ascending: calls `both` with the rows of each candle that both have, and counts the others. */
const pair = (ours: Candles.Candles, theirs: Candles.Candles, both: (i: number, j: number) => void) => {
  let [i, j, compared, onlyOurs, onlyTheirs] = [0, 0, 0, 0, 0]
  const [size, other] = [Candles.length(ours), Candles.length(theirs)]
  while (i < size || j < other) {
    const [a, b] = [ours.openTime[i] ?? Infinity, theirs.openTime[j] ?? Infinity]
    if (a === b) {
      both(i, j)
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
  return { compared, onlyOurs, onlyTheirs }
}

/** Both ascending. */
export const compare = (ours: Candles.Candles, theirs: Candles.Candles, tolerance: Tolerance): Comparison => {
  const differences: Array<Difference> = []
  const counts = pair(ours, theirs, (i, j) => {
    const difference = differenceAt(ours, i, theirs, j, tolerance)
    if (difference !== undefined) differences.push(difference)
  })
  return { ...counts, differences }
}

/** How far apart the candles are that both have, as shares of the larger value; one entry a candle. */
export interface Distances {
  /** Of the price that is furthest off. */
  readonly price: Float64Array
  readonly volume: Float64Array
}

/** Both ascending. What is no number is infinitely far from everything. */
export const distances = (ours: Candles.Candles, theirs: Candles.Candles): Distances => {
  const most = Math.min(Candles.length(ours), Candles.length(theirs))
  const [price, volume] = [new Float64Array(most), new Float64Array(most)]
  let at = 0
  const off = (column: Column, i: number, j: number) => {
    const share = offBy(ours[column][i]!, theirs[column][j]!)
    return Number.isNaN(share) ? Infinity : share
  }
  pair(ours, theirs, (i, j) => {
    price[at] = Math.max(off("open", i, j), off("high", i, j), off("low", i, j), off("close", i, j))
    volume[at] = off("volume", i, j)
    at++
  })
  return { price: price.subarray(0, at), volume: volume.subarray(0, at) }
}

/** 0 of nothing. */
export const median = (values: Float64Array): number => {
  const sorted = values.toSorted()
  const middle = sorted.length >> 1
  if (sorted.length === 0) return 0
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
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
