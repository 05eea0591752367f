/**
 * The rows of an archive's CSV as columns.
 *
 * Twelve fields a row, those of a kline. Known of these files: spot has no
 * header, futures have one from about 2022 on; spot's times are microseconds
 * from 2025 on, told by their magnitude; a close may lie a millisecond late
 * or be cut short by an outage, and the last column may hold anything, so
 * neither is looked at.
 */
import { Candles } from "@tidemark/core"
import { Scanner } from "./Scanner.ts"

const code = (character: string): number => character.charCodeAt(0)
const comma = code(",")
const newline = code("\n")
const carriageReturn = code("\r")
const zero = code("0")
const nine = code("9")

/** A time of this size or more is in microseconds: milliseconds get there in the year 33658. */
const microsecondsFrom = 1e15
const columns = 12

const millis = (time: number): number => (time >= microsecondsFrom ? Math.floor(time / 1_000) : time)

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= zero && byte <= nine

/** Where the rows begin: behind the header, if there is one. */
const afterHeader = (bytes: Uint8Array): number => {
  if (bytes.length === 0 || isDigit(bytes[0])) return 0
  const end = bytes.indexOf(newline)
  return end < 0 ? bytes.length : end + 1
}

/** As many as there are rows, or one more. */
const countLines = (bytes: Uint8Array, start: number): number => {
  let lines = 1
  for (let at = bytes.indexOf(newline, start); at >= 0; at = bytes.indexOf(newline, at + 1)) lines++
  return lines
}

/** The columns, or `undefined` where the text is not of the plain form. */
const read = (bytes: Uint8Array, start: number): Candles.Candles | undefined => {
  const scan = new Scanner(bytes)
  scan.at = start
  const candles = Candles.allocate(countLines(bytes, start), { quoteVolume: true, trades: true })
  const field = (): number => {
    const value = scan.number()
    scan.skip(comma)
    return value
  }
  let size = 0
  while (scan.at < bytes.length) {
    candles.openTime[size] = millis(field())
    candles.open[size] = field()
    candles.high[size] = field()
    candles.low[size] = field()
    candles.close[size] = field()
    candles.volume[size] = field()
    scan.digits()
    scan.skip(comma)
    candles.quoteVolume![size] = field()
    candles.trades![size] = field()
    scan.digits()
    scan.skip(comma)
    scan.digits()
    scan.skip(comma)
    scan.digits()
    if (bytes[scan.at] === carriageReturn) scan.at++
    if (scan.at < bytes.length) scan.skip(newline)
    if (scan.failed) return undefined
    size++
  }
  return Candles.slice(candles, 0, size)
}

const decimal = /^\d+(\.\d+)?([eE][+-]?\d+)?$/

/** The same, slower and for every form of a number; what is wrong with it, in words. */
const readText = (bytes: Uint8Array, start: number): Candles.Candles | string => {
  const lines = new TextDecoder().decode(bytes.subarray(start)).split("\n")
  const rows = lines.map((line) => line.replace(/\r$/, "")).filter((line, i) => line !== "" || i < lines.length - 1)
  const candles = Candles.allocate(rows.length, { quoteVolume: true, trades: true })
  for (const [i, row] of rows.entries()) {
    const fields = row.split(",")
    if (fields.length !== columns) return `row ${i + 1} has ${fields.length} fields instead of ${columns}`
    const wrong = fields.findIndex((text, column) => column < columns - 1 && !decimal.test(text))
    if (wrong >= 0) return `row ${i + 1} has no number in field ${wrong + 1}`
    const value = (column: number) => Number(fields[column])
    candles.openTime[i] = millis(value(0))
    candles.open[i] = value(1)
    candles.high[i] = value(2)
    candles.low[i] = value(3)
    candles.close[i] = value(4)
    candles.volume[i] = value(5)
    candles.quoteVolume![i] = value(7)
    candles.trades![i] = value(8)
  }
  return candles
}

/** Every row, in the file's order; what is wrong with it, in words. */
export const decode = (bytes: Uint8Array): Candles.Candles | string => {
  const start = afterHeader(bytes)
  return read(bytes, start) ?? readText(bytes, start)
}
