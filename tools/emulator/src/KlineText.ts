/**
 * Klines as Binance writes them, many rows in one buffer.
 *
 * `bytes` holds the rows joined by commas, without the brackets around them,
 * so that any run of rows is one `subarray` and a page is a copy of a few
 * runs. Everything is ASCII.
 */
import { Candles } from "@tidemark/core"
import * as KlineInterval from "./KlineInterval.ts"

export interface KlineText {
  readonly openTime: Float64Array
  readonly bytes: Buffer
  /** Where each row starts, and one more: the length plus one, as if a comma followed. */
  readonly starts: Uint32Array
}

export const empty: KlineText = {
  openTime: new Float64Array(0),
  bytes: Buffer.alloc(0),
  starts: Uint32Array.of(1)
}

/** The rows as given, `rows` each with its brackets, ascending by open time. */
export const fromRows = (openTime: Float64Array, rows: ReadonlyArray<string>): KlineText => {
  const starts = new Uint32Array(rows.length + 1)
  let at = 0
  for (let i = 0; i < rows.length; i++) {
    starts[i] = at
    at += rows[i]!.length + 1
  }
  starts[rows.length] = rows.length === 0 ? 1 : at
  return { openTime, bytes: Buffer.from(rows.join(","), "latin1"), starts }
}

/** Rows `[start, end)` joined by commas, sharing memory. */
export const slice = (text: KlineText, start: number, end: number): Buffer =>
  start >= end ? text.bytes.subarray(0, 0) : text.bytes.subarray(text.starts[start], text.starts[end]! - 1)

/** The rows whose open time is kept, as they are. */
export const filter = (text: KlineText, isKept: (open: number) => boolean): KlineText => {
  const kept = Array.from(text.openTime.keys()).filter((row) => isKept(text.openTime[row]!))
  return fromRows(
    Float64Array.from(kept, (row) => text.openTime[row]!),
    kept.map((row) => slice(text, row, row + 1).toString("latin1"))
  )
}

const one = 100_000_000
const eightDecimalsUpTo = Number.MAX_SAFE_INTEGER / one - 1

/** A whole number of hundred-millionths, below 2^53, with its eight decimals. */
const eightDecimals = (scaled: number): string => {
  const whole = Math.floor(scaled / one)
  return `${whole}.${String(one + (scaled - whole * one)).slice(1)}`
}

/**
 * A number with eight decimals, as Binance prints prices, or with as many
 * more as it takes for `Number(text)` to be the same number again.
 */
export const decimal = (value: number): string => {
  if (value >= 0 && value < eightDecimalsUpTo) {
    const scaled = Math.round(value * one)
    // Both are whole numbers below 2^53, so the quotient is the double nearest to the decimal: what Number(text) gives.
    if (scaled / one === value) return eightDecimals(scaled)
  }
  const shortest = String(value)
  if (!shortest.includes("e")) {
    const dot = shortest.indexOf(".")
    return dot < 0 ? `${shortest}.00000000` : shortest.padEnd(dot + 9, "0")
  }
  for (let digits = 8; digits <= 100; digits += 4) {
    const text = value.toFixed(digits)
    if (Number(text) === value) return text
  }
  return shortest
}

/** Rounded to eight decimals. */
const rounded = (value: number): string =>
  value >= 0 && value < eightDecimalsUpTo ? eightDecimals(Math.round(value * one)) : decimal(value)

/**
 * Rows for columns. What columns don't have is made up so that it fits: the
 * taker's part is half, the quote volume follows from the close.
 */
export const print = (candles: Candles.Candles, interval: KlineInterval.KlineInterval): KlineText => {
  const { close, high, low, open, openTime, quoteVolume, trades, volume } = candles
  const rows: Array<string> = Array.from({ length: Candles.length(candles) })
  for (let i = 0; i < rows.length; i++) {
    const at = openTime[i]!
    const base = volume[i]!
    let quote = quoteVolume === undefined ? Number.NaN : quoteVolume[i]!
    if (Number.isNaN(quote)) quote = Math.round(base * close[i]! * 100) / 100
    let count = trades === undefined ? Number.NaN : trades[i]!
    if (Number.isNaN(count)) count = base > 0 ? 1 : 0
    rows[i] =
      `[${at},"${decimal(open[i]!)}","${decimal(high[i]!)}","${decimal(low[i]!)}","${decimal(close[i]!)}",` +
      `"${decimal(base)}",${KlineInterval.closeOf(interval, at) - 1},"${decimal(quote)}",${count},` +
      `"${rounded(base / 2)}","${rounded(quote / 2)}","0"]`
  }
  return fromRows(openTime, rows)
}
