/**
 * Binance over REST, spot and USD-M futures: klines, exchangeInfo, the day's
 * statistics, time and ping.
 *
 * Errors, weights and paging are those of the real thing. It differs in
 * three points: an interval without a dataset is answered with -1120 instead
 * of being aggregated from another, answers are never compressed, and the
 * address that weight is counted for is everyone together.
 */
import { Result } from "effect"
import * as BinanceFault from "./BinanceFault.ts"
import type { Dataset } from "./Dataset.ts"
import type { Fault } from "./Fault.ts"
import * as KlineBook from "./KlineBook.ts"
import * as KlineInterval from "./KlineInterval.ts"
import * as KlineText from "./KlineText.ts"
import type { Provider, Query, World } from "./Provider.ts"
import * as Reply from "./Reply.ts"
import type { Verdict } from "./WeightLimiter.ts"

/** Where each market's REST interface is. */
const roots = { spot: "/api/v3/", um: "/fapi/v1/" } as const
const json = "application/json;charset=UTF-8"
const defaultLimit = 500
const maxLimits = { spot: 1_000, um: 1_500 } as const
const cacheBytes = 32 * 1024 * 1024

/** Weight of klines in futures, by how many are asked for. */
const usdmKlines = (limit: number): number => (limit < 100 ? 1 : limit < 500 ? 2 : limit <= 1_000 ? 5 : 10)

/** What a request costs. */
const weightOf = ({ parameters, path }: Query): number => {
  if (path === `${roots.um}klines`) return usdmKlines(Number(parameters.get("limit") ?? defaultLimit))
  if (path === `${roots.um}ticker/24hr`) return 40
  if (path === `${roots.spot}ticker/24hr`) return 80
  return path === `${roots.spot}klines` ? 2 : path === `${roots.spot}exchangeInfo` ? 20 : 1
}

interface Refusal {
  readonly status: number
  readonly code: number
  readonly msg: string
}
const refusal = (code: number, msg: string, status = 400): Refusal => ({ status, code, msg })

const toReply = ({ code, msg, status }: Refusal): Reply.Reply => Reply.make(status, json, JSON.stringify({ code, msg }))

const busy = refusal(
  -1008,
  "Server is currently overloaded with other requests. Please try again in a few minutes.",
  503
)
const serverErrors: Readonly<Record<number, Refusal>> = {
  500: refusal(-1000, "An unknown error occurred while processing the request.", 500),
  503: busy,
  504: refusal(
    -1007,
    "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
    504
  )
}

const withHeaders = (reply: Reply.Reply, headers: Readonly<Record<string, string>>): Reply.Reply => ({
  ...reply,
  headers: { ...reply.headers, ...headers }
})

const retryAfter = (seconds: number | undefined): Readonly<Record<string, string>> =>
  seconds === undefined ? {} : { "retry-after": String(seconds) }

const tooMuchWeight = (limit: number, seconds: number | undefined): Reply.Reply =>
  withHeaders(
    toReply(
      refusal(
        -1003,
        `Too much request weight used; current limit is ${limit} request weight per 1 MINUTE. ` +
          "Please use WebSocket Streams for live updates to avoid polling the API.",
        429
      )
    ),
    retryAfter(seconds)
  )

const banned = (until: number, seconds: number): Reply.Reply =>
  withHeaders(
    toReply(
      refusal(
        -1003,
        `Way too much request weight used; IP banned until ${until}. ` +
          "Please use WebSocket Streams for live updates to avoid bans.",
        418
      )
    ),
    retryAfter(seconds)
  )

/** What a fault that the provider itself reports looks like. */
const refused = (fault: Fault | undefined, world: World): Reply.Reply | undefined => {
  switch (fault?._tag) {
    case "RateLimited":
      return tooMuchWeight(world.limiter.limit, fault.retryAfterSeconds)
    case "Banned": {
      const seconds = fault.retryAfterSeconds ?? 120
      return banned(world.now() + seconds * 1000, seconds)
    }
    case "ServerError": {
      const status = fault.status ?? 500
      if (fault.body !== undefined) return Reply.make(status, json, fault.body)
      const known = serverErrors[status]
      return known === undefined ? Reply.gatewayPage(status, status === 502 ? "Bad Gateway" : "Error") : toReply(known)
    }
    default:
      return undefined
  }
}

const overBudget = (verdict: Verdict, limit: number): Reply.Reply | undefined => {
  if (verdict._tag === "Allowed") return undefined
  return verdict._tag === "Limited"
    ? tooMuchWeight(limit, verdict.retryAfterSeconds)
    : banned(verdict.until, verdict.retryAfterSeconds)
}

const symbolPattern = /^[A-Z0-9\-_.]{1,20}$/
const symbolRange = "^[A-Z0-9-_.]{1,20}$"
const wholePattern = /^[0-9]{1,20}$/
const wholeRange = "^[0-9]{1,20}$"

const mandatory = (name: string): Refusal =>
  refusal(-1102, `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`)
