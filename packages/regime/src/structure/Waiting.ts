/**
 * Things that wait for a price to come down to theirs, the highest first: a
 * candle looks at those it reaches and at one more, however many there are.
 *
 * What waits for a price to come up waits here under the negative of it.
 */

export class Waiting<Item> {
  private readonly prices: Array<number> = []
  private readonly items: Array<Item> = []

  /** The highest price that is waited for; `-Infinity` if none is. */
  get next(): number {
    return this.prices.length === 0 ? -Infinity : this.prices[0]!
  }

  add(price: number, item: Item): void {
    let at = this.prices.length
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (this.prices[parent]! >= price) break
      this.move(parent, at)
      at = parent
    }
    this.prices[at] = price
    this.items[at] = item
  }

  /** Takes out what waits for `next`. */
  take(): Item {
    const first = this.items[0]!
    const price = this.prices.pop()!
    const item = this.items.pop()!
    const size = this.prices.length
    if (size === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child + 1 < size && this.prices[child + 1]! > this.prices[child]!) child++
      if (child >= size || this.prices[child]! <= price) break
      this.move(child, at)
      at = child
    }
    this.prices[at] = price
    this.items[at] = item
    return first
  }

  private move(from: number, to: number): void {
    this.prices[to] = this.prices[from]!
    this.items[to] = this.items[from]!
  }
}
