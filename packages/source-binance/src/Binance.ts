/**
 * Binance spot, over its REST interface.
 *
 * Uses the host for market data that needs no key. Facts: a page holds at
 * most 1,000 rows, `endTime` is inclusive, a start before the listing
 * answers with the oldest rows, the last row may be unfinished.
 */
import { Candles, HttpReason, Instant, Source, SourceError, Timeframe } from "@tidemark/core"
import { Clock, Effect, Option, Schema, Stream } from "effect"
import { HttpClient, type HttpClientError, type HttpClientResponse } from "effect/http"
import * as Klines from "./Klines.ts"

const id = "binance"
const host = "data-api.binance.vision"
const { pageSize } = Klines

const klinesWeight = 2

/** Weight of a request by its path, as the provider counts it. */
const weightOf = (url: URL): number => {
  if (url.pathname.endsWith("/klines")) return klinesWeight
  return url.pathname.endsWith("/exchangeInfo") ? 20 : 1
}

// Ours are Binance's names too.
const timeframes: ReadonlyArray<Timeframe.Timeframe> = Timeframe.all

const capabilities: Source.Capabilities = {
  assetClasses: ["crypto"],
  timeframes,
  pageSize,
  bytesPerCandle: 165,
  weightPerPage: klinesWeight,
  // The exchange opened in July 2017.
  earliest: 1_498_867_200_000,
  hosts: [{ name: host, budget: { limit: 6_000, windowMillis: 60_000, weightOf, usedHeader: "x-mbx-used-weight-1m" } }],
  lanes: 4,
  lagMillis: 2_000,
  adjustment: "none",
  provenance: "observed"
}

const ErrorBody = Schema.fromJsonString(Schema.Struct({ code: Schema.Int, msg: Schema.String }))
const decodeErrorBody = Schema.decodeUnknownOption(ErrorBody)

const reasonOf = (response: HttpClientResponse.HttpClientResponse, body: Uint8Array): SourceError.Reason => {
  const error = Option.getOrUndefined(decodeErrorBody(new TextDecoder().decode(body)))
  const detail = error && `${error.code} ${error.msg}`
  switch (error?.code) {
    case -1121:
      return new SourceError.NotListed({
        detail: "unknown symbol: Binance has no such spot pair; see `tidemark symbols list`"
      })
    case -1120:
      return new SourceError.Unsupported({ detail: "Binance has no such timeframe" })
    case -1003:
      return new SourceError.RateLimited({
        ...(response.status === 418 ? { banned: true } : {}),
        ...Option.match(Option.fromUndefinedOr(HttpReason.retryAfterMillis(response.headers)), {
          onNone: () => ({}),
          onSome: (retryAfterMillis) => ({ retryAfterMillis })
        })
      })
    default:
      return HttpReason.ofStatus(response, detail)
  }
}

const symbolOf = (subject: Source.Subject): string => subject.sourceSymbol ?? subject.symbol.replace("/", "")

