/** Candles as CSV and as JSON, a batch at a time. Pure. */
import type { Adjustment, Candles, Provenance, Series } from "@tidemark/core"
import { DateTime } from "effect"

export type Format = "csv" | "json"

/** What is the same in every row of a series. */
export interface Labels {
  readonly series: Series.Series
  readonly provenance: Provenance.Provenance
  /** What the prices are adjusted for. */
  readonly adjustment: Adjustment.Applied
}

const columns = [
  "symbol",
  "timeframe",
  "timestamp",
  "open",
  "high",
  "low",
  "close",
  "volume",
  "quote_volume",
  "trades",
  "source",
  "provenance",
  "adjustment"
] as const

const timestamp = (open: number): string => DateTime.formatIso(DateTime.makeUnsafe(open))

/** A CSV field: in quotes where it holds what would end it. */
const field = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

const number = (value: number | undefined): string => (value === undefined || Number.isNaN(value) ? "" : String(value))

const toCsv = ({ adjustment, provenance, series }: Labels, candles: Candles.Candles): string => {
  const head = `${field(series.symbol)},${series.timeframe},`
  const tail = `,${field(series.source)},${provenance},${adjustment}\n`
  let text = ""
  for (let i = 0; i < candles.openTime.length; i++) {
    text +=
      `${head}${timestamp(candles.openTime[i]!)},${candles.open[i]},${candles.high[i]},${candles.low[i]},` +
      `${candles.close[i]},${candles.volume[i]},${number(candles.quoteVolume?.[i])},${number(candles.trades?.[i])}${tail}`
  }
  return text
}

const orNull = (value: number | undefined): number | null => (value === undefined || Number.isNaN(value) ? null : value)

const toJson = ({ adjustment, provenance, series }: Labels, candles: Candles.Candles): ReadonlyArray<string> =>
  Array.from(candles.openTime, (open, i) =>
    JSON.stringify({
      symbol: series.symbol,
      timeframe: series.timeframe,
      timestamp: timestamp(open),
      open: candles.open[i],
      high: candles.high[i],
      low: candles.low[i],
      close: candles.close[i],
      volume: candles.volume[i],
      quote_volume: orNull(candles.quoteVolume?.[i]),
      trades: orNull(candles.trades?.[i]),
      source: series.source,
      provenance,
      adjustment
    })
  )

export interface Writer {
  /** Before the first batch. */
  readonly start: string
  readonly batch: (labels: Labels, candles: Candles.Candles) => string
  /** After the last. */
  readonly end: string
}

/** One for each output: JSON has to know which row is the first. */
export const writer = (format: Format): Writer => {
  if (format === "csv") return { start: `${columns.join(",")}\n`, batch: toCsv, end: "" }
  let isFirst = true
  return {
    start: "[",
    batch: (labels, candles) => {
      const rows = toJson(labels, candles)
      if (rows.length === 0) return ""
      const text = `${isFirst ? "" : ","}\n${rows.join(",\n")}`
      isFirst = false
      return text
    },
    end: "\n]\n"
  }
}
