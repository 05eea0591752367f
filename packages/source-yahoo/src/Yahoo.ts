/**
 * Yahoo Finance, through yahoo-finance2; no key.
 *
 * The library is loaded when it is first used, and everything that it asks
 * goes through the engine's client. Facts: prices are adjusted for splits;
 * intraday bars are kept for weeks only; rows without prices come in between;
 * the library loses the status of an answer, which the client has seen; a
 * range that ends before the first trade is a 400. Reports of earnings and
 * options want a cookie and a crumb, which end some day; charts want neither.
 * Options are asked for an expiration at a time.
 */
import {
  Candles,
  ChainRows,
  HttpFetch,
  HttpReason,
  Instant,
  type Interval,
  OccSymbol,
  Regrid,
  Source,
  SourceError,
  type Timeframe
} from "@tidemark/core"
import { Clock, DateTime, Effect, Option, Schema, Semaphore, Stream } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Actions from "./Actions.ts"
import * as Chart from "./Chart.ts"
import * as Earnings from "./Earnings.ts"
import * as Library from "./Library.ts"
import * as OptionAnswer from "./OptionAnswer.ts"

const id = "yahoo"
const hosts = [...Library.queryHosts, ...Library.pageHosts]

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
  // Trades that are reported late, and corrections of the night.
  revisedMillis: 24 * 60 * 60_000,
  // Quotes of options come a quarter of an hour late, whatever that of the underlying does.
  options: { delayMillis: 15 * 60_000, computes: ["impliedVolatility"] },
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

/** Options of the S&P 500 are those of `^SPX` here, its candles those of `^GSPC`. */
const underlyingOf = (subject: Source.Subject): string =>
  subject.sourceSymbol === undefined && subject.assetClass === "index"
    ? `^${OccSymbol.nameOf(subject.symbol)}`
    : symbolOf(subject)

const malformed = (detail: string) => new SourceError.Malformed({ detail })

const said = (cause: unknown): string => {
  if (cause instanceof Library.Refusal) return cause.description
  return cause instanceof Error ? cause.message.split("\n", 1)[0]!.slice(0, 200) : ""
}

/** What a failure of the library means; `earliest` is where the bars begin that it asked for. */
const reasonOf = (failure: HttpFetch.Failure, earliest: number): SourceError.Reason => {
  const { answer, cause, error } = failure
  if (error !== undefined) return HttpReason.ofError(error)
  const message = said(cause)
  if (/delisted|No data found|Quote not found/i.test(message)) {
    return new SourceError.NotListed({
      detail: "unknown symbol: Yahoo has no data of it; name its own with the symbol's sources"
    })
  }
  if (/not available for startTime|must be within the last/i.test(message)) {
    return new SourceError.RetentionLimit({ earliest })
  }
  if (answer === undefined) return malformed("the library fails before it asks")
  if (/too many requests/i.test(message)) {
    const retryAfterMillis = HttpReason.retryAfterMillis(answer.headers)
    return new SourceError.RateLimited(retryAfterMillis === undefined ? {} : { retryAfterMillis })
  }
  if (answer.status !== 200) return HttpReason.ofHead(answer, message === "" ? undefined : message)
  return malformed(`${answer.where}: an answer that the library cannot read`)
}

/** A range that ends before the first trade is refused with these words. */
const isBeforeAll = ({ cause }: HttpFetch.Failure): boolean =>
  said(cause).startsWith("Data doesn't exist for startDate")

/** What it says of funds and indices; any other 404 is somebody else's, such as a proxy's. */
const isWithoutReports = ({ cause }: HttpFetch.Failure): boolean => said(cause).startsWith("No fundamentals data found")

const date = (instant: number) => DateTime.toDateUtc(DateTime.makeUnsafe(instant))

// What an answer holds is looked at here: the library's own look at it would refuse what is merely new.
const unlooked = { validateResult: false } as const

