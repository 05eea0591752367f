/**
 * Bars as Massive puts them together.
 *
 * A bar is a window of New York's wall clock: intraday windows count from
 * midnight, a week begins on Sunday. It is made of base bars, minutes for
 * anything shorter than a day and days else, and a page is as many whole
 * windows as its limit of base bars allows. Every window that touches the
 * range that is asked for is in the answer, whole, so that the first one may
 * begin before the range.
 */
import { Candles, Instant, type Interval } from "@tidemark/core"
import { DateTime, Option } from "effect"
import { calendar, type Equity, rescale, sessionOpen, splitsOf } from "./Equity.ts"
import type * as ExchangeFault from "./ExchangeFault.ts"

const minuteMillis = 60_000
const dayMillis = 86_400_000
/** New York's sessions open at half past nine. */
const midnightToOpenMillis = 570 * minuteMillis

export const spans = ["minute", "hour", "day", "week", "month", "quarter", "year"] as const
export type Span = (typeof spans)[number]

export interface Asked {
  readonly multiplier: number
  readonly span: Span
  /** Both included. */
  readonly from: Instant.EpochMillis
  readonly to: Instant.EpochMillis
  readonly adjusted: boolean
  readonly sort: "asc" | "desc"
  /** Base bars. */
  readonly limit: number
}

/** A row of an answer, in ascending windows. */
export interface Bar extends ExchangeFault.Row {
  /** Volume-weighted average price; absent where nothing was traded. */
  readonly vwap?: number
  /** Trades, where the share tells. */
  readonly trades?: number
}

interface Window {
  readonly start: Instant.EpochMillis
  /** First instant after it. */
  readonly end: Instant.EpochMillis
}

export interface Page {
  readonly bars: ReadonlyArray<Bar>
  readonly baseBars: number
  /** The range that is left, where there is more. */
  readonly rest?: { readonly from: Instant.EpochMillis; readonly to: Instant.EpochMillis }
}

/** The instant at which a date begins in New York. */
export const midnightOf = (date: string): Instant.EpochMillis =>
  DateTime.toEpochMillis(DateTime.makeZonedUnsafe(date, { timeZone: calendar.timeZone, adjustForTimeZone: true }))

const dayNumber = (date: string): number => Option.getOrThrow(Instant.parse(date)) / dayMillis
const dateOf = (day: number): string => Instant.formatDate(day * dayMillis)
const monthDate = (month: number): string => `${Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, "0")}-01`

/** 1970-01-04, a Sunday. */
const firstSunday = 3
const months: Partial<Record<Span, number>> = { month: 1, quarter: 3, year: 12 }

/** The window of a session's date, for bars of whole days: its first date and that of the next one. */
const datesAround = (date: string, multiplier: number, span: Span): readonly [string, string] => {
  const size = months[span]
  if (size !== undefined) {
    const length = size * multiplier
    const month = Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7)) - 1
    const first = Math.floor(month / length) * length
    return [monthDate(first), monthDate(first + length)]
  }
  const [origin, length] = span === "week" ? [firstSunday, 7 * multiplier] : [0, multiplier]
  const first = origin + Math.floor((dayNumber(date) - origin) / length) * length
  return [dateOf(first), dateOf(first + length)]
}

/** Which windows there are, and of which base bars they are made. */
const layoutOf = ({ multiplier, span }: Asked) => {
  if (span !== "minute" && span !== "hour") {
    return {
      timeframe: "1d",
      minutesPerRow: undefined,
      /** No window is longer. */
      reachMillis: ((months[span] ?? 0) * 31 + (span === "week" ? 7 : 1)) * multiplier * dayMillis,
      windowOf: (date: string): Window => {
        const [first, next] = datesAround(date, multiplier, span)
        return { start: midnightOf(first), end: midnightOf(next) }
      }
    } as const
  }
  const stepMinutes = multiplier * (span === "hour" ? 60 : 1)
  // The longest rows of which every window has whole ones: sessions open a multiple of half an hour after midnight.
  const minutesPerRow = ([30, 15, 5, 3] as const).find((minutes) => stepMinutes % minutes === 0) ?? 1
  return {
    timeframe: `${minutesPerRow}m`,
    minutesPerRow,
    reachMillis: dayMillis,
    windowOf: (_date: string, midnight: Instant.EpochMillis, open: Instant.EpochMillis): Window => {
      const step = stepMinutes * minuteMillis
      const start = midnight + Math.floor((open - midnight) / step) * step
      return { start, end: start + step }
    }
  } as const
}

