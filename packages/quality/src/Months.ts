/** How complete a series is, month by month in UTC. Pure. */
import { type Calendar, Gap, Interval, type QualityStore, type Timeframe } from "@tidemark/core"
import { DateTime } from "effect"
import type * as Anomaly from "./Anomaly.ts"

/** Share of the expected candles that a month is to have at the least. */
export const target = 0.99

/** A month, and what of it is meant. */
export interface Piece {
  /** Its first instant. */
  readonly month: number
  readonly whole: Interval.Interval
  readonly interval: Interval.Interval
}

/** The months that an interval touches, each cut to it. */
export const months = (interval: Interval.Interval): ReadonlyArray<Piece> => {
  const all: Array<Piece> = []
  for (let { from } = interval; from < interval.to;) {
    const start = DateTime.startOf(DateTime.makeUnsafe(from), "month")
    const month = DateTime.toEpochMillis(start)
    const next = DateTime.toEpochMillis(DateTime.add(start, { months: 1 }))
    all.push({ month, whole: { from: month, to: next }, interval: { from, to: Math.min(next, interval.to) } })
    from = next
  }
  return all
}

export interface Asked {
  readonly calendar: Calendar.Calendar
  readonly timeframe: Timeframe.Timeframe
  /** What there should be candles of. */
  readonly wanted: Interval.IntervalSet
  readonly gaps: ReadonlyArray<Gap.Gap>
  readonly anomalies: ReadonlyArray<Pick<Anomaly.Anomaly, "interval">>
}

/** Candles that are missing in an interval, of the gaps that `counts`. */
const missingIn = (
  { calendar, timeframe, gaps }: Asked,
  interval: Interval.Interval,
  counts: (gap: Gap.Gap) => boolean
): number =>
  gaps.reduce((sum, gap) => {
    // What is not wanted is not expected either.
    const isMissing = gap.cause !== "not-wanted" && counts(gap)
    const common = isMissing ? Interval.intersect(gap.interval, interval) : undefined
    return common === undefined ? sum : sum + calendar.countOpens(timeframe, common)
  }, 0)

/** Months in which the market had no candle are left out, and those of which nothing is wanted. */
export const summarize = (asked: Asked): ReadonlyArray<QualityStore.Month> => {
  const { calendar, timeframe, wanted } = asked
  if (wanted.length === 0) return []
  return months(wanted.reduce(Interval.hull)).flatMap(({ interval, month }): ReadonlyArray<QualityStore.Month> => {
    const expected = Interval.intersection(wanted, [interval]).reduce(
      (sum, part) => sum + calendar.countOpens(timeframe, part),
      0
    )
    if (expected === 0) return []
    return [
      {
        month,
        expected,
        actual: expected - missingIn(asked, interval, () => true),
        open: Gap.byOpenCause((cause) => missingIn(asked, interval, (gap) => gap.cause === cause)),
        hasAnomalies: asked.anomalies.some((anomaly) => Interval.overlaps(anomaly.interval, interval))
      }
    ]
  })
}
