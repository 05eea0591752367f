/** What keeps a chosen series from being whole. */
import { Coverage, Damage, type Gap, Interval, Lacking } from "@tidemark/core"
import { Effect } from "effect"
import type { Chosen } from "./Choice.ts"
import * as ReaderError from "./ReaderError.ts"

export const lacking = ({ calendar, life, stored }: Chosen, gaps: ReadonlyArray<Gap.Gap>): Lacking.Lacking =>
  life === undefined
    ? { fillable: [], missing: [] }
    : Lacking.lacking(stored.series, calendar, stored.coverage, life, gaps)

/** How many rows of the interval the ledger has: candles that were fetched, but for those that an answer lacked. */
export const rowsIn = ({ calendar, interval, stored }: Chosen): number => {
  const { coverage, series } = stored
  const there = Interval.difference(
    Interval.intersection(Coverage.fetchedSet(coverage), [interval]),
    Interval.normalize(coverage.empty)
  )
  return there.reduce((sum, part) => sum + calendar.countOpens(series.timeframe, part), 0)
}

/** Rows of the interval that nobody vouches for, or that are gone: none of it can be given out. */
export const damaged = Effect.fnUntraced(function* ({ calendar, interval, stored: { coverage, series } }: Chosen) {
  const damage = yield* Damage.find(series, calendar, coverage, interval)
  if (Damage.isNone(damage)) return []
  const mend = Damage.mendCommand(series, calendar, coverage, damage)
  return [new ReaderError.ReaderError({ series, reason: new ReaderError.Damaged({ ...damage, mend }) })]
})

/** Why what is stored is not all of what is wanted, or not as it should be. */
export const problems = (chosen: Chosen, missing: Interval.IntervalSet): ReadonlyArray<ReaderError.ReaderError> => {
  const { adjust, calendar, life, stored } = chosen
  const { coverage, series } = stored
  if (life === undefined) return []
  const fail = (reason: ReaderError.Reason) => new ReaderError.ReaderError({ series, reason })
  const found: Array<ReaderError.ReaderError> = []
  const opens = (one: Interval.Interval) => calendar.countOpens(series.timeframe, one)
  const some = (runs: Interval.IntervalSet) => runs.filter((run) => opens(run) > 0)
  const pruned = some(Interval.intersection(missing, Interval.normalize(coverage.pruned)))
  const absent = some(Interval.difference(missing, pruned))
  if (pruned.length > 0) {
    const { from, to } = pruned.reduce(Interval.hull)
    const count = pruned.reduce((sum, run) => sum + opens(run), 0)
    found.push(fail(new ReaderError.Pruned({ range: { from, to }, pruned: count, expected: opens(life) })))
  }
  if (absent.length > 0) {
    const hull = absent.reduce(Interval.hull)
    found.push(
      fail(
        new ReaderError.Missing({
          ranges: absent.map(({ from, to }) => ({ from, to, missing: opens({ from, to }) })),
          expected: opens(life),
          hull: { from: hull.from, to: hull.to },
          wasAsked: Interval.difference(absent, Coverage.fetchedSet(coverage)).length === 0
        })
      )
    )
  }
  // Adjusted reads look at this themselves.
  if (adjust === "none") {
    for (const { from, since, to } of coverage.stale) {
      const range = Interval.intersect({ from, to }, life)
      if (range !== undefined) found.push(fail(new ReaderError.Stale({ range, since })))
    }
  }
  return found
}
