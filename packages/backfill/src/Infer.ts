/**
 * Outages that nobody has listed: where most symbols of a venue have nothing
 * at the same time, the venue was down, and no symbol need be asked again.
 */
import { CandleStore, Coverage, GapLedger, Instrument, Interval, type Outage, Series, Timeframe } from "@tidemark/core"
import * as Outages from "@tidemark/quality/Outages"
import { Effect } from "effect"
import * as Survey from "./Survey.ts"
import { outagesOf, type Selected, venueOf } from "./Selection.ts"

/** Where quiet minutes are left out, several symbols are quiet at once by chance: but not for so long. */
const quietMillis = 30 * 60_000

const witnessOf = ({ coverage, series }: CandleStore.StoredSeries): Outages.Witness => ({
  symbol: series.symbol,
  fetched: Coverage.fetchedSet(coverage),
  empty: Interval.normalize(coverage.empty)
})

/** What the stored series of a venue tell, timeframe by timeframe, the finest first. */
const inferFor = (venue: string, omitsQuiet: boolean, stored: ReadonlyArray<CandleStore.StoredSeries>) => {
  const byTimeframe = Map.groupBy(stored, ({ series }) => series.timeframe)
  return [...byTimeframe]
    .toSorted(([a], [b]) => Timeframe.nominalMillis(a) - Timeframe.nominalMillis(b))
    .flatMap(([, all]) => Outages.infer(venue, all.map(witnessOf)))
    .filter(({ from, to }) => !omitsQuiet || to - from >= quietMillis)
}

/** Outages whose witnesses were pruned since, at least in part: nothing can find them again. */
const unwitnessed = (
  known: ReadonlyArray<Outage.Outage>,
  stored: ReadonlyArray<CandleStore.StoredSeries>,
  inferred: ReadonlyArray<Outage.Outage>
) =>
  known.filter(
    (outage) =>
      stored.some(({ coverage }) => coverage.pruned.some((run) => Interval.overlaps(run, outage))) &&
      !inferred.some((again) => Interval.overlaps(again, outage))
  )

/** Looks at the venues of these series again, keeps what was found, and gives the series with it. */
export const explain = Effect.fn("Infer.explain")(function* (selected: ReadonlyArray<Selected>, now: number) {
  const candles = yield* CandleStore.CandleStore
  const ledger = yield* GapLedger.GapLedger
  const venues = Map.groupBy(selected, ({ registered, subject }) => venueOf(registered.id, registered.plugin, subject))
  if (venues.size === 0) return selected
  const stored = yield* candles.list
  const before = yield* ledger.outages
  const found: Array<Outage.Outage> = []
  for (const [venue, [first]] of venues) {
    const { id, plugin } = first!.registered
    const ofVenue = stored.filter(
      ({ series: { source, symbol } }) =>
        source === id && venueOf(source, plugin, { symbol, assetClass: Instrument.assetClassOf(symbol) }) === venue
    )
    const known = before.filter((outage) => outage.venue === venue)
    const inferred = inferFor(venue, plugin.capabilities.omitsQuiet === true, ofVenue)
    const outages = [...unwitnessed(known, ofVenue, inferred), ...inferred].toSorted((a, b) => a.from - b.from)
    found.push(...outages)
    if (JSON.stringify(known) === JSON.stringify(outages)) continue
    yield* ledger.recordOutages(venue, outages, now)
    // What it explains now, or no longer, of series that were looked at before.
    const others = yield* Survey.run({
      choose: (one) => ofVenue.some(({ series }) => Series.equals(series, one.series))
    })
    yield* ledger.record(
      others.map((one) => ({ series: one.stored.series, gaps: Survey.gapsOf(one) })),
      now
    )
  }
  return selected.map((one): Selected => {
    const { plan, registered, subject } = one
    const outages = outagesOf(registered.id, registered.plugin, subject, found)
    return { ...one, plan: { ...plan, request: { ...plan.request, outages } } }
  })
})
