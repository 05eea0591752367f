/**
 * The candles of one timeframe on one calendar, numbered.
 *
 * Each candle has an index that grows by one from candle to candle. With
 * that, everything a `Calendar` answers about candles is index arithmetic:
 * a count is a difference of two indices and no open has to be built to be
 * counted. Where index 0 lies is the grid's own affair.
 */
import { type Calendar, Instant, type Interval, type Timeframe } from "@tidemark/core"
import { make as makeDay, millisPerDay } from "./Day.ts"

export interface Grid {
  /** Index of the latest candle that opens at or before `instant`. */
  readonly indexAtOrBefore: (instant: Instant.EpochMillis) => number
  readonly openAt: (index: number) => Instant.EpochMillis
  readonly closeAt: (index: number) => Instant.EpochMillis
  /** Fills `out` with the opens of the candles from `first` on. */
  readonly write: (first: number, out: Float64Array) => void
}

/** The years 1970 to 2100. */
const span: Interval.Interval = { from: 0, to: 4_133_980_800_000 }

/** First and last year whose sessions a table must hold, so that each week and month of the range is whole. */
export const tableYears = { first: 1969, last: 2101 }

const earliest = makeDay(1969, 12, 1) * millisPerDay
const latest = makeDay(2101, 2, 1) * millisPerDay

/** A calendar from its grids, which are made when first asked for. */
export const calendar = (options: {
  readonly id: Calendar.CalendarId
  readonly timeZone: string
  readonly isOpen: (instant: Instant.EpochMillis) => boolean
  readonly sessions: (interval: Interval.Interval) => ReadonlyArray<Calendar.Session>
  readonly grid: (timeframe: Timeframe.Timeframe) => Grid
}): Calendar.Calendar => {
  const grids = new Map<Timeframe.Timeframe, Grid>()
  const gridOf = (timeframe: Timeframe.Timeframe): Grid => {
    let grid = grids.get(timeframe)
    if (grid === undefined) grids.set(timeframe, (grid = options.grid(timeframe)))
    return grid
  }
  const check = (instant: Instant.EpochMillis): void => {
    if (instant >= earliest && instant <= latest) return
    throw new RangeError(`calendar ${options.id} knows the years 1970 to 2100, not ${Instant.format(instant)}`)
  }
  const indexAtOrAfter = (grid: Grid, instant: Instant.EpochMillis): number => {
    check(instant)
    const index = grid.indexAtOrBefore(instant)
    return grid.openAt(index) === instant ? index : index + 1
  }
  return {
    id: options.id,
    timeZone: options.timeZone,
    span,
    isOpen: (instant) => {
      check(instant)
      return options.isOpen(instant)
    },
    sessions: (interval) => {
      check(interval.from)
      check(interval.to)
      return options.sessions(interval)
    },
    openTimes: (timeframe, interval) => {
      const grid = gridOf(timeframe)
      const first = indexAtOrAfter(grid, interval.from)
      const out = new Float64Array(Math.max(0, indexAtOrAfter(grid, interval.to) - first))
      grid.write(first, out)
      return out
    },
    countOpens: (timeframe, interval) => {
      const grid = gridOf(timeframe)
      return Math.max(0, indexAtOrAfter(grid, interval.to) - indexAtOrAfter(grid, interval.from))
    },
    closeOf: (timeframe, open) => {
      check(open)
      const grid = gridOf(timeframe)
      const index = grid.indexAtOrBefore(open)
      if (grid.openAt(index) !== open) {
        throw new RangeError(`no ${timeframe} candle opens at ${Instant.format(open)} on calendar ${options.id}`)
      }
      return grid.closeAt(index)
    },
    openAtOrBefore: (timeframe, instant) => {
      check(instant)
      const grid = gridOf(timeframe)
      return grid.openAt(grid.indexAtOrBefore(instant))
    },
    openAtOrAfter: (timeframe, instant) => {
      const grid = gridOf(timeframe)
      return grid.openAt(indexAtOrAfter(grid, instant))
    }
  }
}
