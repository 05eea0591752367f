/**
 * Liquidity on one side of the market: swings at about one price, and the
 * candle that sweeps them.
 *
 * About one price is within a part of the range of the candles before, as it
 * was when the first of the swings became known; that first swing is no older
 * than those candles.
 */
import type { Sign } from "../Prices.ts"
import { Waiting } from "../Waiting.ts"
import type { Bar } from "./Bar.ts"
import { type Event, sideOf } from "./Event.ts"
import type { Swing } from "./Swings.ts"

interface Group {
  first: Swing
  last: Swing
  /** Of the swings before the last. */
  sum: number
  count: number
  readonly reach: number
  isClosed: boolean
}

export class Liquidity {
  private readonly sign: Sign
  private readonly candles: number
  /** What a swing may still join, the oldest first. */
  private open: Array<Group> = []
  private readonly waiting = new Waiting<Group>()
  private latest: Group | undefined

  constructor(sign: Sign, candles: number) {
    this.sign = sign
    this.candles = candles
  }

  push({ high, row }: Bar, out: Array<Event>): void {
    while (-this.waiting.next <= high) {
      const group = this.waiting.take()
      if (group.count > 1) this.tell("liquidity-swept", group, row, out)
      group.isClosed = true
    }
  }

  /** A swing that has become known, as of `row`; `reach` is a price, half of a band. */
  known(swing: Swing, reach: number, row: number, out: Array<Event>): void {
    this.open = this.open.filter(({ first, isClosed }) => !isClosed && first.seen > swing.seen - this.candles)
    const { latest } = this
    if (swing.replaces !== undefined && latest !== undefined && !latest.isClosed && latest.last === swing.replaces) {
      if (latest.count > 1) {
        latest.last = swing
        this.tell("liquidity", latest, row, out)
        return
      }
      // Alone so far: the band moves with it.
      this.open = this.open.filter((group) => group !== latest)
    }
    const group = this.open.find(({ first, reach }) => Math.abs(swing.price - first.price) <= reach)
    if (group === undefined) {
      this.latest = { first: swing, last: swing, sum: 0, count: 1, reach, isClosed: false }
      this.open.push(this.latest)
      this.waiting.add(-(swing.price + reach), this.latest)
      return
    }
    group.sum += group.last.price
    group.last = swing
    group.count++
    this.latest = group
    this.tell("liquidity", group, row, out)
  }

  private tell(kind: "liquidity" | "liquidity-swept", group: Group, row: number, out: Array<Event>): void {
    const { count, first, last, sum } = group
    const level = (this.sign * (sum + last.price)) / count
    out.push({
      kind,
      knownAfter: row + 1,
      row: first.row,
      side: sideOf(this.sign),
      level,
      end: last.row,
      swings: count
    })
  }
}
