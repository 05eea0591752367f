/**
 * Runs of candles in which nothing happens, where something usually does.
 *
 * How long a run may be follows from the series itself: if a share p of its
 * candles is still, the longest run among n that are still by chance has
 * about ln n / ln(1/p) candles (Erdős–Rényi law of the longest run). Twice
 * that and some more is no chance.
 */
import { Candles } from "@tidemark/core"
import * as Anomaly from "./Anomaly.ts"

/** A run of fewer proves nothing, however lively the series. */
const fewestRows = 5

const limitOf = (still: number, rows: number): number => {
  if (still === 0) return Infinity
  const share = Math.min(0.98, still / rows)
  return Math.max(fewestRows, Math.ceil((2 * Math.log(rows)) / Math.log(1 / share)) + 2)
}

/** Runs of true rows that begin in `[from, to)`, if they are longer than chance. */
const runs = (is: (row: number) => boolean, rows: number, from: number, to: number) => {
  const all: Array<{ readonly start: number; readonly end: number }> = []
  for (let row = 0; row < rows; row++) {
    if (!is(row)) continue
    let end = row + 1
    while (end < rows && is(end)) end++
    all.push({ start: row, end })
    row = end
  }
  // The long runs must not make themselves usual: the typical share is that of the shorter half of them.
  const lengths = all.map(({ end, start }) => end - start).sort((a, b) => a - b)
  const median = lengths[lengths.length >> 1] ?? 0
  const usual = lengths.filter((length) => length <= Math.max(2, 2 * median)).reduce((sum, length) => sum + length, 0)
  const limit = limitOf(usual, rows)
  return all.filter(({ end, start }) => start >= from && start < to && end - start >= limit)
}

export const find = (candles: Candles.Candles, from: number, to: number): ReadonlyArray<Anomaly.Anomaly> => {
  const { close, high, low, open, openTime, volume } = candles
  const rows = Candles.length(candles)
  const isFlat = (row: number) => open[row] === close[row] && high[row] === low[row] && open[row] === high[row]
  const isEmpty = (row: number) => volume[row] === 0 && isFlat(row)
  const repeats = (row: number) =>
    row > 0 &&
    volume[row]! > 0 &&
    volume[row] === volume[row - 1] &&
    open[row] === open[row - 1] &&
    high[row] === high[row - 1] &&
    low[row] === low[row - 1] &&
    close[row] === close[row - 1]
  const found: Array<Anomaly.Anomaly> = []
  for (const { end, start } of runs(isEmpty, rows, from, to)) {
    const count = end - start
    found.push(
      Anomaly.make("zero-volume", openTime[start]!, openTime[end - 1]!, `${count} candles in a row without a trade`, {
        candles: count
      })
    )
  }
  for (const { end, start } of runs(repeats, rows, from, to)) {
    // With the one that is repeated.
    const count = end - start + 1
    found.push(
      Anomaly.make(
        "frozen-feed",
        openTime[start - 1]!,
        openTime[end - 1]!,
        `${count} candles in a row are the same, with their volume of ${volume[start]}`,
        { candles: count, close: close[start]!, volume: volume[start]! }
      )
    )
  }
  return found
}
