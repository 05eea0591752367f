/**
 * Where candles lie on the calendar, found for one after the other with a
 * look at the calendar every some thousand.
 */
import { Candles, Instant, type Interval, Timeframe } from "@tidemark/core"
import * as Anomaly from "./Anomaly.ts"

const dayMillis = 86_400_000

/** Where a candle lies on the calendar. */
export interface Place {
  /** Whether the calendar has a candle that opens there. */
  isExpected: boolean
  /** Milliseconds since the market has opened after a pause, modulo a day: the time of day of its session. */
  timeOfDay: number
}

/** Finds the places of candles that mostly ascend; the object that it returns is reused. */
export const finder = ({ calendar, timeframe }: Anomaly.Context) => {
  const { span } = calendar
  const candleMillis = Timeframe.nominalMillis(timeframe)
  const isIntraday = Timeframe.isIntraday(timeframe)
  const stretch = Math.max(8 * dayMillis, 4_096 * candleMillis)
  const place: Place = { isExpected: false, timeOfDay: 0 }
  let opens: Float64Array = Candles.empty.openTime
  let known: Interval.Interval = { from: 0, to: 0 }
  let at = 0
  const since = { opened: 0 }

  const look = (open: number): void => {
    const from = Math.max(span.from, calendar.openAtOrBefore(isIntraday ? "1d" : timeframe, open))
    known = { from, to: Math.min(span.to, Math.max(from, open) + stretch) }
    opens = calendar.openTimes(timeframe, known)
    at = 0
    since.opened = opens[0] ?? from
  }

  return {
    /** Whether the calendar knows the time at all. */
    isKnown: (open: number): boolean => open >= span.from && open < span.to && Number.isInteger(open),
    of: (open: number): Place => {
      if (open < known.from || open >= known.to || (at > 0 && open < opens[at - 1]!)) look(open)
      while (at < opens.length && opens[at]! < open) {
        at++
        if (at < opens.length && opens[at]! - opens[at - 1]! > candleMillis) since.opened = opens[at]!
      }
      place.isExpected = opens[at] === open
      place.timeOfDay = isIntraday ? (open - since.opened) % dayMillis : 0
      return place
    }
  }
}

/** A candle whose time is none: the finding is put at the end of what the calendar knows that is nearer. */
export const notInTime = ({ calendar: { span } }: Anomaly.Context, open: number): Anomaly.Anomaly => {
  const within = open < span.to ? Math.max(span.from, Math.floor(open)) : span.to - 1
  return Anomaly.at(
    "off-grid",
    within,
    `a candle opens at ${Instant.format(open)}, which is no time that the calendar knows`
  )
}
