/**
 * When a market trades, and so which candles there should be.
 *
 * This is the contract; the calendars themselves are in
 * `@tidemark/calendars`. All instants are epoch milliseconds UTC.
 *
 * Candles lie on the session grid: an intraday candle opens a whole number of
 * its lengths after the session opens and ends, at the latest, with the
 * session; a `1d` candle opens and closes with its session; `1w` and `1M`
 * open with the first session of the week (from Monday) or month and close
 * with the last. On a calendar that never closes the session is the UTC day,
 * so that intraday candles are those of the UTC clock.
 */
import { Schema } from "effect"
import { type EpochMillis, format } from "./Instant.ts"
import type { Interval } from "./Interval.ts"
import { nominalMillis, type Timeframe } from "./Timeframe.ts"

/** `24/7` crypto, `24/5` foreign exchange, `XNYS` New York Stock Exchange (ISO 10383 code). */
export const CalendarId = Schema.Literals(["24/7", "24/5", "XNYS"])
export type CalendarId = typeof CalendarId.Type

export interface Session {
  /** The trading day's date in the market's own zone, `YYYY-MM-DD`. */
  readonly date: string
  readonly open: EpochMillis
  /** First instant after the session. */
  readonly close: EpochMillis
}

export interface Calendar {
  readonly id: CalendarId
  /** IANA name of the market's time zone. */
  readonly timeZone: string
  /** The time that the calendar knows; outside it the functions below throw a `RangeError`. */
  readonly span: Interval
  readonly isOpen: (instant: EpochMillis) => boolean
  /** The sessions that have at least one instant in the interval, ascending. */
  readonly sessions: (interval: Interval) => ReadonlyArray<Session>
  /** Every candle open in `[from, to)`, ascending. */
  readonly openTimes: (timeframe: Timeframe, interval: Interval) => Float64Array
  /** `openTimes(…).length`, without building the column. */
  readonly countOpens: (timeframe: Timeframe, interval: Interval) => number
  /** The first instant after the candle that opens at `open`, an instant of the grid. */
  readonly closeOf: (timeframe: Timeframe, open: EpochMillis) => EpochMillis
  /** The latest open at or before `instant`. */
  readonly openAtOrBefore: (timeframe: Timeframe, instant: EpochMillis) => EpochMillis
  /** The earliest open at or after `instant`. */
  readonly openAtOrAfter: (timeframe: Timeframe, instant: EpochMillis) => EpochMillis
}

/**
 * The end of what is final at `now`: every candle that opens before it has
 * closed, and the next one has not. Sources and planners cut here, so that no
 * unfinished candle is ever asked for or kept.
 */
export const closedUntil = (calendar: Calendar, timeframe: Timeframe, now: EpochMillis): EpochMillis => {
  const open = calendar.openAtOrBefore(timeframe, now)
  return calendar.closeOf(timeframe, open) > now ? open : calendar.openAtOrAfter(timeframe, open + 1)
}

/** Two candles where the timeframe has room for one, in words: most likely those of a shorter timeframe. */
export const crowding = (
  openTime: Float64Array,
  { calendar, timeframe }: { readonly calendar: Calendar; readonly timeframe: Timeframe }
): string | undefined => {
  const length = nominalMillis(timeframe)
  for (let i = 1; i < openTime.length; i++) {
    const [a, b] = [openTime[i - 1]!, openTime[i]!]
    // Closer than a candle is long happens around a session's end or a change of an offset; only then is the grid asked.
    if (b - a >= length || calendar.openAtOrBefore(timeframe, a) !== calendar.openAtOrBefore(timeframe, b)) continue
    return `the candles of ${format(a)} and ${format(b)} lie in one ${timeframe}; is this another timeframe?`
  }
  return undefined
}

/**
 * When a candle is over that is stored, whatever it opens at: one that lies off
 * the grid, as its source has it, lasts as long as its timeframe says.
 */
export const endOf = (calendar: Calendar, timeframe: Timeframe, open: EpochMillis): EpochMillis =>
  calendar.openAtOrBefore(timeframe, open) === open
    ? calendar.closeOf(timeframe, open)
    : open + nominalMillis(timeframe)
