/**
 * Breaks of structure and changes of character: known once the fourth swing
 * of the pattern is, and a candle has closed beyond the level of the second.
 *
 * A level that was broken no later than one before it supersedes that one;
 * so a level that waits is dropped when a later one is broken.
 */
import * as Pattern from "../Pattern.ts"
import { directionOf, type Sign } from "../Prices.ts"
import { Waiting } from "../Waiting.ts"
import type { Bar } from "./Bar.ts"
import type { Event } from "./Event.ts"
import type { Swing } from "./Swings.ts"

interface Level {
  readonly swing: Swing
  broken: number | undefined
  pattern: { readonly kind: Pattern.Kind; readonly sign: Sign } | undefined
}

export class Breaks {
  /** The last four swings. */
  private levels: Array<Level> = []
  private readonly highs = new Waiting<Level>()
  private readonly lows = new Waiting<Level>()
  /** Told and not superseded; rows and the rows that broke them both ascend. */
  private readonly told: Array<Level> = []

  /** A swing that has become known, as of `row`. */
  known(swing: Swing, row: number, out: Array<Event>): void {
    const level: Level = { swing, broken: undefined, pattern: undefined }
    if (swing.replaces !== undefined) this.levels.pop()
    else if (this.levels.length === 4) this.levels.shift()
    this.levels.push(level)
    // No close since the swing is beyond it, or it were none.
    ;(swing.sign === 1 ? this.highs : this.lows).add(-swing.price, level)
    if (this.levels.length < 4) return
    const second = this.levels[1]!
    if (second.pattern !== undefined) return
    const { sign } = swing
    const [l4, l3, l2, l1] = this.levels.map(({ swing: of }) => sign * of.sign * of.price) as [
      number,
      number,
      number,
      number
    ]
    const kind = Pattern.of(l4, l3, l2, l1)
    if (kind === undefined) return
    second.pattern = { kind, sign }
    if (second.broken !== undefined) this.tell(second, row, out)
  }

  push({ close, row }: Bar, out: Array<Event>): void {
    let broken: Array<Level> | undefined
    while (-this.highs.next < close) (broken ??= []).push(this.highs.take())
    while (-this.lows.next < -close) (broken ??= []).push(this.lows.take())
    if (broken === undefined) return
    for (const level of broken) level.broken = row
    // The latest first: those before it were broken no earlier.
    for (const level of broken.toSorted((a, b) => b.swing.row - a.swing.row)) {
      if (level.pattern !== undefined) this.tell(level, row, out)
    }
  }

  private tell(level: Level, row: number, out: Array<Event>): void {
    const own = level.swing.row
    if (this.told.length > 0 && this.told.at(-1)!.swing.row > own) return
    while (this.told.length > 0 && this.told.at(-1)!.broken! >= level.broken!) {
      out.push({ kind: "break-superseded", ...fields(this.told.pop()!, row), by: own })
    }
    this.told.push(level)
    out.push({ kind: "break", ...fields(level, row) })
  }
}

const fields = ({ broken, pattern, swing }: Level, row: number) => ({
  knownAfter: row + 1,
  row: swing.row,
  pattern: pattern!.kind,
  direction: directionOf(pattern!.sign),
  level: swing.sign * swing.price,
  broken: broken!
})
