/**
 * Kline rows straight from the bytes of a body.
 *
 * A page is some 12,000 values in quotes; as JSON they would all become
 * strings first, only to become numbers next. This reads the numbers where
 * they stand. It knows the documented form and nothing else: whatever
 * deviates is left to `Klines.decode`, which says what is wrong, so that
 * this can only be faster and never more lenient.
 */
import { Candles } from "@tidemark/core"
import { Scanner } from "./Scanner.ts"

/** Columns of the rows, or `undefined` where the body is not of the plain form. */
export interface Rows {
  readonly candles: Candles.Candles
  readonly closeTime: Float64Array
}

const code = (character: string): number => character.charCodeAt(0)
const bracketOpen = code("[")
const bracketClose = code("]")
const comma = code(",")
const quote = code('"')

/** `capacity`: the most rows that the provider gives at once. */
export const read = (body: Uint8Array, capacity: number): Rows | undefined => {
  const scan = new Scanner(body)

  const integer = (): number => {
    const value = scan.number()
    scan.skip(comma)
    return value
  }

  const quoted = (): number => {
    scan.skip(quote)
    const value = scan.number()
    scan.skip(quote)
    scan.skip(comma)
    return value
  }

  const unused = (): void => {
    scan.skip(quote)
    scan.digits()
    scan.skip(quote)
  }

  scan.skip(bracketOpen)
  if (body[scan.at] === bracketClose) return undefined
  const candles = Candles.allocate(capacity, { quoteVolume: true, trades: true })
  const closeTime = new Float64Array(capacity)
  let size = 0
  for (;;) {
    if (size === capacity) return undefined
    scan.skip(bracketOpen)
    candles.openTime[size] = integer()
    candles.open[size] = quoted()
    candles.high[size] = quoted()
    candles.low[size] = quoted()
    candles.close[size] = quoted()
    candles.volume[size] = quoted()
    closeTime[size] = integer()
    candles.quoteVolume![size] = quoted()
    candles.trades![size] = integer()
    unused()
    scan.skip(comma)
    unused()
    scan.skip(comma)
    unused()
    scan.skip(bracketClose)
    if (scan.failed) return undefined
    size++
    if (body[scan.at] === comma) {
      scan.at++
      continue
    }
    scan.skip(bracketClose)
    if (scan.failed || scan.at !== body.length) return undefined
    return { candles: Candles.slice(candles, 0, size), closeTime: closeTime.subarray(0, size) }
  }
}
