/** Whether a row is a candle that a regime can follow from. */
import { Candles } from "@tidemark/core"

/** Prices above 0, of which returns can be made. */
export const isAboveZero = (candles: Candles.Candles, row: number): boolean =>
  Candles.isPriced(candles, row) &&
  Math.min(candles.open[row]!, candles.high[row]!, candles.low[row]!, candles.close[row]!) > 0
