/**
 * Kraken spot over REST: Time, SystemStatus, Assets, AssetPairs and OHLC.
 *
 * Whatever `since` is, only the newest 720 finished rows of an interval are
 * there, and behind them the unfinished one; `since` itself is not among them.
 * Refusals are 200s with an `error`, except those of the proxy before it,
 * which are what faults give. It owns its paths with its host before them and
 * without.
 */
import { DateTime } from "effect"
import type { Dataset } from "./Dataset.ts"
import * as ExchangeFault from "./ExchangeFault.ts"
import type { Fault } from "./Fault.ts"
import type { KlineInterval } from "./KlineInterval.ts"
import * as KlineText from "./KlineText.ts"
import type { Provider, Query, World } from "./Provider.ts"
import * as Reply from "./Reply.ts"

const host = "/api.kraken.com"
const root = "/0/public/"
const json = "application/json; charset=utf-8"
/** The last of them unfinished. */
const keptRows = 721

/** Minutes, as `interval` names them. */
const intervals: Readonly<Record<string, KlineInterval>> = {
  "1": "1m",
  "5": "5m",
  "15": "15m",
  "30": "30m",
  "60": "1h",
  "240": "4h",
  "1440": "1d",
  "10080": "1w"
}

/** Assets of its first years have a letter before their name, and Bitcoin its own. */
const elders: Readonly<Record<string, string>> = {
  BTC: "XXBT",
  ETH: "XETH",
  LTC: "XLTC",
  XRP: "XXRP",
  USD: "ZUSD",
  EUR: "ZEUR"
}

const assetOf = (currency: string): string => elders[currency] ?? currency
const altnameOf = (currency: string): string => elders[currency]?.slice(1) ?? currency

/** `XXBTZUSD`, `XBTUSDT` */
export const pairOf = ({ base, quote }: Pick<Dataset, "base" | "quote">): string =>
  base in elders && quote in elders ? `${assetOf(base)}${assetOf(quote)}` : `${altnameOf(base)}${altnameOf(quote)}`

const said = (body: unknown): Reply.Reply => Reply.make(200, json, JSON.stringify(body))
const answer = (result: unknown): Reply.Reply => said({ error: [], result })
const refusal = (error: string): Reply.Reply => said({ error: [error] })

/** What a fault that the provider itself reports looks like. */
const refused = (fault: Fault | undefined): Reply.Reply | undefined => {
  switch (fault?._tag) {
    case "RateLimited":
    case "Banned": {
      const reply = Reply.make(429, json, JSON.stringify({ error: ["EGeneral:Too many requests"] }))
      const seconds = fault.retryAfterSeconds
      return seconds === undefined ? reply : { ...reply, headers: { ...reply.headers, "retry-after": String(seconds) } }
    }
    case "ServerError": {
      const status = fault.status ?? 500
      return fault.body === undefined ? Reply.gatewayPage(status, "Error") : Reply.make(status, json, fault.body)
    }
    default:
      return undefined
  }
}

const assetPair = (dataset: Dataset) => ({
  altname: `${altnameOf(dataset.base)}${altnameOf(dataset.quote)}`,
  wsname: `${altnameOf(dataset.base)}/${altnameOf(dataset.quote)}`,
  aclass_base: "currency",
  base: assetOf(dataset.base),
  aclass_quote: "currency",
  quote: assetOf(dataset.quote),
  lot: "unit",
  cost_decimals: 5,
  pair_decimals: 1,
  lot_decimals: 8,
  lot_multiplier: 1,
  leverage_buy: [],
  leverage_sell: [],
  fees: [[0, 0.4]],
  fees_maker: [[0, 0.25]],
  fee_volume_currency: "ZUSD",
  margin_call: 80,
  margin_stop: 40,
  ordermin: "0.0001",
  costmin: "0.5",
  tick_size: "0.1",
  status: dataset.status === "TRADING" ? "online" : "cancel_only"
})

const asset = (currency: string) => ({
  aclass: "currency",
  altname: altnameOf(currency),
  decimals: 10,
  display_decimals: 5,
  status: "enabled"
})

const text = (value: number | string | null) => (typeof value === "number" ? KlineText.decimal(value) : value)

