/**
 * High and low of the previous day as the reference library has them: days in
 * UTC, and the candle of midnight still belongs to the day before. They look
 * at days that have ended only, so there is no future in them.
 */
import type { Candles } from "@tidemark/core"
import * as Prices from "../Prices.ts"

export interface PreviousDay {
  /** `NaN` until there is a whole day before; in 32 bits, as there. */
  readonly high: Float64Array
  readonly low: Float64Array
  /** 1 from the candle on that goes beyond, until the day has ended. */
  readonly brokenHigh: Int8Array
  readonly brokenLow: Int8Array
}

const dayMillis = 86_400_000

export const of = (candles: Candles.Candles): PreviousDay => {
  const { openTime } = candles
  const prices = Prices.of(candles)
  const size = openTime.length
  const days = daysOf(openTime, prices)
  const found = {
    high: new Float64Array(size).fill(Number.NaN),
    low: new Float64Array(size).fill(Number.NaN),
    brokenHigh: new Int8Array(size),
    brokenLow: new Int8Array(size)
  }
  /** Days that began before a row. */
  let begun = 0
  let [isAbove, isBelow] = [false, false]
  for (let row = 0; row < size; row++) {
    while (begun < days.length && days[begun]!.start < openTime[row]!) {
      begun++
      isAbove = false
      isBelow = false
    }
    if (begun < 2) continue
    const { high, low } = days[begun - 2]!
    found.high[row] = high
    found.low[row] = low
    isAbove ||= prices.high[row]! > high
    isBelow ||= prices.low[row]! < low
    found.brokenHigh[row] = isAbove ? 1 : 0
    found.brokenLow[row] = isBelow ? 1 : 0
  }
  return found
}

const daysOf = (openTime: Float64Array, { high, low }: Prices.Prices) => {
  const days: Array<{ readonly start: number; high: number; low: number }> = []
  for (let row = 0; row < openTime.length; row++) {
    if (Number.isNaN(high[row])) continue
    const start = Math.floor(openTime[row]! / dayMillis) * dayMillis
    const last = days.at(-1)
    const [top, bottom] = [Math.fround(high[row]!), Math.fround(low[row]!)]
    if (last?.start !== start) days.push({ start, high: top, low: bottom })
    else {
      last.high = Math.max(last.high, top)
      last.low = Math.min(last.low, bottom)
    }
  }
  return days
}
