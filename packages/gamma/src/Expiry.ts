/**
 * When contracts end, seen from one moment of an exchange.
 *
 * A contract ends with the session of its date, or with the last one before
 * where there is none on it (a Saturday, a holiday). Options on an index that
 * settle by its opening prices end as that session opens.
 */
import * as Day from "@tidemark/calendars/Day"
import type { Calendar, Gamma, Instant } from "@tidemark/core"
import { DateTime } from "effect"

export interface Moment {
  readonly at: Instant.EpochMillis
  /** The exchange's date then. */
  readonly today: Day.Day
  /** Date of the session that the moment lies in, or of the last one before. */
  readonly session: string
  readonly hours: Gamma.Hours
  /** Whether a contract of this root and expiration date has ended. */
  readonly isExpired: (root: string, expiry: Day.Day) => boolean
}

/**
 * Settled by opening prices at the main expiry of a month; all that VIX has
 * are. What else these indices have (SPXW, RUTW, …) settles at the close.
 *
 * Source: Cboe, "Index options product specifications".
 */
export const settledAtOpen: ReadonlySet<string> = new Set(["SPX", "RUT", "NDX", "VIX"])
const settledAtOpenAlways = "VIX"

/** Longer than any market was closed. */
const windowDays = 21
const friday = 4

/**
 * The main expiry of a month (January is 1; beyond 12 it runs over into the next year): the third Friday, or the session
 * before it where it is none. Around the clock it is the last Friday. Where the calendar knows nothing it is the Friday.
 */
export const monthly = (calendar: Calendar.Calendar, year: number, month: number): Day.Day => {
  if (calendar.id === "24/7") return Day.lastWeekday(year, month, friday)
  const third = Day.nthWeekday(year, month, 3, friday)
  const from = Math.max(calendar.span.from, (third - windowDays) * Day.millisPerDay)
  const to = Math.min(calendar.span.to, (third + 1) * Day.millisPerDay)
  const dates = new Set(from < to ? calendar.sessions({ from, to }).map(({ date }) => date) : [])
  for (let day = third; day > third - windowDays; day--) if (dates.has(Day.format(day))) return day
  return third
}

const dateAt = (instant: Instant.EpochMillis, timeZone: string): Day.Day => {
  const { day, month, year } = DateTime.toParts(DateTime.makeZonedUnsafe(instant, { timeZone }))
  return Day.make(year, month, day)
}

/** Throws a `RangeError` where the calendar does not know the moment. */
export const at = (calendar: Calendar.Calendar, instant: Instant.EpochMillis): Moment => {
  const today = dateAt(instant, calendar.timeZone)
  const lastDay = today + windowDays
  const sessions = calendar.sessions({
    from: Math.min(instant, Math.max(calendar.span.from, instant - windowDays * Day.millisPerDay)),
    to: Math.max(instant + 1, Math.min(calendar.span.to, instant + windowDays * Day.millisPerDay))
  })
  const settlement = (day: Day.Day): Calendar.Session | undefined => {
    const date = Day.format(day)
    return sessions.findLast((session) => session.date <= date)
  }
  const isOver = (expiry: Day.Day, atOpen: boolean): boolean => {
    const session = settlement(expiry)
    return session !== undefined && instant >= (atOpen ? session.open : session.close)
  }
  /** Of each date: whether it is over at the close, and whether it is over at the open. */
  const known = new Map<Day.Day, { readonly closed: boolean; readonly opened: boolean; readonly isMonthly: boolean }>()
  const of = (expiry: Day.Day) => {
    const found = known.get(expiry)
    if (found !== undefined) return found
    const { month, year } = Day.toParts(expiry)
    const made = {
      closed: isOver(expiry, false),
      opened: isOver(expiry, true),
      isMonthly: settlement(expiry)?.date === Day.format(monthly(calendar, year, month))
    }
    known.set(expiry, made)
    return made
  }
  const last = sessions.findLast((session) => session.open <= instant)
  return {
    at: instant,
    today,
    session: last?.date ?? Day.format(today),
    hours: last?.date === Day.format(today) ? "session" : "outside",
    isExpired: (root, expiry) => {
      if (expiry < today || expiry >= lastDay) return expiry < today
      const { closed, isMonthly, opened } = of(expiry)
      return closed || (opened && settledAtOpen.has(root) && (isMonthly || root === settledAtOpenAlways))
    }
  }
}
