/** A candle as detectors see it, as it is or upside down; one object for all of them, filled again for each. */
import type { Prices, Sign } from "../Prices.ts"

export interface Bar {
  row: number
  open: number
  high: number
  low: number
  close: number
}

export const make = (): Bar => ({ row: -1, open: 0, high: 0, low: 0, close: 0 })

export const fill = (bar: Bar, { close, high, low, open }: Prices, index: number, row: number, sign: Sign): void => {
  bar.row = row
  bar.open = sign * open[index]!
  bar.high = sign * (sign === 1 ? high : low)[index]!
  bar.low = sign * (sign === 1 ? low : high)[index]!
  bar.close = sign * close[index]!
}
