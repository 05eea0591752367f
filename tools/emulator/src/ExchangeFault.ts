/**
 * Candles that are wrong in themselves, for providers whose rows hold no
 * close time: the columns are changed before a provider writes them.
 *
 * `UnfinishedLast` changes nothing: only its open says that such a row is
 * unfinished, and the newest row is there anyway.
 */
import type { Candles } from "@tidemark/core"
import type { Fault } from "./Fault.ts"

/** A candle as it will be written; `null` and words are what a fault puts in place of a number. */
export interface Row {
  /** Whole seconds. */
  readonly time: number
  readonly open: number | string | null
  readonly high: number | string | null
  readonly low: number | string | null
  readonly close: number | string | null
  readonly volume: number
}

const offGridSeconds = 17

export const rowsOf = (candles: Candles.Candles): ReadonlyArray<Row> =>
  Array.from(candles.openTime, (open, i) => ({
    time: open / 1_000,
    open: candles.open[i]!,
    high: candles.high[i]!,
    low: candles.low[i]!,
    close: candles.close[i]!,
    volume: candles.volume[i]!
  }))

/** The same order for the same page: rows are taken from both ends by turns. */
const shuffle = (rows: ReadonlyArray<Row>): ReadonlyArray<Row> =>
  rows.map((_, i) => rows[i % 2 === 0 ? rows.length - 1 - i / 2 : (i - 1) / 2]!)

const changeFirst = (rows: ReadonlyArray<Row>, change: (row: Row) => Row): ReadonlyArray<Row> =>
  rows.map((row, i) => (i === 0 ? change(row) : row))

/** The rows after a fault of the data; the same rows for any other fault. */
export const spoil = (rows: ReadonlyArray<Row>, fault: Fault | undefined): ReadonlyArray<Row> => {
  switch (fault?._tag) {
    case "Empty":
      return []
    case "Duplicates":
      return rows.flatMap((row, i) => (i % 3 === 0 ? [row, row] : [row]))
    case "OutOfOrder":
      return shuffle(rows)
    case "WrongTypes": {
      if (fault.as === "number") return rows
      const wrong = fault.as === "null" ? null : "abc"
      return changeFirst(rows, (row) => ({ ...row, open: wrong, high: wrong, low: wrong, close: wrong }))
    }
    case "NegativeVolume":
      return changeFirst(rows, (row) => ({ ...row, volume: -Math.max(row.volume, 1) }))
    case "HighBelowLow":
      return changeFirst(rows, (row) => ({ ...row, high: Number(row.low) * 0.99, low: Number(row.high) * 1.01 }))
    case "OffGrid":
      return rows.map((row) => ({ ...row, time: row.time + offGridSeconds }))
    default:
      return rows
  }
}
