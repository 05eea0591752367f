/**
 * Generated candles, for demonstrations and tests: no network, no key, any
 * symbol, from 1970 on. They are stored and shown as synthetic, and nothing
 * about them is a statement about a real market.
 *
 * One seed gives one history: the same symbol, timeframe and instant have the
 * same candle on every machine and whatever window it is asked for in, and
 * longer candles are exact aggregates of the minutes.
 */
import { Calendar, Candles, Instant, type OptionChain, Source, SourceError, Timeframe } from "@tidemark/core"
import { Clock, Effect, Option, Schema, Stream } from "effect"
import * as Market from "./Market.ts"
import * as OptionChains from "./OptionChains.ts"

const id = "synthetic"
/** A week of minutes, so that pages around the clock begin and end with a day. */
const pageSize = 7 * 1_440
/** A page takes some tens of milliseconds of computing at most. */
const minutesPerPage = 400_000
/** So many take some milliseconds; then others get their turn. */
const minutesAtOnce = 20_000

const timeframes: ReadonlyArray<Timeframe.Timeframe> = Timeframe.all.filter((timeframe) => timeframe !== "1s")

const Config = Schema.Struct({
  /** Another seed, another history. */
  seed: Schema.Int.pipe(Schema.withDecodingDefaultTypeKey(Effect.succeed(1)))
})

const capabilities: Source.Capabilities = {
  assetClasses: ["crypto", "equity", "index", "fx"],
  timeframes,
  pageSize,
  bytesPerCandle: 0,
  weightPerPage: 1,
  earliest: 0,
  hosts: [],
  lanes: 2,
  lagMillis: 0,
  // Its companies neither split shares nor pay dividends: there is nothing left to adjust for.
  adjustment: "splits-and-dividends",
  provenance: "synthetic",
  options: { delayMillis: 0, history: true, computes: ["impliedVolatility", "gamma"] }
}

const years2000To2020 = { from: 946_684_800_000, to: 1_577_836_800_000 }

/** The opens of the next page, and where it ends: as much as both limits of a page allow, whatever share of the week the market trades. */
const nextPage = (request: Source.CandlesRequest, cursor: number, end: number) => {
  const { calendar, timeframe } = request
  const { from, to } = years2000To2020
  const minutesPerTradingMinute = (to - from) / 60_000 / calendar.countOpens("1m", years2000To2020)
  const tradingMillis = Math.min(pageSize * Timeframe.nominalMillis(timeframe), minutesPerPage * 60_000)
  const stop = Math.min(end, cursor + Math.ceil(tradingMillis * minutesPerTradingMinute))
  const opens = calendar.openTimes(timeframe, { from: cursor, to: stop })
  return opens.length <= pageSize
    ? { interval: { from: cursor, to: stop }, opens }
    : { interval: { from: cursor, to: opens[pageSize]! }, opens: opens.slice(0, pageSize) }
}

/** What cannot be answered, or `undefined`. */
const refusal = (request: Source.CandlesRequest): SourceError.Reason | undefined => {
  if (!timeframes.includes(request.timeframe)) {
    return new SourceError.Unsupported({
      detail: `synthetic candles are whole minutes or longer, not ${request.timeframe}`
    })
  }
  return request.interval.from < 0 ? new SourceError.RetentionLimit({ earliest: 0 }) : undefined
}

interface Venue {
  readonly market: Market.Market
  readonly options: OptionChains.OptionChains
}

const make = (seed: number): Source.Source => {
  const venues = new WeakMap<Calendar.Calendar, Venue>()
  const venueOf = (calendar: Calendar.Calendar): Venue => {
    let venue = venues.get(calendar)
    if (venue === undefined) {
      const market = Market.make(seed, calendar)
      venues.set(calendar, (venue = { market, options: OptionChains.make(calendar, market) }))
    }
    return venue
  }

  const optionChain = Effect.fnUntraced(function* (subject: Source.Subject, asked?: number) {
    const { assetClass, calendar, sourceSymbol, symbol } = subject
    const now = yield* Clock.currentTimeMillis
    const at = asked ?? now
    const refuse = (reason: SourceError.Reason) => new SourceError.SourceError({ source: id, symbol, reason })
    if (assetClass === "fx") {
      return yield* refuse(new SourceError.Unsupported({ detail: "currencies have no synthetic options" }))
    }
    if (at > now) {
      const moment = Instant.format(at)
      return yield* refuse(new SourceError.Unsupported({ detail: `the option chain of ${moment}, which is to come` }))
    }
    yield* Effect.yieldNow
    const quoted = venueOf(calendar).options.at(sourceSymbol ?? symbol, assetClass, at)
    if (quoted === undefined) return yield* refuse(new SourceError.RetentionLimit({ earliest: 0 }))
    const chain: OptionChain.OptionChain = {
      symbol,
      source: id,
      at,
      provenance: "synthetic",
      unreadable: [],
      ...quoted
    }
    return chain
  })

  const generatePage = Effect.fnUntraced(function* (request: Source.CandlesRequest, cursor: number) {
    const { assetClass, calendar, interval, symbol, timeframe } = request
    const reason = refusal(request)
    if (reason !== undefined) {
      return yield* new SourceError.SourceError({ source: id, symbol, from: interval.from, to: interval.to, reason })
    }
    yield* Effect.yieldNow
    const now = yield* Clock.currentTimeMillis
    const end = Math.min(interval.to, Calendar.closedUntil(calendar, timeframe, now))
    if (cursor >= end) return [[], Option.none<number>()] as const
    const { interval: answered, opens } = nextPage(request, cursor, end)
    const { market } = venueOf(calendar)
    const step = Math.max(1, Math.floor((minutesAtOnce * 60_000) / Timeframe.nominalMillis(timeframe)))
    const parts: Array<Candles.Candles> = []
    for (let at = 0; at === 0 || at < opens.length; at += step) {
      if (at > 0) yield* Effect.yieldNow
      const some = opens.slice(at, at + step)
      parts.push(market.candles(request.sourceSymbol ?? symbol, assetClass, timeframe, some))
    }
    const candles = parts.length === 1 ? parts[0]! : Candles.concat(parts)
    const next = answered.to < end ? Option.some(answered.to) : Option.none<number>()
    return [[{ interval: answered, candles }], next] as const
  })

  return {
    candles: (request) =>
      request.interval.from >= request.interval.to
        ? Stream.empty
        : Stream.paginate(request.interval.from, (cursor) => generatePage(request, cursor)),
    extent: ({ calendar }, timeframe) => Effect.succeed(Option.some({ first: calendar.openAtOrAfter(timeframe, 0) })),
    optionChain,
    check: Effect.void
  }
}

export const plugin = Source.define({
  id,
  description: "generated candles for demonstrations and tests, marked as synthetic",
  capabilities,
  config: Config,
  variables: {},
  baseUrls: [],
  make: ({ seed }) => Effect.succeed(make(seed))
})
