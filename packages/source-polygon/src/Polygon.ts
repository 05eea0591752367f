/**
 * Massive, formerly Polygon: US stocks, indices, foreign exchange and crypto,
 * over its REST interface, with a key.
 *
 * Facts: minutes without eligible trades have no bar; an empty answer has no
 * `results`; the next page is an absolute URL, of which only path and query
 * are followed, on the declared host; the key goes into a header, never into
 * a URL. Bars before the opening and after the close are left out: a session
 * grid has no candles there.
 */
import {
  Candles,
  ChainRows,
  CorporateAction,
  HttpReason,
  Instant,
  type Interval,
  Regrid,
  Source,
  SourceError,
  Timeframe
} from "@tidemark/core"
import { Clock, Effect, Option, Redacted, Schema, Stream } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Aggregates from "./Aggregates.ts"
import * as Snapshot from "./Snapshot.ts"
import * as Tickers from "./Tickers.ts"

const id = "polygon"
const host = "api.massive.com"
const origin = `https://${host}`
const year = 365 * 86_400_000

const timeframes: ReadonlyArray<Timeframe.Timeframe> = Timeframe.all.filter(
  (timeframe) => timeframe !== "1s" && timeframe !== "1M"
)

/** What each plan of the provider allows. */
const plans = {
  free: {
    hosts: [{ name: host, budget: { limit: 5, windowMillis: 60_000 } }],
    historyMillis: Object.fromEntries(timeframes.map((timeframe) => [timeframe, 2 * year]))
  },
  // No limit is promised; the provider asks to stay below a hundred a second.
  paid: { hosts: [{ name: host, budget: { limit: 100, windowMillis: 1_000 } }] }
} as const

const capabilities: Source.Capabilities = {
  assetClasses: ["equity", "index", "fx", "crypto"],
  timeframes,
  pageSize: Aggregates.limit,
  bytesPerCandle: 100,
  weightPerPage: 1,
  // 2003-09-10, the first day of its stock data.
  earliest: 1_063_152_000_000,
  hosts: [{ name: host }],
  lanes: 2,
  // Late trades are still added for a quarter of an hour.
  lagMillis: 15 * 60_000,
  // Trades that are reported late, and corrections of the night.
  revisedMillis: 24 * 60 * 60_000,
  omitsQuiet: true,
  // With all plans but the dearest.
  options: { delayMillis: 15 * 60_000, computes: ["impliedVolatility", "gamma"] },
  adjustment: "none",
  provenance: "observed"
}

export const Config = Schema.Struct({
  apiKey: Schema.optionalKey(Schema.RedactedFromValue(Schema.NonEmptyString)),
  massiveKey: Schema.optionalKey(Schema.RedactedFromValue(Schema.NonEmptyString)),
  plan: Schema.Literals(["free", "paid"]).pipe(Schema.withDecodingDefaultKey(Effect.succeed("free" as const)))
})
export type Config = typeof Config.Type

const ErrorBody = Schema.fromJsonString(
  Schema.Struct({
    status: Schema.optionalKey(Schema.String),
    error: Schema.optionalKey(Schema.String),
    message: Schema.optionalKey(Schema.String)
  })
)
const decodeErrorBody = Schema.decodeUnknownOption(ErrorBody)

const Page = Schema.fromJsonString(
  Schema.Struct({
    status: Schema.String,
    results: Schema.optionalKey(Schema.Array(Schema.Unknown)),
    next_url: Schema.optionalKey(Schema.String)
  })
)
const decodePage = Schema.decodeUnknownEffect(Page)

const Ticker = Schema.Struct({
  ticker: Schema.NonEmptyString,
  market: Schema.String,
  active: Schema.optionalKey(Schema.Boolean),
  base_currency_symbol: Schema.optionalKey(Schema.String),
  currency_symbol: Schema.optionalKey(Schema.String),
  currency_name: Schema.optionalKey(Schema.String)
})
const SplitRow = Schema.Struct({
  execution_date: CorporateAction.Day,
  split_from: Schema.Finite,
  split_to: Schema.Finite
})
const DividendRow = Schema.Struct({
  ex_dividend_date: CorporateAction.Day,
  cash_amount: Schema.Finite,
  currency: Schema.optionalKey(Schema.String),
  declaration_date: Schema.optionalKey(CorporateAction.Day),
  record_date: Schema.optionalKey(CorporateAction.Day),
  pay_date: Schema.optionalKey(CorporateAction.Day)
})

