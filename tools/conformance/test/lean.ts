/** Lean's zipped CSV as candles. */
import { Candles } from "@tidemark/core"
import * as Zip from "@tidemark/source-binance/Zip"
import { DateTime, Effect } from "effect"
import { readFileSync } from "node:fs"
import * as Data from "./data.ts"

/** Its rows: `time,open,high,low,close,volume`, prices in ten-thousandths unless `unit` says otherwise. */
export const read = Effect.fnUntraced(function* (file: string, openOf: (time: string) => number, unit = 10_000) {
  const text = new TextDecoder().decode(yield* Zip.extract(readFileSync(Data.path(file))))
  const rows = text
    .trim()
    .split("\n")
    .map((line) => line.split(","))
  const candles = Candles.allocate(rows.length)
  for (const [i, [time, open, high, low, close, volume]] of rows.entries()) {
    candles.openTime[i] = openOf(time!)
    candles.open[i] = Number(open) / unit
    candles.high[i] = Number(high) / unit
    candles.low[i] = Number(low) / unit
    candles.close[i] = Number(close) / unit
    candles.volume[i] = Number(volume)
  }
  return candles
})

/** Milliseconds since midnight of a date. */
export const sinceMidnight = (date: string, timeZone = "America/New_York") => {
  const midnight = DateTime.toEpochMillis(
    DateTime.makeZonedUnsafe(`${date}T00:00:00Z`, { timeZone, adjustForTimeZone: true })
  )
  return (time: string) => midnight + Number(time)
}
