/**
 * What is fetched, and what has to be in the store afterwards.
 *
 * The provider is the emulator in this process: no contestant shares it, and
 * all get the same bytes.
 */
import { Candles, type Interval } from "@tidemark/core"
import { Dataset, Emulator } from "@tidemark/emulator"

export const minuteMillis = 60_000

/** The cheap pattern has rows from 2001 on; Binance from here. */
const opened = Dataset.firstTrade
const end = Date.UTC(2100, 0)

/** The cheap series of a symbol, such as `BTC/USDT`. */
export const dataset = (symbol: string, interval: Parameters<typeof Dataset.cheap>[0]["interval"] = "1m") =>
  Dataset.cheap({ symbol, interval, from: opened, to: end })

/** The series that a run asks for. */
export const symbol = "BTC/USDT"

/** The series that is in the store before. */
export const storedSymbol = "ETH/USDT"

/** So many minutes, from the first one that there is; full pages, and one that is not. */
export const range = (candles: number): Interval.Interval => ({ from: opened, to: opened + candles * minuteMillis })

/** The most minutes that lie in the past for sure. */
export const mostCandles = 4_000_000

/** One page of minutes. */
export const pageFrom = (from: number): Interval.Interval => ({ from, to: from + 1_000 * minuteMillis })

/** Its window is a millisecond, so that no contestant feels what another has used. */
export const provider = (datasets: ReadonlyArray<Dataset.Dataset>, latencyMillis = 0) =>
  Emulator.layer({ datasets, weightLimit: 1e9, weightWindowMillis: 1, latencyMillis })

/** Whatever changes when a candle is lost, doubled, moved or altered; prices and volumes in exact hundredths. */
export interface Fingerprint {
  readonly rows: number
  readonly distinctOpens: number
  readonly firstOpen: number
  readonly lastOpen: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
}

/** Their exact sum. */
export const hundredths = (values: Float64Array): number => {
  let sum = 0
  for (const value of values) sum += Math.round(value * 100)
  return sum
}

/** What the provider has in the interval. */
export const fingerprint = (symbol: string, interval: Interval.Interval): Fingerprint => {
  const candles = dataset(symbol).candles(interval)
  return {
    rows: Candles.length(candles),
    distinctOpens: Candles.length(candles),
    firstOpen: candles.openTime[0]!,
    lastOpen: candles.openTime.at(-1)!,
    open: hundredths(candles.open),
    high: hundredths(candles.high),
    low: hundredths(candles.low),
    close: hundredths(candles.close),
    volume: hundredths(candles.volume)
  }
}
