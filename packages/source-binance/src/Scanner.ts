/**
 * Reads numbers where they stand in the bytes of a text, without making
 * strings of them first.
 *
 * It knows plain decimals and nothing else. Whatever deviates sets `failed`,
 * and is left to a slower reader that says what is wrong.
 */
const code = (character: string): number => character.charCodeAt(0)
const point = code(".")
const zero = code("0")
const nine = code("9")

/** 10^0 … 10^22, the powers of ten that a double holds exactly. */
const powers = Float64Array.from({ length: 23 }, (_, exponent) => 10 ** exponent)

export class Scanner {
  /** Where the next byte is. */
  at = 0
  failed = false
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  skip(byte: number): void {
    if (this.bytes[this.at] === byte) this.at++
    else this.failed = true
  }

  /**
   * `123` or `123.450`. Digits below 2^53 over a power of ten up to 10^22 are
   * both exact doubles, so that their quotient is the double nearest to the
   * decimal: the same that parsing the text gives (Clinger's fast path).
   * Longer ones are parsed as text.
   */
  number(): number {
    const { bytes } = this
    const start = this.at
    let i = start
    let mantissa = 0
    let pointAt = -1
    for (; ; i++) {
      const byte = bytes[i]!
      if (byte >= zero && byte <= nine) mantissa = mantissa * 10 + (byte - zero)
      else if (byte === point && pointAt < 0) pointAt = i
      else break
    }
    this.at = i
    if (i === start) this.failed = true
    if (pointAt < 0) return mantissa > Number.MAX_SAFE_INTEGER ? Number(this.#text(start, i)) : mantissa
    const decimals = i - pointAt - 1
    if (decimals === 0) this.failed = true
    if (mantissa > Number.MAX_SAFE_INTEGER || decimals > 22) return Number(this.#text(start, i))
    return mantissa / powers[decimals]!
  }

  /** Passes over digits and points. */
  digits(): void {
    const { bytes } = this
    const start = this.at
    let i = start
    while ((bytes[i]! >= zero && bytes[i]! <= nine) || bytes[i] === point) i++
    this.at = i
    if (i === start) this.failed = true
  }

  /** A few characters; for so few, faster than a decoder. */
  #text(start: number, end: number): string {
    let text = ""
    for (let at = start; at < end; at++) text += String.fromCharCode(this.bytes[at]!)
    return text
  }
}
