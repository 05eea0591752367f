/**
 * Asks another source for what a series lacks, and says whether what it has
 * could stand in.
 *
 * It is asked through the ordinary engine, into its own series: no row of the
 * series that lacks candles changes. What both have around a gap is compared,
 * and the verdict on each gap is kept.
 */
import {
  type Adjustment,
  type Calendar,
  Candidate,
  Candles,
  CandleStore,
  Coverage,
  type Gap,
  GapLedger,
  Instant,
  Interval,
  Series,
  Source
} from "@tidemark/core"
import { Candidacy, Reconciliation } from "@tidemark/quality"
import { Clock, Effect, Result } from "effect"
import * as Backfill from "./Backfill.ts"
import * as Overlap from "./Overlap.ts"
import * as Report from "./Report.ts"
import { ofSource } from "./Selection.ts"
import { SourceRegistry } from "./SourceRegistry.ts"
import * as Survey from "./Survey.ts"
import { UsageError } from "./UsageError.ts"

/** A series and those of its gaps that are asked for elsewhere, ascending. */
export interface Lacking {
  readonly surveyed: Survey.Surveyed
  readonly gaps: ReadonlyArray<Gap.Gap>
}

/** What is read to compare; the application knows how prices are adjusted. */
export interface ReadRequest {
  readonly series: Series.Series
  readonly calendar: Calendar.Calendar
  readonly interval: Interval.Interval
  readonly adjust: Adjustment.Mode
  /** What the source of the series has already applied. */
  readonly adjustment: Adjustment.Applied
}

/** A store that fails, or prices that cannot be made comparable. */
interface ReadFailure {
  readonly _tag: string
  readonly message: string
}

export interface Options<E extends ReadFailure, R> {
  /** Who else is asked. */
  readonly source: string
  readonly lacking: ReadonlyArray<Lacking>
  /** How far apart prices may be, as a share. */
  readonly tolerance: number
  readonly read: (request: ReadRequest) => Effect.Effect<ReadonlyArray<Candles.Candles>, E, R>
  readonly stop?: Effect.Effect<void>
}

export interface Answered {
  /** What the other source was asked for; `undefined` where it had answered for all of it before. */
  readonly report: Report.Report | undefined
  readonly candidates: ReadonlyArray<Candidate.Candidate>
  /** Series that the other source was not asked about, and why. */
  readonly passedOver: ReadonlyArray<{ readonly series: Series.Series; readonly why: string }>
}

/** A series, its counterpart at the other source, and what that is asked for: a window a gap. */
interface Asking extends Lacking {
  readonly theirs: Series.Series
  readonly capabilities: Source.Capabilities
  readonly windows: ReadonlyArray<Interval.Interval>
}

const seriesOf = ({ surveyed }: Lacking): Series.Series => surveyed.stored.series

/** Why a source cannot be asked about a series. */
const unfit = (source: string, capabilities: Source.Capabilities, { surveyed }: Lacking): string | undefined => {
  const { instrument, series } = surveyed.plan.request
  if (series.source === source) return "it is its own source"
  if (!capabilities.assetClasses.includes(instrument.assetClass)) return `${source} has no ${instrument.assetClass}`
  return Source.lacksCandles(source, capabilities, series.timeframe)
}

const askingOf = (source: string, capabilities: Source.Capabilities, one: Lacking): ReadonlyArray<Asking> => {
  const { plan, stored } = one.surveyed
  const extent = Survey.extentOf(stored)
  if (extent === undefined) return []
  const { symbol, timeframe } = stored.series
  const windows = Overlap.windows(
    { calendar: plan.request.calendar, timeframe, extent },
    one.gaps.map(({ interval }) => interval)
  )
  return [{ ...one, theirs: { source, symbol, timeframe }, capabilities, windows }]
}

/** Of the windows, what the other source has not answered for, and what it lacked: it is asked by name. */
const wantedOf = ({ gaps, windows }: Asking, coverage: Coverage.Coverage): Interval.IntervalSet =>
  Interval.union(
    Interval.difference(Interval.normalize(windows), Coverage.settledSet(coverage)),
    Interval.intersection(Interval.normalize(gaps.map(({ interval }) => interval)), Interval.normalize(coverage.empty))
  )

const unanswered = (
  { theirs, surveyed, windows }: Asking,
  { interval, missing }: Gap.Gap,
  i: number,
  { at, detail, tolerance }: { readonly at: number; readonly detail: string; readonly tolerance: number }
): Candidate.Candidate => ({
  series: surveyed.stored.series,
  source: theirs.source,
  interval,
  missing,
  has: 0,
  asked: windows[i]!,
  compared: 0,
  lacking: 0,
  differing: 0,
  medianOff: 0,
  tolerance,
  basis: "nothing",
  verdict: "unanswered",
  detail,
  askedAt: at
})

