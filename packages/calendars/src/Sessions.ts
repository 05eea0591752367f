/**
 * The calendar of a market with sessions, from a rule that gives the session
 * of a local date.
 *
 * The rule is asked once for every date, when the calendar is first used
 * (some tens of milliseconds), and the sessions are kept as columns. An
 * intraday grid adds one prefix sum over them, so that finding or counting
 * candles costs a binary search however long the range.
 *
 * **Gotchas**
 *
 * - Sessions must not overlap and must be in the order of their dates.
 * - A candle belongs to the week and month of its session's date, not of its
 *   UTC open: the foreign-exchange session of Monday opens on Sunday.
 */
import { type Calendar, type Instant, Timeframe } from "@tidemark/core"
import { type Day, format, make as makeDay, monthIndex, weekIndex } from "./Day.ts"
import { calendar, type Grid, tableYears } from "./Grid.ts"
import type { Zone } from "./Zone.ts"

/** Minutes of the wall clock from local midnight of the session's date; negative on the evening before. */
export interface Hours {
  readonly open: number
  readonly close: number
}

export interface Rule {
  readonly id: Calendar.CalendarId
  readonly zone: () => Zone
  readonly timeZone: string
  /** The session of a local date; `undefined` when the market is closed on it. */
  readonly hours: (day: Day) => Hours | undefined
}

interface Table {
  readonly days: Int32Array
  readonly opens: Float64Array
  readonly closes: Float64Array
}

const build = (rule: Rule): Table => {
  const zone = rule.zone()
  const first = makeDay(tableYears.first, 1, 1)
  const end = makeDay(tableYears.last + 1, 1, 1)
  const days = new Int32Array(end - first)
  const opens = new Float64Array(end - first)
  const closes = new Float64Array(end - first)
  let count = 0
  for (let day = first; day < end; day++) {
    const hours = rule.hours(day)
    if (hours === undefined) continue
    days[count] = day
    opens[count] = zone.toUtc(day, hours.open)
    closes[count] = zone.toUtc(day, hours.close)
    count++
  }
  return { days: days.slice(0, count), opens: opens.slice(0, count), closes: closes.slice(0, count) }
}

/** Position of the last element ≤ `value` of an ascending column; -1 where there is none. */
const lastAtOrBefore = (column: Float64Array, value: number): number => {
  let low = 0
  let high = column.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (column[middle]! <= value) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Candles that are cut from the sessions; the last one of a session ends with it. */
const intraday = (table: Table, step: number): Grid => {
  const { opens, closes } = table
  const firstIndex = new Float64Array(opens.length + 1)
  for (let s = 0; s < opens.length; s++) {
    firstIndex[s + 1] = firstIndex[s]! + Math.ceil((closes[s]! - opens[s]!) / step)
  }
  const openAt = (index: number): Instant.EpochMillis => {
    const s = lastAtOrBefore(firstIndex, index)
    return opens[s]! + (index - firstIndex[s]!) * step
  }
  return {
    indexAtOrBefore: (instant) => {
      const s = lastAtOrBefore(opens, instant)
      return Math.min(firstIndex[s]! + Math.floor((instant - opens[s]!) / step), firstIndex[s + 1]! - 1)
    },
    openAt,
    closeAt: (index) => Math.min(openAt(index) + step, closes[lastAtOrBefore(firstIndex, index)]!),
    write: (first, out) => {
      let s = lastAtOrBefore(firstIndex, first)
      let open = opens[s]! + (first - firstIndex[s]!) * step
      for (let i = 0; i < out.length; s++, open = opens[s]!) {
        for (const close = closes[s]!; open < close && i < out.length; open += step) out[i++] = open
      }
    }
  }
}

/** Candles of one or more whole sessions: those with the same key form one. */
const grouped = (table: Table, keyOf: (day: Day) => number): Grid => {
  const opens = new Float64Array(table.days.length)
  const closes = new Float64Array(table.days.length)
  let count = 0
  let last = NaN
  for (let s = 0; s < table.days.length; s++) {
    const key = keyOf(table.days[s]!)
    if (key !== last) opens[count++] = table.opens[s]!
    closes[count - 1] = table.closes[s]!
    last = key
  }
  const found = opens.slice(0, count)
  return {
    indexAtOrBefore: (instant) => lastAtOrBefore(found, instant),
    openAt: (index) => found[index]!,
    closeAt: (index) => closes[index]!,
    write: (first, out) => out.set(found.subarray(first, first + out.length))
  }
}

export const make = (rule: Rule): Calendar.Calendar => {
  let made: Table | undefined
  const table = (): Table => (made ??= build(rule))
  return calendar({
    id: rule.id,
    timeZone: rule.timeZone,
    isOpen: (instant) => {
      const { closes, opens } = table()
      return instant < closes[lastAtOrBefore(opens, instant)]!
    },
    sessions: (interval) => {
      const { closes, days, opens } = table()
      const out = []
      let s = lastAtOrBefore(opens, interval.from)
      if (closes[s]! <= interval.from) s++
      for (; opens[s]! < interval.to; s++) out.push({ date: format(days[s]!), open: opens[s]!, close: closes[s]! })
      return out
    },
    grid: (timeframe) => {
      if (Timeframe.isIntraday(timeframe)) return intraday(table(), Timeframe.nominalMillis(timeframe))
      if (timeframe === "1d") return grouped(table(), (day) => day)
      return grouped(table(), timeframe === "1w" ? weekIndex : monthIndex)
    }
  })
}
