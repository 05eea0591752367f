/** Candles whose values cannot be, each judged alone. */
import type { Candles } from "@tidemark/core"
import * as Anomaly from "./Anomaly.ts"

/** What is wrong with the values of a row, or `undefined`. */
export const find = (candles: Candles.Candles, row: number): Anomaly.Anomaly | undefined => {
  const open = candles.open[row]!
  const high = candles.high[row]!
  const low = candles.low[row]!
  const close = candles.close[row]!
  const volume = candles.volume[row]!
  // Written so that what is no number is caught too.
  if (
    !(open > 0 && high > 0 && low > 0 && close > 0 && volume >= 0) ||
    open + high + low + close + volume === Infinity
  ) {
    const evidence = `open ${open}, high ${high}, low ${low}, close ${close}, volume ${volume}`
    return Anomaly.at("impossible-value", candles.openTime[row]!, evidence, { open, high, low, close, volume })
  }
  if (high >= open && high >= close && low <= open && low <= close) return undefined
  const evidence = `high ${high} and low ${low} do not hold open ${open} and close ${close}`
  return Anomaly.at("ohlc-order", candles.openTime[row]!, evidence, { open, high, low, close })
}
