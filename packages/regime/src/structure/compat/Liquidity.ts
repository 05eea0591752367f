/**
 * Liquidity as the reference library has it, with the future: two or more
 * swing highs (or lows) at about one price, where orders of many are thought
 * to rest, and the candle that sweeps them.
 *
 * About one price is within 1 % of the range of the whole sample around the
 * first of them, and before that band was left on the far side.
 */
import type { Candles } from "@tidemark/core"
import * as Prices from "../Prices.ts"
import { Waiting } from "../Waiting.ts"
import type { Swings } from "./Swings.ts"

export interface Liquidity {
  /** 1 of swing highs, -1 of swing lows, 0 none; in the row of the first swing. */
  readonly direction: Int8Array
  /** Mean of the swings. */
  readonly level: Float64Array
  /** The row of the last swing. */
  readonly end: Int32Array
  /** The row of the sweep; 0 for never. */
  readonly swept: Int32Array
}

interface Group {
  readonly row: number
  /** Of the first swing; upside down for lows. */
  readonly price: number
  sum: number
  count: number
  end: number
  swept: number
}

/** `rangePart` is the half of the band as a part of the sample's range. */
export const of = (candles: Candles.Candles, swings: Swings, rangePart = 0.01): Liquidity => {
  const size = candles.openTime.length
  const prices = Prices.of(candles)
  const found = {
    direction: new Int8Array(size),
    level: new Float64Array(size).fill(Number.NaN),
    end: new Int32Array(size),
    swept: new Int32Array(size)
  }
  const reach = rangePart * rangeOf(prices)
  for (const sign of [1, -1] as const) {
    for (const { count, end, row, sum, swept } of groups(prices, swings, sign, reach)) {
      if (count < 2) continue
      found.direction[row] = sign
      found.level[row] = (sign * sum) / count
      found.end[row] = end
      found.swept[row] = swept
    }
  }
  return found
}

const rangeOf = ({ high, low }: Prices.Prices): number => {
  let [highest, lowest] = [-Infinity, Infinity]
  for (let row = 0; row < high.length; row++) {
    if (high[row]! > highest) highest = high[row]!
    if (low[row]! < lowest) lowest = low[row]!
  }
  return highest - lowest
}

const groups = (prices: Prices.Prices, swings: Swings, sign: Prices.Sign, reach: number): ReadonlyArray<Group> => {
  const { high } = Prices.seen(prices, sign)
  const all: Array<Group> = []
  const waiting = new Waiting<Group>()
  // Not swept yet, by row. Their prices are further apart than `reach`, so that there are no more than fit in the range.
  let open: Array<Group> = []
  for (let row = 0; row < high.length; row++) {
    let isSwept = false
    while (-waiting.next <= high[row]!) {
      waiting.take().swept = row
      isSwept = true
    }
    if (isSwept) open = open.filter(({ swept }) => swept === 0)
    if (swings.direction[row] !== sign) continue
    const price = high[row]!
    const group = open.find((group) => price >= group.price - reach && price <= group.price + reach)
    if (group === undefined) {
      const created: Group = { row, price, sum: price, count: 1, end: row, swept: 0 }
      all.push(created)
      open.push(created)
      waiting.add(-(price + reach), created)
      continue
    }
    group.sum += price
    group.count++
    group.end = row
  }
  return all
}
