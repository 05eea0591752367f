/**
 * Swing highs and lows as they become known: that of row `i` at the close of
 * row `i + length`. There are none at the edges, and a swing that another
 * takes the place of has been one until then.
 */
import type { Sign } from "../Prices.ts"
import type { Bar } from "./Bar.ts"

export interface Swing {
  readonly sign: Sign
  readonly row: number
  /** How many candles had been seen when it became known. */
  readonly seen: number
  /** Upside down for a low: the further it is out the higher. */
  readonly price: number
  /** The one it takes the place of. */
  readonly replaces: Swing | undefined
}

export class Swings {
  readonly length: number
  seen = 0
  /** The last `2 · length` candles, the first first. */
  readonly rows: Array<number> = []
  private readonly highs: Array<number> = []
  private readonly lows: Array<number> = []
  private last: Swing | undefined

  constructor(length: number) {
    this.length = length
  }

  /** The swing that a candle makes known. */
  push({ high, low, row }: Bar): Swing | undefined {
    this.seen++
    this.rows.push(row)
    this.highs.push(high)
    this.lows.push(-low)
    if (this.rows.length > 2 * this.length) {
      this.rows.shift()
      this.highs.shift()
      this.lows.shift()
    }
    // As many before the first swing as the reference wants.
    if (this.seen < 3 * this.length) return undefined
    const at = this.length - 1
    const sign = isHighest(this.highs, at) ? 1 : isHighest(this.lows, at) ? -1 : 0
    if (sign === 0) return undefined
    const price = (sign === 1 ? this.highs : this.lows)[at]!
    const replaces = this.last?.sign === sign ? this.last : undefined
    if (replaces !== undefined && price <= replaces.price) return undefined
    this.last = { sign, row: this.rows[at]!, seen: this.seen, price, replaces }
    return this.last
  }

  /** Of the candles after the swing just found, the last of the highest: lows upside down, for the other side. */
  lowestSince(sign: Sign): { readonly row: number; readonly low: number; readonly high: number } {
    const [lows, highs] = sign === 1 ? [this.lows, this.highs] : [this.highs, this.lows]
    let found = this.length
    for (let i = found + 1; i < lows.length; i++) if (lows[i]! >= lows[found]!) found = i
    return { row: this.rows[found]!, low: -lows[found]!, high: highs[found]! }
  }
}

const isHighest = (values: ReadonlyArray<number>, at: number): boolean => {
  const own = values[at]!
  for (let i = 0; i < values.length; i++) if (values[i]! > own) return false
  return true
}
