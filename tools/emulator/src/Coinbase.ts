/**
 * Coinbase Exchange over REST: time, currencies, products and their candles.
 *
 * A request is for the candles that open from `start` to `end`, both
 * included, and for 300 of them at most; they come newest first, the
 * unfinished one too, and a time without trades has none. It owns its paths
 * with its host before them and without.
 */
import { DateTime } from "effect"
import type { Dataset } from "./Dataset.ts"
import * as ExchangeFault from "./ExchangeFault.ts"
import type { Fault } from "./Fault.ts"
import type { KlineInterval } from "./KlineInterval.ts"
import type { Provider, Query, World } from "./Provider.ts"
import * as Reply from "./Reply.ts"

const host = "/api.exchange.coinbase.com"
const json = "application/json; charset=utf-8"
const pageRows = 300

/** Seconds, as `granularity` names them. */
const granularities: Readonly<Record<string, KlineInterval>> = {
  "60": "1m",
  "300": "5m",
  "900": "15m",
  "3600": "1h",
  "21600": "6h",
  "86400": "1d"
}

const candlesPath = /^\/products\/([^/]+)\/candles$/

const productOf = ({ base, quote }: Dataset): string => `${base}-${quote}`

const answer = (body: unknown, status = 200): Reply.Reply => Reply.make(status, json, JSON.stringify(body))
const refusal = (status: number, message: string): Reply.Reply => answer({ message }, status)

const tooMany = (seconds: number | undefined): Reply.Reply => {
  const reply = refusal(429, "Public rate limit exceeded")
  return seconds === undefined ? reply : { ...reply, headers: { ...reply.headers, "retry-after": String(seconds) } }
}

/** What a fault that the provider itself reports looks like. */
const refused = (fault: Fault | undefined): Reply.Reply | undefined => {
  switch (fault?._tag) {
    case "RateLimited":
    case "Banned":
      return tooMany(fault.retryAfterSeconds)
    case "ServerError": {
      const status = fault.status ?? 500
      if (fault.body !== undefined) return Reply.make(status, json, fault.body)
      return status === 500 ? refusal(500, "Internal server error") : Reply.gatewayPage(status, "Error")
    }
    default:
      return undefined
  }
}

const product = (dataset: Dataset) => ({
  id: productOf(dataset),
  base_currency: dataset.base,
  quote_currency: dataset.quote,
  quote_increment: "0.01",
  base_increment: "0.00000001",
  display_name: `${dataset.base}-${dataset.quote}`,
  min_market_funds: "1",
  margin_enabled: false,
  post_only: false,
  limit_only: false,
  cancel_only: false,
  status: dataset.status === "TRADING" ? "online" : "delisted",
  status_message: "",
  trading_disabled: dataset.status !== "TRADING",
  fx_stablecoin: false,
  auction_mode: false
})

const currency = (id: string) => ({
  id,
  name: id,
  min_size: "0.00000001",
  status: "online",
  message: "",
  max_precision: "0.00000001",
  convertible_to: [],
  details: { type: "crypto" },
  supported_networks: []
})

/** Epoch milliseconds of an ISO text or of seconds. */
const instant = (text: string | null): number | undefined => {
  if (text === null) return undefined
  const value = /^\d+$/.test(text) ? Number(text) * 1_000 : DateTime.make(text)
  if (typeof value === "number") return value
  return value._tag === "Some" ? DateTime.toEpochMillis(value.value) : undefined
}

const make = (world: World) => {
  /** The last page of each series, for a page that repeats. */
  const previous = new Map<Dataset, Reply.Reply>()

  const write = (rows: ReadonlyArray<ExchangeFault.Row>, fault: Fault | undefined): Reply.Reply =>
    answer(
      fault?._tag === "NonArray"
        ? {}
        : ExchangeFault.spoil(rows.toReversed(), fault).map(({ close, high, low, open, time, volume }) => [
            time,
            low,
            high,
            open,
            close,
            volume
          ])
    )

  const candles = (id: string, parameters: URLSearchParams, fault: Fault | undefined): Reply.Reply => {
    const known = world.datasets.filter((each) => productOf(each) === id)
    if (known.length === 0) return refusal(404, "NotFound")
    const granularity = parameters.get("granularity") ?? "60"
    const dataset = known.find((each) => each.interval === granularities[granularity])
    if (dataset === undefined) return refusal(400, "Unsupported granularity")
    const length = Number(granularity) * 1_000
    const now = world.now()
    const newest = { from: now - pageRows * length + 1, to: now }
    const from = instant(parameters.get("start")) ?? newest.from
    const to = instant(parameters.get("end")) ?? newest.to
    if ((to - from) / length > pageRows) {
      const detail = `Count of aggregations requested exceeds ${pageRows}`
      return refusal(400, `granularity too small for the requested time range. ${detail}`)
    }
    const repeated = previous.get(dataset)
    if (fault?._tag === "RepeatedPage" && repeated !== undefined) return repeated
    const oldest = { from: dataset.extent.from, to: dataset.extent.from + (pageRows - 1) * length }
    const ignored = fault?._tag === "IgnoredStartTime"
    const range = ignored ? (fault.rows === "oldest" ? oldest : newest) : { from, to }
    const stretch = {
      from: Math.max(range.from, dataset.extent.from),
      to: Math.min(range.to, now, dataset.extent.to - 1) + 1
    }
    const rows = stretch.from < stretch.to ? ExchangeFault.rowsOf(dataset.candles(stretch)) : []
    const reply = write(rows, fault)
    previous.set(dataset, reply)
    return reply
  }

  const respond = (path: string, parameters: URLSearchParams, fault: Fault | undefined): Reply.Reply => {
    const asked = candlesPath.exec(path)
    if (asked !== null) return candles(decodeURIComponent(asked[1]!), parameters, fault)
    const now = world.now()
    switch (path) {
      case "/time":
        return answer({ iso: DateTime.formatIso(DateTime.makeUnsafe(now)), epoch: now / 1_000 })
      case "/products":
        return answer([...new Map(world.datasets.map((each) => [productOf(each), product(each)])).values()])
      case "/currencies":
        return answer([...new Set(world.datasets.flatMap(({ base, quote }) => [base, quote]))].map(currency))
      default:
        return refusal(404, "NotFound")
    }
  }

  return ({ method, parameters, path }: Query, fault: Fault | undefined): Reply.Reply => {
    if (method !== "GET") return refusal(405, "Method not allowed")
    const verdict = world.limiter.spend(1)
    const reply = refused(fault)
    if (reply !== undefined) return reply
    if (verdict._tag !== "Allowed") return tooMany(undefined)
    return respond(local(path), parameters, fault)
  }
}

const local = (path: string): string => (path.startsWith(`${host}/`) ? path.slice(host.length) : path)

export const provider: Provider = {
  id: "coinbase",
  variable: "CCXT_BASE_URL",
  owns: (path) => /^\/(time|currencies|products)(\/|$)/.test(local(path)),
  servesCandles: (path) => candlesPath.test(local(path)),
  make
}
