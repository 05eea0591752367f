/**
 * What an exchange can do, as its class in ccxt says, and what that class
 * does not say.
 */
import { type Source, Timeframe } from "@tidemark/core"
import type { Exchange } from "./Library.ts"
import { seriesPerConnection } from "./Tail.ts"
import * as Weights from "./Weights.ts"

/** How an exchange differs from one that answers with its oldest rows from a start on. */
export interface Habit {
  /** It serves only so many of its newest finished rows, whatever start is asked. */
  readonly newestRows?: number
  /** It answers for one page's length of time from the start on, so that a page has no rows behind that. */
  readonly windowed?: boolean
  /** It has no candle where nothing was traded. */
  readonly omitsQuiet?: boolean
  /** Timeframes that are not ours though they have their name. */
  readonly without?: ReadonlyArray<Timeframe.Timeframe>
}

const habits: Readonly<Record<string, Habit>> = {
  // Its weeks begin on Thursdays.
  kraken: { newestRows: 720, without: ["1w"] },
  coinbaseexchange: { windowed: true, omitsQuiet: true },
  // What ccxt calls a week are three days.
  bitstamp: { windowed: true, without: ["1w"] }
}

export const habitOf = (exchange: string): Habit => habits[exchange] ?? {}

const defaultPageSize = 500
const defaultRateLimitMillis = 1_000
/** Rows by which a plan stays away from the end of what is kept: time passes until it is carried out. */
const marginRows = 20

/** What every exchange has in common. */
export const common: Source.Capabilities = {
  assetClasses: ["crypto"],
  timeframes: ["1m", "5m", "15m", "1h", "1d"],
  pageSize: defaultPageSize,
  bytesPerCandle: 80,
  weightPerPage: 1,
  hosts: [],
  lanes: 2,
  lagMillis: 5_000,
  adjustment: "none",
  provenance: "observed"
}

/** Every text in a value, however deep. */
const texts = (value: unknown): ReadonlyArray<string> => {
  if (typeof value === "string") return [value]
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(texts) : []
}

const hostsOf = (exchange: Exchange, protocol: RegExp): ReadonlyArray<string> => {
  const hosts = texts(exchange.urls.api).flatMap((text) => {
    const url = exchange.implodeHostname(text)
    return protocol.test(url) && URL.canParse(url) ? [new URL(url).host] : []
  })
  return [...new Set(hosts)]
}

export const of = (exchange: Exchange): Source.Capabilities => {
  const { newestRows, omitsQuiet, without } = habitOf(exchange.id)
  const theirs = exchange.timeframes ?? {}
  const timeframes = Timeframe.all.filter((each) => theirs[each] !== undefined && without?.includes(each) !== true)
  const rateLimitMillis = exchange.rateLimit || defaultRateLimitMillis
  const budget: Source.RequestBudget = {
    limit: Math.max(1, Math.floor(1_000 / rateLimitMillis)),
    windowMillis: Math.ceil(Math.max(1_000, rateLimitMillis)),
    weightOf: Weights.of(exchange.id)
  }
  return {
    ...common,
    timeframes,
    ...(omitsQuiet === undefined ? {} : { omitsQuiet }),
    // Where the exchange itself has no candles to watch, the class makes them of trades: those are not its candles.
    ...(exchange.has["watchOHLCV"] === true
      ? { tail: { timeframes, seriesPerConnection, hosts: hostsOf(exchange, /^wss?:/) } }
      : {}),
    pageSize: exchange.features?.spot?.fetchOHLCV?.limit ?? defaultPageSize,
    ...(newestRows === undefined
      ? {}
      : {
          historyMillis: Object.fromEntries(
            timeframes.map((each) => [each, (newestRows - marginRows) * Timeframe.nominalMillis(each)])
          )
        }),
    hosts: hostsOf(exchange, /^https?:/).map((name) => ({ name, budget }))
  }
}
