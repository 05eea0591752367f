/**
 * Which bars to ask for, and the bars of an answer as columns.
 *
 * `limit` counts base bars (minutes for anything shorter than a day, days
 * else), not the bars that come out, so a request is cut by time.
 */
import { type Calendar, Candles, Instant, type Regrid, Timeframe } from "@tidemark/core"

const minute = 60_000
const hour = 60 * minute
const day = 86_400_000

/** Base bars of one request, the most that there is. */
export const limit = 50_000

export interface Bars {
  readonly multiplier: number
  readonly span: "minute" | "hour" | "day"
  readonly time: Regrid.BarTime
  /** No bar is longer: a day on which clocks go back has 25 hours. */
  readonly barMillis: number
  /** Every bar begins at a multiple of it. */
  readonly stepMillis: number
  /** The longest range whose base bars one request can give. */
  readonly rangeMillis: number
}

const ofMinutes = (multiplier: number): Bars => ({
  multiplier,
  span: "minute",
  time: "instant",
  barMillis: multiplier * minute,
  stepMillis: multiplier * minute,
  rangeMillis: limit * minute
})
const hourly: Bars = { ...ofMinutes(1), span: "hour", barMillis: hour, stepMillis: hour }

/** The longest bars from which a candle of the timeframe can be put together. */
export const barsFor = (calendar: Calendar.Calendar, timeframe: Timeframe.Timeframe): Bars => {
  const minutes = Timeframe.nominalMillis(timeframe) / minute
  if (minutes <= 30) return ofMinutes(minutes)
  if (Timeframe.isIntraday(timeframe)) return calendar.id === "XNYS" ? ofMinutes(30) : hourly
  // The day of foreign exchange ends in New York's afternoon, the provider's with UTC's.
  if (calendar.id === "24/5") return hourly
  return {
    multiplier: 1,
    span: "day",
    time: calendar.id === "XNYS" ? "day" : "instant",
    barMillis: day + hour,
    stepMillis: hour,
    rangeMillis: limit * day
  }
}

/** `30 minute bar` */
const nameOf = ({ multiplier, span }: Bars): string => `${multiplier} ${span} bar`

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

export interface Answer {
  readonly candles: Candles.Candles
  readonly next: string | undefined
}

/** Whether an answer without results means that there are none: plans with late prices say `DELAYED`. */
export const isFine = (status: string): boolean => status === "OK" || status === "DELAYED"

/** The answer's bars, or what is wrong with it in words. */
export const decode = (text: string, of: Bars): Answer | string => {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return "the answer is no JSON"
  }
  if (!isRecord(body) || typeof body["status"] !== "string") return "the answer has no status"
  if (body["results"] === undefined && !isFine(body["status"])) return "an error in the guise of an answer"
  const { next_url: next, results = [] } = body
  if (!Array.isArray(results)) return "its results are no list"
  if (next !== undefined && typeof next !== "string") return "its next page is no URL"
  const candles = Candles.allocate(results.length, { quoteVolume: true, trades: true })
  const columns = [
    ["t", candles.openTime],
    ["o", candles.open],
    ["h", candles.high],
    ["l", candles.low],
    ["c", candles.close],
    ["v", candles.volume]
  ] as const
  for (const [i, bar] of results.entries()) {
    if (!isRecord(bar)) return `bar ${i} is no object`
    for (const [name, column] of columns) {
      const value = bar[name]
      if (typeof value !== "number") return `bar ${i} has no number as ${name}`
      column[i] = value
    }
    const begin = candles.openTime[i]!
    if (begin % of.stepMillis !== 0) return `bar ${i} begins at ${Instant.format(begin)}, where no ${nameOf(of)} does`
    const { n: trades, vw: average } = bar
    if (trades !== undefined && typeof trades !== "number") return `bar ${i} has no number as n`
    if (average !== undefined && typeof average !== "number") return `bar ${i} has no number as vw`
    candles.trades![i] = trades ?? Number.NaN
    // The volume-weighted average price times the volume is what was paid in all.
    candles.quoteVolume![i] = average === undefined ? Number.NaN : average * candles.volume[i]!
    if (i > 0 && begin <= candles.openTime[i - 1]!) return `bar ${i} is not after the one before`
  }
  // Candles that are put together from impossible bars may look possible.
  const wrong = Candles.invalidity(candles, { from: -Infinity, to: Infinity })
  return wrong === undefined ? { candles, next } : wrong
}
