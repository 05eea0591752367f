/**
 * Breaks of structure (BOS) and changes of character (CHoCH) as the reference
 * library has them, with the future.
 *
 * Four swings that make a pattern put a level at the second of them, and the
 * row of that swing is where the label stands, together with the row whose
 * close went beyond: long before the fourth swing was there. What was never
 * broken is dropped, and so is what was broken no earlier than a later one.
 * Levels are kept in 32 bits there, which decides some comparisons.
 */
import type { Candles } from "@tidemark/core"
import * as Pattern from "../Pattern.ts"
import * as Prices from "../Prices.ts"
import { Waiting } from "../Waiting.ts"
import type { Swings } from "./Swings.ts"

export interface Breaks {
  /** 1 bullish, -1 bearish, 0 none. */
  readonly bos: Int8Array
  readonly choch: Int8Array
  /** Of those that count; `NaN` elsewhere. */
  readonly level: Float64Array
  /** The row that broke it, 0 for none; kept of those that were dropped, as in the reference. */
  readonly broken: Int32Array
}

export const of = (candles: Candles.Candles, swings: Swings): Breaks => {
  const { close } = Prices.of(candles)
  const size = close.length
  const [bos, choch] = [new Int8Array(size), new Int8Array(size)]
  const level = new Float64Array(size).fill(Number.NaN)
  label(swings, { bos, choch, level })
  const broken = new Int32Array(size)
  const [rising, falling] = [new Waiting<number>(), new Waiting<number>()]
  for (let row = 2; row < size; row++) {
    const at = row - 2
    const sign = bos[at]! + choch[at]!
    if (sign === 1) rising.add(-level[at]!, at)
    if (sign === -1) falling.add(level[at]!, at)
    while (-rising.next < close[row]!) broken[rising.take()] = row
    while (falling.next > close[row]!) broken[falling.take()] = row
  }
  drop({ bos, choch, level, broken })
  return { bos, choch, level, broken }
}

const label = (swings: Swings, { bos, choch, level }: Omit<Breaks, "broken">): void => {
  const rows: Array<number> = []
  for (let row = 0; row < swings.direction.length; row++) {
    const sign = swings.direction[row]!
    if (sign === 0) continue
    rows.push(row)
    if (rows.length > 4) rows.shift()
    if (rows.length < 4 || rows.some((row, i) => swings.direction[row] !== (i % 2 === 0 ? -sign : sign))) continue
    const [l4, l3, l2, l1] = rows.map((row) => sign * swings.level[row]!) as [number, number, number, number]
    const kind = Pattern.of(l4, l3, l2, l1)
    if (kind === undefined) continue
    const at = rows[1]!
    ;(kind === "bos" ? bos : choch)[at] = sign
    level[at] = Math.fround(swings.level[at]!)
  }
}

const drop = ({ bos, broken, choch, level }: Breaks): void => {
  const kept: Array<number> = []
  const remove = (row: number) => {
    bos[row] = 0
    choch[row] = 0
    level[row] = Number.NaN
  }
  for (let row = 0; row < level.length; row++) {
    if (bos[row] === 0 && choch[row] === 0) continue
    if (broken[row] === 0) {
      remove(row)
      continue
    }
    while (kept.length > 0 && broken[kept.at(-1)!]! >= broken[row]!) remove(kept.pop()!)
    kept.push(row)
  }
}
