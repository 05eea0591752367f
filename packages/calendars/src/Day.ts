/**
 * Calendar dates as day numbers: whole days since 1970-01-01, so that dates
 * compare, subtract and index arrays as plain integers.
 *
 * A day number is a date on a wall calendar, of no time zone: `Zone` says when
 * it begins somewhere. The conversions are the civil-calendar algorithms of
 * Howard Hinnant (https://howardhinnant.github.io/date_algorithms.html), exact
 * for the proleptic Gregorian calendar.
 */

/** Whole days since 1970-01-01. */
export type Day = number

export const millisPerDay = 86_400_000

/** Months count from 1; a month or day beyond its range runs over into the next one. */
export const make = (year: number, month: number, dayOfMonth: number): Day => {
  const monthIndex = year * 12 + month - 1
  const y = Math.floor(monthIndex / 12) - (monthIndex % 12 < 2 ? 1 : 0)
  const m = (monthIndex + 10) % 12
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * m + 2) / 5) + dayOfMonth - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

export interface Parts {
  readonly year: number
  /** From 1. */
  readonly month: number
  readonly dayOfMonth: number
}

export const toParts = (day: Day): Parts => {
  const z = day + 719_468
  const era = Math.floor(z / 146_097)
  const dayOfEra = z - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const m = Math.floor((5 * dayOfYear + 2) / 153)
  const month = m < 10 ? m + 3 : m - 9
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    dayOfMonth: dayOfYear - Math.floor((153 * m + 2) / 5) + 1
  }
}

/** `YYYY-MM-DD`. */
export const format = (day: Day): string => {
  const { year, month, dayOfMonth } = toParts(day)
  return `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}-${String(dayOfMonth).padStart(2, "0")}`
}

/** 0 Monday … 6 Sunday. */
export const weekday = (day: Day): number => (((day + 3) % 7) + 7) % 7

/** Weeks from Monday, counted from the one that begins on 1970-01-05; two days of one week have the same number. */
export const weekIndex = (day: Day): number => Math.floor((day - 4) / 7)

/** Months since January 1970. */
export const monthIndex = (day: Day): number => {
  const { year, month } = toParts(day)
  return (year - 1970) * 12 + month - 1
}

/** The first day of a month counted as `monthIndex` does. */
export const firstOfMonth = (index: number): Day => make(1970, index + 1, 1)

/** The `nth` (from 1) of a weekday in a month. */
export const nthWeekday = (year: number, month: number, nth: number, day: number): Day => {
  const first = make(year, month, 1)
  return first + ((day - weekday(first) + 7) % 7) + (nth - 1) * 7
}

/** The last of a weekday in a month. */
export const lastWeekday = (year: number, month: number, day: number): Day => {
  const last = make(year, month + 1, 1) - 1
  return last - ((weekday(last) - day + 7) % 7)
}

/** Easter Sunday of the Gregorian calendar (the anonymous computus of 1876). */
export const easter = (year: number): Day => {
  const a = year % 19
  const b = Math.floor(year / 100)
  const c = year % 100
  const d = Math.floor(b / 4)
  const e = b % 4
  const g = Math.floor((8 * b + 13) / 25)
  const h = (19 * a + b - d - g + 15) % 30
  const i = Math.floor(c / 4)
  const k = c % 4
  const l = (32 + 2 * e + 2 * i - h - k) % 7
  const m = Math.floor((a + 11 * h + 22 * l) / 451)
  const n = h + l - 7 * m + 114
  return make(year, Math.floor(n / 31), (n % 31) + 1)
}
