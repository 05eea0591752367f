/** Indicators against the expected values of another library. */
import { assert, describe, it } from "@effect/vitest"
import type { Candles } from "@tidemark/core"
import { Features, type Indicator, type Rows } from "@tidemark/features"
import * as Averages from "@tidemark/features/Averages"
import * as Logs from "@tidemark/features/Logs"
import * as Windows from "@tidemark/features/Windows"
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

const rowsOf = (candles: Candles.Candles): Rows => ({
  ...candles,
  logs: Logs.of(candles),
  start: 0,
  end: candles.close.length,
  age: 1
})

/** The one column of an indicator. */
const single = (indicator: Indicator, candles: Candles.Candles): Float64Array => {
  const out = new Float64Array(candles.close.length).fill(Number.NaN)
  indicator.run(rowsOf(candles), [...indicator.initial], [out])
  return out
}

type Of = (row: number) => number

/** What else the files hold, made of our columns as its name says. */
const derived = (candles: Candles.Candles): ReadonlyArray<readonly [file: string, field: string, value: Of]> => {
  const batch = new Features.Run(252).push(candles)
  const column = (name: string) => batch.columns[Features.names.indexOf(name)]!
  const { close } = candles
  const [sma, upper, lower] = ["sma_20", "bollinger_upper", "bollinger_lower"].map(column)
  const [plus, minus, adx, atr] = ["plus_di_14", "minus_di_14", "adx_14", "atr_14"].map(column)
  const [fast, slow] = [12, 26].map((n) => single(Averages.ema(n), candles))
  const n = 14
  const from =
    (first: number, value: Of): Of =>
    (row) =>
      row < first ? Number.NaN : value(row)
  const mean = (row: number) => Windows.mean(close, row, n)
  const deviation = (row: number) => Windows.deviation(close, row, n, 0)
  const slope = column("slope_14")
  // Their line is told by the number of the day, counted from 1.
  const intercept = (row: number) => mean(row) - slope[row]! * (row + 1 - (n - 1) / 2)
  const last = close.length - 1
  return [
    ["adx", "dx", (row) => (100 * Math.abs(plus![row]! - minus![row]!)) / (plus![row]! + minus![row]!)],
    ["adx", "adxr", from(n, (row) => (adx![row]! + adx![row - n]!) / 2)],
    ["atr", "tr", (row) => column("true_range")[row]!],
    ["atr", "atrp", (row) => (100 * atr![row]!) / close[row]!],
    ["bb", "percentB", (row) => (close[row]! - lower![row]!) / (upper![row]! - lower![row]!)],
    ["bb", "zScore", (row) => (4 * (close[row]! - sma![row]!)) / (upper![row]! - lower![row]!)],
    ["bb", "width", (row) => (upper![row]! - lower![row]!) / sma![row]!],
    ["macd", "fastEma", (row) => fast![row]!],
    ["macd", "slowEma", (row) => slow![row]!],
    ["stdev", "mean", from(n - 1, mean)],
    ["stdev", "stdDev", from(n - 1, deviation)],
    ["stdev", "zScore", from(n - 1, (row) => (close[row]! - mean(row)) / deviation(row))],
    ["slope", "stdDev", from(n - 1, deviation)],
    ["slope", "intercept", from(n - 1, intercept)],
    // Of the share of the variance that the line explains: (slope · sd of x / sd of y)².
    ["slope", "rSquared", from(n - 1, (row) => (slope[row]! ** 2 * ((n * n - 1) / 12)) / deviation(row) ** 2)],
    // The last line drawn back over its own days: no feature, it looks ahead.
    ["slope", "line", from(last - n + 1, (row) => slope[last]! * (row + 1) + intercept(last))]
  ]
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

  it("every other value of the files follows from them", () => {
    const candles = quotes()
    const checked = new Set(expectations.map(([file, field]) => `${file} ${field}`))
    for (const [file, field, valueAt] of derived(candles)) {
      checked.add(`${file} ${field}`)
      const expected = JSON.parse(Data.text(`indicators/${file}.json`)) as ReadonlyArray<Record<string, number | null>>
      for (const [row, { [field]: value = null }] of expected.entries()) {
        if (value === null) assert.isNaN(valueAt(row), `${file} ${field} row ${row}`)
        else assert.closeTo(valueAt(row), value, 1e-8, `${file} ${field} row ${row}`)
      }
    }
    const all = ["adx", "atr", "bb", "ema", "macd", "rsi", "slope", "sma", "stdev", "tr"].flatMap((file) => {
      const [first] = JSON.parse(Data.text(`indicators/${file}.json`)) as ReadonlyArray<object>
      return Object.keys(first!).map((field) => `${file} ${field}`)
    })
    assert.deepStrictEqual(
      all.filter((name) => !name.endsWith(" timestamp") && !checked.has(name)),
      []
    )
  })
})
