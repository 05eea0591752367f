/**
 * Before an answer takes a stored candle away it has to be given twice: a
 * provider that answers with less than it has must not cost us history.
 */
import { Candles, CandleStore, type Interval, type Series, type Source, SourceError } from "@tidemark/core"
import { Effect, Stream } from "effect"

export interface Asked {
  readonly source: Source.Source
  readonly series: Series.Series
  readonly request: Source.CandlesRequest
}

/** The page, asked for once more where it lacks what is stored; fails where the two answers differ. */
export const confirmed = Effect.fnUntraced(function* ({ request, series, source }: Asked, page: Source.CandlePage) {
  const store = yield* CandleStore.CandleStore
  const stored = yield* Stream.runCollect(store.openTimes(series, page.interval))
  const vanishes = stored.some((times) => Candles.missingRuns(times, page.candles.openTime).length > 0)
  if (!vanishes) return page
  const { from, to } = page.interval
  const middle = request.calendar.openAtOrAfter(series.timeframe, (from + to) / 2)
  // The same file would say the same: in halves it has to come from elsewhere.
  const parts: ReadonlyArray<Interval.Interval> =
    page.files === undefined || middle >= to
      ? [page.interval]
      : [
          { from, to: middle },
          { from: middle, to }
        ]
  const answers = yield* Effect.forEach(parts, (interval) =>
    Stream.runCollect(source.candles({ ...request, interval }))
  )
  const again = Candles.concat(answers.flat().map((second) => second.candles))
  if (Candles.equals(again, page.candles)) return page
  return yield* new SourceError.SourceError({
    source: series.source,
    symbol: series.symbol,
    ...page.interval,
    reason: new SourceError.Malformed({
      detail: "it answers differently each time, once without candles that are stored"
    })
  })
})
