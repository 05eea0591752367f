/**
 * The trading calendars that Tidemark knows, by id.
 *
 * They are pure: rules, no data files, no clock. Each is made when first
 * asked for and then shared. They answer for the years 1970 to 2100 and throw
 * a `RangeError` for an instant outside, as well as for `closeOf` an instant
 * at which no candle opens.
 */
import type { Calendar } from "@tidemark/core"
import { make as makeAlways } from "./Always.ts"
import { make as makeForex } from "./Forex.ts"
import { make as makeXnys } from "./Xnys.ts"

const makers: Record<Calendar.CalendarId, () => Calendar.Calendar> = {
  "24/7": makeAlways,
  "24/5": makeForex,
  XNYS: makeXnys
}

const made = new Map<Calendar.CalendarId, Calendar.Calendar>()

/** The calendar with this id, always the same object. */
export const get = (id: Calendar.CalendarId): Calendar.Calendar => {
  let calendar = made.get(id)
  if (calendar === undefined) made.set(id, (calendar = makers[id]()))
  return calendar
}
