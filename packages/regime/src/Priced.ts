/** Whether a row is a candle that a regime can follow from. */
import type { Candles } from "@tidemark/core"

/** Prices that are numbers, of which returns can be made. */
export const isPriced = ({ close, high, low, open }: Candles.Candles, row: number): boolean =>
  Number.isFinite(open[row]! + high[row]! + low[row]! + close[row]!) &&
  Math.min(open[row]!, high[row]!, low[row]!, close[row]!) > 0
