/** What a stored series lacks of what is wanted of it. Pure. */
import { Coverage, type Gap, Interval, Series } from "@tidemark/core"
import type { Chosen } from "./Choice.ts"
import * as ReaderError from "./ReaderError.ts"

/** Where there is no candle anywhere: none was traded. */
const nowhere: ReadonlySet<Gap.GapCause> = new Set(["no-trades", "not-listed", "delisted"])
/** Where the source has none, and everybody knows why. */
const explained: ReadonlySet<Gap.GapCause> = new Set([...nowhere, "outage"])

const of = (gaps: ReadonlyArray<Gap.Gap>, causes: ReadonlySet<Gap.GapCause>): Interval.IntervalSet =>
  Interval.normalize(gaps.filter(({ cause }) => causes.has(cause)).map(({ interval }) => interval))

export interface Lacking {
  /** Where another source might have candles. */
  readonly fillable: Interval.IntervalSet
  /** Where candles are missing that nobody has an explanation for. */
  readonly missing: Interval.IntervalSet
}

/** `gaps`: those that somebody has looked into. */
export const lacking = (chosen: Chosen, gaps: ReadonlyArray<Gap.Gap>): Lacking => {
  const { calendar, life, stored } = chosen
  const { coverage, series } = stored
  if (life === undefined) return { fillable: [], missing: [] }
  const own = gaps.filter((gap) => Series.equals(gap.series, series))
  const absent = Interval.union(
    Interval.difference([life], Coverage.fetchedSet(coverage)),
    Interval.intersection(Interval.normalize(coverage.empty), [life])
  )
  const less = (causes: ReadonlySet<Gap.GapCause>) =>
    Interval.difference(absent, of(own, causes)).filter(
      (interval) => calendar.countOpens(series.timeframe, interval) > 0
    )
  return { fillable: less(nowhere), missing: less(explained) }
}

/** Why what is stored is not all of what is wanted, or not as it should be. */
export const problems = (chosen: Chosen, missing: Interval.IntervalSet): ReadonlyArray<ReaderError.ReaderError> => {
  const { adjust, calendar, interval, life, stored } = chosen
  const { coverage, rows, series } = stored
  if (life === undefined) return []
  const fail = (reason: ReaderError.Reason) => new ReaderError.ReaderError({ series, reason })
  const ledger = Coverage.rows(coverage)
  const found: Array<ReaderError.ReaderError> = []
  if (rows !== ledger) found.push(fail(new ReaderError.Damaged({ rows, ledger, range: interval })))
  if (missing.length > 0) {
    const opens = (one: Interval.Interval) => calendar.countOpens(series.timeframe, one)
    const hull = missing.reduce(Interval.hull)
    found.push(
      fail(
        new ReaderError.Missing({
          ranges: missing.map(({ from, to }) => ({ from, to, missing: opens({ from, to }) })),
          expected: opens(life),
          hull: { from: hull.from, to: hull.to },
          wasAsked: Interval.difference(missing, Coverage.fetchedSet(coverage)).length === 0
        })
      )
    )
  }
  // Adjusted reads look at this themselves.
  if (adjust === "none") {
    for (const { from, since, to } of coverage.stale) {
      const range = Interval.intersect({ from, to }, life)
      if (range !== undefined) found.push(fail(new ReaderError.Stale({ range, since })))
    }
  }
  return found
}
