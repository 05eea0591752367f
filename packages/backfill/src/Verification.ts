/** Whether the table holds what the ledger says, and what is missing has a cause. Asks no source anything. */
import { CandleStore, Damage, Gap, Instant, Interval, Series } from "@tidemark/core"
import { Certificate } from "@tidemark/quality"
import { Clock, Effect } from "effect"
import * as Survey from "./Survey.ts"
import * as Verify from "./Verify.ts"

export interface Verified {
  readonly series: Series.Series
  readonly interval: Interval.Interval
  readonly expected: number
  readonly rows: number
  readonly gaps: ReadonlyArray<Gap.Gap>
  /** What table and ledger tell differently. */
  readonly damage: Damage.Damage
  /** The command that puts it right. */
  readonly mend: string | undefined
}

export const isSound = ({ damage, gaps }: Verified): boolean => Damage.isNone(damage) && gaps.every(Gap.isExplained)

/** A stored series, and what was found of it. */
export interface Found {
  readonly stored: CandleStore.StoredSeries
  readonly verified: Verified
}

/** Compares rows with ledger: by count and place month by month, then candle by candle where these differ. */
const verify = Effect.fnUntraced(function* (
  { gaps, plan, stored }: Survey.Surveyed,
  interval: Interval.Interval,
  range: Interval.Interval,
  tallies: ReadonlyArray<CandleStore.Tally>
) {
  const { calendar } = plan.request
  const { coverage, series } = stored
  const suspects = Interval.intersection(Verify.suspects(calendar, series.timeframe, coverage, tallies), [range])
  const damage = yield* Damage.within(series, calendar, suspects)
  const missing = gaps.filter(Gap.isWanted).reduce((sum, gap) => sum + gap.missing, 0)
  const verified: Verified = {
    series,
    interval,
    expected: plan.expected,
    rows: plan.expected - missing,
    gaps: [...gaps, ...Verify.excludedGaps(plan)].toSorted((a, b) => a.interval.from - b.interval.from),
    damage,
    mend: Damage.isNone(damage) ? undefined : Damage.mendCommand(series, calendar, coverage, damage)
  }
  const found: Found = { stored, verified }
  return found
})

/** Of series of which anything was asked for, or of which there are rows. */
export const run = Effect.fn("Verification.run")(function* (options: Omit<Survey.Options, "isCounted">) {
  const store = yield* CandleStore.CandleStore
  const { from, to } = options
  const surveyed = yield* Survey.run(options)
  const tallies = Map.groupBy(yield* store.tally, ({ series }) => Series.key(series))
  const range = { from: from ?? Damage.everything.from, to: to ?? Damage.everything.to }
  const found = yield* Effect.forEach(
    surveyed,
    Effect.fnUntraced(function* (one) {
      const own = tallies.get(Series.key(one.stored.series)) ?? []
      // Of rows without a ledger, the months that they are in.
      const months = own.map(({ month }) => ({ from: month, to: month + 1 }))
      const whole = one.asked ?? (months.length === 0 ? undefined : months.reduce(Interval.hull))
      const interval = whole && Interval.clamp(from ?? whole.from, to ?? whole.to)
      return interval === undefined ? [] : [yield* verify(one, interval, range, own)]
    })
  )
  return found.flat()
})

/** What was found, in figures that anybody can compare later. Reads every row. */
export const certify = Effect.fn("Verification.certify")(function* (found: ReadonlyArray<Found>) {
  const store = yield* CandleStore.CandleStore
  const now = yield* Clock.currentTimeMillis
  const series = yield* Effect.forEach(found, ({ stored, verified }) =>
    Certificate.certify(store, { ...verified, stored, verified: isSound(verified) })
  )
  return Certificate.make({ tidemark_certificate: 1, created_at: Instant.format(now), series })
})
