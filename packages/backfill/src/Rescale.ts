/**
 * What splits mean for the candles of a source that adjusts for them.
 *
 * Once it has brought its history to the new shares, what was stored before is
 * in another scale than what comes after: it is marked as stale, and the plan
 * asks for it again. Whether it has done so is asked of the source itself: one
 * candle that was stored before the split, once more. Where there is none,
 * nothing is taken for certain until `Rescaling.doneBy`.
 */
import {
  ActionStore,
  Candles,
  CandleStore,
  Instant,
  type Interval,
  Rescaling,
  type Series,
  type SourceError,
  type StoreError,
  Timeframe
} from "@tidemark/core"
import { Effect, Result, Stream } from "effect"
import * as Fetch from "./Fetch.ts"
import type { Selected } from "./Selection.ts"

const dayMillis = 86_400_000

/** A symbol at a source. */
export type Pair = Pick<Selected, "registered" | "subject">

/** Candles of a series that a split has left in the old scale. */
export interface Outdated {
  readonly series: Series.Series
  readonly exDate: string
  readonly intervals: Interval.IntervalSet
}

export interface Settled {
  readonly outdated: ReadonlyArray<Outdated>
  /** Those that the source has not brought its prices in line with, or that nobody can tell of yet. */
  readonly waiting: ReadonlyArray<Rescaling.Rescaling>
}

/** A price of before a split, as it was known before it. */
interface Reference {
  readonly series: Series.Series
  readonly open: Instant.EpochMillis
  readonly close: number
}

/** The last close of the old shares that was stored while the source still told them. */
const referenceFor = Effect.fnUntraced(function* (
  { subject: { calendar } }: Pair,
  { oldBefore, since }: Rescaling.Rescaling,
  stored: ReadonlyArray<Series.Series>
): Effect.fn.Return<Reference | undefined, StoreError.StoreError, CandleStore.CandleStore> {
  const candles = yield* CandleStore.CandleStore
  const window = { from: since - 14 * dayMillis, to: since }
  // The longest is served the longest.
  const byLength = stored.toSorted(
    (a, b) => Timeframe.nominalMillis(b.timeframe) - Timeframe.nominalMillis(a.timeframe)
  )
  for (const series of byLength) {
    const batches = yield* Stream.runCollect(candles.read(series, window, { asOf: oldBefore }))
    const { close, openTime } = Candles.concat(batches)
    for (let row = openTime.length - 1; row >= 0; row--) {
      const open = openTime[row]!
      if (calendar.closeOf(series.timeframe, open) <= since) return { series, open, close: close[row]! }
    }
  }
  return undefined
})

/** The close that the source tells now; `undefined` where it does not. */
const toldNow = Effect.fnUntraced(function* ({ registered, subject }: Pair, { open, series }: Reference) {
  const { timeframe } = series
  const interval = { from: open, to: subject.calendar.closeOf(timeframe, open) }
  const pages = yield* Fetch.patiently(
    Stream.runCollect(registered.source.candles({ ...subject, timeframe, interval }))
  ).pipe(Effect.result)
  // Not being told now only means to wait.
  if (Result.isFailure(pages)) return undefined
  const { close, openTime } = Candles.concat(pages.success.map((page) => page.candles))
  const row = openTime.indexOf(open)
  return row < 0 ? undefined : close[row]!
})

/** Marks what splits in force have left in the old scale, once a split. */
export const settle = Effect.fn("Rescale.settle")(function* (
  pair: Pair,
  now: Instant.EpochMillis
): Effect.fn.Return<
  Settled,
  StoreError.StoreError | SourceError.SourceError,
  ActionStore.ActionStore | CandleStore.CandleStore
> {
  const { registered, subject } = pair
  const none: Settled = { outdated: [], waiting: [] }
  if (registered.plugin.capabilities.adjustment === "none") return none
  const actions = yield* ActionStore.ActionStore
  const candles = yield* CandleStore.CandleStore
  const unsettled = yield* actions.unsettled(registered.id, subject.symbol)
  if (unsettled.length === 0) return none
  const [asked] = yield* actions.asked({ symbols: [subject.symbol], source: registered.id })
  const rescalings = Rescaling.inForce(subject.calendar, unsettled, now, asked?.firstAt)
  if (rescalings.length === 0) return none
  const standing = yield* actions.list({ symbols: [subject.symbol], source: registered.id, kinds: ["split"] })
  const stored = (yield* candles.list)
    .filter(({ rows, series }) => rows > 0 && series.source === registered.id && series.symbol === subject.symbol)
    .map(({ series }) => series)

  /** Whether the source is seen to tell the new scale. */
  const isRescaled = Effect.fnUntraced(function* (rescaling: Rescaling.Rescaling) {
    const reference = yield* referenceFor(pair, rescaling, stored)
    if (reference === undefined) return false
    const told = yield* toldNow(pair, reference)
    if (told === undefined) return false
    // Everything that has come since the reference was stored.
    const since = standing.flatMap(({ action }) =>
      action._tag === "Split" && Rescaling.isInForceSince(action, rescaling.oldBefore, now) ? [action] : []
    )
    return Rescaling.isRescaled(reference.close, told, Rescaling.factorOf(since))
  })

  const outdated: Array<Outdated> = []
  const waiting: Array<Rescaling.Rescaling> = []
  for (const rescaling of rescalings) {
    const seen = now < rescaling.doneBy && (yield* isRescaled(rescaling))
    if (now < rescaling.doneBy && !seen) {
      waiting.push(rescaling)
      continue
    }
    const { exDate, since } = rescaling
    const storedBefore = seen ? now : rescaling.doneBy
    for (const series of stored) {
      const intervals = yield* candles.markStale(series, { since, at: now, storedBefore })
      if (intervals.length > 0) outdated.push({ series, exDate, intervals })
    }
    // Last: a run that is killed before does it again.
    yield* actions.settle(registered.id, subject.symbol, exDate, now)
  }
  return { outdated, waiting }
})

/** What to say of splits that wait. */
export const waitingNote = ({ doneBy, exDate }: Rescaling.Rescaling): string =>
  `its prices of before the split of ${exDate} are not seen in the new shares yet; until they are, or until ` +
  `${Instant.format(doneBy)}, they cannot be read adjusted; run again later`
