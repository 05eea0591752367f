/**
 * Swing structure point in time: what could be known, when it could be.
 *
 * A run sees candles one after the other, in batches of any size, and tells
 * what each of them makes known; so nothing in it can look ahead. A candle
 * with a price that is no finite number is passed over, as if it were not
 * there; rows count it all the same.
 */
import { Candles } from "@tidemark/core"
import * as Bar from "./pit/Bar.ts"
import { Breaks } from "./pit/Breaks.ts"
import { type Event, sideOf } from "./pit/Event.ts"
import { FairValueGaps } from "./pit/FairValueGaps.ts"
import { Liquidity } from "./pit/Liquidity.ts"
import { OrderBlocks, type Volumes } from "./pit/OrderBlocks.ts"
import { Range } from "./pit/Range.ts"
import { Swings } from "./pit/Swings.ts"

export { describe } from "./pit/Event.ts"
export type * from "./pit/Event.ts"

/** What made an event, for everyone who reads it: another version tells others. */
export const method = { id: "smc-pit", version: 1 } as const

export interface Options {
  /** Candles on each side of a swing. */
  readonly swingLength: number
  /** Half of the band in which swings are at about one price, as a part of the range of the candles before. */
  readonly liquidityPart: number
  /** How many candles before. */
  readonly liquidityCandles: number
}

export const defaults: Options = { swingLength: 5, liquidityPart: 0.01, liquidityCandles: 200 }

export class Run {
  private readonly options: Options
  private rows = 0
  private readonly up = Bar.make()
  private readonly down = Bar.make()
  private volumes: Volumes = [0, 0, 0]
  private readonly swings: Swings
  private readonly range: Range
  private readonly breaks = new Breaks()
  private readonly gaps = [new FairValueGaps(1), new FairValueGaps(-1)] as const
  private readonly blocks = [new OrderBlocks(1), new OrderBlocks(-1)] as const
  private readonly liquidity: readonly [Liquidity, Liquidity]

  constructor(options: Partial<Options> = {}) {
    this.options = { ...defaults, ...options }
    const { liquidityCandles, swingLength } = this.options
    this.swings = new Swings(swingLength)
    this.range = new Range(liquidityCandles)
    this.liquidity = [new Liquidity(1, liquidityCandles), new Liquidity(-1, liquidityCandles)]
  }

  /** What candles that follow those before them make known. */
  push(candles: Candles.Candles): ReadonlyArray<Event> {
    const out: Array<Event> = []
    const size = Candles.length(candles)
    for (let i = 0; i < size; i++) {
      const row = this.rows++
      if (!Candles.isPriced(candles, i)) continue
      Bar.fill(this.up, candles, i, row, 1)
      Bar.fill(this.down, candles, i, row, -1)
      const volume = candles.volume[i]!
      this.volumes = [Number.isFinite(volume) ? volume : 0, this.volumes[0], this.volumes[1]]
      this.candle(out)
    }
    return out
  }

  private candle(out: Array<Event>): void {
    const { down, range, swings, up } = this
    const { row } = up
    range.push(up)
    const swing = swings.push(up)
    if (swing !== undefined) {
      const { price, replaces, row: of, sign } = swing
      const level = sign * price
      out.push({
        kind: "swing",
        knownAfter: row + 1,
        row: of,
        side: sideOf(sign),
        level,
        replaces: replaces?.row ?? null
      })
      // Before what this candle breaks: that is told by what is known at its close.
      this.breaks.known(swing, row, out)
      this.blocks[sign === 1 ? 0 : 1].known(swing, swings.lowestSince(sign))
    }
    this.breaks.push(up, out)
    this.gaps[0].push(up, out)
    this.gaps[1].push(down, out)
    this.blocks[0].push(up, this.volumes, out)
    this.blocks[1].push(down, this.volumes, out)
    this.liquidity[0].push(up, out)
    this.liquidity[1].push(down, out)
    if (swing === undefined) return
    this.liquidity[swing.sign === 1 ? 0 : 1].known(swing, this.options.liquidityPart * range.value, row, out)
  }
}

/** All events of candles from the first on. */
export const events = (candles: Candles.Candles, options?: Partial<Options>): ReadonlyArray<Event> =>
  new Run(options).push(candles)