/** Why nothing is known of a gap that the other source was to be asked for. */
const whyNot = ({ theirs }: Asking, { interval }: Gap.Gap, report: Report.Report | undefined): string => {
  const outcome = report?.outcomes.find(({ series }) => Series.equals(series, theirs))
  const excluded = outcome?.excluded.find((part) => Interval.overlaps(part.interval, interval))
  switch (excluded?.cause) {
    case "retention-limit":
      return `it keeps no ${theirs.timeframe} as old as that`
    case "not-listed":
      return `it has nothing of ${theirs.symbol} from before it was listed`
    case "delisted":
      return `${theirs.symbol} was delisted by then`
    case undefined:
      return (
        (outcome && Report.errorOf(outcome)) ??
        (report?.interrupted === true ? "the run was interrupted" : "it was not asked for it")
      )
  }
}

/** What both have around the gaps, and how it was made comparable. */
interface Around {
  readonly prices: Reconciliation.Basis
  /** Why the prices cannot be compared; what is there can be all the same. */
  readonly problem: string | undefined
  readonly ours: Candles.Candles
  readonly theirs: Candles.Candles
}

const readAround = Effect.fnUntraced(function* <E extends ReadFailure, R>(
  asking: Asking,
  read: Options<E, R>["read"],
  window: Interval.Interval
) {
  const { calendar, capabilities, instrument, series } = asking.surveyed.plan.request
  const prices = Reconciliation.basisOf(instrument.assetClass, capabilities.adjustment, asking.capabilities.adjustment)
  const parts = Interval.difference([window], Interval.normalize(asking.gaps.map(({ interval }) => interval)))
  const readOne = (series: Series.Series, adjustment: Adjustment.Applied, adjust: Adjustment.Mode) =>
    Effect.map(
      Effect.forEach(parts, (interval) => read({ series, calendar, interval, adjust, adjustment })),
      (batches) => Candles.concat(batches.flat())
    )
  const readBoth = (adjust: Adjustment.Mode) =>
    Effect.all([
      readOne(series, capabilities.adjustment, adjust),
      readOne(asking.theirs, asking.capabilities.adjustment, adjust)
    ])
  const both = yield* Effect.result(readBoth(prices.adjust))
  if (Result.isSuccess(both)) {
    const [ours, theirs] = both.success
    return { prices, problem: undefined, ours, theirs } satisfies Around
  }
  // A store that fails ends the run; that prices cannot be adjusted is something to say of the gap.
  if (both.failure._tag === "StoreError") return yield* Effect.fail(both.failure)
  const [ours, theirs] = yield* readBoth("none")
  return { prices, problem: both.failure.message, ours, theirs } satisfies Around
})

const judge = (
  asking: Asking,
  gap: Gap.Gap,
  i: number,
  coverage: Coverage.Coverage,
  around: Around,
  tolerance: number
): Candidate.Candidate => {
  const { calendar, instrument, series } = asking.surveyed.plan.request
  const [asked, { interval, missing }] = [asking.windows[i]!, gap]
  const overlap = Candidacy.overlapOf(
    Candles.within(around.ours, asked),
    Candles.within(around.theirs, asked),
    tolerance
  )
  const empty = Coverage.emptyWithin(coverage, interval)
  const lacks = Interval.intersection(Interval.normalize(empty), [interval]).reduce(
    (sum, part) => sum + calendar.countOpens(series.timeframe, part),
    0
  )
  const has = missing - lacks
  const answers =
    has === 0
      ? empty.map(({ lastAt }) => lastAt)
      : coverage.fetched.flatMap((fetched) => (Interval.overlaps(fetched, interval) ? [fetched.at] : []))
  const { problem } = around
  return {
    series,
    source: asking.theirs.source,
    interval,
    missing,
    has,
    asked,
    compared: overlap.compared,
    lacking: overlap.lacking,
    differing: problem === undefined ? overlap.differing : 0,
    medianOff: problem === undefined ? overlap.medianOff : 0,
    tolerance,
    basis: Candidacy.basisOf(around.prices, instrument, overlap),
    verdict: problem !== undefined && has > 0 ? "uncompared" : Candidacy.judge(has, overlap, tolerance),
    ...(problem === undefined ? {} : { detail: problem }),
    askedAt: Math.max(...answers)
  }
}

/** The verdicts on all gaps of one series. */
const judgeAll = Effect.fnUntraced(function* <E extends ReadFailure, R>(
  asking: Asking,
  { read, tolerance }: Options<E, R>,
  report: Report.Report | undefined,
  at: number
) {
  const store = yield* CandleStore.CandleStore
  const coverage = yield* store.coverage(asking.theirs)
  const fetched = Coverage.fetchedSet(coverage)
  const out: Array<Candidate.Candidate> = []
  let window: Interval.Interval | undefined
  let around: Around | undefined
  for (const [i, gap] of asking.gaps.entries()) {
    if (!Interval.covers(fetched, gap.interval)) {
      out.push(unanswered(asking, gap, i, { at, detail: whyNot(asking, gap, report), tolerance }))
      continue
    }
    // Gaps that share their surroundings share what is read of them.
    const shared = Interval.normalize(asking.windows).find((one) => Interval.overlaps(one, gap.interval))!
    if (around === undefined || window === undefined || !Interval.equals(shared, window)) {
      around = yield* readAround(asking, read, shared)
      window = shared
    }
    out.push(judge(asking, gap, i, coverage, around, tolerance))
  }
  return out
})

