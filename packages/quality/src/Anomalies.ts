/**
 * Looks at all candles of a series for what is wrong with them, in one pass
 * and in bounded memory.
 *
 * Rows are looked at in windows of `windowRows`, each with `marginRows` on
 * either side to compare with. Windows are counted from the first row, so the
 * result does not depend on the batches that rows come in.
 */
import { Candles } from "@tidemark/core"
import type * as Anomaly from "./Anomaly.ts"
import * as Impossible from "./Impossible.ts"
import * as Moves from "./Moves.ts"
import * as Stillness from "./Stillness.ts"

/** Rows that are judged at once. */
export const windowRows = 32_768
/** Rows before and after them: more than any run that is told from chance. */
export const marginRows = 4_096

const judge = (
  context: Anomaly.Context,
  candles: Candles.Candles,
  from: number,
  to: number
): ReadonlyArray<Anomaly.Anomaly> => [
  ...Impossible.values(candles, from, to),
  ...Impossible.places(context, candles, from, to),
  ...Stillness.find(candles, from, to),
  ...Moves.find(context, candles, from, to)
]

export interface Scan {
  /** Takes the next rows, ascending. */
  readonly push: (batch: Candles.Candles) => void
  /** All that was found, ascending. Ends the scan. */
  readonly finish: () => ReadonlyArray<Anomaly.Anomaly>
}

export const scan = (context: Anomaly.Context): Scan => {
  const found: Array<Anomaly.Anomaly> = []
  let waiting: Array<Candles.Candles> = []
  let waitingRows = 0
  /** Rows at the start that have been judged and are there to compare with. */
  let judged = 0

  const step = (candles: Candles.Candles, isLast: boolean): Candles.Candles => {
    let rest = candles
    for (;;) {
      const rows = Candles.length(rest)
      const end = judged + windowRows
      if (!isLast && rows < end + marginRows) return rest
      const to = Math.min(end, rows)
      if (judged < to) {
        const window = Candles.slice(rest, 0, Math.min(rows, to + marginRows))
        found.push(...judge(context, window, judged, to))
      }
      if (to === rows) return Candles.empty
      const drop = Math.max(0, to - marginRows)
      rest = Candles.slice(rest, drop, rows)
      judged = to - drop
    }
  }

  return {
    push: (batch) => {
      waiting.push(batch)
      waitingRows += Candles.length(batch)
      if (waitingRows < judged + windowRows + marginRows) return
      const rest = step(Candles.concat(waiting), false)
      waiting = [rest]
      waitingRows = Candles.length(rest)
    },
    finish: () => {
      step(Candles.concat(waiting), true)
      return found.toSorted((a, b) => a.interval.from - b.interval.from || (a.kind < b.kind ? -1 : 1))
    }
  }
}
