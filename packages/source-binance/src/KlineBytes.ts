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
const point = code(".")
const zero = code("0")
const nine = code("9")

/** A few characters; for so few, faster than a decoder. */
const ascii = (body: Uint8Array, start: number, end: number): string => {
  let text = ""
  for (let at = start; at < end; at++) text += String.fromCharCode(body[at]!)
  return text
}

/** 10^0 … 10^22, the powers of ten that a double holds exactly. */
const powers = Float64Array.from({ length: 23 }, (_, exponent) => 10 ** exponent)

/** `capacity`: the most rows that the provider gives at once. */
export const read = (body: Uint8Array, capacity: number): Rows | undefined => {
  let at = 0
  let failed = false

  const skip = (byte: number): void => {
    if (body[at] === byte) at++
    else failed = true
  }

  /**
   * `123` or `123.450`. Digits below 2^53 over a power of ten up to 10^22 are
   * both exact doubles, so that their quotient is the double nearest to the
   * decimal: the same that parsing the text gives (Clinger's fast path).
   * Longer ones are parsed as text.
   */
  const number = (): number => {
    const start = at
    let i = at
    let mantissa = 0
    let pointAt = -1
    for (; ; i++) {
      const byte = body[i]!
      if (byte >= zero && byte <= nine) mantissa = mantissa * 10 + (byte - zero)
      else if (byte === point && pointAt < 0) pointAt = i
      else break
    }
    at = i
    if (pointAt < 0) return mantissa > Number.MAX_SAFE_INTEGER ? Number(ascii(body, start, i)) : mantissa
    const decimals = i - pointAt - 1
    if (decimals === 0) failed = true
    if (mantissa > Number.MAX_SAFE_INTEGER || decimals > 22) return Number(ascii(body, start, i))
    return mantissa / powers[decimals]!
  }

  const integer = (): number => {
    const start = at
    const value = number()
    if (at === start) failed = true
    return value
  }

  const quoted = (): number => {
    skip(quote)
    const start = at
    const value = number()
    if (at === start) failed = true
    skip(quote)
    skip(comma)
    return value
  }

  const unused = (): void => {
    skip(quote)
    const start = at
    let i = at
    while ((body[i]! >= zero && body[i]! <= nine) || body[i] === point) i++
    at = i
    if (i === start) failed = true
    skip(quote)
  }

  skip(bracketOpen)
  if (body[at] === bracketClose) return undefined
  const candles = Candles.allocate(capacity, { quoteVolume: true, trades: true })
  const closeTime = new Float64Array(capacity)
  let size = 0
  for (;;) {
    if (size === capacity) return undefined
    skip(bracketOpen)
    candles.openTime[size] = integer()
    skip(comma)
    candles.open[size] = quoted()
    candles.high[size] = quoted()
    candles.low[size] = quoted()
    candles.close[size] = quoted()
    candles.volume[size] = quoted()
    closeTime[size] = integer()
    skip(comma)
    candles.quoteVolume![size] = quoted()
    candles.trades![size] = integer()
    skip(comma)
    unused()
    skip(comma)
    unused()
    skip(comma)
    unused()
    skip(bracketClose)
    if (failed) return undefined
    size++
    if (body[at] === comma) {
      at++
      continue
    }
    skip(bracketClose)
    if (failed || at !== body.length) return undefined
    return { candles: Candles.slice(candles, 0, size), closeTime: closeTime.subarray(0, size) }
  }
}
