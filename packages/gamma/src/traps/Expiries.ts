/**
 * What expires when. Weeks are those of the calendar, Monday to Sunday, by the
 * date of expiry; exposures are gross: calls and puts without their signs, in
 * dollars for a move of one percent.
 */
import * as Day from "@tidemark/calendars/Day"
import type { Calendar } from "@tidemark/core"
import * as Expiry from "../Expiry.ts"
import type { Exposure } from "../Exposure.ts"

const grossWhere = ({ cells }: Exposure, isCounted: (expiry: Day.Day) => boolean): number => {
  let sum = 0
  for (let i = 0; i < cells.expiry.length; i++) {
    if (isCounted(cells.expiry[i]!)) sum += Math.abs(cells.call[i]!) + Math.abs(cells.put[i]!)
  }
  return sum
}

/** From today to Sunday. */
export const grossThisWeek = (exposure: Exposure): number => {
  const week = Day.weekIndex(exposure.today)
  return grossWhere(exposure, (expiry) => expiry >= exposure.today && Day.weekIndex(expiry) === week)
}

/** The whole week that follows on this one. */
export const grossNextWeek = (exposure: Exposure): number => {
  const week = Day.weekIndex(exposure.today) + 1
  return grossWhere(exposure, (expiry) => Day.weekIndex(expiry) === week)
}

/** The next main expiry of a month. That of today counts while anything of it is left. */
export const monthly = (calendar: Calendar.Calendar, { cells, today }: Pick<Exposure, "cells" | "today">): Day.Day => {
  const { month, year } = Day.toParts(today)
  for (let ahead = 0; ; ahead++) {
    const day = Expiry.monthly(calendar, year, month + ahead)
    if (day > today || (day === today && cells.expiry.includes(day))) return day
  }
}

const urgencies = [
  { days: 7, factor: 2 },
  { days: 14, factor: 1.5 },
  { days: 21, factor: 1.2 }
]

export interface Magnet {
  readonly expiry: Day.Day
  readonly strength: number
}

/**
 * How strongly a strike pulls at the next monthly expiry: |γ| / 1e9 · OI / 1e4
 * · m · 2, of the calls of that strike and expiry alone. |γ| is their exposure
 * in dollars for a move of one percent, OI their open interest, m 2 within 7
 * days, 1.5 within 14, 1.2 within 21, else 1.
 */
export const callMagnet = (calendar: Calendar.Calendar, exposure: Exposure, strike: number): Magnet => {
  const { cells, today } = exposure
  const expiry = monthly(calendar, exposure)
  const factor = urgencies.find(({ days }) => expiry - today <= days)?.factor ?? 1
  const cell = cells.strike.findIndex((value, i) => value === strike && cells.expiry[i] === expiry)
  const strength =
    cell < 0 ? 0 : (Math.abs(cells.call[cell]!) / 1e9) * (cells.callOpenInterest[cell]! / 1e4) * factor * 2
  return { expiry, strength }
}
