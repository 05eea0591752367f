/**
 * The columns that structure is read from.
 *
 * Everything bearish is the bullish upside down: with negative prices a low is
 * a high and falling is rising, so that each rule is written once.
 */
import { Candles } from "@tidemark/core"

/** 1 up, -1 down. */
export type Sign = 1 | -1

export type Direction = "bullish" | "bearish"

export const directionOf = (sign: Sign): Direction => (sign === 1 ? "bullish" : "bearish")

export interface Prices {
  readonly open: Float64Array
  readonly high: Float64Array
  readonly low: Float64Array
  readonly close: Float64Array
}

/** The prices of candles, all four `NaN` where one is no finite number: no comparison with it holds. */
export const of = (candles: Candles.Candles): Prices => {
  const { close, high, low, open } = candles
  let prices: Prices = { open, high, low, close }
  for (let row = 0; row < open.length; row++) {
    if (Candles.isPriced(candles, row)) continue
    if (prices.open === open) {
      prices = { open: open.slice(), high: high.slice(), low: low.slice(), close: close.slice() }
    }
    for (const column of [prices.open, prices.high, prices.low, prices.close]) column[row] = Number.NaN
  }
  return prices
}

/** As they are, or upside down. */
export const seen = (prices: Prices, sign: Sign): Prices => {
  if (sign === 1) return prices
  const { close, high, low, open } = prices
  return { open: negative(open), high: negative(low), low: negative(high), close: negative(close) }
}

const negative = (column: Float64Array): Float64Array => column.map((value) => -value)
