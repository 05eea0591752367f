/**
 * Yahoo Finance over HTTP: the chart, the summary, options, and how a client
 * comes to the cookie and the crumb that all but the chart want.
 *
 * `/quote/…` is a page that sets the cookie `A3`, after a detour to the
 * consent host where `consent` says so; `/v1/test/getcrumb` gives the crumb
 * to whoever shows the cookie; the summary and options want both. The chart
 * wants neither. It answers for all hosts of Yahoo, told apart by path.
 *
 * Differences: there is nothing before the opening and after the close,
 * whatever `includePrePost` says, and no interval that no candle has (2m,
 * 90m, 5d, 3mo). A `RateLimited` without seconds to wait is a 200 with these
 * words at the crumb, as it happens, and a 429 elsewhere.
 */
import type { Equity } from "./Equity.ts"
import * as ExchangeFault from "./ExchangeFault.ts"
import type { Fault } from "./Fault.ts"
import type { Provider, Query, World } from "./Provider.ts"
import * as Reply from "./Reply.ts"
import * as Chart from "./YahooChart.ts"
import * as Chain from "./YahooOptions.ts"
import * as Summary from "./YahooSummary.ts"

export interface Options {
  /** Value of the cookie `A3`; the same for everyone. */
  readonly cookie?: string | undefined
  /** The crumb that goes with it. */
  readonly crumb?: string | undefined
  /** Whether a page is only shown after the consent host has been visited, as from Europe. */
  readonly consent?: boolean | undefined
  /** Opens of bars in which nothing was traded: they have a row of nulls. */
  readonly blank?: ((openMillis: number) => boolean) | undefined
}

const json = "application/json;charset=utf-8"
const chartPath = "/v8/finance/chart/"
const summaryPath = "/v10/finance/quoteSummary/"
const optionsPath = "/v7/finance/options/"
const crumbPath = "/v1/test/getcrumb"
const pagePath = "/quote/"
const consentPath = "/consent"
const finance = "https://finance.yahoo.com"
const year = 31_557_600

const text = (status: number, body: string): Reply.Reply => Reply.make(status, "text/plain;charset=utf-8", body)

/** Every answer is an object with one key, which holds a result or an error. */
const said = (status: number, key: string, content: object): Reply.Reply =>
  Reply.make(status, json, JSON.stringify({ [key]: { result: null, error: null, ...content } }))
const refusal = (status: number, key: string, code: string, description: string): Reply.Reply =>
  said(status, key, { error: { code, description } })

const invalidCrumb = (): Reply.Reply => refusal(401, "finance", "Unauthorized", "Invalid Crumb")

const symbolIn = (path: string, root: string): string => decodeURIComponent(path.slice(root.length))

const cookiesOf = ({ headers }: Query): ReadonlyMap<string, string> => {
  const { cookie } = headers
  const pairs = (typeof cookie === "string" ? cookie : "").split(/;\s*/).map((pair) => pair.split(/=(.*)/s))
  return new Map(pairs.map(([name, value]) => [name!, value ?? ""]))
}

/** Node writes a list as a line each; the type of a reply knows of one line only. */
const lines = (cookies: ReadonlyArray<string>): string => cookies as unknown as string

const keyOf = (path: string): string =>
  path.startsWith(chartPath)
    ? "chart"
    : path.startsWith(summaryPath)
      ? "quoteSummary"
      : path.startsWith(optionsPath)
        ? "optionChain"
        : "finance"

/** What a fault that the provider itself reports looks like. */
const refused = (path: string, fault: Fault | undefined): Reply.Reply | undefined => {
  switch (fault?._tag) {
    case "RateLimited": {
      const seconds = fault.retryAfterSeconds
      const reply = text(seconds === undefined && path === crumbPath ? 200 : 429, "Too Many Requests\r\n")
      return seconds === undefined ? reply : { ...reply, headers: { ...reply.headers, "retry-after": String(seconds) } }
    }
    case "Banned":
      return Reply.make(
        999,
        "text/html",
        "<html><body>Unable to process request at this time -- error 999.</body></html>"
      )
    case "ServerError": {
      const status = fault.status ?? 500
      if (fault.body !== undefined) return Reply.make(status, json, fault.body)
      if (status === 401) return invalidCrumb()
      return status === 500
        ? refusal(500, keyOf(path), "Internal Server Error", "Internal Server Error")
        : Reply.gatewayPage(status, "Error")
    }
    default:
      return undefined
  }
}

