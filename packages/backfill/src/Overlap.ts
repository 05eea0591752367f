/**
 * What another source is asked for on account of gaps: each gap, and candles
 * around it by which the two are compared. Pure.
 *
 * Gaps that lie close together share what is between them. Where there are
 * many far apart, less is asked for around each, so that comparing never costs
 * much more than what it is about.
 */
import { type Calendar, Interval, type Timeframe } from "@tidemark/core"
import * as Plan from "./Plan.ts"

/** Candles on either side of a gap. */
export const opensAround = 100
/** Fewer on either side than these prove nothing. */
export const fewestAround = 20
/** Candles around all gaps of a series together, as long as each has the fewest. */
export const mostAround = 20_000

export interface Where {
  readonly calendar: Calendar.Calendar
  readonly timeframe: Timeframe.Timeframe
  /** What the series was asked for: where it has nothing there is nothing to compare. */
  readonly extent: Interval.Interval
}

/** From an instant to the open that comes `count` opens later. */
const ahead = ({ calendar, extent, timeframe }: Where, from: number, count: number): number => {
  let open = calendar.openAtOrAfter(timeframe, from)
  for (let i = 0; i < count && open < extent.to; i++) open = calendar.openAtOrAfter(timeframe, open + 1)
  return Math.min(open, extent.to)
}

/** A gap with so many candles on either side, as far as the series reaches. */
const around = (where: Where, gap: Interval.Interval, count: number): Interval.Interval => ({
  from: Math.min(
    gap.from,
    Math.max(where.extent.from, Plan.newest(where.calendar, where.timeframe, gap.from, count).from)
  ),
  to: Math.max(gap.to, ahead(where, gap.to, count))
})

const opensIn = ({ calendar, timeframe }: Where, set: Interval.IntervalSet): number =>
  set.reduce((sum, interval) => sum + calendar.countOpens(timeframe, interval), 0)

/** For each gap, in order, the interval that it is asked for with. */
export const windows = (where: Where, gaps: ReadonlyArray<Interval.Interval>): ReadonlyArray<Interval.Interval> => {
  const missing = opensIn(where, Interval.normalize(gaps))
  for (let count = opensAround; ; count = Math.max(fewestAround, count >> 1)) {
    const all = gaps.map((gap) => around(where, gap, count))
    if (count === fewestAround || opensIn(where, Interval.normalize(all)) - missing <= mostAround) return all
  }
}
