/**
 * Yahoo Finance, through yahoo-finance2; no key.
 *
 * The library is loaded when it is first used, and everything that it asks
 * goes through the engine's client. Facts: prices are adjusted for splits;
 * intraday bars are kept for weeks only; rows without prices come in between;
 * the library loses the status of an answer, which the client has seen.
 */
import {
  Candles,
  HttpFetch,
  HttpReason,
  type Interval,
  Regrid,
  Source,
  SourceError,
  type Timeframe
} from "@tidemark/core"
import { Clock, DateTime, Effect, Option, Schema, Stream } from "effect"
import { HttpClient } from "effect/http"
import * as Actions from "./Actions.ts"
import * as Chart from "./Chart.ts"

const id = "yahoo"
const hosts = ["query2.finance.yahoo.com", "query1.finance.yahoo.com", "finance.yahoo.com"]

const timeframes = Object.keys(Chart.barsOf) as ReadonlyArray<Timeframe.Timeframe>

const capabilities: Source.Capabilities = {
  assetClasses: ["equity", "index", "fx", "crypto"],
  timeframes,
  // A week of minutes around the clock is the largest answer.
  pageSize: 10_080,
  bytesPerCandle: 60,
  weightPerPage: 1,
  historyMillis: Object.fromEntries(
    timeframes.flatMap((timeframe) => {
      const keeps = Chart.barsOf[timeframe]!.keepsMillis
      return keeps === undefined ? [] : [[timeframe, keeps]]
    })
  ),
  // Nothing is promised; this is what has been seen to go well.
  hosts: hosts.map((name) => ({ name, budget: { limit: 60, windowMillis: 60_000 } })),
  lanes: 2,
  lagMillis: 20 * 60_000,
  adjustment: "splits",
  provenance: "observed"
}

/** Canonical symbols as Yahoo writes them: `BTC-USD`, `EURUSD=X`, `BRK-B`. */
export const symbolOf = ({ assetClass, sourceSymbol, symbol }: Source.Subject): string => {
  if (sourceSymbol !== undefined) return sourceSymbol
  if (assetClass === "crypto") return symbol.replace("/", "-")
  if (assetClass === "fx") return `${symbol.replace("/", "")}=X`
  return symbol.replace(".", "-")
}

const silent = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {}, dir: () => {} }

const malformed = (detail: string) => new SourceError.Malformed({ detail })

const said = (cause: unknown): string => (cause instanceof Error ? cause.message.split("\n", 1)[0]!.slice(0, 200) : "")

/** What a failure of the library means; `earliest` is where the bars begin that it asked for. */
const reasonOf = (failure: HttpFetch.Failure, earliest: number): SourceError.Reason => {
  const { answer, cause, error } = failure
  if (error !== undefined) return HttpReason.ofError(error)
  const message = said(cause)
  if (/delisted|No data found|Not Found/i.test(message) || answer?.status === 404) {
    return new SourceError.NotListed({
      detail: "unknown symbol: Yahoo has no data of it; name its own with the symbol's sources"
    })
  }
  if (/not available for startTime|must be within the last/i.test(message)) {
    return new SourceError.RetentionLimit({ earliest })
  }
  if (answer === undefined) return malformed(message)
  if (answer.status !== 200) return HttpReason.ofHead(answer, message)
  return malformed(`${answer.where}: an answer that the library cannot read`)
}

