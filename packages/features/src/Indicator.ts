/**
 * One or more columns that follow from candles up to each row, and from
 * nothing after it.
 *
 * An indicator sees candles that follow one another, in batches of any size,
 * and gives the same values whatever the batches are. What it needs of the
 * past beyond the window that it is shown, it keeps as a few numbers.
 */
import type { Candles } from "@tidemark/core"
import type { Logs } from "./Logs.ts"

/** Candles that follow one another, with those before them that windows reach back to. */
export interface Rows extends Candles.Candles {
  readonly logs: Logs
  /** The first row to give a value for. */
  readonly start: number
  /** The first row after the last. */
  readonly end: number
  /** How many candles of the run there are up to and with row `start`. */
  readonly age: number
}

/** A value where there is one; `NaN` while it is warming up and where it is not defined. */
export type Columns = ReadonlyArray<Float64Array>

/** What an indicator keeps from batch to batch: finite numbers, and how often it has been fed. */
export type State = Array<number>

export interface Indicator {
  /** Names of its columns, and the candle of a run, counted from 1, that is the first with a value. */
  readonly columns: ReadonlyArray<{ readonly name: string; readonly warmUp: number }>
  /** Before the first candle. */
  readonly initial: State
  /** Which numbers of the state are in units of price: a split changes them as it changes prices. */
  readonly prices: ReadonlyArray<number>
  /** Fills row `i - start` of each column with the value of row `i`, and brings `state` up to the last row. */
  readonly run: (rows: Rows, state: State, out: Columns) => void
}

/** An indicator that looks at a window of its own alone: one column. */
export const windowed = (name: string, warmUp: number, valueAt: (rows: Rows, row: number) => number): Indicator => ({
  columns: [{ name, warmUp }],
  initial: [],
  prices: [],
  run: (rows, _, [out]) => {
    const { age, end, start } = rows
    for (let row = Math.max(start, start + warmUp - age); row < end; row++) out![row - start] = valueAt(rows, row)
  }
})