const make = Effect.gen(function* () {
  const http = HttpFetch.make(yield* HttpClient.HttpClient)
  const open = yield* Library.make(http)
  let client: Library.Client | undefined
  /** One client, with its cookie and crumb, for as long as it does well. */
  const library = Effect.suspend(() =>
    client === undefined
      ? Effect.map(open, (opened) => {
          client = opened
          return opened
        })
      : Effect.succeed(client)
  )
  /** Whether its crumb has been taken. */
  let isTrusted = false
  // A crumb that is not taken any more is kept by the library all the same.
  const begunAnew = Effect.sync(() => {
    client = undefined
    isTrusted = false
  })
  // Calls of the library share one way to a crumb, which ends with the call that began it.
  const turns = yield* Semaphore.make(1)

  /** Asks for what wants a crumb. */
  const trusted = <A>(question: Effect.Effect<A, SourceError.Reason>): Effect.Effect<A, SourceError.Reason> => {
    const asked = Effect.tap(question, () =>
      Effect.sync(() => {
        isTrusted = true
      })
    )
    return asked.pipe(
      Effect.catch((reason) => {
        // A crumb that was taken before has ended with its cookie: that is no answer yet.
        const hasEnded = reason._tag === "Unauthorized" && isTrusted
        const again = Effect.tapError(asked, () => begunAnew)
        return Effect.andThen(begunAnew, hasEnded ? again : Effect.fail(reason))
      }),
      turns.withPermits(1)
    )
  }

  const fail =
    (subject?: Source.Subject, interval?: Interval.Interval) =>
    (reason: SourceError.Reason): SourceError.SourceError =>
      new SourceError.SourceError({
        source: id,
        ...(subject === undefined ? {} : { symbol: subject.symbol }),
        ...(interval === undefined ? {} : interval),
        reason
      })

  /** A chart of bars that begin in the range, as it came; `undefined` for a range before the first trade. */
  const chart = Effect.fnUntraced(function* (
    symbol: string,
    range: Interval.Interval,
    interval: Chart.Bars["interval"],
    events: string
  ): Effect.fn.Return<unknown, SourceError.Reason> {
    const yahoo = yield* library
    const now = yield* Clock.currentTimeMillis
    const keeps = Object.values(Chart.barsOf).find((bars) => bars.interval === interval)?.keepsMillis
    const query = {
      period1: date(range.from),
      // Whole seconds, and never the same as the first.
      period2: date(Math.max(range.to, range.from + 1_000)),
      interval,
      includePrePost: false,
      events,
      return: "object"
    } as const
    // The library puts the symbol into the path as it is.
    return yield* http
      .run((): Promise<unknown> => yahoo.chart(encodeURIComponent(symbol), query, unlooked))
      .pipe(
        Effect.catch((failure) =>
          isBeforeAll(failure)
            ? Effect.undefined
            : Effect.fail(reasonOf(failure, keeps === undefined ? 0 : now - keeps))
        )
      )
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
      const range = { from: cursor, to: Math.max(to, close) }
      const decoded = Chart.decode(yield* chart(symbolOf(request), range, of.interval, ""), {
        calendar,
        interval: of.interval,
        range
      })
      if (typeof decoded === "string") return yield* Effect.fail(malformed(decoded))
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
      // Every split up to now is needed to tell dividends in the shares of their day.
      const range = { from: interval.from, to: Math.max(now, interval.to) }
      const answer = yield* chart(symbolOf(subject), range, "1d", "div|split")
      if (Actions.isLost(answer, interval.from)) return yield* Effect.fail(malformed("no day of a share that traded"))
      const found = Actions.decode(answer, subject.calendar)
      if (typeof found === "string") return yield* Effect.fail(malformed(found))
      const [first, last] = [interval.from, interval.to - 1].map((instant) =>
        DateTime.formatIsoDateUtc(DateTime.makeUnsafe(instant))
      )
      return found.filter(({ exDate }) => exDate >= first! && exDate <= last!)
    },
    (effect, subject, interval) => Effect.mapError(effect, fail(subject, interval))
  )

  const summary = Effect.fnUntraced(function* (symbol: string) {
    const yahoo = yield* library
    const modules = [...Earnings.modules]
    return yield* http
      .run((): Promise<unknown> => yahoo.quoteSummary(encodeURIComponent(symbol), { modules }, unlooked))
      .pipe(
        Effect.catch((failure) => (isWithoutReports(failure) ? Effect.undefined : Effect.fail(reasonOf(failure, 0))))
      )
  })

  const earnings = Effect.fnUntraced(
    function* (subject: Source.Subject) {
      const answer = yield* trusted(summary(symbolOf(subject)))
      return Earnings.decode(answer, subject.calendar, yield* Clock.currentTimeMillis)
    },
    (effect, subject) => Effect.mapError(effect, fail(subject))
  )

  /** The contracts of one expiration, of the nearest where none is given. */
  const contracts = Effect.fnUntraced(function* (symbol: string, expiration?: number) {
    const yahoo = yield* library
    const query = expiration === undefined ? {} : { date: date(expiration) }
    const answer = yield* trusted(
      http
        .run((): Promise<unknown> => yahoo.options(encodeURIComponent(symbol), query, unlooked))
        .pipe(Effect.mapError((failure) => reasonOf(failure, 0)))
    )
    const decoded = OptionAnswer.decode(answer)
    if (typeof decoded === "string") return yield* Effect.fail(malformed(decoded))
    if (expiration !== undefined && decoded.expiration !== expiration) {
      return yield* Effect.fail(malformed("it answers for another expiration than it was asked for"))
    }
    return decoded
  })

  /** The same; an expiration that is listed has contracts: one without is asked for once more, and then told. */
  const listed = Effect.fnUntraced(function* (symbol: string, expiration: number) {
    const first = yield* contracts(symbol, expiration)
    if (first.rows.length > 0) return first
    const second = yield* contracts(symbol, expiration)
    if (second.rows.length > 0) return second
    return { ...second, rows: [`the expiration ${Instant.formatDate(expiration)} is listed without contracts`] }
  })

  const optionChain = Effect.fnUntraced(
    function* (subject: Source.Subject, at?: Instant.EpochMillis) {
      if (at !== undefined) {
        const detail = "Yahoo shows the options of now, not of the past"
        return yield* Effect.fail(new SourceError.Unsupported({ detail }))
      }
      if (subject.assetClass !== "equity" && subject.assetClass !== "index") {
        const detail = `Yahoo has options of shares and indices, not of ${subject.assetClass}`
        return yield* Effect.fail(new SourceError.Unsupported({ detail }))
      }
      const symbol = underlyingOf(subject)
      const nearest = yield* contracts(symbol)
      if (nearest.expirations.length === 0) {
        return yield* Effect.fail(new SourceError.NotListed({ detail: `Yahoo lists no options of ${symbol}` }))
      }
      // One after the other, as whoever looks at a page would.
      const answers = yield* Effect.forEach(nearest.expirations, (expiration) =>
        expiration === nearest.expiration && nearest.rows.length > 0
          ? Effect.succeed(nearest)
          : listed(symbol, expiration)
      )
      // The underlying may trade on while its expirations are asked for.
      const newest = answers.reduce((a, b) => (b.at > a.at ? b : a))
      const now = yield* Clock.currentTimeMillis
      const rows = answers.flatMap((answer) => answer.rows)
      const told = { symbol: subject.symbol, source: id, at: newest.at, spot: newest.spot, rows }
      const chain = ChainRows.chain(told, now)
      return typeof chain === "string" ? yield* Effect.fail(malformed(chain)) : chain
    },
    (effect, subject) => Effect.mapError(effect, fail(subject))
  )

  const check = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    yield* chart("SPY", { from: now - 7 * 86_400_000, to: now }, "1d", "")
  }).pipe(Effect.mapError(fail()))

  return { candles, actions, earnings, optionChain, check } satisfies Source.Source
})

export const plugin = Source.define({
  id,
  description: "Yahoo Finance: stocks, indices, FX and crypto, split-adjusted, and option chains; no key",
  capabilities,
  config: Schema.Struct({}),
  variables: {},
  baseUrls: [{ variable: "YAHOO_BASE_URL", hosts }],
  make: () => make
})
