/**
 * The rows of a series that can be compared with one another, as columns, in
 * windows: `windowRows` are judged at once, with `marginRows` before and after
 * them to compare with.
 *
 * Windows are counted from the first row, so what is found does not depend on
 * the batches that rows come in.
 */
import type { Candles } from "@tidemark/core"

/** Rows that are judged at once. */
const windowRows = 32_768
/** Rows that are there on either side of them. */
const marginRows = 4_096
const firstRows = 1_024

const names = [
  "openTime",
  "timeOfDay",
  "high",
  "low",
  "volume",
  "logOpen",
  "logHigh",
  "logLow",
  "logClose",
  "logVolume"
] as const

/** Columns of one length, of which the first `length` rows are filled. */
export interface Rows extends Readonly<Record<(typeof names)[number], Float64Array>> {
  readonly length: number
}

/** Judges the rows `[from, to)`; the others are there to compare with. */
export type Judge = (rows: Rows, from: number, to: number) => void

export interface Window {
  /**
   * Takes a candle as it is told, the logarithms of its open and close, and
   * those of what prices and volume are divided by to be as in the first rows.
   */
  readonly push: (
    candles: Candles.Candles,
    row: number,
    timeOfDay: number,
    logOpen: number,
    logClose: number,
    logPrice: number,
    logVolume: number
  ) => void
  readonly finish: () => void
}

type Columns = Record<(typeof names)[number], Float64Array>

const allocate = (size: number, from?: Columns): Columns =>
  Object.fromEntries(
    names.map((name) => {
      const column = new Float64Array(size)
      if (from !== undefined) column.set(from[name])
      return [name, column]
    })
  ) as Columns

export const make = (judge: Judge): Window => {
  let columns = allocate(firstRows)
  let capacity = firstRows
  let length = 0
  /** Rows at the start that have been judged. */
  let judged = 0

  const step = (): void => {
    const to = judged + windowRows
    judge({ ...columns, length }, judged, to)
    const drop = to - marginRows
    for (const name of names) columns[name].copyWithin(0, drop, length)
    length -= drop
    judged = marginRows
  }

  return {
    push: (candles, row, timeOfDay, logOpen, logClose, logPrice, logVolume) => {
      if (length === capacity) {
        capacity = Math.min(2 * capacity, windowRows + 2 * marginRows)
        columns = allocate(capacity, columns)
      }
      const i = length++
      const high = candles.high[row]!
      const low = candles.low[row]!
      const volume = candles.volume[row]!
      columns.openTime[i] = candles.openTime[row]!
      columns.timeOfDay[i] = timeOfDay
      columns.high[i] = high
      columns.low[i] = low
      columns.volume[i] = volume
      columns.logOpen[i] = logOpen - logPrice
      columns.logHigh[i] = Math.log(high) - logPrice
      columns.logLow[i] = Math.log(low) - logPrice
      columns.logClose[i] = logClose - logPrice
      columns.logVolume[i] = volume > 0 ? Math.log(volume) - logVolume : Number.NaN
      if (length === judged + windowRows + marginRows) step()
    },
    finish: () => {
      if (judged < length) judge({ ...columns, length }, judged, length)
      length = 0
    }
  }
}
