/** Compares the stored rows of an interval with a new answer for it. Pure. */
import { Candles, type CandleStore, type Revision } from "@tidemark/core"

export interface Stored {
  readonly candles: Candles.Candles
  /** Epoch milliseconds at which each row was first stored. */
  readonly ingestedAt: Float64Array
}

/** A row that changed or vanished: a row of `revisions` without what is common to the page. */
export interface RevisedRow {
  readonly openTime: number
  readonly knownAt: number
  readonly values: Readonly<Record<string, number | null>>
}

export interface Replacement {
  readonly result: CandleStore.WriteResult
  readonly revisions: ReadonlyArray<RevisedRow>
  /** Whether the table has to change at all. */
  readonly changes: boolean
  /** For each row of the answer: when its values were first stored. */
  readonly ingestedAt: Float64Array
}

/** What is no number in a row that something else has written, and that is replaced, is kept as it was. */
const asItIs = (value: number | undefined): number | null => value ?? null

const orNull = (value: number | undefined): number | null => (value === undefined || Number.isNaN(value) ? null : value)

const values = (candles: Candles.Candles, row: number): Revision.CandleValues => ({
  open: candles.open[row]!,
  high: candles.high[row]!,
  low: candles.low[row]!,
  close: candles.close[row]!,
  volume: candles.volume[row]!,
  quoteVolume: candles.quoteVolume?.[row] ?? Number.NaN,
  trades: candles.trades?.[row] ?? Number.NaN
})

const columns = (prefix: string, row: Revision.CandleValues | undefined) => ({
  [`${prefix}open`]: asItIs(row?.open),
  [`${prefix}high`]: asItIs(row?.high),
  [`${prefix}low`]: asItIs(row?.low),
  [`${prefix}close`]: asItIs(row?.close),
  [`${prefix}volume`]: asItIs(row?.volume),
  [`${prefix}quote_volume`]: orNull(row?.quoteVolume),
  [`${prefix}trades`]: orNull(row?.trades)
})

/** Walks both, ascending by open time, once. */
export const compare = (stored: Stored, page: Pick<CandleStore.PageWrite, "candles" | "at">): Replacement => {
  const old = stored.candles
  const next = page.candles
  const ingestedAt = new Float64Array(Candles.length(next))
  const revisions: Array<RevisedRow> = []
  let inserted = 0
  let changed = 0
  let removed = 0
  let unchanged = 0
  const revise = (i: number, after: Revision.CandleValues | undefined) =>
    revisions.push({
      openTime: old.openTime[i]!,
      knownAt: stored.ingestedAt[i]!,
      values: { ...columns("", values(old, i)), ...columns("new_", after) }
    })
  let i = 0
  let j = 0
  while (i < Candles.length(old) || j < Candles.length(next)) {
    const oldTime = i < Candles.length(old) ? old.openTime[i]! : Infinity
    const newTime = j < Candles.length(next) ? next.openTime[j]! : Infinity
    if (oldTime < newTime) {
      revise(i, undefined)
      removed++
      i++
    } else if (newTime < oldTime) {
      ingestedAt[j] = page.at
      inserted++
      j++
    } else {
      if (Candles.sameRow(old, i, next, j)) {
        ingestedAt[j] = stored.ingestedAt[i]!
        unchanged++
      } else {
        revise(i, values(next, j))
        ingestedAt[j] = page.at
        changed++
      }
      i++
      j++
    }
  }
  return {
    result: { inserted, changed, removed, unchanged },
    revisions,
    changes: inserted + changed + removed > 0,
    ingestedAt
  }
}
