/**
 * The New York Stock Exchange: 09:30 to 16:00 New York time on weekdays,
 * closed on holidays, short days before some of them.
 *
 * The rules reproduce the recorded calendar of the exchange session for
 * session from 1990 to 2023, half days included (`tools/conformance`). What
 * cannot follow from a rule, such as days of mourning, is in `adHocClosures`
 * and has to be added as it happens.
 *
 * **Gotcha**: hours are today's for all years, as in every daily history that
 * is stamped with a session open. In fact the floor opened at 10:00 until
 * September 1985 and closed at 15:30 until September 1974; no minutes of
 * those years are on offer anywhere.
 */
import type { Calendar } from "@tidemark/core"
import { type Day, easter, lastWeekday, make as makeDay, nthWeekday, toParts, weekday } from "./Day.ts"
import { type Hours, make as makeSessions } from "./Sessions.ts"
import { newYork } from "./Zone.ts"

const [monday, tuesday, wednesday, thursday, friday, saturday, sunday] = [0, 1, 2, 3, 4, 5, 6] as const

/** Full days that no rule foretells: blackout, hurricanes, mourning, attack. */
const adHocClosures: ReadonlySet<Day> = new Set([
  makeDay(1972, 12, 28),
  makeDay(1973, 1, 25),
  makeDay(1977, 7, 14),
  makeDay(1985, 9, 27),
  makeDay(1994, 4, 27),
  makeDay(2001, 9, 11),
  makeDay(2001, 9, 12),
  makeDay(2001, 9, 13),
  makeDay(2001, 9, 14),
  makeDay(2004, 6, 11),
  makeDay(2007, 1, 2),
  makeDay(2012, 10, 29),
  makeDay(2012, 10, 30),
  makeDay(2018, 12, 5),
  makeDay(2025, 1, 9)
])

/** Short days that no rule foretells. */
const adHocHalfDays: ReadonlySet<Day> = new Set([makeDay(1997, 12, 26), makeDay(1999, 12, 31), makeDay(2003, 12, 26)])

/** A holiday on a Saturday is kept on Friday, one on a Sunday on Monday. */
const nearest = (day: Day): Day => (weekday(day) === saturday ? day - 1 : weekday(day) === sunday ? day + 1 : day)

const holidays = (year: number): ReadonlySet<Day> => {
  const newYear = makeDay(year, 1, 1)
  const out = new Set([
    weekday(newYear) === sunday ? newYear + 1 : newYear,
    easter(year) - 2,
    nearest(makeDay(year, 7, 4)),
    nthWeekday(year, 9, 1, monday),
    nthWeekday(year, 11, 4, thursday),
    nearest(makeDay(year, 12, 25))
  ])
  if (year >= 1998) out.add(nthWeekday(year, 1, 3, monday))
  out.add(year >= 1971 ? nthWeekday(year, 2, 3, monday) : nearest(makeDay(year, 2, 22)))
  if (year >= 1971) out.add(lastWeekday(year, 5, monday))
  if (year >= 2022) out.add(nearest(makeDay(year, 6, 19)))
  if (year >= 1968 && year <= 1980 && year % 4 === 0) out.add(nthWeekday(year, 11, 1, monday) + 1)
  return out
}

const open = 9 * 60 + 30
const fullDay: Hours = { open, close: 16 * 60 }
const until14: Hours = { open, close: 14 * 60 }
const until13: Hours = { open, close: 13 * 60 }

const hoursOnTradingDay = (day: Day): Hours => {
  const { dayOfMonth, month, year } = toParts(day)
  const onWeekday = weekday(day)
  if (month === 12 && dayOfMonth === 24 && onWeekday <= thursday) return year < 1993 ? until14 : until13
  if (month === 11 && day === nthWeekday(year, 11, 4, thursday) + 1 && year >= 1992) {
    return year === 1992 ? until14 : until13
  }
  if (month === 7 && dayOfMonth === 3 && year >= 1995) {
    if (onWeekday === monday || onWeekday === tuesday || onWeekday === thursday) return until13
    if (onWeekday === wednesday && year >= 2013) return until13
  }
  if (month === 7 && dayOfMonth === 5 && onWeekday === friday && year >= 1995 && year <= 2012) return until13
  return adHocHalfDays.has(day) ? until13 : fullDay
}

export const make = (): Calendar.Calendar => {
  const holidaysOf = new Map<number, ReadonlySet<Day>>()
  return makeSessions({
    id: "XNYS",
    timeZone: "America/New_York",
    zone: newYork,
    hours: (day) => {
      if (weekday(day) >= saturday || adHocClosures.has(day)) return undefined
      const { year } = toParts(day)
      let closed = holidaysOf.get(year)
      if (closed === undefined) holidaysOf.set(year, (closed = holidays(year)))
      return closed.has(day) ? undefined : hoursOnTradingDay(day)
    }
  })
}
