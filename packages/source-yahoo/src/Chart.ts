/** What to ask Yahoo's chart for, and its rows as candles. */
import { type Calendar, Candles, type Instant, type Interval, type Timeframe } from "@tidemark/core"
import { Predicate } from "effect"

const minute = 60_000
const day = 24 * 60 * minute

export interface Bars {
  readonly interval: "1m" | "5m" | "15m" | "30m" | "1h" | "1d"
  /** The longest range of one request. */
  readonly rangeMillis: number
  /** How far back from now there are bars; `undefined` for all the way. */
  readonly keepsMillis: number | undefined
}

const bars = {
  // Seven days is what one request may span; the last thirty are there.
  "1m": { interval: "1m", rangeMillis: 7 * day, keepsMillis: 29 * day },
  "5m": { interval: "5m", rangeMillis: 30 * day, keepsMillis: 59 * day },
  "15m": { interval: "15m", rangeMillis: 59 * day, keepsMillis: 59 * day },
  "30m": { interval: "30m", rangeMillis: 59 * day, keepsMillis: 59 * day },
  "1h": { interval: "1h", rangeMillis: 400 * day, keepsMillis: 729 * day },
  "1d": { interval: "1d", rangeMillis: 25 * 365 * day, keepsMillis: undefined }
} as const satisfies Readonly<Record<string, Bars>>

/** The bars that candles of a timeframe are made of. */
export const barsOf: Partial<Record<Timeframe.Timeframe, Bars>> = {
  "1m": bars["1m"],
  "5m": bars["5m"],
  "15m": bars["15m"],
  "30m": bars["30m"],
  "1h": bars["1h"],
  // A session's hours begin with it here, so that four of them are four of ours.
  "2h": bars["1h"],
  "4h": bars["1h"],
  "1d": bars["1d"],
  "1w": bars["1d"]
}

/** The day of foreign exchange is cut elsewhere than ours: only its hours can be used. */
export const barsFor = (calendar: Calendar.Calendar, timeframe: Timeframe.Timeframe): Bars | undefined =>
  calendar.id === "24/5" && (timeframe === "1d" || timeframe === "1w") ? undefined : barsOf[timeframe]

/** What a chart must hold to be an answer. */
export interface Asked {
  readonly calendar: Calendar.Calendar
  readonly interval: Bars["interval"]
  readonly range: Interval.Interval
}

const names = ["open", "high", "low", "close", "volume"] as const

const isAbsent = (value: unknown): boolean => value === null || value === undefined

/** The library takes care that there are no quotes where there are no times. */
const columnsOf = (chart: unknown) => {
  const times = Predicate.hasProperty(chart, "timestamp") ? chart.timestamp : undefined
  const indicators = Predicate.hasProperty(chart, "indicators") ? chart.indicators : undefined
  const quotes = Predicate.hasProperty(indicators, "quote") ? indicators.quote : undefined
  const quote: unknown = Array.isArray(quotes) ? quotes[0] : undefined
  const column = (name: string): unknown => (Predicate.hasProperty(quote, name) ? quote[name] : undefined)
  return { times, column }
}

/** Whether a time is where a bar may begin; outside of the sessions anything may be. */
const isOnGrid = ({ calendar, interval }: Asked, time: Instant.EpochMillis): boolean => {
  const open = calendar.openAtOrBefore(interval, time)
  return time === open || time >= calendar.closeOf(interval, open)
}

/** Longer than it takes until the last trade of a session is told. */
const slackMillis = 60 * minute

/** The open of the session that a day's row belongs to: one that is on has the time of the last trade. */
const sessionOf = (calendar: Calendar.Calendar, time: Instant.EpochMillis): Instant.EpochMillis => {
  const open = calendar.openAtOrBefore("1d", time)
  return time < calendar.closeOf("1d", open) + slackMillis ? open : time
}

/**
 * Bars that have all their prices: a row of nulls says that nothing was
 * traded, and one with some of them is not known. What is wrong, in words.
 *
 * The newest row may be a quote of this moment, with its time. As a day it is
 * that of its session, unless the session has a row of its own; shorter bars
 * have rows of their own, and it is left out.
 */
export const decode = (chart: unknown, asked: Asked): Candles.Candles | string => {
  const { calendar, interval, range } = asked
  const { column, times } = columnsOf(chart)
  if (times === undefined) return Candles.empty
  if (!Array.isArray(times)) return "the answer has no list of times"
  const columns = names.map((name) => column(name))
  const isWhole = (values: unknown): values is ReadonlyArray<unknown> =>
    Array.isArray(values) && values.length === times.length
  if (!columns.every(isWhole)) return "the answer has columns of different lengths"
  const out = Candles.allocate(times.length)
  let count = 0
  for (const [i, seconds] of times.entries()) {
    if (typeof seconds !== "number") return `row ${i} has no time`
    const [open, high, low, close, volume] = columns.map((values) => values[i])
    const prices = [open, high, low, close]
    if (prices.every(isAbsent) && (isAbsent(volume) || volume === 0)) continue
    if (!prices.every((price) => typeof price === "number" || isAbsent(price)))
      return `row ${i} has prices that are no numbers`
    // Half a candle is none: it is missing, and the gap says so.
    if (prices.some(isAbsent)) continue
    if (typeof volume !== "number" && !isAbsent(volume)) return `row ${i} has no number as volume`
    const told = seconds * 1_000
    const isLast = i === times.length - 1
    const time = interval === "1d" ? sessionOf(calendar, told) : told
    // The quote of this moment, where its bar has a row of its own.
    if (isLast && (interval === "1d" ? told !== time && time === out.openTime[count - 1] : !isOnGrid(asked, told)))
      continue
    if (interval !== "1d" && !isOnGrid(asked, told)) return `row ${i} lies between two bars`
    if (time < range.from - day || time > range.to + day) return "it answers for another range than it was asked for"
    out.openTime[count] = time
    out.open[count] = open as number
    out.high[count] = high as number
    out.low[count] = low as number
    out.close[count] = close as number
    out.volume[count] = typeof volume === "number" ? volume : 0
    count++
  }
  const candles = Candles.slice(out, 0, count)
  // Before bars are put together: a candle of several would hide what is wrong with one.
  return Candles.invalidity(candles, { from: range.from - day, to: range.to + day + 1 }) ?? candles
}
