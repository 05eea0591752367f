/**
 * Puts a series right that something else than this program has changed.
 *
 * Whatever is wrong with the table, the ledger stays the measure: rows that it
 * does not know are kept aside, candles that it vouches for and that are gone
 * count as never fetched, so that a run asks for them.
 */
import { type Calendar, CandleStore, type Coverage, Damage, Instant, type Interval, type Series } from "@tidemark/core"
import { Clock, Effect } from "effect"
import * as Verify from "./Verify.ts"

export interface Mended {
  readonly coverage: Coverage.Coverage
  /** What to say of it; nothing where no row was taken out. */
  readonly notes: ReadonlyArray<string>
}

const rangeOf = ({ from, rows, to }: CandleStore.TakenOut): string =>
  rows === 1
    ? `1 row of ${Instant.format(from)}`
    : `${rows.toLocaleString("en-US")} rows from ${Instant.format(from)} to ${Instant.format(to - 1)}`

/** What was taken out, where it is kept, and what to run next, for people. */
const noteOf = (series: Series.Series, taken: CandleStore.TakenOut): string =>
  `${rangeOf(taken)} that no answer of ${series.source} accounts for ${taken.rows === 1 ? "was" : "were"} taken out of ` +
  'the table and kept: tidemark query "SELECT * FROM stray_candles"; see whether anything is missing now: ' +
  Verify.verifyCommand(series)

/** Looks at every row of the series; while nobody else writes it. */
export const whole = Effect.fn("Mend.whole")(function* (series: Series.Series, calendar: Calendar.Calendar) {
  const store = yield* CandleStore.CandleStore
  const coverage = yield* store.coverage(series)
  const damage = yield* Damage.look(series, calendar, coverage, [Damage.everything])
  const taken = yield* store.reconcile(series, damage, yield* Clock.currentTimeMillis)
  const mended: Mended = {
    coverage: yield* store.coverage(series),
    notes: taken === undefined ? [] : [noteOf(series, taken)]
  }
  return mended
})

/** Looks at the rows of intervals, and at every row where something is wrong with them; while nobody else writes it. */
export const within = Effect.fn("Mend.within")(function* (
  series: Series.Series,
  calendar: Calendar.Calendar,
  intervals: Interval.IntervalSet
) {
  const store = yield* CandleStore.CandleStore
  const coverage = yield* store.coverage(series)
  const damage = yield* Damage.look(series, calendar, coverage, intervals)
  return Damage.isNone(damage) ? ({ coverage, notes: [] } satisfies Mended) : yield* whole(series, calendar)
})
