/**
 * CBOE's delayed quotes: a file a symbol on a content network, without a key.
 *
 * `timestamp` is when the file was made, in UTC; what it shows is a quarter of
 * an hour older, and the times of trades are New York's. Indices have an
 * underscore. A file that there is not is a 403 in XML, as the store behind
 * the network says it.
 */
import type { Instant } from "@tidemark/core"
import { DateTime, Option } from "effect"
import { calendar } from "./Equity.ts"
import type { Fault } from "./Fault.ts"
import * as OptionMarket from "./OptionMarket.ts"
import type { Provider, Query, World } from "./Provider.ts"
import * as Reply from "./Reply.ts"

const delayMillis = 15 * 60_000
const chainPath = /^\/api\/global\/delayed_quotes\/options\/([^/]+)\.json$/

const accessDenied = Reply.make(
  403,
  "application/xml",
  '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'
)

/** What a fault that the network reports looks like. */
const refused = (fault: Fault | undefined): Reply.Reply | undefined => {
  switch (fault?._tag) {
    case "RateLimited": {
      const seconds = fault.retryAfterSeconds
      const reply = Reply.gatewayPage(429, "Too Many Requests")
      return seconds === undefined ? reply : { ...reply, headers: { ...reply.headers, "retry-after": String(seconds) } }
    }
    case "Banned":
      return Reply.gatewayPage(403, "Forbidden")
    case "ServerError":
      return fault.body === undefined
        ? Reply.gatewayPage(fault.status ?? 500, "Error")
        : Reply.make(fault.status ?? 500, "text/html", fault.body)
    default:
      return undefined
  }
}

/** `2024-06-18 20:15:00`, UTC. */
const stampOf = (instant: Instant.EpochMillis): string =>
  DateTime.formatIso(DateTime.makeUnsafe(instant)).slice(0, 19).replace("T", " ")

/** `2024-06-18T16:00:00`, New York's. */
const localOf = (instant: Instant.EpochMillis): string =>
  DateTime.formatIsoZoned(Option.getOrThrow(DateTime.makeZoned(instant, { timeZone: calendar.timeZone }))).slice(0, 19)

const rowOf =
  (market: OptionMarket.Market) =>
  (quote: OptionMarket.Quote): Readonly<Record<string, unknown>> => ({
    option: quote.name,
    bid: quote.bid,
    bid_size: quote.bid === 0 ? 0 : 10,
    ask: quote.ask,
    ask_size: 10,
    iv: quote.volatility,
    open_interest: quote.openInterest,
    volume: quote.volume,
    delta: quote.delta,
    gamma: quote.gamma,
    vega: quote.vega,
    theta: quote.theta,
    rho: 0,
    theo: quote.last,
    change: 0,
    open: 0,
    high: 0,
    low: 0,
    tick: "no_change",
    last_trade_price: quote.volume === 0 ? 0 : quote.last,
    last_trade_time: quote.volume === 0 ? null : localOf(market.at),
    percent_change: 0,
    prev_day_close: quote.last
  })

const make = (world: World) => {
  const chain = (file: string, fault: Fault | undefined): Reply.Reply => {
    const symbol = file.replace(/^_/, "^")
    const now = world.now()
    const equity = world.equities.find((each) => each.symbol === symbol)
    const market = equity === undefined ? undefined : OptionMarket.make(equity, now - delayMillis)
    if (market === undefined) return accessDenied
    const body = {
      timestamp: stampOf(now),
      data: {
        options: OptionMarket.spoil(market.quotes.map(rowOf(market)), "bid", fault),
        symbol,
        security_type: symbol.startsWith("^") ? "index" : "stock",
        exchange_id: 5,
        current_price: market.spot,
        price_change: 0,
        price_change_percent: 0,
        bid: market.spot,
        ask: market.spot,
        close: market.spot,
        prev_day_close: market.spot,
        volume: 0,
        iv30: 20,
        last_trade_time: localOf(market.at),
        tick: "no_change"
      },
      symbol: file
    }
    return Reply.make(200, "application/json", JSON.stringify(body))
  }

  return ({ method, path }: Query, fault: Fault | undefined): Reply.Reply => {
    if (method !== "GET") return Reply.gatewayPage(405, "Not Allowed")
    return refused(fault) ?? chain(decodeURIComponent(chainPath.exec(path)![1]!), fault)
  }
}

export const provider: Provider = {
  id: "cboe",
  variable: "CBOE_BASE_URL",
  owns: (path) => chainPath.test(path),
  servesCandles: (path) => chainPath.test(path),
  make
}