const make = (world: World) => {
  /** The last page of each series, for a page that repeats. */
  const previous = new Map<Dataset, Reply.Reply>()

  /** Its newest rows, or its oldest. */
  const kept = (dataset: Dataset, newest: boolean): ReadonlyArray<ExchangeFault.Row> => {
    const span = keptRows * 10 * lengthOf(dataset)
    const { from, to } = dataset.extent
    const end = Math.min(to, world.now() + 1)
    const stretch = newest ? { from: Math.max(from, end - span), to: end } : { from, to: Math.min(end, from + span) }
    if (stretch.from >= stretch.to) return []
    const rows = ExchangeFault.rowsOf(dataset.candles(stretch))
    return newest ? rows.slice(-keptRows) : rows.slice(0, keptRows)
  }

  const page = (pair: string, rows: ReadonlyArray<ExchangeFault.Row>, fault: Fault | undefined): Reply.Reply => {
    const written = ExchangeFault.spoil(rows, fault).map(({ close, high, low, open, time, volume }) => {
      const price = typeof close === "number" ? close : 0
      const number = fault?._tag === "WrongTypes" && fault.as === "number"
      const prices = [open, high, low, close].map((value) => (number ? value : text(value)))
      return [time, ...prices, KlineText.decimal(price), text(volume), volume === 0 ? 0 : 1]
    })
    return answer(
      fault?._tag === "NonArray" ? { [pair]: {}, last: 0 } : { [pair]: written, last: rows.at(-2)?.time ?? 0 }
    )
  }

  const ohlc = (parameters: URLSearchParams, fault: Fault | undefined): Reply.Reply => {
    const asked = parameters.get("pair") ?? ""
    const known = world.datasets.filter((each) => pairOf(each) === asked || assetPair(each).altname === asked)
    if (known.length === 0) return refusal("EQuery:Unknown asset pair")
    const interval = intervals[parameters.get("interval") ?? "1"]
    const dataset = known.find((each) => each.interval === interval)
    if (dataset === undefined) return refusal("EGeneral:Invalid arguments")
    const repeated = previous.get(dataset)
    if (fault?._tag === "RepeatedPage" && repeated !== undefined) return repeated
    const ignored = fault?._tag === "IgnoredStartTime"
    const since = ignored ? -1 : Number(parameters.get("since") ?? -1)
    const rows = kept(dataset, !(ignored && fault.rows === "oldest")).filter((row) => row.time > since)
    const reply = page(pairOf(dataset), rows, fault)
    previous.set(dataset, reply)
    return reply
  }

  const respond = (path: string, parameters: URLSearchParams, fault: Fault | undefined): Reply.Reply => {
    const now = world.now()
    switch (path) {
      case `${root}OHLC`:
        return ohlc(parameters, fault)
      case `${root}Time`:
        return answer({
          unixtime: Math.floor(now / 1_000),
          rfc1123: DateTime.toDateUtc(DateTime.makeUnsafe(now)).toUTCString()
        })
      case `${root}SystemStatus`:
        return answer({ status: "online", timestamp: DateTime.formatIso(DateTime.makeUnsafe(now)) })
      case `${root}AssetPairs`:
        return answer(Object.fromEntries(world.datasets.map((dataset) => [pairOf(dataset), assetPair(dataset)])))
      case `${root}Assets`:
        return answer(
          Object.fromEntries(
            world.datasets.flatMap(({ base, quote }) => [base, quote].map((each) => [assetOf(each), asset(each)]))
          )
        )
      default:
        return refusal("EGeneral:Unknown method")
    }
  }

  return ({ method, parameters, path }: Query, fault: Fault | undefined): Reply.Reply => {
    if (method !== "GET") return Reply.gatewayPage(405, "Not Allowed")
    const verdict = world.limiter.spend(1)
    const reply = refused(fault)
    if (reply !== undefined) return reply
    if (verdict._tag !== "Allowed") return refusal("EGeneral:Too many requests")
    return respond(local(path), parameters, fault)
  }
}

const lengthOf = (dataset: Dataset): number =>
  Number(Object.entries(intervals).find(([, interval]) => interval === dataset.interval)?.[0] ?? 0) * 60_000

const local = (path: string): string => (path.startsWith(`${host}/`) ? path.slice(host.length) : path)

export const provider: Provider = {
  id: "kraken",
  variable: "CCXT_BASE_URL",
  owns: (path) => local(path).startsWith(root),
  servesCandles: (path) => local(path) === `${root}OHLC`,
  make
}
