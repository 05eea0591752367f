/**
 * Spot candles of any exchange that ccxt knows, as `ccxt:kraken`; no key.
 *
 * ccxt knows how each exchange is asked and what its answers mean. What it
 * does besides, throttling, retrying, paging and judging, is done here and by
 * the engine: its throttler knows one instance, its paging jumps silently.
 */
import { SocketDoor, Source, SourceError, Timeframe } from "@tidemark/core"
import { Clock, Effect, Option, Schema, Semaphore, Stream } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Abilities from "./Abilities.ts"
import * as Door from "./Door.ts"
import * as Library from "./Library.ts"
import * as Rows from "./Rows.ts"
import * as Tail from "./Tail.ts"

const id = "ccxt"

const Config = Schema.Struct({
  exchange: Schema.NonEmptyString
})
type Config = typeof Config.Type

const nameOf = (config: Config): string => `${id}:${config.exchange}`

const failure = (config: Config) => (reason: SourceError.Reason) =>
  new SourceError.SourceError({ source: nameOf(config), reason })

const capabilitiesOf = (config: Config): Effect.Effect<Source.Capabilities, SourceError.SourceError> =>
  Library.open(config.exchange).pipe(Effect.map(Abilities.of), Effect.mapError(failure(config)))

const make = Effect.fnUntraced(function* (config: Config) {
  const exchange = yield* Effect.mapError(Library.open(config.exchange), failure(config))
  const client = yield* HttpClient.HttpClient
  const sockets = yield* SocketDoor.SocketDoor
  const door = Door.open(exchange, client)
  const { pageSize, tail: canTail, timeframes } = Abilities.of(exchange)
  const habit = Abilities.habitOf(exchange.id)
  const loading = yield* Semaphore.make(1)
  let loaded: Readonly<Record<string, Library.Market>> | undefined

  const load = Effect.suspend(() =>
    // The library keeps a first attempt for ever, failed or not, unless it is told to load anew.
    loaded === undefined
      ? Effect.andThen(
          door.call(() => exchange.loadMarkets(true)),
          takeMarkets
        )
      : Effect.succeed(loaded)
  )
  const takeMarkets = Effect.suspend(() => {
    const markets = exchange.markets ?? {}
    if (Object.keys(markets).length === 0) {
      return Effect.fail(new SourceError.Malformed({ detail: `${exchange.id} answered without any market` }))
    }
    loaded = markets
    return Effect.succeed(markets)
  })
  /** Loaded once, by whoever comes first. */
  const markets = Semaphore.withPermit(loading, load)

  const marketOf = Effect.fnUntraced(function* ({ sourceSymbol, symbol }: Source.Subject) {
    const known = yield* markets
    const byId = sourceSymbol === undefined ? undefined : exchange.markets_by_id?.[sourceSymbol]
    const market = byId?.find((each) => each.spot === true) ?? known[sourceSymbol ?? symbol]
    if (market?.spot === true) return market
    const detail = `unknown symbol: ${exchange.id} has no such spot pair; see \`tidemark symbols discover --source ccxt:${exchange.id}\``
    return yield* Effect.fail(new SourceError.NotListed({ detail }))
  })

  const supports = (subject: Source.Subject, timeframe: Timeframe.Timeframe): SourceError.Reason | undefined => {
    if (subject.assetClass !== "crypto") {
      const detail = `${exchange.id} has spot pairs such as BTC/USD, not ${subject.symbol}`
      return new SourceError.Unsupported({ detail })
    }
    return timeframes.includes(timeframe)
      ? undefined
      : new SourceError.Unsupported({ detail: `${exchange.id} has no timeframe ${timeframe} on the UTC grid` })
  }

  /** The open of the oldest row that is still served. */
  const earliestOf = ({ calendar, timeframe }: Source.CandlesRequest, now: number): number =>
    habit.newestRows === undefined
      ? -Infinity
      : calendar.openAtOrBefore(timeframe, now) - habit.newestRows * Timeframe.nominalMillis(timeframe)

  /** Timeframes of which the exchange has been seen to begin where it was asked to. */
  const heeded = new Set<Timeframe.Timeframe>()

  const rowsFrom = Effect.fnUntraced(function* (market: Library.Market, timeframe: Timeframe.Timeframe, since: number) {
    const { body, value } = yield* door.call(() => exchange.fetchOHLCV(market.symbol, timeframe, since, pageSize))
    if (value.length > 0 || Rows.hasList(body)) return value
    const detail = `${exchange.id} answered with something that holds no list of candles`
    return yield* Effect.fail(new SourceError.Malformed({ detail }))
  })

  /** Whether rows that begin late are the newest that there are, because the start was ignored or is no longer kept. */
  const areNewest = Effect.fnUntraced(function* (
    market: Library.Market,
    timeframe: Timeframe.Timeframe,
    { candles: { openTime } }: Rows.Verdict & { readonly _tag: "Late" }
  ) {
    const length = Timeframe.nominalMillis(timeframe)
    if (!heeded.has(timeframe)) {
      const middle = openTime[openTime.length >> 1]!
      const extent = Rows.extentOf(yield* rowsFrom(market, timeframe, middle))
      if (extent !== undefined && extent.first < middle - Rows.rowsBefore * length) return true
      if (openTime.length > 2 * Rows.rowsBefore + 1) heeded.add(timeframe)
    }
    if (openTime.length < pageSize) return false
    // A full page that ends with the newest row there is holds what is kept, not what was asked for.
    const last = openTime.at(-1)!
    const after = Rows.extentOf(yield* rowsFrom(market, timeframe, last + length))
    return after === undefined || after.last <= last
  })

  const ask = Effect.fnUntraced(function* (request: Source.CandlesRequest, market: Library.Market, since: number) {
    const { calendar, timeframe } = request
    const value = yield* rowsFrom(market, timeframe, since)
    const now = yield* Clock.currentTimeMillis
    const verdict = Rows.judge(value, { calendar, timeframe, since, limit: pageSize, now, habit })
    switch (verdict._tag) {
      case "Malformed":
        return yield* Effect.fail(new SourceError.Malformed({ detail: verdict.detail }))
      case "Late":
        return (yield* areNewest(market, timeframe, verdict))
          ? ({ _tag: "Newest", earliest: verdict.candles.openTime[0]! } as const)
          : verdict
      default:
        return verdict
    }
  })

  const fetchPage = Effect.fnUntraced(
    function* (request: Source.CandlesRequest, cursor: number) {
      const { calendar, interval, timeframe } = request
      const unsupported = supports(request, timeframe)
      if (unsupported !== undefined) return yield* Effect.fail(unsupported)
      const since = calendar.openAtOrAfter(timeframe, cursor)
      const earliest = earliestOf(request, yield* Clock.currentTimeMillis)
      if (since < earliest) return yield* Effect.fail(new SourceError.RetentionLimit({ earliest }))
      const market = yield* marketOf(request)
      let verdict = yield* ask(request, market, since)
      // An answer of the newest rows may be a mistake of one answer, or the way of the exchange: it says so twice.
      if (verdict._tag === "Newest") verdict = yield* ask(request, market, since)
      if (verdict._tag === "Newest") {
        return yield* Effect.fail(new SourceError.RetentionLimit({ earliest: verdict.earliest }))
      }
      const { candles, to } = verdict
      const answered = { from: cursor, to: Math.min(to, interval.to) }
      const now = yield* Clock.currentTimeMillis
      const page = Source.page(request, answered, candles, now)
      const more = page !== undefined && page.interval.to === answered.to && answered.to < interval.to
      return [page === undefined ? [] : [page], more ? Option.some(answered.to) : Option.none<number>()] as const
    },
    (effect, request, cursor) =>
      Effect.mapError(
        effect,
        (reason) =>
          new SourceError.SourceError({
            source: nameOf(config),
            symbol: request.symbol,
            from: cursor,
            to: request.interval.to,
            reason
          })
      )
  )

  const candles = (request: Source.CandlesRequest): Stream.Stream<Source.CandlePage, SourceError.SourceError> =>
    request.interval.from >= request.interval.to
      ? Stream.empty
      : Stream.paginate(request.interval.from, (cursor) => fetchPage(request, cursor))

  const tail = (requests: ReadonlyArray<Source.TailRequest>): Stream.Stream<Source.Tailed, SourceError.SourceError> =>
    requests.length === 0
      ? Stream.never
      : Stream.mapError(Tail.listen({ exchange, client, sockets, requests, marketOf }), failure(config))

  const instruments = markets.pipe(
    Effect.map((known) =>
      Object.values(known).flatMap((market): ReadonlyArray<Source.Listed> => {
        const { active, base, id, quote, spot, symbol } = market
        // A derived market shares base and quote with the real one, not its symbol.
        if (spot !== true || quote === undefined || symbol !== `${base}/${quote}`) return []
        return [{ symbol, sourceSymbol: id, assetClass: "crypto", active: active !== false, quote }]
      })
    ),
    Effect.mapError(failure(config))
  )

  const time = Effect.flatMap(
    door.call(() => exchange.fetchTime()),
    ({ value }) =>
      typeof value === "number"
        ? Effect.void
        : Effect.fail(new SourceError.Malformed({ detail: `${exchange.id} answered without the time` }))
  )
  const check = Effect.mapError(exchange.has["fetchTime"] === true ? time : Effect.asVoid(markets), failure(config))

  return { candles, instruments, check, ...(canTail === undefined ? {} : { tail }) } satisfies Source.Source
})

export const plugin = Source.define<Config>({
  id,
  description: "Spot candles of any exchange that ccxt knows, as ccxt:kraken, no key needed",
  capabilities: Abilities.common,
  config: Config,
  variables: {},
  baseUrls: [{ variable: "CCXT_BASE_URL", hosts: [], keepHost: true, anyHost: true }],
  argument: "exchange",
  capabilitiesOf,
  make
})
