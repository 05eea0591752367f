/**
 * Binance's kline rows as columns.
 *
 * A row is `[openMs, "open", "high", "low", "close", "volume", closeMs,
 * "quoteVolume", trades, "takerBase", "takerQuote", "ignored"]`.
 */
import { Candles } from "@tidemark/core"
import * as KlineBytes from "./KlineBytes.ts"
import { pageSize } from "./Market.ts"

/** The decoded rows, or what is wrong with the body in words. */
export type Decoded = KlineBytes.Rows | string

const decimal = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/
const isNumeric = (value: unknown): value is string => typeof value === "string" && decimal.test(value)

/**
 * Decodes a response body. Anything but rows of the documented form is
 * refused whole: a row that cannot be read must not become a gap.
 */
export const decode = (body: Uint8Array): Decoded =>
  KlineBytes.read(body, pageSize) ?? decodeText(new TextDecoder().decode(body))

/** The same by way of JSON, for every body that is JSON and to say what is wrong with one that is not. */
export const decodeText = (body: string): Decoded => {
  let rows: unknown
  try {
    rows = JSON.parse(body)
  } catch {
    return body.trimStart().startsWith("<") ? "a page of HTML instead of JSON" : "a body that is not JSON"
  }
  if (!Array.isArray(rows)) return "a body that is not a list of candles"
  const size = rows.length
  const candles = Candles.allocate(size, { quoteVolume: true, trades: true })
  const closeTime = new Float64Array(size)
  for (let i = 0; i < size; i++) {
    const row: unknown = rows[i]
    if (!Array.isArray(row) || row.length < 9) return `row ${i} is not a candle`
    const [openTime, open, high, low, close, volume, closed, quoteVolume, trades] = row as ReadonlyArray<unknown>
    if (
      typeof openTime !== "number" ||
      typeof closed !== "number" ||
      typeof trades !== "number" ||
      !isNumeric(open) ||
      !isNumeric(high) ||
      !isNumeric(low) ||
      !isNumeric(close) ||
      !isNumeric(volume) ||
      !isNumeric(quoteVolume)
    ) {
      return `row ${i} has a value of the wrong type`
    }
    candles.openTime[i] = openTime
    candles.open[i] = Number(open)
    candles.high[i] = Number(high)
    candles.low[i] = Number(low)
    candles.close[i] = Number(close)
    candles.volume[i] = Number(volume)
    candles.quoteVolume![i] = Number(quoteVolume)
    candles.trades![i] = trades
    closeTime[i] = closed
  }
  return { candles, closeTime }
}
