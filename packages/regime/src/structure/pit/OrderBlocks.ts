/**
 * Order blocks of one direction. A close beyond the last swing that is known
 * makes one of the candle furthest back since that swing; once mitigated it
 * is invalidated by a candle that comes back through all of it.
 */
import { directionOf, type Sign } from "../Prices.ts"
import { Waiting } from "../Waiting.ts"
import type { Bar } from "./Bar.ts"
import type { Event } from "./Event.ts"
import type { Swing } from "./Swings.ts"

interface Block {
  readonly row: number
  readonly low: number
  readonly high: number
}

/** Volume of a candle and of the two before it. */
export type Volumes = readonly [last: number, before: number, first: number]

export class OrderBlocks {
  private readonly sign: Sign
  private readonly untouched = new Waiting<Block>()
  private readonly mitigated = new Waiting<Block>()
  /** The last swing, until it is crossed. */
  private swing: Swing | undefined
  private lowest: Block = { row: -1, low: Number.NaN, high: Number.NaN }
  /** The row of the last block. */
  private made = -1

  constructor(sign: Sign) {
    this.sign = sign
  }

  /** `lowest` is the last of the lowest candles after it. */
  known(swing: Swing, lowest: Block): void {
    this.swing = swing
    this.lowest = lowest
  }

  push({ close, high, low, row }: Bar, volumes: Volumes, out: Array<Event>): void {
    while (-this.mitigated.next < high) {
      out.push({ kind: "order-block-invalidated", ...this.zone(this.mitigated.take(), row) })
    }
    while (this.untouched.next > low) {
      const block = this.untouched.take()
      this.mitigated.add(-block.high, block)
      out.push({ kind: "order-block-mitigated", ...this.zone(block, row) })
    }
    const { lowest, swing } = this
    if (swing === undefined) return
    if (close > swing.price) {
      this.swing = undefined
      // It is one already, made by the swing that this one took the place of.
      if (lowest.row === this.made) return
      this.made = lowest.row
      out.push({
        kind: "order-block",
        ...this.zone(lowest, row),
        swing: swing.row,
        volume: volumes[0] + volumes[1] + volumes[2],
        percentage: percentage(volumes[0] + volumes[1], volumes[2])
      })
      this.untouched.add(lowest.low, lowest)
    } else if (low <= lowest.low) this.lowest = { row, low, high }
  }

  private zone({ high, low, row: of }: Block, row: number) {
    const [top, bottom] = this.sign === 1 ? [high, low] : [-low, -high]
    return { knownAfter: row + 1, row: of, direction: directionOf(this.sign), top, bottom }
  }
}

/** The smaller in percent of the larger. */
const percentage = (a: number, b: number): number => {
  const larger = Math.max(a, b)
  return larger === 0 ? 100 : (100 * Math.min(a, b)) / larger
}
