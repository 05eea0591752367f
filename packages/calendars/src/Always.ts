/**
 * The calendar of a market that never closes: every UTC day is a session, and
 * intraday candles are those of the UTC clock. Weeks begin on Monday, 00:00
 * UTC. All answers are arithmetic; nothing is stored.
 */
import { type Calendar, Timeframe } from "@tidemark/core"
import { firstOfMonth, format, millisPerDay, monthIndex } from "./Day.ts"
import { calendar, type Grid } from "./Grid.ts"

/** 1970-01-05, a Monday. */
const firstMonday = 4 * millisPerDay

/** Candles of one length, one after the other; `origin` is the open of one of them. */
const fixed = (step: number, origin: number): Grid => ({
  indexAtOrBefore: (instant) => Math.floor((instant - origin) / step),
  openAt: (index) => origin + index * step,
  closeAt: (index) => origin + (index + 1) * step,
  write: (first, out) => {
    const from = origin + first * step
    const size = out.length
    for (let i = 0; i < size; i++) out[i] = from + i * step
  }
})

const months: Grid = {
  indexAtOrBefore: (instant) => monthIndex(Math.floor(instant / millisPerDay)),
  openAt: (index) => firstOfMonth(index) * millisPerDay,
  closeAt: (index) => firstOfMonth(index + 1) * millisPerDay,
  write: (first, out) => {
    for (let i = 0; i < out.length; i++) out[i] = firstOfMonth(first + i) * millisPerDay
  }
}

const grid = (timeframe: Timeframe.Timeframe): Grid =>
  timeframe === "1M" ? months : fixed(Timeframe.nominalMillis(timeframe), timeframe === "1w" ? firstMonday : 0)

export const make = (): Calendar.Calendar =>
  calendar({
    id: "24/7",
    timeZone: "UTC",
    isOpen: () => true,
    sessions: (interval) => {
      const first = Math.floor(interval.from / millisPerDay)
      const end = Math.ceil(interval.to / millisPerDay)
      return Array.from({ length: Math.max(0, end - first) }, (_, i) => ({
        date: format(first + i),
        open: (first + i) * millisPerDay,
        close: (first + i + 1) * millisPerDay
      }))
    },
    grid
  })