const make = (options: Options) => (world: World) => {
  const cookie = options.cookie ?? "d=AQABBEmulator&S=AQAAAkEmulator"
  const crumb = options.crumb ?? "eMu1at0r.42"
  /** The last chart of each symbol and interval, for one that repeats. */
  const previous = new Map<string, Reply.Reply>()

  const attributes = `Max-Age=${year}; Domain=.yahoo.com; Path=/; Secure; HttpOnly`
  const session = [
    `A1=${cookie}; Expires=Thu, 31 Dec 2099 23:59:59 GMT; ${attributes}; SameSite=Lax`,
    `A3=${cookie}; Expires=Thu, 31 Dec 2099 23:59:59 GMT; ${attributes}; SameSite=None`,
    `A1S=${cookie}; Domain=.yahoo.com; Path=/; SameSite=Lax; Secure`
  ]
  const hasCookie = (query: Query): boolean => cookiesOf(query).get("A3") === cookie

  const page = (query: Query): Reply.Reply => {
    if (options.consent === true && !hasCookie(query)) {
      const done = encodeURIComponent(`${finance}${query.path}`)
      return {
        status: 307,
        headers: {
          "content-type": "text/html; charset=utf-8",
          location: `https://guce.yahoo.com${consentPath}?brandType=nonEu&gcrumb=eMu1ate&done=${done}`,
          "set-cookie": "GUCS=eMu1ate; Max-Age=1800; Domain=.yahoo.com; Path=/; Secure"
        },
        body: []
      }
    }
    const reply = Reply.make(200, "text/html; charset=utf-8", "<!doctype html><html><body>A quote</body></html>")
    return { ...reply, headers: { ...reply.headers, "set-cookie": lines(session) } }
  }

  const consent = (query: Query): Reply.Reply => ({
    status: 302,
    headers: {
      location: `${query.parameters.get("done") ?? finance}?guccounter=1`,
      "set-cookie": lines(["GUC=eMu1ated; Domain=yahoo.com; Path=/; Secure", ...session])
    },
    body: []
  })

  const getCrumb = (query: Query): Reply.Reply => (hasCookie(query) ? text(200, crumb) : invalidCrumb())

  const summary = (query: Query): Reply.Reply => {
    if (!hasCookie(query) || query.parameters.get("crumb") !== crumb) return invalidCrumb()
    const symbol = symbolIn(query.path, summaryPath)
    const asked = (query.parameters.get("modules") ?? "").split(",")
    const equity = world.equities.find((each) => each.symbol === symbol)
    const notFound = (description: string) => refusal(404, "quoteSummary", "Not Found", description)
    if (equity === undefined) return notFound(`Quote not found for symbol: ${symbol}`)
    const found = Summary.modules(equity, asked, world.now())
    if (found === undefined) return notFound(`No fundamentals data found for symbol: ${symbol}`)
    return said(200, "quoteSummary", { result: [found] })
  }

  const chain = (query: Query, fault: Fault | undefined): Reply.Reply => {
    if (!hasCookie(query) || query.parameters.get("crumb") !== crumb) return invalidCrumb()
    const symbol = symbolIn(query.path, optionsPath)
    const date = query.parameters.get("date")
    const repeated = previous.get(`options ${symbol}`)
    if (fault?._tag === "RepeatedPage" && repeated !== undefined) return repeated
    const equity = world.equities.find((each) => each.symbol === symbol)
    const asked = date === null ? undefined : Number(date)
    const found = equity === undefined ? undefined : Chain.chain(equity, asked, world.now(), fault)
    const reply = said(200, "optionChain", { result: found === undefined ? [] : [found] })
    previous.set(`options ${symbol}`, reply)
    return reply
  }

  /** The oldest range of the same length that there is, or the newest. */
  const elsewhere = (equity: Equity, bars: Chart.Bars, range: Chart.Range, rows: "oldest" | "newest"): Chart.Range => {
    const length = range.to - range.from
    const now = world.now()
    if (rows === "newest") return { from: now - length, to: now }
    const first = bars.keepsDays === undefined ? equity.firstTrade : now - bars.keepsDays * 86_400_000
    return { from: Math.max(first, equity.firstTrade), to: Math.max(first, equity.firstTrade) + length }
  }

  const drawn = (
    equity: Equity,
    interval: string,
    range: Chart.Range,
    query: Query,
    fault: Fault | undefined
  ): Reply.Reply => {
    const now = world.now()
    const bars = Chart.barsOf[interval]!
    const shown = fault?._tag === "IgnoredStartTime" ? elsewhere(equity, bars, range, fault.rows ?? "newest") : range
    const found = Chart.rows(equity, bars, shown, now)
    const spoilt = ExchangeFault.spoil(found, fault)
    const rows = spoilt.map((row) => (options.blank?.(row.time * 1_000) === true ? Chart.blank(row) : row))
    const { indicators, timestamp } = Chart.columns(found, rows, bars)
    const events = Chart.events(equity, shown, query.parameters.get("events") ?? "", now)
    const chart = {
      meta: Chart.meta(equity, interval, shown, now),
      ...(timestamp === undefined ? {} : { timestamp: fault?._tag === "NonArray" ? {} : timestamp }),
      ...(Object.keys(events).length === 0 ? {} : { events }),
      indicators
    }
    return said(200, "chart", { result: [chart] })
  }

  const chart = (query: Query, fault: Fault | undefined): Reply.Reply => {
    const { parameters } = query
    const symbol = symbolIn(query.path, chartPath)
    const interval = parameters.get("interval") ?? "1d"
    const [from, to] = [Number(parameters.get("period1")) * 1_000, Number(parameters.get("period2")) * 1_000]
    const wrong = (status: number, code: string, description: string) => refusal(status, "chart", code, description)
    const unprocessable = (description: string) => wrong(422, "Unprocessable Entity", description)
    const equity = world.equities.find((each) => each.symbol === symbol)
    if (equity === undefined) return wrong(404, "Not Found", "No data found, symbol may be delisted")
    const bars = Object.hasOwn(Chart.barsOf, interval) ? Chart.barsOf[interval] : undefined
    if (bars === undefined) {
      const valid = "[1m, 2m, 5m, 15m, 30m, 60m, 90m, 1h, 4h, 1d, 5d, 1wk, 1mo, 3mo]"
      return unprocessable(`Invalid input - interval=${interval} is not supported. Valid intervals: ${valid}`)
    }
    if (Number.isNaN(from + to) || from >= to) {
      const description = "Invalid input - start date cannot be after end date. startDate = "
      return wrong(400, "Bad Request", `${description}${from / 1_000}, endDate = ${to / 1_000}`)
    }
    const range = { from, to }
    const over = Chart.limit(interval, bars, range, world.now())
    if (over !== undefined) return unprocessable(over)
    if (to < equity.firstTrade) {
      return wrong(400, "Bad Request", `Data doesn't exist for startDate = ${from / 1_000}, endDate = ${to / 1_000}`)
    }
    const series = `${symbol} ${interval}`
    const repeated = previous.get(series)
    if (fault?._tag === "RepeatedPage" && repeated !== undefined) return repeated
    const reply = drawn(equity, interval, range, query, fault)
    previous.set(series, reply)
    return reply
  }

  return (query: Query, fault: Fault | undefined): Reply.Reply => {
    const { method, path } = query
    if (method !== "GET") return Reply.gatewayPage(405, "Not Allowed")
    const reply = refused(path, fault)
    if (reply !== undefined) return reply
    if (path.startsWith(chartPath)) return chart(query, fault)
    if (path.startsWith(summaryPath)) return summary(query)
    if (path.startsWith(optionsPath)) return chain(query, fault)
    if (path.startsWith(pagePath)) return page(query)
    if (path === crumbPath) return getCrumb(query)
    return path === consentPath ? consent(query) : Reply.notFound
  }
}

/** The provider with other secrets, or another way to them, than `provider`'s. */
export const providerWith = (options: Options): Provider => ({
  id: "yahoo",
  variable: "YAHOO_BASE_URL",
  owns: (path) =>
    path.startsWith("/v8/finance/") ||
    path.startsWith("/v10/finance/") ||
    path.startsWith(optionsPath) ||
    path.startsWith(pagePath) ||
    path === crumbPath ||
    path === consentPath,
  servesCandles: (path) => path.startsWith(chartPath) || path.startsWith(optionsPath),
  make: make(options)
})

export const provider: Provider = providerWith({})