const illegal = (name: string, range: string): Refusal =>
  refusal(-1100, `Illegal characters found in parameter '${name}'; legal range is '${range}'.`)
const invalidSymbol = refusal(-1121, "Invalid symbol.")

const whole = (parameters: URLSearchParams, name: string): Result.Result<number | undefined, Refusal> => {
  const text = parameters.get(name)
  if (text === null) return Result.succeed(undefined)
  return wholePattern.test(text) ? Result.succeed(Number(text)) : Result.fail(illegal(name, wholeRange))
}

/** A request for klines, understood. */
interface KlinesRequest extends KlineBook.Range {
  readonly dataset: Dataset
}

const parseKlines = (
  parameters: URLSearchParams,
  market: Dataset["market"],
  datasets: ReadonlyArray<Dataset>
): Result.Result<KlinesRequest, Refusal> =>
  Result.gen(function* () {
    const symbol = parameters.get("symbol")
    const interval = parameters.get("interval")
    if (symbol === null || symbol === "") return yield* Result.fail(mandatory("symbol"))
    if (!symbolPattern.test(symbol)) return yield* Result.fail(illegal("symbol", symbolRange))
    if (interval === null || interval === "") return yield* Result.fail(mandatory("interval"))
    const startTime = yield* whole(parameters, "startTime")
    const endTime = yield* whole(parameters, "endTime")
    const limit = (yield* whole(parameters, "limit")) ?? defaultLimit
    if (limit === 0) return yield* Result.fail(refusal(-1130, "Data sent for parameter 'limit' is not valid."))
    if (!KlineInterval.is(interval)) return yield* Result.fail(refusal(-1120, "Invalid interval."))
    const ofSymbol = datasets.filter((dataset) => dataset.symbol === symbol)
    if (ofSymbol.length === 0) return yield* Result.fail(invalidSymbol)
    const dataset = ofSymbol.find((dataset) => dataset.interval === interval)
    if (dataset === undefined) return yield* Result.fail(refusal(-1120, "Invalid interval."))
    return { dataset, startTime, endTime, limit: Math.min(limit, maxLimits[market]) }
  })

const symbolInfo = ({ base, quote, status, symbol }: Dataset) => ({
  symbol,
  status,
  baseAsset: base,
  baseAssetPrecision: 8,
  quoteAsset: quote,
  quotePrecision: 8,
  quoteAssetPrecision: 8,
  baseCommissionPrecision: 8,
  quoteCommissionPrecision: 8,
  orderTypes: ["LIMIT", "LIMIT_MAKER", "MARKET"],
  icebergAllowed: true,
  ocoAllowed: true,
  quoteOrderQtyMarketAllowed: true,
  allowTrailingStop: true,
  cancelReplaceAllowed: true,
  isSpotTradingAllowed: status === "TRADING",
  isMarginTradingAllowed: false,
  filters: [
    { filterType: "PRICE_FILTER", minPrice: "0.00000001", maxPrice: "1000000.00000000", tickSize: "0.00000001" },
    { filterType: "LOT_SIZE", minQty: "0.00000001", maxQty: "9000000.00000000", stepSize: "0.00000001" },
    {
      filterType: "NOTIONAL",
      minNotional: "5.00000000",
      applyMinToMarket: true,
      maxNotional: "9000000.00000000",
      applyMaxToMarket: false,
      avgPriceMins: 5
    }
  ],
  permissions: [],
  permissionSets: [["SPOT"]],
  defaultSelfTradePreventionMode: "EXPIRE_MAKER",
  allowedSelfTradePreventionModes: ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"]
})

/** The symbols asked for by `symbol=` or `symbols=["…"]`; all where neither is. */
const askedSymbols = (parameters: URLSearchParams): Result.Result<ReadonlyArray<string> | undefined, Refusal> => {
  const one = parameters.get("symbol")
  const many = parameters.get("symbols")
  if (one !== null && many !== null) {
    return Result.fail(refusal(-1128, "Combination of optional parameters invalid."))
  }
  if (one !== null) {
    return symbolPattern.test(one) ? Result.succeed([one]) : Result.fail(illegal("symbol", symbolRange))
  }
  if (many === null) return Result.succeed(undefined)
  const list = /^\[("[A-Z0-9\-_.]{1,20}"(,"[A-Z0-9\-_.]{1,20}")*)?\]$/.test(many)
  return list
    ? Result.succeed(JSON.parse(many) as ReadonlyArray<string>)
    : Result.fail(illegal("symbols", `^\\[("[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}){0,1}\\]$`))
}

/** What futures say besides. */
const contractInfo = ({ base, quote }: Dataset) => ({
  pair: `${base}${quote}`,
  contractType: "PERPETUAL",
  marginAsset: quote,
  onboardDate: 1_569_398_400_000,
  deliveryDate: 4_133_404_800_000
})

const hourMillis = 3_600_000

