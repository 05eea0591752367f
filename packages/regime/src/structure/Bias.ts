/** Which way the daily candles lean: the last close against its EMA 200, and where that goes. */
import type { Candles } from "@tidemark/core"
import * as Averages from "@tidemark/features/Averages"
import { runWhole } from "@tidemark/features/Whole"

/** Candles that the average takes, from which it has a value. */
export const candles = 200
/** Candles that its slope is told over. */
export const slopeCandles = 3
/** Of the average: a close nearer to it leans neither way. */
const neutralPart = 0.001
/** Of the average: one that changes no more than this lies flat. */
const flatPart = 0.001

export interface Bias {
  readonly direction: "bullish" | "bearish" | "neutral"
  /** Of the last daily candle. */
  readonly openTime: number
  readonly close: number
  readonly ema: number
  /** Close less average, as a part of the average. */
  readonly distance: number
  /** Of the average over 3 candles; `null` while there are too few. */
  readonly slope: "up" | "down" | "flat" | null
  /** Its change over them, as a part of it. */
  readonly change: number | null
}

/** The average of daily candles, one after the other; `NaN` before it has a value. */
export const averages = (daily: Candles.Candles): Float64Array => runWhole(Averages.ema(candles), daily)[0]!

/** As of `row`; `null` where the average has no value, or none that can be divided by. */
export const at = (daily: Candles.Candles, averages: Float64Array, row: number): Bias | null => {
  const ema = averages[row]!
  if (!(ema > 0)) return null
  const close = daily.close[row]!
  const distance = (close - ema) / ema
  const before = averages[row - slopeCandles] ?? Number.NaN
  const change = before > 0 ? ema / before - 1 : null
  return {
    direction: Math.abs(distance) < neutralPart ? "neutral" : distance > 0 ? "bullish" : "bearish",
    openTime: daily.openTime[row]!,
    close,
    ema,
    distance,
    slope: change === null ? null : Math.abs(change) <= flatPart ? "flat" : change > 0 ? "up" : "down",
    change
  }
}