const malformed = (detail: string) => new SourceError.Malformed({ detail })

const noKey = new SourceError.Unauthorized({
  detail: "it needs a key; set POLYGON_API_KEY (or MASSIVE_API_KEY), which massive.com gives out"
})

/** Why a status is no answer, in the provider's words unless they repeat the key. */
const reasonOf = (
  response: HttpClientResponse.HttpClientResponse,
  body: string,
  key: Redacted.Redacted
): SourceError.Reason => {
  const answer = Option.getOrUndefined(decodeErrorBody(body))
  const words = answer?.error ?? answer?.message
  const said = words?.includes(Redacted.value(key)) === true ? undefined : words
  // Any other 404 is somebody else's, such as a proxy's, and says nothing of a ticker.
  if (response.status === 404 && answer?.status === "NOT_FOUND") {
    return new SourceError.NotListed({ detail: `the provider knows nothing of the kind (${said ?? "404"})` })
  }
  const advice = response.status === 401 ? ["is POLYGON_API_KEY right?"] : []
  return HttpReason.ofStatus(response, [said ?? [], advice].flat().join("; "))
}

const make = Effect.fnUntraced(function* (config: Config) {
  const client = yield* HttpClient.HttpClient
  const key = config.apiKey ?? config.massiveKey
  const known = new Set<string>()

  const fail =
    (subject: Source.Subject | undefined, interval?: Interval.Interval) =>
    (reason: SourceError.Reason): SourceError.SourceError =>
      new SourceError.SourceError({
        source: id,
        ...(subject === undefined ? {} : { symbol: subject.symbol }),
        ...(interval === undefined ? {} : { from: interval.from, to: interval.to }),
        reason
      })

  /** The body of a 200, or the reason why there is none. `path` may have a query. */
  const get = Effect.fnUntraced(function* (
    path: string,
    urlParams: Readonly<Record<string, string>> = {}
  ): Effect.fn.Return<string, SourceError.Reason> {
    if (key === undefined) return yield* Effect.fail(noKey)
    const request = HttpClientRequest.get(`${origin}${path}`).pipe(
      HttpClientRequest.appendUrlParams(urlParams),
      HttpClientRequest.bearerToken(key)
    )
    const { body, response } = yield* client.execute(request).pipe(
      Effect.flatMap((response) => Effect.map(response.text, (body) => ({ body, response }))),
      Effect.mapError(HttpReason.ofError)
    )
    return response.status === 200 ? body : yield* Effect.fail(reasonOf(response, body, key))
  })

  /** Path and query of a link, on our host: where it points to does not matter. */
  const follow = (link: string): Effect.Effect<string, SourceError.Reason> =>
    URL.canParse(link, origin)
      ? Effect.sync(() => {
          const url = new URL(link, origin)
          url.searchParams.delete("apiKey")
          return `${url.pathname}${url.search}`
        })
      : Effect.fail(malformed("its next page is no URL"))

  /** All results of a listing, page after page. */
  const listing = Effect.fnUntraced(function* <A>(
    row: Schema.Codec<A, unknown>,
    path: string,
    urlParams: Readonly<Record<string, string>>
  ): Effect.fn.Return<ReadonlyArray<A>, SourceError.Reason> {
    const decodeRows = Schema.decodeUnknownEffect(Schema.Array(row))
    const out: Array<A> = []
    const seen = new Set<string>()
    let text = yield* get(path, urlParams)
    /** The link that led to the page at hand, until it has been followed twice. */
    let link: string | undefined
    for (;;) {
      const unlike = () => malformed(`a list that is not what ${path} is documented to give`)
      const page = yield* Effect.mapError(decodePage(text), unlike)
      if (page.results === undefined && !Aggregates.isFine(page.status)) return yield* Effect.fail(unlike())
      const rows = yield* Effect.mapError(decodeRows(page.results ?? []), unlike)
      out.push(...rows)
      if (page.next_url === undefined) {
        // A link to nothing may be an answer that is lost.
        if (rows.length > 0 || link === undefined) return out
        text = yield* get(link)
        link = undefined
        continue
      }
      if (rows.length === 0) return yield* Effect.fail(malformed("an empty page with another behind it"))
      const next = yield* follow(page.next_url)
      if (seen.has(next)) return yield* Effect.fail(malformed("its pages go round in a circle"))
      seen.add(next)
      link = next
      text = yield* get(next)
    }
  })

  /** An empty answer may be a symbol that there is not: asked once a symbol. */
  const assertKnown = Effect.fnUntraced(function* (subject: Source.Subject) {
    const ticker = Tickers.tickerOf(subject)
    if (known.has(ticker)) return
    yield* get(`/v3/reference/tickers/${encodeURIComponent(ticker)}`)
    known.add(ticker)
  })

  /** Every bar that begins in the range; perhaps also the one that the range begins in. */
  const bars = Effect.fnUntraced(function* (
    subject: Source.Subject,
    of: Aggregates.Bars,
    range: Interval.Interval
  ): Effect.fn.Return<Candles.Candles, SourceError.Reason> {
    const path = `/v2/aggs/ticker/${encodeURIComponent(Tickers.tickerOf(subject))}/range/${of.multiplier}/${of.span}`
    const ask = (from: Instant.EpochMillis) =>
      get(`${path}/${from}/${range.to - 1}`, { adjusted: "false", sort: "asc", limit: String(Aggregates.limit) })
    // The bar that the range begins in may be there too; its candle is not among those that are asked for.
    const earliest = range.from - of.barMillis
    const batches: Array<Candles.Candles> = []
    let text = yield* ask(range.from)
    let last = -Infinity
    /** Whether an answer has to begin with the last bar of the one before. */
    let repeats = false
    for (;;) {
      const answer = Aggregates.decode(text, of)
      if (typeof answer === "string") return yield* Effect.fail(malformed(answer))
      const { candles, next } = answer
      const [first] = candles.openTime
      if (repeats && first !== last) return yield* Effect.fail(malformed("a bar that it gave before is gone"))
      const isStuck = first !== undefined && !repeats && (first <= last || first <= earliest)
      if (isStuck || candles.openTime.at(-1)! >= range.to) {
        const detail = `asked from ${Instant.format(range.from)}, it answered with ${Instant.format(first!)}: no progress`
        return yield* Effect.fail(malformed(detail))
      }
      batches.push(repeats ? Candles.slice(candles, 1, Infinity) : candles)
      if (first !== undefined) last = candles.openTime.at(-1)!
      if (next === undefined) {
        if (first !== undefined || last === -Infinity) return Candles.concat(batches)
        // A link to nothing may be an answer that is lost, in the middle of a candle: only one with the last bar counts.
        repeats = true
        text = yield* ask(last)
        continue
      }
      if (first === undefined) return yield* Effect.fail(malformed("an empty page with another behind it"))
      repeats = false
      text = yield* get(yield* follow(next))
    }
  })

  const fetchPage = Effect.fnUntraced(
    function* (request: Source.CandlesRequest, cursor: number) {
      const { calendar, interval, timeframe } = request
      if (!timeframes.includes(timeframe)) {
        return yield* Effect.fail(new SourceError.Unsupported({ detail: `it has no timeframe ${timeframe}` }))
      }
      const of = Aggregates.barsFor(calendar, timeframe)
      // A page ends where a candle begins, so that none is put together from half of its bars.
      const reach = cursor + of.rangeMillis
      const to = reach >= interval.to ? interval.to : calendar.openAtOrBefore(timeframe, reach)
      const answered = { from: cursor, to }
      // A day is told by its midnight, which is before its session opens.
      const lead = of.time === "day" ? 86_400_000 : 0
      // The last candle needs all of its bars, also those after the end of what is asked.
      const close = calendar.closeOf(timeframe, calendar.openAtOrBefore(timeframe, answered.to - 1))
      const found = yield* bars(request, of, { from: answered.from - lead, to: Math.max(answered.to, close) })
      const candles = Candles.within(Regrid.toGrid(calendar, timeframe, found, of.time), answered)
      if (Candles.length(candles) === 0) yield* assertKnown(request)
      else known.add(Tickers.tickerOf(request))
      const now = yield* Clock.currentTimeMillis
      const page = Source.page(request, answered, candles, now)
      const more = page !== undefined && page.interval.to === answered.to && answered.to < interval.to
      return [page === undefined ? [] : [page], more ? Option.some(answered.to) : Option.none<number>()] as const
    },
    (effect, request, cursor) =>
      effect.pipe(
        Effect.mapError((reason) =>
          reason._tag === "NotListed"
            ? new SourceError.NotListed({
                detail: `unknown symbol: the provider has no ticker ${Tickers.tickerOf(request)}`
              })
            : reason
        ),
        Effect.mapError(fail(request, { from: cursor, to: request.interval.to }))
      )
  )

  const candles = (request: Source.CandlesRequest): Stream.Stream<Source.CandlePage, SourceError.SourceError> =>
    request.interval.from >= request.interval.to
      ? Stream.empty
      : Stream.paginate(request.interval.from, (cursor) => fetchPage(request, cursor))

  const check = get("/v1/marketstatus/now").pipe(Effect.asVoid, Effect.mapError(fail(undefined)))

  const instruments = listing(Ticker, "/v3/reference/tickers", { limit: "1000" }).pipe(
    Effect.map((rows) => rows.flatMap((row) => Tickers.listed(row) ?? [])),
    Effect.mapError(fail(undefined))
  )

  const actions = Effect.fnUntraced(
    function* (subject: Source.Subject, interval: Interval.Interval) {
      const ticker = Tickers.tickerOf(subject)
      const [from, to] = [interval.from, interval.to - 1].map((instant) => Instant.format(instant).slice(0, 10))
      const between = (field: string) => ({ ticker, [`${field}.gte`]: from!, [`${field}.lte`]: to!, limit: "1000" })
      const splits = yield* listing(SplitRow, "/v3/reference/splits", between("execution_date"))
      const dividends = yield* listing(DividendRow, "/v3/reference/dividends", between("ex_dividend_date"))
      const all: ReadonlyArray<CorporateAction.CorporateAction> = [
        ...splits.map(
          (row) => new CorporateAction.Split({ exDate: row.execution_date, from: row.split_from, to: row.split_to })
        ),
        ...dividends.map(
          (row) =>
            new CorporateAction.Dividend({
              exDate: row.ex_dividend_date,
              amount: row.cash_amount,
              ...(row.currency === undefined ? {} : { currency: row.currency }),
              ...(row.declaration_date === undefined ? {} : { declared: row.declaration_date }),
              ...(row.record_date === undefined ? {} : { recorded: row.record_date }),
              ...(row.pay_date === undefined ? {} : { paid: row.pay_date })
            })
        )
      ]
      return all.toSorted((a, b) => (a.exDate < b.exDate ? -1 : a.exDate > b.exDate ? 1 : 0))
    },
    (effect, subject, interval) => Effect.mapError(effect, fail(subject, interval))
  )

  const optionChain = Effect.fnUntraced(
    function* (subject: Source.Subject, at?: Instant.EpochMillis) {
      if (at !== undefined) {
        const detail = "the provider's snapshot shows the options of now, not of the past"
        return yield* Effect.fail(new SourceError.Unsupported({ detail }))
      }
      if (subject.assetClass !== "equity" && subject.assetClass !== "index") {
        const detail = `the provider has options of shares and indices, not of ${subject.assetClass}`
        return yield* Effect.fail(new SourceError.Unsupported({ detail }))
      }
      const ticker = Tickers.underlyingOf(subject)
      const path = `/v3/snapshot/options/${encodeURIComponent(ticker)}`
      const ask = listing(Snapshot.Row, path, { limit: String(Snapshot.limit) })
      let rows = yield* ask
      if (rows.length === 0) {
        // A ticker that there is not is empty too, and an answer may be lost.
        if (subject.assetClass === "equity") yield* assertKnown(subject)
        rows = yield* ask
      }
      if (rows.length === 0) {
        const detail = `the provider lists no options of ${ticker}`
        return yield* Effect.fail(new SourceError.NotListed({ detail }))
      }
      const told = Snapshot.read(rows)
      const now = yield* Clock.currentTimeMillis
      const chain = ChainRows.chain({ symbol: subject.symbol, source: id, ...told }, now)
      return typeof chain === "string" ? yield* Effect.fail(malformed(chain)) : chain
    },
    (effect, subject) => Effect.mapError(effect, fail(subject))
  )

  return { candles, check, instruments, actions, optionChain } satisfies Source.Source
})

export const plugin = Source.define<Config>({
  id,
  description: "Massive (Polygon): US stocks, indices, FX and crypto, and option chains; needs a key",
  capabilities: { ...capabilities, ...plans.free },
  capabilitiesOf: ({ plan }) => Effect.succeed({ ...capabilities, ...plans[plan] }),
  config: Config,
  keys: ["apiKey", "massiveKey"],
  variables: { apiKey: "POLYGON_API_KEY", massiveKey: "MASSIVE_API_KEY", plan: "POLYGON_PLAN" },
  baseUrls: [{ variable: "POLYGON_BASE_URL", hosts: [host] }],
  make
})
