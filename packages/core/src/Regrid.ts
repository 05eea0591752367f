/**
 * A provider's bars as the candles of a calendar's grid.
 *
 * Providers cut time by the clock; a session does not begin on the hour. Bars
 * that lie within one candle of the grid become that candle: first open,
 * highest high, lowest low, last close, sums of the rest. Bars outside of
 * every session (before the opening, after the close) belong to no candle and
 * are left out.
 */
import type { Calendar } from "./Calendar.ts"
import * as Candles from "./Candles.ts"
import type { Timeframe } from "./Timeframe.ts"

/** What a bar's time says: when it begins, or, as local midnight, of which day it is. */
export type BarTime = "instant" | "day"

/** Longer than any day, also one on which clocks change, shorter than two. */
const dayAndMore = 30 * 3_600_000

/** The open of the candle that a bar belongs to; `undefined` if it belongs to none. */
const candleOf = (calendar: Calendar, timeframe: Timeframe, time: number, as: BarTime): number | undefined => {
  if (as === "instant") {
    const open = calendar.openAtOrBefore(timeframe, time)
    return time < calendar.closeOf(timeframe, open) ? open : undefined
  }
  const session = calendar.openAtOrAfter("1d", time)
  if (session - time > dayAndMore) return undefined
  return timeframe === "1d" ? session : calendar.openAtOrBefore(timeframe, session)
}

/** `bars` ascend; each must be no longer than a candle of the timeframe. */
export const toGrid = (
  calendar: Calendar,
  timeframe: Timeframe,
  bars: Candles.Candles,
  as: BarTime
): Candles.Candles => {
  const size = Candles.length(bars)
  const out = Candles.allocate(size, {
    quoteVolume: bars.quoteVolume !== undefined,
    trades: bars.trades !== undefined
  })
  let count = 0
  let current: number | undefined
  let close = -Infinity
  for (let i = 0; i < size; i++) {
    const time = bars.openTime[i]!
    // Most bars follow in the candle of the one before, or are a candle each; the calendar is asked once a candle.
    const same = as === "instant" && current !== undefined && time < close
    const open = same ? current : candleOf(calendar, timeframe, time, as)
    if (open === undefined) continue
    if (open === current) {
      const at = count - 1
      out.high[at] = Math.max(out.high[at]!, bars.high[i]!)
      out.low[at] = Math.min(out.low[at]!, bars.low[i]!)
      out.close[at] = bars.close[i]!
      out.volume[at] = out.volume[at]! + bars.volume[i]!
      if (out.quoteVolume !== undefined) out.quoteVolume[at] = out.quoteVolume[at]! + bars.quoteVolume![i]!
      if (out.trades !== undefined) out.trades[at] = out.trades[at]! + bars.trades![i]!
      continue
    }
    current = open
    close = calendar.closeOf(timeframe, open)
    out.openTime[count] = open
    out.open[count] = bars.open[i]!
    out.high[count] = bars.high[i]!
    out.low[count] = bars.low[i]!
    out.close[count] = bars.close[i]!
    out.volume[count] = bars.volume[i]!
    if (out.quoteVolume !== undefined) out.quoteVolume[count] = bars.quoteVolume![i]!
    if (out.trades !== undefined) out.trades[count] = bars.trades![i]!
    count++
  }
  return Candles.slice(out, 0, count)
}
