/**
 * Massive's snapshot of an underlying's options, a row a contract. It tells no
 * greeks and no volatility of contracts far in the money, and no last trade of
 * those that nobody traded. Times are nanoseconds.
 */
import { Instant } from "@tidemark/core"
import type { Equity } from "./Equity.ts"
import * as OptionMarket from "./OptionMarket.ts"

export const defaultLimit = 10
export const maxLimit = 250

const nanos = (instant: Instant.EpochMillis): number => instant * 1_000_000

export type Row = Readonly<Record<string, unknown>>

export const rows = (equity: Equity, ticker: string, now: Instant.EpochMillis): ReadonlyArray<Row> => {
  const market = OptionMarket.make(equity, now)
  if (market === undefined) return []
  const { at, spot } = market
  return market.quotes.map((quote) => {
    const isDeep = Math.abs(quote.delta) > 0.999
    return {
      break_even_price: quote.symbol.strike + (quote.symbol.isCall ? quote.last : -quote.last),
      day:
        quote.volume === 0
          ? {}
          : {
              change: 0,
              change_percent: 0,
              close: quote.last,
              high: quote.last,
              last_updated: nanos(at),
              low: quote.last,
              open: quote.last,
              previous_close: quote.last,
              volume: quote.volume,
              vwap: quote.last
            },
      details: {
        contract_type: quote.symbol.isCall ? "call" : "put",
        exercise_style: equity.symbol.startsWith("^") ? "european" : "american",
        expiration_date: Instant.formatDate(quote.symbol.expiry * 86_400_000),
        shares_per_contract: 100,
        strike_price: quote.symbol.strike,
        ticker: `O:${quote.name}`
      },
      greeks: isDeep ? {} : { delta: quote.delta, gamma: quote.gamma, theta: quote.theta, vega: quote.vega },
      ...(isDeep ? {} : { implied_volatility: quote.volatility }),
      last_quote: {
        ask: quote.ask,
        ask_size: 10,
        bid: quote.bid,
        bid_size: 10,
        last_updated: nanos(at),
        midpoint: (quote.ask + quote.bid) / 2,
        timeframe: "REAL-TIME"
      },
      ...(quote.volume === 0
        ? {}
        : {
            last_trade: {
              price: quote.last,
              sip_timestamp: nanos(at),
              size: 1,
              conditions: [209],
              exchange: 309,
              timeframe: "REAL-TIME"
            }
          }),
      open_interest: quote.openInterest,
      underlying_asset: equity.symbol.startsWith("^")
        ? { change_to_break_even: 0, last_updated: nanos(at), ticker, timeframe: "REAL-TIME", value: spot }
        : { change_to_break_even: 0, last_updated: nanos(at), price: spot, ticker, timeframe: "REAL-TIME" }
    }
  })
}
