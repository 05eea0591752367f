/** What to ask Yahoo's chart for, and its quotes as columns. */
import { type Calendar, Candles, type Timeframe } from "@tidemark/core"
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

/** One quote, as the library gives it. */
export interface Quote {
  readonly date: Date
  readonly open: number | null
  readonly high: number | null
  readonly low: number | null
  readonly close: number | null
  readonly volume: number | null
}

const isQuote = (value: unknown): value is Quote =>
  typeof value === "object" && value !== null && "date" in value && Predicate.isDate(value.date)

/** The quotes that have prices; a quote without them says that nothing was traded. What is wrong, in words. */
export const decode = (quotes: unknown): Candles.Candles | string => {
  if (!Array.isArray(quotes)) return "the answer has no list of quotes"
  const out = Candles.allocate(quotes.length)
  let count = 0
  for (const [i, quote] of quotes.entries()) {
    if (!isQuote(quote)) return `quote ${i} has no time`
    const { close, high, low, open, volume } = quote
    const prices = [open, high, low, close]
    if (prices.every((price) => price === null || price === undefined)) continue
    if (prices.some((price) => typeof price !== "number")) return `quote ${i} has only some of its prices`
    if (typeof volume !== "number" && volume !== null && volume !== undefined)
      return `quote ${i} has no number as volume`
    out.openTime[count] = quote.date.getTime()
    out.open[count] = open!
    out.high[count] = high!
    out.low[count] = low!
    out.close[count] = close!
    out.volume[count] = volume ?? 0
    if (count > 0 && !(out.openTime[count]! > out.openTime[count - 1]!)) return `quote ${i} is not after the one before`
    count++
  }
  return Candles.slice(out, 0, count)
}
