/**
 * Candles of a longer timeframe from those of a shorter one, on the calendar's
 * grid: the first open, the highest high, the lowest low, the last close, the
 * sums of the rest.
 */
import { type Calendar, Candles, type Interval, Regrid, type Timeframe } from "@tidemark/core"
import { Stream } from "effect"

export interface Options {
  readonly calendar: Calendar.Calendar
  readonly timeframe: Timeframe.Timeframe
  /** Where shorter candles are missing: of a candle that lies over such a place nothing is known. */
  readonly missing: Interval.IntervalSet
}

const lacksPart = ({ calendar, missing, timeframe }: Options) => {
  let next = 0
  // Both ascend.
  return (open: number): boolean => {
    while (next < missing.length && missing[next]!.to <= open) next++
    return next < missing.length && missing[next]!.from < calendar.closeOf(timeframe, open)
  }
}

/** Shorter candles come ascending, in batches that may end anywhere. */
export const resample =
  (options: Options) =>
  <E, R>(batches: Stream.Stream<Candles.Candles, E, R>): Stream.Stream<Candles.Candles, E, R> =>
    Stream.suspend(() => {
      const { calendar, missing, timeframe } = options
      const isBroken = lacksPart(options)
      const whole = (candles: Candles.Candles): Candles.Candles => {
        const longer = Regrid.toGrid(calendar, timeframe, candles, "instant")
        if (missing.length === 0) return longer
        const kept = [...longer.openTime.keys()].filter((i) => !isBroken(longer.openTime[i]!))
        return kept.length === Candles.length(longer) ? longer : Candles.pick(longer, kept)
      }
      // The last candle of a batch may go on in the next.
      let rest = Candles.empty
      return batches.pipe(
        Stream.map((batch) => {
          const all = Candles.concat([rest, batch])
          const last = all.openTime.at(-1)
          if (last === undefined) return Candles.empty
          const cut = Candles.lowerBound(all.openTime, calendar.openAtOrBefore(timeframe, last))
          rest = Candles.slice(all, cut, Candles.length(all))
          return whole(Candles.slice(all, 0, cut))
        }),
        Stream.concat(Stream.suspend(() => Stream.make(whole(rest)))),
        Stream.filter((candles) => Candles.length(candles) > 0)
      )
    })