/** Series that a message names, at most. */
const mostNamed = 3

const named = (all: ReadonlyArray<Series.Series>): string =>
  [
    ...all.slice(0, mostNamed).map(({ symbol, timeframe }) => `${symbol} ${timeframe}`),
    ...(all.length > mostNamed ? [`${all.length - mostNamed} more`] : [])
  ].join(", ")

/** Fails if a source can stand in for no other, or for none of these; gives what it can do. */
export const check = Effect.fnUntraced(function* (source: string, all: ReadonlyArray<Series.Series> = []) {
  const registry = yield* SourceRegistry
  yield* registry.check(source)
  const { capabilities } = yield* registry.plugin(source)
  if (capabilities.provenance !== "observed") {
    return yield* new UsageError({
      message: `The candles of ${source} are ${capabilities.provenance}, they cannot stand in for history. Name a source that observes it: tidemark sources list`
    })
  }
  if (all.length > 0 && all.every((series) => series.source === source)) {
    return yield* new UsageError({
      message: `${source} is itself the source of ${named(all)}: it is asked for them anyway. Name another to ask too: tidemark sources list`
    })
  }
  return capabilities
})

/** What the other source is asked about, and what it cannot be asked about. */
const prepare = Effect.fnUntraced(function* (source: string, lacking: ReadonlyArray<Lacking>) {
  const capabilities = yield* check(source)
  const open = lacking.filter(({ gaps }) => gaps.length > 0)
  const passedOver = open.flatMap((one) => {
    const why = unfit(source, capabilities, one)
    return why === undefined ? [] : [{ series: seriesOf(one), why }]
  })
  const asking = open
    .filter((one) => unfit(source, capabilities, one) === undefined)
    .flatMap((one) => askingOf(source, capabilities, one))
  return { asking, passedOver }
})

export const ask = Effect.fn("Candidates.ask")(function* <E extends ReadFailure, R>(options: Options<E, R>) {
  const { source, tolerance } = options
  const store = yield* CandleStore.CandleStore
  const ledger = yield* GapLedger.GapLedger
  const { asking, passedOver } = yield* prepare(source, options.lacking)
  const begun = yield* Clock.currentTimeMillis
  // Kept before anything is fetched: a killed run must not leave windows that look like history which somebody wanted.
  const known = yield* ledger.candidates
  const isNew = ({ interval, series }: Candidate.Candidate) =>
    !known.some(
      (one) => one.source === source && Series.equals(one.series, series) && Interval.overlaps(one.interval, interval)
    )
  const detail = "the run that asked it was interrupted"
  yield* ledger.recordCandidates(
    asking
      .flatMap((one) => one.gaps.map((gap, i) => unanswered(one, gap, i, { at: begun, detail, tolerance })))
      .filter(isNew)
  )
  const targets = (yield* Effect.forEach(
    asking,
    Effect.fnUntraced(function* (one) {
      const only = wantedOf(one, yield* store.coverage(one.theirs))
      if (only.length === 0) return []
      const { instrument } = one.surveyed.plan.request
      return [
        {
          instrument: ofSource(instrument, source),
          timeframe: one.theirs.timeframe,
          window: { ...only.reduce(Interval.hull), whole: true, only }
        }
      ]
    })
  )).flat()
  const report =
    targets.length === 0
      ? undefined
      : yield* Backfill.run({
          targets,
          window: {},
          force: true,
          repair: true,
          ...(options.stop === undefined ? {} : { stop: options.stop })
        })
  const now = yield* Clock.currentTimeMillis
  const candidates = (yield* Effect.forEach(asking, (one) => judgeAll(one, options, report, now))).flat()
  yield* ledger.recordCandidates(candidates)
  // What is explained by them, and what they say, is part of what is known of the gaps.
  const after = yield* Survey.run({
    choose: ({ series }) => asking.some((one) => Series.equals(seriesOf(one), series))
  })
  yield* ledger.record(
    after.map(({ gaps, stored }) => ({ series: stored.series, gaps })),
    now
  )
  const answered: Answered = { report, candidates, passedOver }
  return answered
})

/** A verdict as plain JSON; instants are ISO 8601 in UTC. */
export const toJson = (one: Candidate.Candidate) => ({
  ...one.series,
  candidate: one.source,
  from: Instant.format(one.interval.from),
  to: Instant.format(one.interval.to),
  missing: one.missing,
  has: one.has,
  verdict: one.verdict,
  compared: one.compared,
  lacking: one.lacking,
  differing: one.differing,
  median_off: one.medianOff,
  tolerance: one.tolerance,
  basis: one.basis,
  asked_from: Instant.format(one.asked.from),
  asked_to: Instant.format(one.asked.to),
  asked_at: Instant.format(one.askedAt),
  detail: one.detail ?? null,
  sentences: Candidate.sentences(one),
  command: one.verdict === "offered" ? Candidate.command(one) : null
})
