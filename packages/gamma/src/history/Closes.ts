/** Closes that outcomes are told by: of the candle that ends at a moment, and of no other. */
import { Calendar, type CandleStore, type Instant, type Interval } from "@tidemark/core"
import { Effect } from "effect"
import { scaleAt } from "./Prices.ts"
import * as Underlying from "./Underlying.ts"

/** The close at a moment, in the shares of another; `undefined` where that candle is not stored. */
export type CloseAt = (moment: Instant.EpochMillis, sharesOf: Instant.EpochMillis) => number | undefined

const closesOf = Effect.fnUntraced(function* (
  underlying: Underlying.Underlying,
  one: CandleStore.StoredSeries,
  interval: Interval.Interval
) {
  const { candles, timeframe } = yield* Underlying.readSeries(underlying, one, interval)
  return Array.from(candles.openTime, (open, row) => ({
    end: Calendar.endOf(underlying.calendar, timeframe, open),
    close: candles.close[row]!
  }))
})

/**
 * Reads the days that end at these moments; where a day is not stored, the one
 * candle of a shorter timeframe that ends there. Splits have to be known where
 * the source tells the past in shares of now: else nothing is told.
 */
export const read = Effect.fn("Gamma.closes")(function* (
  underlying: Underlying.Underlying,
  moments: ReadonlyArray<Instant.EpochMillis>
) {
  const { calendar, isRescaled, isSplitUnknown, stored } = underlying
  const wanted = new Set(moments)
  const found = new Map<number, number>()
  const keep = (closes: Effect.Success<ReturnType<typeof closesOf>>) => {
    for (const { close, end } of closes) if (wanted.has(end) && !found.has(end)) found.set(end, close)
  }
  if (wanted.size > 0 && !(isRescaled && isSplitUnknown)) {
    for (const one of stored.toReversed()) {
      const { timeframe } = one.series
      const left = [...wanted].filter((moment) => !found.has(moment))
      if (left.length === 0) break
      const opens = left.map((moment) => calendar.openAtOrBefore(timeframe, moment - 1))
      if (timeframe === "1d") {
        keep(yield* closesOf(underlying, one, { from: Math.min(...opens), to: Math.max(...opens) + 1 }))
      } else {
        for (const open of opens) keep(yield* closesOf(underlying, one, { from: open, to: open + 1 }))
      }
    }
  }
  const closeAt: CloseAt = (moment, sharesOf) => {
    const close = found.get(moment)
    return close === undefined ? undefined : close / scaleAt(underlying, sharesOf)
  }
  return closeAt
})
