/**
 * Massive, formerly Polygon, over REST: aggregates, tickers, splits,
 * dividends and the state of the markets, of shares, and their options.
 *
 * It wants a key, as a bearer token or as `apiKey`, and counts requests by
 * key. The next page of an answer is an absolute URL without the key; a range
 * without bars is a 200 without `results`, also for a ticker that there is
 * not. It knows no ban: what takes a key's access away is a 403. A day that
 * has begun is there as it will end.
 */
import { Buffer } from "node:buffer"
import { Instant } from "@tidemark/core"
import { Option } from "effect"
import * as ExchangeFault from "./ExchangeFault.ts"
import type { Fault } from "./Fault.ts"
import * as Aggregates from "./MassiveAggregates.ts"
import * as Snapshot from "./MassiveOptions.ts"
import * as Reference from "./MassiveReference.ts"
import * as OptionMarket from "./OptionMarket.ts"
import type { Provider, Query, World } from "./Provider.ts"
import * as Reply from "./Reply.ts"
import * as WeightLimiter from "./WeightLimiter.ts"

export interface Options {
  /** Requests of one key in a minute, 5 on the free plan; unlimited where absent. */
  readonly requestsPerMinute?: number | undefined
  /** Epoch milliseconds, for that minute; the time of all that is served where absent. */
  readonly limiterNow?: (() => number) | undefined
  /** Base bars that an answer has at most, whatever is asked; 50,000 where absent. */
  readonly baseBarsPerPage?: number | undefined
  /** Contracts that an answer has at most, whatever is asked; 250 where absent. */
  readonly contractsPerPage?: number | undefined
  /** Keys that are no keys; `bad-key` where absent. */
  readonly rejectedKeys?: ReadonlyArray<string> | undefined
  /** Where links to the next page lead; to the host that was asked where absent. */
  readonly nextOrigin?: string | undefined
}

const json = "application/json"
const maxBaseBars = 50_000
const defaultBaseBars = 5_000

const aggregatesPath = /^\/v2\/aggs\/ticker\/([^/]+)\/range\/([^/]+)\/([^/]+)\/([^/]+)\/([^/]+)$/
const tickerPath = /^\/v3\/reference\/tickers\/([^/]+)$/
const snapshotPath = /^\/v3\/snapshot\/options\/([^/]+)$/
const statusPath = "/v1/marketstatus/now"
const lists: Readonly<Record<string, Reference.List>> = {
  "/v3/reference/tickers": Reference.tickers,
  "/v3/reference/splits": Reference.splits,
  "/v3/reference/dividends": Reference.dividends
}

const encodeCursor = (parameters: URLSearchParams): string => Buffer.from(parameters.toString()).toString("base64url")
/** What a query asks for: where it has a cursor, what that holds. */
const decodeCursor = (parameters: URLSearchParams): URLSearchParams => {
  const cursor = parameters.get("cursor")
  const decoded = cursor === null ? parameters : new URLSearchParams(Buffer.from(cursor, "base64url").toString())
  const asked = new URLSearchParams(decoded)
  asked.delete("apiKey")
  return asked
}

const keyOf = ({ headers, parameters }: Query): string => {
  const { authorization } = headers
  const bearer = typeof authorization === "string" ? /^Bearer\s+(.*)$/i.exec(authorization)?.[1] : undefined
  return (bearer ?? parameters.get("apiKey") ?? "").trim()
}

/** A date begins, or ends, with New York's; a number is milliseconds. */
const instantOf = (text: string, isEnd: boolean): Instant.EpochMillis | undefined => {
  if (/^\d+$/.test(text)) return Number(text)
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined
  const date = Option.getOrUndefined(Instant.parse(text))
  if (date === undefined) return undefined
  return isEnd ? Aggregates.midnightOf(Instant.formatDate(date + 86_400_000)) - 1 : Aggregates.midnightOf(text)
}

/** What is asked for in a path of aggregates, or what is wrong with it in words. */
const askedIn = (path: RegExpExecArray, parameters: URLSearchParams, pageLimit: number): Aggregates.Asked | string => {
  const [, , multiplierText, spanText, fromText, toText] = path
  const multiplier = Number(multiplierText)
  if (!Number.isInteger(multiplier) || multiplier < 1)
    return "The parameter 'multiplier' must be a whole number above 0"
  const span = Aggregates.spans.find((each) => each === spanText)
  if (span === undefined) return `The parameter 'timespan' has an unknown value: ${spanText}`
  const from = instantOf(fromText!, false)
  const to = instantOf(toText!, true)
  if (from === undefined || to === undefined) {
    const name = from === undefined ? "from" : "to"
    return `Could not parse the time parameter: '${name}'. Use YYYY-MM-DD or Unix MS Timestamps`
  }
  if (from > to) return "The parameter 'to' cannot be a time that occurs before 'from'"
  const limit = Number(parameters.get("limit") ?? defaultBaseBars)
  if (!Number.isInteger(limit) || limit < 1 || limit > maxBaseBars) {
    return `The parameter 'limit' must be from 1 to ${maxBaseBars}`
  }
  return {
    multiplier,
    span,
    from,
    to,
    adjusted: parameters.get("adjusted") !== "false",
    sort: parameters.get("sort") === "desc" ? "desc" : "asc",
    limit: Math.min(limit, pageLimit)
  }
}

