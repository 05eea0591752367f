/** Fair value gaps of one direction, known with the third candle, and their mitigation when it happens. */
import { directionOf, type Sign } from "../Prices.ts"
import { Waiting } from "../Waiting.ts"
import type { Bar } from "./Bar.ts"
import type { Event } from "./Event.ts"

interface Gap {
  readonly row: number
  readonly top: number
  readonly bottom: number
}

export class FairValueGaps {
  private readonly sign: Sign
  private readonly open = new Waiting<Gap>()
  /** The high of the first candle, and the second. */
  private firstHigh = Number.NaN
  private middle = { row: -1, high: Number.NaN, isRising: false }

  constructor(sign: Sign) {
    this.sign = sign
  }

  push({ close, high, low, open, row }: Bar, out: Array<Event>): void {
    const tell = (kind: "fair-value-gap" | "fair-value-gap-mitigated", gap: Gap) => {
      const { bottom, top } = this.sign === 1 ? gap : { top: -gap.bottom, bottom: -gap.top }
      out.push({ kind, knownAfter: row + 1, row: gap.row, direction: directionOf(this.sign), top, bottom })
    }
    while (this.open.next >= low) tell("fair-value-gap-mitigated", this.open.take())
    if (this.middle.isRising && this.firstHigh < low) {
      const gap = { row: this.middle.row, top: low, bottom: this.firstHigh }
      this.open.add(gap.top, gap)
      tell("fair-value-gap", gap)
    }
    this.firstHigh = this.middle.high
    this.middle.row = row
    this.middle.high = high
    this.middle.isRising = close > open
  }
}