const make = Effect.gen(function* () {
  const http = HttpFetch.make(yield* HttpClient.HttpClient)
  const library = yield* Effect.cached(
    Effect.promise(async () => {
      const { default: YahooFinance } = await import("yahoo-finance2")
      return new YahooFinance({
        fetch: http.fetch,
        queue: { concurrency: 4 },
        logger: silent,
        versionCheck: false,
        suppressNotices: ["yahooSurvey"],
        validation: { logErrors: false, logOptionsErrors: false }
      })
    })
  )

  const fail =
    (subject: Source.Subject, interval: Interval.Interval) =>
    (reason: SourceError.Reason): SourceError.SourceError =>
      new SourceError.SourceError({ source: id, symbol: subject.symbol, ...interval, reason })

  /** A chart of bars that begin in the range. */
  const chart = Effect.fnUntraced(function* (
    subject: Source.Subject,
    range: Interval.Interval,
    interval: Chart.Bars["interval"],
    events: string
  ) {
    const yahoo = yield* library
    const now = yield* Clock.currentTimeMillis
    const keeps = Object.values(Chart.barsOf).find((bars) => bars.interval === interval)?.keepsMillis
    const date = (instant: number) => DateTime.toDateUtc(DateTime.makeUnsafe(instant))
    // The library puts the symbol into the path as it is.
    const symbol = encodeURIComponent(symbolOf(subject))
    return yield* http
      .run(() =>
        yahoo.chart(symbol, {
          period1: date(range.from),
          // Whole seconds, and never the same as the first.
          period2: date(Math.max(range.to, range.from + 1_000)),
          interval,
          includePrePost: false,
          events,
          return: "array"
        })
      )
      .pipe(Effect.mapError((failure) => reasonOf(failure, keeps === undefined ? 0 : now - keeps)))
  })

  const fetchPage = Effect.fnUntraced(
    function* (request: Source.CandlesRequest, cursor: number) {
      const { calendar, interval, timeframe } = request
      const of = Chart.barsFor(calendar, timeframe)
      if (of === undefined) {
        const detail = `Yahoo has no ${timeframe} of ${request.assetClass} that fits the ${calendar.id} calendar`
        return yield* Effect.fail(new SourceError.Unsupported({ detail }))
      }
      const now = yield* Clock.currentTimeMillis
      if (of.keepsMillis !== undefined && cursor < now - of.keepsMillis - 86_400_000) {
        return yield* Effect.fail(new SourceError.RetentionLimit({ earliest: now - of.keepsMillis }))
      }
      const reach = cursor + of.rangeMillis
      const to = reach >= interval.to ? interval.to : calendar.openAtOrBefore(timeframe, reach)
      const answered = { from: cursor, to }
      // The last candle needs all of its bars, also those after the end of what is asked.
      const close = calendar.closeOf(timeframe, calendar.openAtOrBefore(timeframe, to - 1))
      const { quotes } = yield* chart(request, { from: cursor, to: Math.max(to, close) }, of.interval, "")
      const decoded = Chart.decode(quotes)
      if (typeof decoded === "string") return yield* Effect.fail(malformed(decoded))
      const first = decoded.openTime[0]
      if (first !== undefined && first < cursor - 7 * 86_400_000)
        return yield* Effect.fail(malformed("it ignores the start"))
      const candles = Candles.within(Regrid.toGrid(calendar, timeframe, decoded, "instant"), answered)
      const page = Source.page(request, answered, candles, now)
      const more = page !== undefined && page.interval.to === to && to < interval.to
      return [page === undefined ? [] : [page], more ? Option.some(to) : Option.none<number>()] as const
    },
    (effect, request, cursor) => Effect.mapError(effect, fail(request, { from: cursor, to: request.interval.to }))
  )

  const candles = (request: Source.CandlesRequest): Stream.Stream<Source.CandlePage, SourceError.SourceError> =>
    request.interval.from >= request.interval.to
      ? Stream.empty
      : Stream.paginate(request.interval.from, (cursor) => fetchPage(request, cursor))

  const actions = Effect.fnUntraced(
    function* (subject: Source.Subject, interval: Interval.Interval) {
      const now = yield* Clock.currentTimeMillis
      const { events, meta } = yield* chart(
        subject,
        { from: interval.from, to: Math.max(now, interval.to) },
        "1d",
        "div|split"
      )
      const [from, to] = [interval.from, interval.to].map((instant) =>
        DateTime.formatIsoDateUtc(DateTime.makeUnsafe(instant))
      )
      return Actions.decode(events ?? {}, subject.calendar, meta?.currency ?? undefined).filter(
        ({ exDate }) => exDate >= from! && exDate < to!
      )
    },
    (effect, subject, interval) => Effect.mapError(effect, fail(subject, interval))
  )

  const check = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const yahoo = yield* library
    const date = (instant: number) => DateTime.toDateUtc(DateTime.makeUnsafe(instant))
    yield* http.run(() => yahoo.chart("SPY", { period1: date(now - 7 * 86_400_000), interval: "1d", return: "array" }))
  }).pipe(
    Effect.asVoid,
    Effect.mapError((failure) => new SourceError.SourceError({ source: id, reason: reasonOf(failure, 0) }))
  )

  return { candles, actions, check } satisfies Source.Source
})

export const plugin = Source.define({
  id,
  description: "Yahoo Finance: stocks, indices, FX and crypto, split-adjusted; no key",
  capabilities,
  config: Schema.Struct({}),
  variables: {},
  baseUrls: [{ variable: "YAHOO_BASE_URL", hosts }],
  make: () => make
})