/** One row a symbol: what was traded in the last day of its data. */
const statistics = (datasets: ReadonlyArray<Dataset>, world: World): Reply.Reply => {
  const rows = [...Map.groupBy(datasets, ({ symbol }) => symbol).values()].map((ofSymbol) => {
    // The coarsest interval that a day has many of.
    const dataset =
      ofSymbol.findLast(({ interval }) => KlineInterval.nominalMillis(interval) <= hourMillis) ?? ofSymbol[0]!
    const end = Math.min(world.now(), dataset.extent.to)
    const from = Math.max(end - 86_400_000, dataset.extent.from)
    const { close, volume } = from < end ? dataset.candles({ from, to: end }) : { close: [], volume: [] }
    let turnover = 0
    for (let i = 0; i < volume.length; i++) turnover += volume[i]! * close[i]!
    return { symbol: dataset.symbol, lastPrice: KlineText.decimal(close.at(-1) ?? 0), quoteVolume: turnover.toFixed(8) }
  })
  return Reply.make(200, json, JSON.stringify(rows))
}

const exchangeInfo = (parameters: URLSearchParams, market: Dataset["market"], world: World): Reply.Reply => {
  const asked = askedSymbols(parameters)
  if (Result.isFailure(asked)) return toReply(asked.failure)
  const known = new Map(
    world.datasets.filter((dataset) => dataset.market === market).map((dataset) => [dataset.symbol, dataset])
  )
  const names = asked.success ?? [...known.keys()]
  const found = names.flatMap((name) => known.get(name) ?? [])
  if (found.length < names.length) return toReply(invalidSymbol)
  const body = {
    timezone: "UTC",
    serverTime: world.now(),
    rateLimits: [
      { rateLimitType: "REQUEST_WEIGHT", interval: "MINUTE", intervalNum: 1, limit: world.limiter.limit },
      { rateLimitType: "ORDERS", interval: "SECOND", intervalNum: 10, limit: 100 },
      { rateLimitType: "ORDERS", interval: "DAY", intervalNum: 1, limit: 200_000 },
      { rateLimitType: "RAW_REQUESTS", interval: "MINUTE", intervalNum: 5, limit: 61_000 }
    ],
    exchangeFilters: [],
    symbols: found.map((dataset) =>
      market === "spot" ? symbolInfo(dataset) : { ...symbolInfo(dataset), ...contractInfo(dataset) }
    )
  }
  return Reply.make(200, json, JSON.stringify(body))
}

const make = (world: World) => {
  const book = KlineBook.make({ now: world.now, cacheBytes })
  /** The last page of each series, for a page that repeats. */
  const previous = new Map<Dataset, ReadonlyArray<Buffer>>()

  const klines = (parameters: URLSearchParams, market: Dataset["market"], fault: Fault | undefined): Reply.Reply => {
    const parsed = parseKlines(
      parameters,
      market,
      world.datasets.filter((dataset) => dataset.market === market)
    )
    if (Result.isFailure(parsed)) return toReply(parsed.failure)
    const { dataset, ...range } = parsed.success
    if (fault?._tag === "RepeatedPage") {
      return Reply.make(200, json, previous.get(dataset) ?? book.page(dataset, { ...range, startTime: 0 }))
    }
    if (fault?._tag === "IgnoredStartTime") {
      const startTime = fault.rows === "oldest" ? 0 : undefined
      return Reply.make(200, json, book.page(dataset, { limit: range.limit, startTime }))
    }
    const body = book.page(dataset, range)
    previous.set(dataset, body)
    return Reply.make(200, json, BinanceFault.spoil(body, fault, world.now()))
  }

  const answer = ({ method, parameters, path }: Query, fault: Fault | undefined): Reply.Reply => {
    if (method !== "GET") return Reply.gatewayPage(405, "Not Allowed")
    const market = path.startsWith(roots.spot) ? "spot" : "um"
    switch (path.slice(roots[market].length)) {
      case "klines":
        return klines(parameters, market, fault)
      case "exchangeInfo":
        return exchangeInfo(parameters, market, world)
      case "ticker/24hr":
        return statistics(
          world.datasets.filter((dataset) => dataset.market === market),
          world
        )
      case "time":
        return Reply.make(200, json, JSON.stringify({ serverTime: world.now() }))
      case "ping":
        return Reply.make(200, json, "{}")
      default:
        return Reply.notFound
    }
  }

  return (query: Query, fault: Fault | undefined): Reply.Reply => {
    const verdict = world.limiter.spend(weightOf(query))
    const reply = refused(fault, world) ?? overBudget(verdict, world.limiter.limit) ?? answer(query, fault)
    const used = String(world.limiter.used())
    return withHeaders(reply, { "x-mbx-used-weight": used, "x-mbx-used-weight-1m": used })
  }
}

export const provider: Provider = {
  id: "binance",
  variable: "BINANCE_BASE_URL",
  owns: (path) => Object.values(roots).some((root) => path.startsWith(root)),
  servesCandles: (path) => Object.values(roots).some((root) => path === `${root}klines`),
  make
}
