/**
 * What figures rest on beside the chain itself: rates, and how the years to an
 * expiry are counted. They are stored with every row, as words.
 */
import type * as Day from "@tidemark/calendars/Day"
import type { Calendar } from "@tidemark/core"
import * as Expiry from "./Expiry.ts"
import * as ImpliedVolatility from "./ImpliedVolatility.ts"

/**
 * How the years to an expiry are counted.
 *
 * - `weekdays/262`: Mondays to Fridays from today, which counts, to the expiry,
 *   which does not (numpy's `busday_count`); no holidays.
 * - `days/365`: all days.
 *
 * What expires today has one day.
 */
export type DayCount = "weekdays/262" | "days/365"

export interface Conventions {
  /** Shares a year, continuously compounded. */
  readonly rate: number
  readonly dividendYield: number
  readonly dayCount: DayCount
}

/** Spots that a profile is made of: so many, evenly from one share of the spot to another. */
export const grid = { points: 60, from: 0.8, to: 1.2 } as const

/** No rates; days are those on which the market can trade. */
export const standard = (calendar: Calendar.CalendarId): Conventions => ({
  rate: 0,
  dividendYield: 0,
  dayCount: calendar === "24/7" ? "days/365" : "weekdays/262"
})

/** Weekdays before a day, counted from Monday, 1969-12-29. */
const weekdaysBefore = (day: Day.Day): number => {
  const sinceMonday = day + 3
  const weeks = Math.floor(sinceMonday / 7)
  return weeks * 5 + Math.min(sinceMonday - weeks * 7, 5)
}

/** Never less than one day. */
export const yearsBetween = (dayCount: DayCount, today: Day.Day, expiry: Day.Day): number =>
  dayCount === "days/365"
    ? Math.max(1, expiry - today) / 365
    : Math.max(1, weekdaysBefore(expiry) - weekdaysBefore(today)) / 262

/** Whether a volatility is one to compute with: providers say 0 or 9.99 where they have none. */
export const isUsable = (volatility: number): boolean =>
  volatility >= ImpliedVolatility.lowest && volatility <= ImpliedVolatility.highest

/** As `name=value` words. */
export const describe = ({ dayCount, dividendYield, rate }: Conventions): string =>
  [
    `rate=${rate}`,
    `dividendYield=${dividendYield}`,
    `years=${dayCount}`,
    "sameDay=1",
    `settledAtOpen=${[...Expiry.settledAtOpen].join(",")}`,
    `volatility=${ImpliedVolatility.lowest}..${ImpliedVolatility.highest}`,
    `profile=${grid.points}@${grid.from}..${grid.to}`
  ].join(" ")