const make = (options: Options) => (world: World) => {
  const rejected = new Set(options.rejectedKeys ?? ["bad-key"])
  const limiters = new Map<string, WeightLimiter.WeightLimiter>()
  /** The last page of each ticker, for a page that repeats. */
  const previous = new Map<string, Reply.Reply>()
  let replies = 0

  const said = (status: number, body: object): Reply.Reply =>
    Reply.make(status, json, JSON.stringify({ ...body, request_id: (++replies).toString(16).padStart(32, "0") }))
  const answer = (body: object): Reply.Reply => said(200, { ...body, status: "OK" })
  const refusal = (status: number, error: string): Reply.Reply => said(status, { status: "ERROR", error })
  const notAuthorized = (message: string): Reply.Reply => said(403, { status: "NOT_AUTHORIZED", message })
  const tooMany = (): Reply.Reply =>
    refusal(
      429,
      "You've exceeded the maximum requests per minute, please wait or upgrade your subscription to continue. https://massive.com/pricing"
    )

  const after = (reply: Reply.Reply, seconds: number | undefined): Reply.Reply =>
    seconds === undefined ? reply : { ...reply, headers: { ...reply.headers, "retry-after": String(seconds) } }

  /** What a fault that the provider itself reports looks like. */
  const refused = (fault: Fault | undefined): Reply.Reply | undefined => {
    switch (fault?._tag) {
      case "RateLimited":
        return after(tooMany(), fault.retryAfterSeconds)
      case "Banned":
        return after(
          notAuthorized("You are not entitled to this data. Please upgrade your plan at https://massive.com/pricing"),
          fault.retryAfterSeconds
        )
      case "ServerError": {
        const status = fault.status ?? 500
        if (fault.body !== undefined) return Reply.make(status, json, fault.body)
        return status === 500 ? refusal(500, "Internal server error") : Reply.gatewayPage(status, "Error")
      }
      default:
        return undefined
    }
  }

  const isLimited = (key: string): boolean => {
    if (options.requestsPerMinute === undefined) return false
    let limiter = limiters.get(key)
    if (limiter === undefined) {
      limiter = WeightLimiter.make({
        limit: options.requestsPerMinute,
        windowMillis: 60_000,
        banAfter: Infinity,
        banMillis: 0,
        now: options.limiterNow ?? world.now
      })
      limiters.set(key, limiter)
    }
    return limiter.spend(1)._tag !== "Allowed"
  }

  const nextUrl = (query: Query, path: string, parameters: URLSearchParams): string => {
    const { host } = query.headers
    const origin = options.nextOrigin ?? (typeof host === "string" ? `http://${host}` : "https://api.massive.com")
    return `${origin}${path}?cursor=${encodeCursor(parameters)}`
  }

  /** The oldest range of the same length, or the newest. */
  const elsewhere = (
    asked: Aggregates.Asked,
    rows: "oldest" | "newest" | undefined,
    first: Instant.EpochMillis
  ): Aggregates.Asked => {
    const length = asked.to - asked.from
    return rows === "oldest"
      ? { ...asked, from: first, to: first + length }
      : { ...asked, from: world.now() - length, to: world.now() }
  }

  const aggregates = (query: Query, path: RegExpExecArray, fault: Fault | undefined): Reply.Reply => {
    const parameters = decodeCursor(query.parameters)
    const asked = askedIn(path, parameters, options.baseBarsPerPage ?? maxBaseBars)
    if (typeof asked === "string") return refusal(400, asked)
    const ticker = decodeURIComponent(path[1]!)
    const repeated = previous.get(ticker)
    if (fault?._tag === "RepeatedPage" && repeated !== undefined) return repeated
    const equity = world.equities.find(({ symbol }) => symbol === ticker)
    const range =
      fault?._tag === "IgnoredStartTime" && equity !== undefined
        ? elsewhere(asked, fault.rows, equity.firstTrade)
        : asked
    const found: Aggregates.Page =
      equity === undefined ? { bars: [], baseBars: 0 } : Aggregates.page(equity, range, world.now())
    const reply = written(query, ticker, asked, found, fault)
    previous.set(ticker, reply)
    return reply
  }

  const written = (
    query: Query,
    ticker: string,
    asked: Aggregates.Asked,
    { bars, baseBars, rest }: Aggregates.Page,
    fault: Fault | undefined
  ): Reply.Reply => {
    const byTime = new Map(bars.map((bar) => [bar.time, bar]))
    const results = ExchangeFault.spoil(bars, fault).map((row) => {
      const bar = byTime.get(row.time)
      return {
        v: row.volume,
        ...(bar?.vwap === undefined ? {} : { vw: bar.vwap }),
        o: row.open,
        c: row.close,
        h: row.high,
        l: row.low,
        t: row.time * 1_000,
        ...(bar?.trades === undefined ? {} : { n: bar.trades })
      }
    })
    const { multiplier, span } = asked
    const parameters = new URLSearchParams({
      adjusted: String(asked.adjusted),
      limit: String(asked.limit),
      sort: asked.sort
    })
    const isLast = rest === undefined || fault?._tag === "Empty"
    const next = isLast ? undefined : [multiplier, span, rest.from, rest.to].join("/")
    return answer({
      ticker,
      queryCount: results.length === 0 ? 0 : baseBars,
      resultsCount: results.length,
      adjusted: asked.adjusted,
      ...(fault?._tag === "NonArray" ? { results: {} } : results.length === 0 ? {} : { results }),
      count: results.length,
      ...(next === undefined
        ? {}
        : { next_url: nextUrl(query, `/v2/aggs/ticker/${encodeURIComponent(ticker)}/range/${next}`, parameters) })
    })
  }

  const listing = (query: Query, list: Reference.List): Reply.Reply => {
    const parameters = decodeCursor(query.parameters)
    const limit = Number(parameters.get("limit") ?? list.limit)
    if (!Number.isInteger(limit) || limit < 1 || limit > Reference.maxLimit) {
      return refusal(400, `The parameter 'limit' must be from 1 to ${Reference.maxLimit}`)
    }
    const { next, rows } = Reference.page(list, world.equities, parameters, world.now())
    return answer({
      results: rows,
      ...(list === Reference.tickers ? { count: rows.length } : {}),
      ...(next === undefined ? {} : { next_url: nextUrl(query, query.path, next) })
    })
  }

  const snapshot = (query: Query, ticker: string, fault: Fault | undefined): Reply.Reply => {
    const parameters = decodeCursor(query.parameters)
    const limit = Number(parameters.get("limit") ?? Snapshot.defaultLimit)
    if (!Number.isInteger(limit) || limit < 1 || limit > Snapshot.maxLimit) {
      return refusal(400, `The parameter 'limit' must be from 1 to ${Snapshot.maxLimit}`)
    }
    const repeated = previous.get(`options ${ticker}`)
    if (fault?._tag === "RepeatedPage" && repeated !== undefined) return repeated
    const equity = world.equities.find(({ symbol }) => symbol.replace(/^\^/, "I:") === ticker)
    const rows = equity === undefined ? [] : Snapshot.rows(equity, ticker, world.now())
    const offset = Number(parameters.get("offset") ?? 0)
    const end = offset + Math.min(limit, options.contractsPerPage ?? limit)
    const next = new URLSearchParams(parameters)
    next.set("offset", String(end))
    const reply = answer({
      results: OptionMarket.spoil(rows.slice(offset, end), "last_quote", fault),
      ...(end < rows.length && fault?._tag !== "Empty" ? { next_url: nextUrl(query, query.path, next) } : {})
    })
    previous.set(`options ${ticker}`, reply)
    return reply
  }

  const respond = (query: Query, fault: Fault | undefined): Reply.Reply => {
    const bars = aggregatesPath.exec(query.path)
    if (bars !== null) return aggregates(query, bars, fault)
    const options = snapshotPath.exec(query.path)
    if (options !== null) return snapshot(query, decodeURIComponent(options[1]!), fault)
    const list = lists[query.path]
    if (list !== undefined) return listing(query, list)
    // Alone among them, it has neither a status nor an id.
    if (query.path === statusPath) return Reply.make(200, json, JSON.stringify(Reference.marketStatus(world.now())))
    const asked = tickerPath.exec(query.path)
    const ticker = asked === null ? undefined : decodeURIComponent(asked[1]!)
    const equity = world.equities.find(({ symbol }) => symbol === ticker)
    if (equity === undefined) return said(404, { status: "NOT_FOUND", message: "Ticker not found." })
    return answer({ results: Reference.details(equity, world.now()) })
  }

  return (query: Query, fault: Fault | undefined): Reply.Reply => {
    if (query.method !== "GET") return Reply.gatewayPage(405, "Not Allowed")
    const key = keyOf(query)
    if (key === "") return refusal(401, "API Key was not provided")
    if (rejected.has(key)) return refusal(401, "Unknown API Key")
    const isOver = isLimited(key)
    return refused(fault) ?? (isOver ? tooMany() : respond(query, fault))
  }
}

/** The provider under other terms than `provider`'s. */
export const providerWith = (options: Options): Provider => ({
  id: "massive",
  variable: "POLYGON_BASE_URL",
  owns: (path) =>
    Object.hasOwn(lists, path) ||
    [aggregatesPath, tickerPath, snapshotPath].some((each) => each.test(path)) ||
    path === statusPath,
  servesCandles: (path) => aggregatesPath.test(path) || snapshotPath.test(path),
  make: make(options)
})

export const provider: Provider = providerWith({})
