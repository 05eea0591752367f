/** Highest high less lowest low of the last candles. */
import type { Bar } from "./Bar.ts"

export class Range {
  private readonly highest: Falling
  private readonly lowest: Falling

  constructor(candles: number) {
    this.highest = new Falling(candles)
    this.lowest = new Falling(candles)
  }

  push({ high, low }: Bar): void {
    this.highest.push(high)
    this.lowest.push(-low)
  }

  get value(): number {
    return this.highest.first + this.lowest.first
  }
}

/** The largest of the last values: those that a later one is not smaller than can never be it again. */
class Falling {
  private readonly size: number
  private readonly values: Array<number> = []
  private readonly ages: Array<number> = []
  private from = 0
  private count = 0

  constructor(size: number) {
    this.size = size
  }

  push(value: number): void {
    while (this.values.length > this.from && this.values.at(-1)! <= value) {
      this.values.pop()
      this.ages.pop()
    }
    this.values.push(value)
    this.ages.push(this.count++)
    if (this.ages[this.from]! <= this.count - 1 - this.size) this.from++
    if (this.from < this.size) return
    this.values.splice(0, this.from)
    this.ages.splice(0, this.from)
    this.from = 0
  }

  get first(): number {
    return this.values[this.from]!
  }
}
