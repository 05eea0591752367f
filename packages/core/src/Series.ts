/**
 * One column of history: what one source says about one symbol at one
 * timeframe. Sources never mix in a series, so that synthetic data cannot
 * leak into real data and every number can be traced to who gave it.
 */
import { Schema } from "effect"
import { Symbol } from "./Instrument.ts"
import { Timeframe } from "./Timeframe.ts"

export const Series = Schema.Struct({
  source: Schema.NonEmptyString,
  symbol: Symbol,
  timeframe: Timeframe
})
export type Series = typeof Series.Type

/** `binance BTC/USDT 1h`: unique, and what messages call the series. */
export const key = (series: Series): string => `${series.source} ${series.symbol} ${series.timeframe}`

export const equals = (a: Series, b: Series): boolean => key(a) === key(b)

/** The order in which all processes take series, by code unit. */
export const order = (a: Series, b: Series): number => {
  const [left, right] = [key(a), key(b)]
  return left < right ? -1 : left > right ? 1 : 0
}
