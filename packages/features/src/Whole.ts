/** An indicator over candles from the first to the last. */
import { Candles } from "@tidemark/core"
import type { Columns, Indicator } from "./Indicator.ts"
import * as Logs from "./Logs.ts"

/** For indicators of prices themselves: there are no logarithms. */
const noLogs = Logs.of(Candles.empty)

export const runWhole = (indicator: Indicator, candles: Candles.Candles): Columns => {
  const size = Candles.length(candles)
  const columns = indicator.columns.map(() => new Float64Array(size).fill(Number.NaN))
  indicator.run({ ...candles, logs: noLogs, start: 0, end: size, age: 1 }, [...indicator.initial], columns)
  return columns
}
