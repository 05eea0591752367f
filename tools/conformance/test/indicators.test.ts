/** Indicators against the expected values of another library. */
import { assert, describe, it } from "@effect/vitest"
import type { Candles } from "@tidemark/core"
import { Features } from "@tidemark/features"
import * as Data from "./data.ts"

/** Our columns, by the file and the field that hold what is expected of them. */
const expectations: ReadonlyArray<readonly [file: string, field: string, column: string]> = [
  ["tr", "tr", "true_range"],
  ["atr", "atr", "atr_14"],
  ["rsi", "rsi", "rsi_14"],
  ["adx", "adx", "adx_14"],
  ["adx", "pdi", "plus_di_14"],
  ["adx", "mdi", "minus_di_14"],
  ["sma", "sma", "sma_20"],
  ["ema", "ema", "ema_20"],
  ["macd", "macd", "macd"],
  ["macd", "signal", "macd_signal"],
  ["macd", "histogram", "macd_histogram"],
  ["bb", "sma", "sma_20"],
  ["bb", "upperBand", "bollinger_upper"],
  ["bb", "lowerBand", "bollinger_lower"],
  ["slope", "slope", "slope_14"]
]

const quotes = (): Candles.Candles => {
  const rows = Data.text("indicators/quotes.csv")
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(","))
  const column = (i: number) => Float64Array.from(rows, (row) => Number(row[i]))
  return {
    openTime: Float64Array.from(rows, (row) => Date.parse(row[0]!)),
    open: column(1),
    high: column(2),
    low: column(3),
    close: column(4),
    volume: column(5)
  }
}

describe.skipIf(Data.isAbsent)(`recorded indicators${Data.note}`, () => {
  for (const [file, field, name] of expectations) {
    it(`${name} is ${field} of ${file}.json, on every one of 502 days`, () => {
      const expected = JSON.parse(Data.text(`indicators/${file}.json`)) as ReadonlyArray<Record<string, number | null>>
      const { columns } = new Features.Run(252).push(quotes())
      const actual = columns[Features.names.indexOf(name)]!
      assert.lengthOf(expected, 502)
      for (const [row, { [field]: value = null }] of expected.entries()) {
        if (value === null) assert.isNaN(actual[row], `row ${row}`)
        else assert.closeTo(actual[row]!, value, 1e-8, `row ${row}`)
      }
    })
  }
})