const make = Effect.gen(function* () {
  const client = yield* HttpClient.HttpClient

  const fail =
    (subject: Source.Subject, interval: { readonly from: number; readonly to: number } | undefined) =>
    (reason: SourceError.Reason) =>
      new SourceError.SourceError({
        source: id,
        symbol: subject.symbol,
        ...(interval === undefined ? {} : { from: interval.from, to: interval.to }),
        reason
      })

  /** The body of a 200, or the reason why there is none. */
  const get = (path: string, urlParams: Record<string, string>): Effect.Effect<Uint8Array, SourceError.Reason> =>
    client.get(`https://${host}${path}`, { urlParams }).pipe(
      Effect.flatMap((response) =>
        Effect.map(response.arrayBuffer, (body) => ({ response, body: new Uint8Array(body) }))
      ),
      Effect.mapError((error: HttpClientError.HttpClientError) => HttpReason.ofError(error)),
      Effect.flatMap(({ body, response }) =>
        response.status === 200 ? Effect.succeed(body) : Effect.fail(reasonOf(response, body))
      )
    )

  const klines = (
    subject: Source.Subject,
    timeframe: Timeframe.Timeframe,
    range: { readonly startTime: number; readonly endTime?: number; readonly limit: number }
  ) =>
    get("/api/v3/klines", {
      symbol: symbolOf(subject),
      interval: timeframe,
      startTime: String(range.startTime),
      ...(range.endTime === undefined ? {} : { endTime: String(range.endTime) }),
      limit: String(range.limit)
    }).pipe(
      Effect.flatMap((body) => {
        const decoded = Klines.decode(body)
        return typeof decoded === "string"
          ? Effect.fail(new SourceError.Malformed({ detail: decoded }))
          : Effect.succeed(decoded)
      })
    )

  const supports = (subject: Source.Subject, timeframe: Timeframe.Timeframe): SourceError.Reason | undefined => {
    if (subject.assetClass !== "crypto" || subject.symbol.includes(":")) {
      return new SourceError.Unsupported({ detail: `Binance spot has pairs such as BTC/USDT, not ${subject.symbol}` })
    }
    return timeframes.includes(timeframe)
      ? undefined
      : new SourceError.Unsupported({ detail: `Binance has no timeframe ${timeframe}` })
  }

  const fetchPage = Effect.fnUntraced(
    function* (request: Source.CandlesRequest, cursor: number) {
      const { calendar, interval, timeframe } = request
      const unsupported = supports(request, timeframe)
      if (unsupported !== undefined) return yield* Effect.fail(unsupported)
      const { candles, closeTime } = yield* klines(request, timeframe, {
        startTime: cursor,
        endTime: interval.to - 1,
        limit: pageSize
      })
      const size = Candles.length(candles)
      for (let i = 0; i < size; i++) {
        const open = candles.openTime[i]!
        if (open < cursor) {
          const detail = `asked from ${Instant.format(cursor)}, it answered with ${Instant.format(open)}: no progress`
          return yield* Effect.fail(new SourceError.Malformed({ detail }))
        }
        if (open >= interval.to) {
          const detail = `asked until ${Instant.format(interval.to)}, it answered with ${Instant.format(open)}`
          return yield* Effect.fail(new SourceError.Malformed({ detail }))
        }
        if (i > 0 && open <= candles.openTime[i - 1]!) {
          const detail = `the candle of ${Instant.format(open)} comes ${open === candles.openTime[i - 1] ? "twice" : "out of order"}`
          return yield* Effect.fail(new SourceError.Malformed({ detail }))
        }
      }
      const last = candles.openTime[size - 1]
      // A full page may have more behind it; a shorter one is all there is.
      const answeredTo =
        size < pageSize || last === undefined ? interval.to : calendar.openAtOrAfter(timeframe, last + 1)
      const now = yield* Clock.currentTimeMillis
      // Binance gives the close as the last millisecond of the candle; one that lies ahead is unfinished.
      let finished = size
      while (finished > 0 && closeTime[finished - 1]! >= now) finished--
      const answered = {
        from: cursor,
        to: finished < size ? Math.min(answeredTo, candles.openTime[finished]!) : answeredTo
      }
      const page = Source.page(request, answered, Candles.slice(candles, 0, finished), now)
      const more = page !== undefined && page.interval.to === answeredTo && answeredTo < interval.to
      return [page === undefined ? [] : [page], more ? Option.some(answeredTo) : Option.none<number>()] as const
    },
    (effect, request, cursor) => Effect.mapError(effect, fail(request, { from: cursor, to: request.interval.to }))
  )

  const candles = (request: Source.CandlesRequest): Stream.Stream<Source.CandlePage, SourceError.SourceError> =>
    request.interval.from >= request.interval.to
      ? Stream.empty
      : Stream.paginate(request.interval.from, (cursor) => fetchPage(request, cursor))

  const extent = Effect.fnUntraced(
    function* (subject: Source.Subject, timeframe: Timeframe.Timeframe) {
      const oldest = yield* klines(subject, timeframe, { startTime: 0, limit: 1 })
      const first = oldest.candles.openTime[0]
      if (first === undefined) return Option.none<Source.Extent>()
      // What is told here explains years without candles, so it is confirmed: nothing is older.
      const older = yield* klines(subject, timeframe, { startTime: 0, endTime: first - 1, limit: 1 })
      if (Candles.length(older.candles) > 0) {
        return yield* Effect.fail(new SourceError.Malformed({ detail: "its oldest candle is not its oldest" }))
      }
      return Option.some<Source.Extent>({ first })
    },
    (effect, subject) => Effect.mapError(effect, fail(subject, undefined))
  )

  const check = get("/api/v3/ping", {}).pipe(
    Effect.asVoid,
    Effect.mapError((reason) => new SourceError.SourceError({ source: id, reason }))
  )

  return { candles, extent, check } satisfies Source.Source
})

export const plugin = Source.define({
  id,
  description: "Binance spot candles, no key needed",
  capabilities,
  config: Schema.Struct({}),
  variables: {},
  baseUrls: [{ variable: "BINANCE_BASE_URL", hosts: [host] }],
  make: () => make
})
