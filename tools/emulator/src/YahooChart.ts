/**
 * Bars, events and the description of a share as Yahoo's chart tells them.
 *
 * Prices are single precision and those of today's shares, volumes too;
 * `adjclose` takes dividends out as well: a close before one is worth
 * `1 - dividend / the close before it`. Days and longer bars begin with New
 * York's opening, or at its midnight; the row of a session that is on has the
 * time of the last trade. The end of a range belongs to it.
 */
import type { Calendar, CorporateAction, Instant, Timeframe } from "@tidemark/core"
import { DateTime } from "effect"
import { calendar, type Equity, rescale, sessionOpen, splitsOf } from "./Equity.ts"
import * as ExchangeFault from "./ExchangeFault.ts"

const dayMillis = 86_400_000

export interface Bars {
  readonly timeframe: Timeframe.Timeframe
  /** How far back from now there are bars, and how much one request may ask for; all where absent. */
  readonly keepsDays?: number
  readonly requestDays?: number
}

/** By their names in `interval`. */
export const barsOf: Readonly<Record<string, Bars>> = {
  "1m": { timeframe: "1m", keepsDays: 30, requestDays: 8 },
  "5m": { timeframe: "5m", keepsDays: 60 },
  "15m": { timeframe: "15m", keepsDays: 60 },
  "30m": { timeframe: "30m", keepsDays: 60 },
  "60m": { timeframe: "1h", keepsDays: 730 },
  "1h": { timeframe: "1h", keepsDays: 730 },
  "1d": { timeframe: "1d" },
  "1wk": { timeframe: "1w" },
  "1mo": { timeframe: "1M" }
}

/** Both included, in epoch milliseconds. */
export interface Range {
  readonly from: Instant.EpochMillis
  readonly to: Instant.EpochMillis
}

/** A row of a chart, in order of time. */
export interface Row extends ExchangeFault.Row {
  readonly adjclose: number
}

/** A row as it is written; a row of nulls where nothing was traded. */
export type Written = Omit<ExchangeFault.Row, "volume"> & { readonly volume: number | null }

export const blank = ({ time }: ExchangeFault.Row): Written => ({
  time,
  open: null,
  high: null,
  low: null,
  close: null,
  volume: null
})

const isDaily = ({ timeframe }: Bars): boolean => timeframe === "1d" || timeframe === "1w" || timeframe === "1M"

const seconds = (instant: Instant.EpochMillis): number => Math.floor(instant / 1_000)

const zoned = (instant: Instant.EpochMillis): DateTime.Zoned =>
  DateTime.makeZonedUnsafe(instant, { timeZone: calendar.timeZone })

/** What has happened by now. */
const known = (equity: Equity, now: Instant.EpochMillis): ReadonlyArray<CorporateAction.CorporateAction> =>
  equity.actions.filter(({ exDate }) => sessionOpen(exDate) <= now)

interface Step {
  readonly at: Instant.EpochMillis
  readonly factor: number
}

/** What prices before each split are divided by. */
const splitSteps = (actions: Equity["actions"]): ReadonlyArray<Step> =>
  splitsOf({ actions }).map(({ exDate, from, to }) => ({ at: sessionOpen(exDate), factor: to / from }))

const product = (steps: ReadonlyArray<Step>, after: Instant.EpochMillis): number =>
  steps.reduce((all, { at, factor }) => (at > after ? all * factor : all), 1)

interface Dividend {
  readonly at: Instant.EpochMillis
  /** In today's shares. */
  readonly amount: number
}

const dividendsOf = (actions: Equity["actions"]): ReadonlyArray<Dividend> => {
  const splits = splitSteps(actions)
  return actions.flatMap((action) => {
    if (action._tag !== "Dividend") return []
    const at = sessionOpen(action.exDate)
    return [{ at, amount: action.amount / product(splits, at) }]
  })
}

/** The time of a bar, by its open. */
const timeOf = ({ timeframe }: Bars, open: Instant.EpochMillis, now: Instant.EpochMillis): number => {
  if (timeframe === "1d") return seconds(calendar.closeOf("1d", open) > now ? now : open)
  if (timeframe !== "1w" && timeframe !== "1M") return seconds(open)
  const day = DateTime.startOf(zoned(open), timeframe === "1w" ? "week" : "month", { weekStartsOn: 1 })
  return seconds(DateTime.toEpochMillis(day))
}

/** Every bar that begins in the range and has begun by now. */
export const rows = (equity: Equity, bars: Bars, range: Range, now: Instant.EpochMillis): ReadonlyArray<Row> => {
  const interval = { from: Math.max(range.from, equity.firstTrade), to: Math.min(range.to, now) + 1 }
  if (interval.from >= interval.to) return []
  const actions = known(equity, now)
  const splits = splitSteps(actions)
  const adjusted = rescale(equity.candles(bars.timeframe, interval), (open) => 1 / product(splits, open))
  const dividends: ReadonlyArray<Step> = dividendsOf(actions)
    .filter(({ at }) => at > interval.from)
    .flatMap(({ amount, at }) => {
      const open = calendar.openAtOrBefore("1d", at - 1)
      const [before] = equity.candles("1d", { from: open, to: open + 1 }).close
      return before === undefined ? [] : [{ at, factor: 1 - (amount * product(splits, open)) / before }]
    })
  return ExchangeFault.rowsOf(adjusted).map(({ close, high, low, open, volume }, i) => {
    const openTime = adjusted.openTime[i]!
    const single = (value: ExchangeFault.Row["open"]) => Math.fround(Number(value))
    return {
      time: timeOf(bars, openTime, now),
      open: single(open),
      high: single(high),
      low: single(low),
      close: single(close),
      volume: Math.round(volume),
      adjclose: Math.fround(Number(close) * product(dividends, openTime))
    }
  })
}

