/**
 * What of the stored history is missing, and why. Asks no source anything.
 */
import {
  type Calendar,
  Asked,
  Candidate,
  CandleStore,
  Coverage,
  type Gap,
  GapLedger,
  Instrument,
  Interval,
  type Outage,
  Series,
  SymbolStore
} from "@tidemark/core"
import { Calendars } from "@tidemark/calendars"
import { Clock, Effect } from "effect"
import * as Failures from "./Failures.ts"
import * as Plan from "./Plan.ts"
import { Policy } from "./Policy.ts"
import * as Retention from "./Retention.ts"
import { outagesOf, type Selected, type Subject } from "./Selection.ts"
import { SourceRegistry } from "./SourceRegistry.ts"
import * as Verify from "./Verify.ts"

/** A stored series, what can be had of it, and what is missing of that. */
export interface Surveyed {
  readonly stored: CandleStore.StoredSeries
  /** From the first instant that was ever asked for to the last, answered or not. */
  readonly asked: Interval.Interval | undefined
  readonly plan: Plan.SeriesPlan
  readonly gaps: ReadonlyArray<Gap.Gap>
  /** What was taken away here, and so is not missing of it. */
  readonly pruned: ReadonlyArray<Gap.Gap>
}

export interface Options {
  /** Which series to look up at all. Default: every one. */
  readonly of?: CandleStore.Selection | undefined
  /** Which of the stored series. */
  readonly choose: (stored: CandleStore.StoredSeries) => boolean
  /** Which of all that are chosen, for those who look at some at a time. Default: all. */
  readonly some?:
    | ((chosen: ReadonlyArray<CandleStore.StoredSeries>) => ReadonlyArray<CandleStore.StoredSeries>)
    | undefined
  /** What should be there; what was ever asked for, where an end is absent. */
  readonly from?: number | undefined
  readonly to?: number | undefined
  /** Default: yes. Whether rows of the table are counted, or those of the ledger taken for them. */
  readonly isCounted?: boolean | undefined
}

/** What is known of the symbol of a series: the user's entry, or what follows from its form. */
export const instrumentOf = (
  known: ReadonlyMap<string, Instrument.Instrument>,
  { series: { source, symbol } }: Pick<CandleStore.StoredSeries, "series">
): Instrument.Instrument => {
  const listed = known.get(symbol)
  if (listed !== undefined) return listed
  const assetClass = Instrument.assetClassOf(symbol)
  return new Instrument.Instrument({
    symbol,
    assetClass,
    calendar: Instrument.calendarOf(assetClass),
    sources: [{ source }],
    active: true
  })
}

/** What is known of what is missing of any series. */
interface Known {
  /** As it was when somebody last looked, by series. */
  readonly recorded: ReadonlyMap<string, ReadonlyArray<GapLedger.RecordedGap>>
  readonly inferred: ReadonlyArray<Outage.Outage>
  readonly verdicts: ReadonlyArray<Candidate.Candidate>
}

/** The parts of a gap inside some intervals and outside of them, each with what is said of it there. */
const divided = (
  gap: Gap.Gap,
  calendar: Calendar.Calendar,
  inside: Interval.IntervalSet,
  said: {
    readonly inside: Pick<Gap.Gap, "cause" | "evidence">
    readonly outside: Pick<Gap.Gap, "cause" | "evidence">
  }
): ReadonlyArray<Gap.Gap> => {
  const parts = (intervals: Interval.IntervalSet, of: Pick<Gap.Gap, "cause" | "evidence">) =>
    intervals.flatMap((interval): ReadonlyArray<Gap.Gap> => {
      const missing = calendar.countOpens(gap.series.timeframe, interval)
      if (missing === 0) return []
      const isWhole = missing === gap.missing
      return [
        { ...gap, ...of, interval, missing, ...(isWhole ? {} : { nextAction: Verify.command(gap.series, interval) }) }
      ]
    })
  return [
    ...parts(Interval.intersection([gap.interval], inside), said.inside),
    ...parts(Interval.difference([gap.interval], inside), said.outside)
  ]
}