/** Prices in today's shares: what the provider gives unless it is asked for raw ones. */
const adjust = (equity: Equity, candles: Candles.Candles): Candles.Candles => {
  const splits = splitsOf(equity).map(({ exDate, from, to }) => ({ at: sessionOpen(exDate), factor: from / to }))
  if (splits.length === 0) return candles
  return rescale(candles, (open) =>
    splits.reduce((product, { at, factor }) => (at > open ? product * factor : product), 1)
  )
}

const roundedPrice = (price: number): number => Math.round(price * 10_000) / 10_000

const barOf = (candles: Candles.Candles, first: number, end: number, window: Window): Bar => {
  const rows = Candles.slice(candles, first, end)
  const sum = (column: Float64Array) => column.reduce((total, value) => total + value, 0)
  const volume = sum(rows.volume)
  return {
    time: window.start / 1_000,
    open: rows.open[0]!,
    high: rows.high.reduce((a, b) => Math.max(a, b)),
    low: rows.low.reduce((a, b) => Math.min(a, b)),
    close: rows.close.at(-1)!,
    volume,
    ...(rows.quoteVolume === undefined || volume === 0 ? {} : { vwap: roundedPrice(sum(rows.quoteVolume) / volume) }),
    ...(rows.trades === undefined ? {} : { trades: sum(rows.trades) })
  }
}

/** The sessions that a page can need, ascending: more base bars than it may have, and whole windows of them. */
const sessionsFor = (asked: Asked, range: Interval.Interval, isIntraday: boolean) => {
  const all = calendar.sessions(range)
  if (!isIntraday) return all
  const ordered = asked.sort === "asc" ? all : all.toReversed()
  let minutes = 0
  const enough = ordered.findIndex(({ close, open }) => {
    minutes += (close - open) / minuteMillis
    return minutes > asked.limit
  })
  // One more, as the first may lie outside of what is asked, and one in which the page after it begins.
  const taken = enough < 0 ? ordered : ordered.slice(0, enough + 3)
  return asked.sort === "asc" ? taken : taken.toReversed()
}

interface Made {
  readonly bar: Bar
  readonly window: Window
  readonly baseBars: number
}

/** Every window that touches what is asked, in its order; enough of them for a page. */
const windowsOf = (equity: Equity, asked: Asked, now: Instant.EpochMillis): ReadonlyArray<Made> => {
  const { minutesPerRow, reachMillis, timeframe, windowOf } = layoutOf(asked)
  const range = {
    from: Math.max(asked.from - reachMillis, equity.firstTrade),
    to: Math.min(asked.to + reachMillis, now) + 1
  }
  if (range.from >= range.to) return []
  const sessions = sessionsFor(asked, range, minutesPerRow !== undefined)
  const [first, last] = [sessions[0], sessions.at(-1)]
  if (first === undefined || last === undefined) return []
  const raw = equity.candles(timeframe, { from: first.open, to: Math.min(last.close, range.to) })
  const candles = asked.adjusted ? adjust(equity, raw) : raw
  const made: Array<Made> = []
  for (let row = 0, at = 0; row < candles.openTime.length;) {
    const open = candles.openTime[row]!
    while (sessions[at]!.close <= open) at++
    const { date, open: sessionStart } = sessions[at]!
    const window = windowOf(date, sessionStart - midnightToOpenMillis, open)
    const end = Candles.lowerBound(candles.openTime, window.end)
    if (window.start <= asked.to && window.end > asked.from) {
      const baseBars = (end - row) * (minutesPerRow ?? 1)
      made.push({ bar: barOf(candles, row, end, window), window, baseBars })
    }
    row = end
  }
  return asked.sort === "asc" ? made : made.toReversed()
}

/** As many whole bars as the limit allows, one at least. */
export const page = (equity: Equity, asked: Asked, now: Instant.EpochMillis): Page => {
  const all = windowsOf(equity, asked, now)
  let baseBars = 0
  const over = all.findIndex((each, i) => {
    if (i > 0 && baseBars + each.baseBars > asked.limit) return true
    baseBars += each.baseBars
    return false
  })
  const taken = over < 0 ? all : all.slice(0, over)
  const bars = taken.map(({ bar }) => bar)
  const last = taken.at(-1)
  if (over < 0 || last === undefined) return { bars, baseBars }
  const rest =
    asked.sort === "asc" ? { from: last.window.end, to: asked.to } : { from: asked.from, to: last.window.start - 1 }
  return { bars, baseBars, rest }
}
