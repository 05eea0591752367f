/** Which of the candles that there should be a stored series lacks, for those who read it. Pure. */
import type { Calendar } from "./Calendar.ts"
import { type Coverage, fetchedSet } from "./Coverage.ts"
import type { Gap, GapCause } from "./Gap.ts"
import * as Interval from "./Interval.ts"
import { equals, type Series } from "./Series.ts"

/** Where there is no candle anywhere: none was traded. */
const nowhere: ReadonlySet<GapCause> = new Set(["no-trades", "not-listed", "delisted"])
/** Where the source has none, and everybody knows why. */
const explained: ReadonlySet<GapCause> = new Set([...nowhere, "outage"])

const of = (gaps: ReadonlyArray<Gap>, causes: ReadonlySet<GapCause>): Interval.IntervalSet =>
  Interval.normalize(gaps.filter(({ cause }) => causes.has(cause)).map(({ interval }) => interval))

export interface Lacking {
  /** Where another source might have candles. */
  readonly fillable: Interval.IntervalSet
  /** Where candles are missing that nobody has an explanation for. */
  readonly missing: Interval.IntervalSet
}

/** What is lacking inside `life`; `gaps` are those that somebody has looked into, of this series and others. */
export const lacking = (
  series: Series,
  calendar: Calendar,
  coverage: Coverage,
  life: Interval.Interval,
  gaps: ReadonlyArray<Gap>
): Lacking => {
  const own = gaps.filter((gap) => equals(gap.series, series))
  const absent = Interval.union(
    Interval.difference([life], fetchedSet(coverage)),
    Interval.intersection(Interval.normalize(coverage.empty), [life])
  )
  const less = (causes: ReadonlySet<GapCause>) =>
    Interval.difference(absent, of(own, causes)).filter(
      (interval) => calendar.countOpens(series.timeframe, interval) > 0
    )
  return { fillable: less(nowhere), missing: less(explained) }
}