/** What was not fetched, with why the source could not answer for the parts where that was seen. */
const withFailures = (
  gap: Gap.Gap,
  calendar: Calendar.Calendar,
  unanswered: ReadonlyArray<Gap.Gap>
): ReadonlyArray<Gap.Gap> =>
  gap.cause !== "unfetched"
    ? [gap]
    : unanswered
        .filter(({ cause, interval }) => cause === "source-failure" && Interval.overlaps(interval, gap.interval))
        .reduce<ReadonlyArray<Gap.Gap>>(
          (gaps, { cause, evidence, interval }) =>
            gaps.flatMap((part) =>
              part.cause === "unfetched"
                ? divided(part, calendar, [interval], { inside: { cause, evidence }, outside: part })
                : [part]
            ),
          [gap]
        )

/** A failure says nothing of what nobody asked for. */
const failedWithin = (
  gap: Gap.Gap,
  calendar: Calendar.Calendar,
  requested: Interval.Interval | undefined
): ReadonlyArray<Gap.Gap> =>
  gap.cause !== "source-failure" || requested === undefined
    ? [gap]
    : divided(gap, calendar, [requested], {
        inside: gap,
        outside: { cause: "unfetched", evidence: [Verify.notAskedYet] }
      })

/** Of one series, with the outages that are known of its venue. */
const ofSeries = Effect.fnUntraced(function* (
  stored: CandleStore.StoredSeries,
  instrument: Instrument.Instrument,
  { inferred, recorded, verdicts }: Known,
  { from, to }: Pick<Options, "from" | "to">
) {
  const registry = yield* SourceRegistry
  const policy = yield* Policy
  const now = yield* Clock.currentTimeMillis
  const { coverage, listedAt, series } = stored
  const gaps = recorded.get(Series.key(series)) ?? []
  const unanswered = Asked.unanswered(series, gaps)
  const asked = Asked.span(series, coverage, gaps)
  const plugin = yield* registry.plugin(series.source)
  const calendar = Calendars.get(instrument.calendar)
  const { aside, candidates } = Candidate.about(verdicts, series)
  const subject: Subject = { symbol: series.symbol, assetClass: instrument.assetClass }
  const plan = Plan.make(
    {
      series,
      instrument,
      calendar,
      capabilities: plugin.capabilities,
      window: {
        from: from ?? asked?.from ?? now,
        to: to ?? asked?.to ?? now,
        whole: from === undefined
      },
      coverage,
      keeps: Retention.termOf(yield* Retention.Retention, series),
      outages: outagesOf(series.source, plugin, subject, inferred),
      candidates,
      wanted: Plan.wantedBeside(coverage, aside),
      listedAt
    },
    { now, force: false, pagesPerChunk: policy.pagesPerChunk }
  )
  const surveyed: Surveyed = {
    stored,
    asked,
    plan,
    gaps: (yield* Verify.gaps(plan, coverage, undefined))
      .flatMap((gap) => withFailures(gap, calendar, unanswered))
      .toSorted((a, b) => a.interval.from - b.interval.from),
    pruned: Verify.prunedGaps(plan)
  }
  return surveyed
})

/** A series of which nothing is stored, though it was asked for. */
const nothingStored = Effect.fnUntraced(function* (series: Series.Series) {
  const { capabilities } = yield* (yield* SourceRegistry).plugin(series.source)
  const { provenance } = capabilities
  const stored: CandleStore.StoredSeries = {
    series,
    provenance,
    coverage: Coverage.none,
    rows: 0,
    listedAt: undefined
  }
  return stored
})

/** Everything stored, and every series that was asked for though nothing is stored of it. */
export const known = Effect.fnUntraced(function* (
  gaps: ReadonlyArray<Gap.Gap>,
  { isCounted = true, ...of }: CandleStore.Selection & Pick<Options, "isCounted"> = {}
) {
  const store = yield* CandleStore.CandleStore
  const stored = yield* isCounted ? store.list : store.recorded(of)
  const others = Asked.unstored(
    stored.map(({ series }) => series),
    gaps
  )
  return [...stored, ...(yield* Effect.forEach(others, nothingStored))]
})

