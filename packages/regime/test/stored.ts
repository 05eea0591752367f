/** Regimes of stored candles: an own database, and candles written as an answer of a source. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { it } from "@effect/vitest"
import { type Adjustment, type Calendar, Candles, CandleStore, type Interval, type Series } from "@tidemark/core"
import { DuckDbStorage } from "@tidemark/storage-duckdb"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"

export const layer = DuckDbStorage.layer({ path: ":memory:", mode: "write" }).pipe(Layer.provide(NodeServices.layer))

/** Every stored series, with prices as they were traded. */
export const choice = { choose: () => true, appliedBy: () => Effect.succeed<Adjustment.Applied>("none") }

/** On 2040-01-01. */
export const now = Date.parse("2040-01-01")

export const onStore = <A, E>(name: string, effect: Effect.Effect<A, E, Layer.Success<typeof layer>>): void =>
  it.effect(name, () => Effect.andThen(TestClock.setTime(now), effect).pipe(Effect.provide(layer)))

/** Stores those candles of `of` that open in the interval; what of the calendar is not among them is a hole. */
export const store = Effect.fnUntraced(function* (
  calendar: Calendar.Calendar,
  series: Series.Series,
  of: Candles.Candles,
  interval: Interval.Interval,
  at: number
) {
  const [from, to] = [Candles.lowerBound(of.openTime, interval.from), Candles.lowerBound(of.openTime, interval.to)]
  const candles = Candles.slice(of, from, to)
  const opens = calendar.openTimes(series.timeframe, interval)
  const holes = Candles.missingRuns(opens, candles.openTime).map(({ end, start }) => ({
    from: opens[start]!,
    to: calendar.closeOf(series.timeframe, opens[end - 1]!),
    opens: end - start
  }))
  yield* (yield* CandleStore.CandleStore).write([
    {
      series,
      provenance: "observed",
      interval,
      candles,
      holes,
      countOpens: (one) => calendar.countOpens(series.timeframe, one),
      at,
      reason: "test"
    }
  ])
})
