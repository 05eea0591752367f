/**
 * Generated candles, for demonstrations and tests: no network, no key, any
 * symbol, from 1970 on. They are stored and shown as synthetic, and nothing
 * about them is a statement about a real market.
 *
 * One seed gives one history: the same symbol, timeframe and instant have the
 * same candle on every machine and whatever window it is asked for in, and
 * longer candles are exact aggregates of the minutes.
 */
import { Calendar, Source, SourceError, Timeframe } from "@tidemark/core"
import { Clock, Effect, Option, Schema, Stream } from "effect"
import * as Market from "./Market.ts"

const id = "synthetic"
/** A week of minutes, so that pages around the clock begin and end with a day. */
const pageSize = 7 * 1_440
/** A page takes some tens of milliseconds of computing at most; others get their turn after it. */
const minutesPerPage = 400_000

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
  provenance: "synthetic"
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

const make = (seed: number): Source.Source => {
  const markets = new WeakMap<Calendar.Calendar, Market.Market>()
  const marketOf = (calendar: Calendar.Calendar): Market.Market => {
    let market = markets.get(calendar)
    if (market === undefined) markets.set(calendar, (market = Market.make(seed, calendar)))
    return market
  }

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
    const candles = marketOf(calendar).candles(request.sourceSymbol ?? symbol, assetClass, timeframe, opens)
    const next = answered.to < end ? Option.some(answered.to) : Option.none<number>()
    return [[{ interval: answered, candles }], next] as const
  })

  return {
    candles: (request) =>
      request.interval.from >= request.interval.to
        ? Stream.empty
        : Stream.paginate(request.interval.from, (cursor) => generatePage(request, cursor)),
    extent: ({ calendar }, timeframe) => Effect.succeed(Option.some({ first: calendar.openAtOrAfter(timeframe, 0) })),
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