export const run = Effect.fn("Survey.run")(function* (options: Options) {
  const ledger = yield* GapLedger.GapLedger
  const instruments = new Map((yield* (yield* SymbolStore.SymbolStore).list).map((one) => [one.symbol, one]))
  const { of = {} } = options
  const gaps = yield* ledger.of(of)
  const beside = {
    recorded: Map.groupBy(gaps, (gap) => Series.key(gap.series)),
    inferred: yield* ledger.outages,
    verdicts: yield* ledger.candidates
  }
  const chosen = (yield* known(gaps, { ...of, isCounted: options.isCounted })).filter(options.choose)
  return yield* Effect.forEach(options.some?.(chosen) ?? chosen, (stored) =>
    ofSeries(stored, instrumentOf(instruments, stored), beside, options)
  )
})

/** From the first instant that was asked for to the last, whether it is still there or not. */
export const extentOf = ({ coverage }: Pick<CandleStore.StoredSeries, "coverage">): Interval.Interval | undefined =>
  Coverage.extent(coverage)

/** Whether there is something to say of a series: rows, or that they were pruned. */
export const isKnown = ({ coverage, rows }: CandleStore.StoredSeries): boolean => rows > 0 || coverage.pruned.length > 0

/** All gaps of a series that was surveyed, by time. */
export const gapsOf = ({ gaps, pruned }: Pick<Surveyed, "gaps" | "pruned">): ReadonlyArray<Gap.Gap> =>
  [...pruned, ...gaps].sort((a, b) => a.interval.from - b.interval.from)

/** Keeps what is missing of series that somebody has looked at, over all that they were ever asked for. */
export const record = Effect.fn("Survey.record")(function* (
  looked: ReadonlyArray<{
    readonly selected: Pick<Selected, "coverage" | "plan">
    readonly failures: ReadonlyArray<Failures.Failure>
  }>,
  now: number
) {
  const ledger = yield* GapLedger.GapLedger
  const policy = yield* Policy
  const verdicts = yield* ledger.candidates
  const found = yield* Effect.forEach(looked, ({ failures, selected: { coverage, plan } }) => {
    const { request, requested } = plan
    const extent = Coverage.extent(coverage)
    // Of a symbol that its source does not know nothing can be missing.
    if (extent === undefined && failures[0]?.error.reason._tag === "NotListed") {
      return Effect.succeed({ series: request.series, gaps: [] })
    }
    const whole = [...(extent === undefined ? [] : [extent]), ...(requested === undefined ? [] : [requested])]
    const window = whole.length === 0 ? request.window : { ...whole.reduce(Interval.hull), whole: true }
    const { aside, candidates } = Candidate.about(verdicts, request.series)
    const wanted = Plan.wantedBeside(coverage, aside, request.wanted ?? (requested === undefined ? [] : [requested]))
    const over = Plan.make(
      { ...request, coverage, window, candidates, wanted },
      { now, force: false, pagesPerChunk: policy.pagesPerChunk }
    )
    return Effect.map(Verify.gaps(over, coverage, failures[0]?.error.message), (found) => ({
      series: request.series,
      gaps: gapsOf({
        gaps: found
          .flatMap((gap) => failedWithin(gap, request.calendar, requested))
          .map((gap) => Failures.explain(gap, failures)),
        pruned: Verify.prunedGaps(over)
      })
    }))
  })
  yield* ledger.record(found, now)
})

/**
 * Keeps what is missing of series of which nobody wants all that was asked
 * for any more: `asked` is what still counts, nothing where that is absent.
 */
export const withdraw = Effect.fn("Survey.withdraw")(function* (
  looked: ReadonlyArray<Parameters<typeof record>[0][number] & { readonly asked: Interval.Interval | undefined }>,
  now: number
) {
  const isNothing = ({ asked, selected }: (typeof looked)[number]) =>
    asked === undefined && Coverage.extent(selected.coverage) === undefined
  const ledger = yield* GapLedger.GapLedger
  yield* ledger.record(
    looked.filter(isNothing).map(({ selected }) => ({ series: selected.plan.request.series, gaps: [] })),
    now
  )
  yield* record(
    looked
      .filter((one) => !isNothing(one))
      .map(({ asked, failures, selected }) => ({
        failures,
        selected: { ...selected, plan: { ...selected.plan, requested: asked } }
      })),
    now
  )
})
