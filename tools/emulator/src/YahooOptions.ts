/**
 * Yahoo's options of a share: all expirations, and the contracts of one, the
 * nearest where none is asked for. A date that is none has no contracts. It
 * tells no greeks, and of the sides of a contract that nobody wants a
 * volatility of 0.00001.
 */
import type { Instant } from "@tidemark/core"
import type { Equity } from "./Equity.ts"
import type { Fault } from "./Fault.ts"
import * as OptionMarket from "./OptionMarket.ts"

const daySeconds = 86_400
const seconds = (instant: Instant.EpochMillis): number => Math.floor(instant / 1_000)

const rowOf =
  (market: OptionMarket.Market) =>
  (quote: OptionMarket.Quote): Readonly<Record<string, unknown>> => ({
    contractSymbol: quote.name,
    strike: quote.symbol.strike,
    currency: "USD",
    lastPrice: quote.last,
    change: 0,
    percentChange: 0,
    // Absent rather than 0.
    ...(quote.volume === 0 ? {} : { volume: quote.volume }),
    openInterest: quote.openInterest,
    bid: quote.bid,
    ask: quote.ask,
    contractSize: "REGULAR",
    expiration: quote.symbol.expiry * daySeconds,
    lastTradeDate: seconds(market.at),
    impliedVolatility: quote.bid === 0 ? 0.00001 : quote.volatility,
    inTheMoney: quote.symbol.isCall ? quote.symbol.strike < market.spot : quote.symbol.strike > market.spot
  })

/** What is told of an expiration in seconds; `undefined` where the share has no price yet. */
export const chain = (
  equity: Equity,
  asked: number | undefined,
  now: Instant.EpochMillis,
  fault: Fault | undefined
) => {
  const market = OptionMarket.make(equity, now)
  if (market === undefined) return undefined
  const expiration = asked ?? market.expiries[0]! * daySeconds
  const quotes = market.quotes.filter(({ symbol }) => symbol.expiry * daySeconds === expiration)
  const side = (isCall: boolean) =>
    OptionMarket.spoil(quotes.filter(({ symbol }) => symbol.isCall === isCall).map(rowOf(market)), "bid", fault)
  return {
    underlyingSymbol: equity.symbol,
    expirationDates: market.expiries.map((expiry) => expiry * daySeconds),
    strikes: [...new Set(quotes.map(({ symbol }) => symbol.strike))],
    hasMiniOptions: false,
    quote: {
      language: "en-US",
      region: "US",
      quoteType: equity.symbol.startsWith("^") ? "INDEX" : "EQUITY",
      quoteSourceName: "Delayed Quote",
      currency: equity.currency,
      regularMarketPrice: market.spot,
      regularMarketTime: seconds(market.at),
      exchange: "NMS",
      market: "us_market",
      marketState: "REGULAR",
      fullExchangeName: "NasdaqGS",
      exchangeTimezoneName: "America/New_York",
      exchangeTimezoneShortName: "EST",
      gmtOffSetMilliseconds: -18_000_000,
      esgPopulated: false,
      tradeable: false,
      triggerable: true,
      priceHint: 2,
      sourceInterval: 15,
      exchangeDataDelayedBy: 0,
      symbol: equity.symbol,
      shortName: equity.name
    },
    options: [{ expirationDate: expiration, hasMiniOptions: false, calls: side(true), puts: side(false) }]
  }
}