/** Dividends and splits in the range, as far as they are asked for. */
export const events = (equity: Equity, range: Range, asked: string, now: Instant.EpochMillis) => {
  const actions = known(equity, now)
  const inRange = (at: Instant.EpochMillis) => at >= range.from && at <= range.to
  const dividends = dividendsOf(actions)
    .filter(({ at }) => inRange(at))
    .map(({ amount, at }) => [seconds(at), { amount, date: seconds(at) }] as const)
  const splits = splitsOf({ actions }).flatMap(({ exDate, from, to }) => {
    const at = sessionOpen(exDate)
    const split = { date: seconds(at), numerator: to, denominator: from, splitRatio: `${to}:${from}` }
    return inRange(at) ? [[seconds(at), split] as const] : []
  })
  const kinds = asked.split(/[|,]/)
  return {
    ...(kinds.includes("div") && dividends.length > 0 ? { dividends: Object.fromEntries(dividends) } : {}),
    ...(kinds.includes("split") && splits.length > 0 ? { splits: Object.fromEntries(splits) } : {})
  }
}

/** The session that is on, or else the next. */
const currentSession = (now: Instant.EpochMillis): Calendar.Session =>
  calendar.sessions({ from: now, to: now + 14 * dayMillis })[0]!

const highest = (column: Float64Array): number => column.reduce((a, b) => Math.max(a, b), -Infinity)
const lowest = (column: Float64Array): number => column.reduce((a, b) => Math.min(a, b), Infinity)
const cents = (price: number): number => Math.round(price * 100) / 100

/** What Yahoo says of a share beside its bars. */
export const meta = (equity: Equity, interval: string, range: Range, now: Instant.EpochMillis) => {
  const splits = splitSteps(known(equity, now))
  const daily = (from: number, to: number) =>
    rescale(equity.candles("1d", { from, to }), (open) => 1 / product(splits, open))
  const year = daily(now - 365 * dayMillis, now + 1)
  const lastOpen = year.openTime.at(-1) ?? equity.firstTrade
  const before = daily(range.from - 10 * dayMillis, range.from).close.at(-1)
  const session = currentSession(now)
  const gmtoffset = DateTime.zonedOffset(zoned(now)) / 1_000
  const timezone = gmtoffset === -14_400 ? "EDT" : "EST"
  const period = (start: number, end: number) => ({ timezone, start: seconds(start), end: seconds(end), gmtoffset })
  const [preMillis, postMillis] = [5.5 * 3_600_000, 4 * 3_600_000]
  return {
    currency: equity.currency,
    symbol: equity.symbol,
    exchangeName: "NMS",
    fullExchangeName: "NasdaqGS",
    instrumentType: "EQUITY",
    firstTradeDate: seconds(equity.firstTrade),
    regularMarketTime: seconds(Math.min(now, calendar.closeOf("1d", lastOpen))),
    hasPrePostMarketData: true,
    gmtoffset,
    timezone,
    exchangeTimezoneName: calendar.timeZone,
    regularMarketPrice: cents(year.close.at(-1) ?? 0),
    fiftyTwoWeekHigh: cents(highest(year.high)),
    fiftyTwoWeekLow: cents(lowest(year.low)),
    regularMarketDayHigh: cents(year.high.at(-1) ?? 0),
    regularMarketDayLow: cents(year.low.at(-1) ?? 0),
    regularMarketVolume: Math.round(year.volume.at(-1) ?? 0),
    longName: equity.name,
    shortName: equity.name,
    ...(before === undefined ? {} : { chartPreviousClose: cents(before) }),
    priceHint: 2,
    currentTradingPeriod: {
      pre: period(session.open - preMillis, session.open),
      regular: period(session.open, session.close),
      post: period(session.close, session.close + postMillis)
    },
    dataGranularity: interval,
    range: "",
    validRanges: ["1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "ytd", "max"]
  }
}

/** Columns as they are on the wire: none of them, and no `timestamp`, where there is no row. */
export const columns = (found: ReadonlyArray<Row>, written: ReadonlyArray<Written>, bars: Bars) => {
  const adjusted = new Map(found.map(({ adjclose, time }) => [time, adjclose]))
  const column = (name: "open" | "high" | "low" | "close" | "volume") => written.map((row) => row[name])
  const isEmpty = written.length === 0
  const quote = isEmpty
    ? {}
    : {
        open: column("open"),
        high: column("high"),
        low: column("low"),
        close: column("close"),
        volume: column("volume")
      }
  const adjclose = isEmpty ? {} : { adjclose: written.map(({ close, time }) => adjusted.get(time) ?? close) }
  return {
    ...(isEmpty ? {} : { timestamp: written.map(({ time }) => time) }),
    indicators: { quote: [quote], ...(isDaily(bars) ? { adjclose: [adjclose] } : {}) }
  }
}

const refused = (interval: string, range: Range, why: string): string =>
  `${interval} data not available for startTime=${seconds(range.from)} and endTime=${seconds(range.to)}. ${why}`

/** Why a range is refused, in the provider's words. */
export const limit = (interval: string, bars: Bars, range: Range, now: Instant.EpochMillis): string | undefined => {
  const { keepsDays, requestDays } = bars
  if (requestDays !== undefined && range.to - range.from > requestDays * dayMillis) {
    return refused(
      interval,
      range,
      `Only ${requestDays} days worth of ${interval} granularity data are allowed to be fetched per request.`
    )
  }
  if (keepsDays !== undefined && range.from < now - keepsDays * dayMillis) {
    return refused(interval, range, `The requested range must be within the last ${keepsDays} days.`)
  }
  return undefined
}
