/**
 * Candles over the REST interface, page by page.
 *
 * A page holds at most 1,000 rows, `endTime` is inclusive, a start before
 * the listing answers with the oldest rows, the last row may be unfinished.
 */
import { Candles, Instant, type Interval, Source, SourceError, type Timeframe } from "@tidemark/core"
import { Clock, Effect, Option, Stream } from "effect"
import type { Http } from "./Http.ts"
import * as Klines from "./Klines.ts"
import { type Market, pageSize, symbolOf } from "./Market.ts"

export interface Range {
  readonly startTime: number
  readonly endTime?: number
  readonly limit: number
}

const malformed = (detail: string) => Effect.fail(new SourceError.Malformed({ detail }))

export const make = (http: Http) => {
  const klines = (market: Market, subject: Source.Subject, timeframe: Timeframe.Timeframe, range: Range) =>
    http
      .get(market.host.name, `${market.root}/klines`, {
        symbol: symbolOf(subject),
        interval: timeframe,
        startTime: String(range.startTime),
        ...(range.endTime === undefined ? {} : { endTime: String(range.endTime) }),
        limit: String(range.limit)
      })
      .pipe(
        Effect.flatMap((body) => {
          const decoded = Klines.decode(body)
          return typeof decoded === "string" ? malformed(decoded) : Effect.succeed(decoded)
        })
      )

  const page = Effect.fnUntraced(function* (market: Market, request: Source.CandlesRequest, cursor: number) {
    const { calendar, interval, timeframe } = request
    const { candles, closeTime } = yield* klines(market, request, timeframe, {
      startTime: cursor,
      endTime: interval.to - 1,
      limit: pageSize
    })
    const size = Candles.length(candles)
    for (let i = 0; i < size; i++) {
      const open = candles.openTime[i]!
      if (open < cursor) {
        return yield* malformed(
          `asked from ${Instant.format(cursor)}, it answered with ${Instant.format(open)}: no progress`
        )
      }
      if (open >= interval.to) {
        return yield* malformed(`asked until ${Instant.format(interval.to)}, it answered with ${Instant.format(open)}`)
      }
      if (i > 0 && open <= candles.openTime[i - 1]!) {
        const how = open === candles.openTime[i - 1] ? "twice" : "out of order"
        return yield* malformed(`the candle of ${Instant.format(open)} comes ${how}`)
      }
    }
    const last = candles.openTime[size - 1]
    // A full page may have more behind it; a shorter one is all there is.
    const answeredTo = size < pageSize || last === undefined ? interval.to : calendar.openAtOrAfter(timeframe, last + 1)
    const now = yield* Clock.currentTimeMillis
    // Binance gives the close as the last millisecond of the candle; one that lies ahead is unfinished.
    let finished = size
    while (finished > 0 && closeTime[finished - 1]! >= now) finished--
    const answered = {
      from: cursor,
      to: finished < size ? Math.min(answeredTo, candles.openTime[finished]!) : answeredTo
    }
    const cut = Source.page(request, answered, Candles.slice(candles, 0, finished), now)
    const more = cut !== undefined && cut.interval.to === answeredTo && answeredTo < interval.to
    return [cut === undefined ? [] : [cut], more ? Option.some(answeredTo) : Option.none<number>()] as const
  })

  return {
    /** The pages of `interval`. */
    of: (
      market: Market,
      request: Source.CandlesRequest,
      interval: Interval.Interval
    ): Stream.Stream<Source.CandlePage, SourceError.Reason> =>
      Stream.paginate(interval.from, (cursor) => page(market, { ...request, interval }, cursor)),

    /** The open of the oldest candle. */
    oldest: Effect.fnUntraced(function* (market: Market, subject: Source.Subject, timeframe: Timeframe.Timeframe) {
      const { candles } = yield* klines(market, subject, timeframe, { startTime: 0, limit: 1 })
      const first = candles.openTime[0]
      if (first === undefined) return undefined
      // What is told here explains years without candles, so it is confirmed: nothing is older.
      const older = yield* klines(market, subject, timeframe, { startTime: 0, endTime: first - 1, limit: 1 })
      return Candles.length(older.candles) > 0 ? yield* malformed("its oldest candle is not its oldest") : first
    })
  }
}

export type Pages = ReturnType<typeof make>
