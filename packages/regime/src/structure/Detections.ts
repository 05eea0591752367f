/**
 * What a structure regime looks for in the candles it decides by, each
 * independent of the others, as of the last candle seen. Work per candle is
 * bounded: nothing is looked for twice.
 */
import type { Candles } from "@tidemark/core"
import { type Direction, type Sign, directionOf } from "./Prices.ts"

/** Candles that an order block and a fair value gap have to lie within. */
export const lookback = 50
/** Candles whose median range says what is usual, the last of them the one that goes beyond. */
const usualCandles = 20
/** Times the usual range that a candle has to have to be an order block. */
const impulse = 1.5
/** Of the middle close. */
const smallestGap = 0.001
/** Highs of the last candles, and of those before them that they have to exceed. */
const recentCandles = 3
const earlierCandles = 7

interface Detected {
  readonly direction: Direction
  /** Open time of the candle it is about. */
  readonly openTime: number
}

/**
 * The last candle against the direction before one whose close went beyond its
 * extreme, itself with a range of at least 1.5 times the median of the last 20.
 */
export interface OrderBlock extends Detected {
  readonly top: number
  readonly bottom: number
  /** Open time of the candle that went beyond. */
  readonly brokenBy: number
  /** Range of the block, in medians of the last 20. */
  readonly impulse: number | null
}

/** Three candles, the first and the last of which do not meet; no candle after them came back. */
export interface FairValueGap extends Detected {
  readonly top: number
  readonly bottom: number
  /** As a part of the middle close. */
  readonly size: number
}

/** The highest of the last 3 candles is above that of the 7 before; or lows below. `openTime` is of the first beyond. */
export interface BreakOfStructure extends Detected {
  readonly level: number
}

interface Block {
  readonly row: number
  readonly sign: Sign
  readonly impulse: number | null
}

interface Gap {
  readonly row: number
  readonly sign: Sign
  readonly top: number
  readonly bottom: number
}

export class Detector {
  private readonly candles: Candles.Candles
  private row = -1
  private block: Block | undefined
  /** Not mitigated, the latest last: each bullish one is above those before it, each bearish one below. */
  private readonly bullish: Array<Gap> = []
  private readonly bearish: Array<Gap> = []

  /** All candles have prices. */
  constructor(candles: Candles.Candles) {
    this.candles = candles
  }

  /** How many candles it has seen. */
  get seen(): number {
    return this.row + 1
  }

  /** Looks at the next candle. */
  next(): void {
    this.row++
    this.findBlock()
    this.findGap()
  }

  private findBlock(): void {
    const { close, high, low, open } = this.candles
    const { row } = this
    const before = row - 1
    if (row < usualCandles - 1) return
    const sign =
      close[before]! < open[before]! && close[row]! > high[before]!
        ? 1
        : close[before]! > open[before]! && close[row]! < low[before]!
          ? -1
          : 0
    if (sign === 0) return
    const range = high[before]! - low[before]!
    const usual = this.usualRange()
    if (range >= impulse * usual) this.block = { row: before, sign, impulse: usual > 0 ? range / usual : null }
  }

  private usualRange(): number {
    const { high, low } = this.candles
    const ranges = new Float64Array(usualCandles)
    for (let i = 0; i < usualCandles; i++) ranges[i] = high[this.row - i]! - low[this.row - i]!
    ranges.sort()
    return (ranges[usualCandles / 2 - 1]! + ranges[usualCandles / 2]!) / 2
  }

  private findGap(): void {
    const { close, high, low } = this.candles
    const { row } = this
    const { bearish, bullish } = this
    while (bullish.length > 0 && low[row]! <= bullish.at(-1)!.top) bullish.pop()
    while (bearish.length > 0 && high[row]! >= bearish.at(-1)!.bottom) bearish.pop()
    if (row < 2) return
    const smallest = smallestGap * close[row - 1]!
    if (!(smallest > 0)) return
    const [up, down] = [low[row]! - high[row - 2]!, low[row - 2]! - high[row]!]
    if (up >= smallest) bullish.push({ row: row - 1, sign: 1, top: low[row]!, bottom: high[row - 2]! })
    if (down >= smallest) bearish.push({ row: row - 1, sign: -1, top: low[row - 2]!, bottom: high[row]! })
  }

  orderBlock(): OrderBlock | null {
    const { block, candles } = this
    if (block === undefined || block.row <= this.row - lookback) return null
    return {
      direction: directionOf(block.sign),
      openTime: candles.openTime[block.row]!,
      top: candles.high[block.row]!,
      bottom: candles.low[block.row]!,
      brokenBy: candles.openTime[block.row + 1]!,
      impulse: block.impulse
    }
  }

  fairValueGap(): FairValueGap | null {
    const [up, down] = [this.bullish.at(-1), this.bearish.at(-1)]
    const gap = (up?.row ?? -1) > (down?.row ?? -1) ? up : down
    if (gap === undefined || gap.row - 1 <= this.row - lookback) return null
    const { bottom, row, sign, top } = gap
    const size = (top - bottom) / this.candles.close[row]!
    return { direction: directionOf(sign), openTime: this.candles.openTime[row]!, top, bottom, size }
  }

  /** Upwards and downwards both: the one that came last; in one candle, the way it went. */
  breakOfStructure(): BreakOfStructure | null {
    const { close, high, low, open, openTime } = this.candles
    const [up, down] = [this.breakOf(high, 1), this.breakOf(low, -1)]
    const isUp =
      up !== undefined &&
      (down === undefined || up.row > down.row || (up.row === down.row && close[up.row]! >= open[up.row]!))
    const found = isUp ? up : down
    if (found === undefined) return null
    return { direction: isUp ? "bullish" : "bearish", openTime: openTime[found.row]!, level: found.level }
  }

  private breakOf(values: Float64Array, sign: Sign): { readonly row: number; readonly level: number } | undefined {
    const recent = this.row - recentCandles + 1
    const earlier = recent - earlierCandles
    if (earlier < 0) return undefined
    let level = -Infinity
    for (let row = earlier; row < recent; row++) level = Math.max(level, sign * values[row]!)
    for (let row = recent; row <= this.row; row++) if (sign * values[row]! > level) return { row, level: sign * level }
    return undefined
  }
}
