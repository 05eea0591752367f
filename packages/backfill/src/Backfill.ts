/**
 * The main job: plan → fetch → verify → repair → report.
 *
 * One series that fails never stops the others; a store that fails stops
 * everything, because nothing can be kept any more. A run that is told to stop,
 * or is interrupted, stores what it has already fetched.
 */
import {
  Asked,
  CandleStore,
  Candles,
  Coverage,
  Damage,
  Gap,
  GapLedger,
  Interval,
  Series,
  type Source,
  SyncLog
} from "@tidemark/core"
import { Clock, Effect, Option, Random, Result } from "effect"
import * as Actions from "./Actions.ts"
import { Events } from "./Events.ts"
import * as Failures from "./Failures.ts"
import * as Fetch from "./Fetch.ts"
import * as Infer from "./Infer.ts"
import * as Mend from "./Mend.ts"
import * as Plan from "./Plan.ts"
import { Policy } from "./Policy.ts"
import * as Repair from "./Repair.ts"
import * as Report from "./Report.ts"
import { select, type Selected, type Target } from "./Selection.ts"
import { noRequests, type RequestCount, RequestCounter } from "./SourceHttp.ts"
import * as Shrinking from "./Shrinking.ts"
import * as Survey from "./Survey.ts"
import * as Verify from "./Verify.ts"
import * as Writer from "./Writer.ts"

export interface BackfillOptions {
  readonly targets: ReadonlyArray<Target>
  readonly window: Plan.Window
  /** Ask for everything again; what changed leaves revisions. */
  readonly force: boolean
  /** Ask again for candles that an answer lacked. */
  readonly repair: boolean
  /** Series at once from each source; the source's own number if absent. */
  readonly concurrency?: number | undefined
  /** Ends the run early once it completes: what has been fetched is stored, and the report says `interrupted`. */
  readonly stop?: Effect.Effect<void>
  /** Asked where the run is interrupted: whether nobody wants it any more, so that only what was fetched counts as asked for. */
  readonly isWithdrawn?: (() => boolean) | undefined
}

/** What a run knows of one series while it goes on. */
interface Progress {
  selected: Selected
  /** What was covered before anything was fetched. */
  readonly before: Coverage.Coverage
  readonly counter: RequestCount
  readonly touched: Array<Interval.Interval>
  inserted: number
  changed: number
  removed: number
  readonly files: Report.FilesOutcome
  /** Never none where the series was given up. */
  readonly failures: Array<Failures.Failure>
}

/** One piece of work for a lane. */
interface Work {
  readonly progress: Progress
  readonly interval: Interval.Interval
}

const hasFailed = ({ failures }: Progress): boolean => failures.length > 0

const start = (selected: Selected): Progress => ({
  selected,
  before: selected.coverage,
  counter: { ...(selected.requests ?? noRequests()) },
  touched: [],
  inserted: 0,
  changed: 0,
  removed: 0,
  files: { verified: 0, quarantined: [], rewritten: [] },
  failures: selected.error === undefined ? [] : [{ interval: undefined, error: selected.error }]
})

const requestOf = ({ selected }: Progress, interval: Interval.Interval): Source.CandlesRequest => ({
  ...selected.subject,
  timeframe: selected.plan.request.series.timeframe,
  interval
})

/** Turns pages into writes; `reason` goes with the revisions that they cause. */
const storePages = (writer: Writer.Writer, progress: Progress, reason: string) =>
  Effect.map(Events, (events) => {
    const { plan, registered } = progress.selected
    const { calendar, series } = plan.request
    const onWritten: Writer.Pending["onWritten"] = (page, result) => {
      progress.inserted += result.inserted
      progress.changed += result.changed
      progress.removed += result.removed
      progress.touched.push(page.interval)
      for (const file of page.files ?? []) {
        if (file.status === "verified") progress.files.verified++
        else progress.files.quarantined.push(file)
      }
      progress.files.rewritten.push(...(result.rewritten ?? []))
      const candles = Candles.length(page.candles)
      return events.publish({ _tag: "PageStored", series, candles, ...result })
    }
    return Effect.fnUntraced(function* (page: Source.CandlePage) {
      yield* writer.offer({
        onWritten,
        page: {
          series,
          provenance: registered.plugin.capabilities.provenance,
          interval: page.interval,
          candles: page.candles,
          holes: Damage.holes(calendar, series.timeframe, page.interval, page.candles.openTime),
          countOpens: (interval) => calendar.countOpens(series.timeframe, interval),
          at: yield* Clock.currentTimeMillis,
          reason: Actions.reasonWithin(progress.selected, page.interval) ?? reason,
          ...(page.files === undefined ? {} : { files: page.files })
        }
      })
    })
  })

const fetchWork = Effect.fnUntraced(function* (
  writer: Writer.Writer,
  reason: string,
  presence: Fetch.Presence,
  { interval, progress }: Work
) {
  if (hasFailed(progress)) return
  const { registered, plan } = progress.selected
  const store = yield* storePages(writer, progress, reason)
  const overlaps = progress.selected.coverage.fetched.some((fetched) => Interval.overlaps(fetched, interval))
  const { source } = registered
  const { series } = plan.request
  const request = requestOf(progress, interval)
  const result = yield* Fetch.fetch({
    source,
    series,
    request,
    presence,
    onPage: overlaps ? (page) => Effect.flatMap(Shrinking.confirmed({ source, series, request }, page), store) : store
  }).pipe(Effect.provideService(RequestCounter, progress.counter), Effect.result)
  if (Result.isSuccess(result)) return
  if (result.failure._tag === "StoreError") return yield* result.failure
  progress.failures.push({ interval, error: result.failure })
})

/** All work, a lane pool a source, with one writer; ends when everything that was fetched is stored. */
const fetchAll = Effect.fnUntraced(function* (
  work: ReadonlyArray<Work>,
  reason: string,
  concurrency: number | undefined
) {
  return yield* Effect.uninterruptibleMask(
    Effect.fnUntraced(function* (restore) {
      const writer = yield* Writer.make
      const bySource = [...Map.groupBy(work, (item) => item.progress.selected.registered).entries()]
      const lanes = Effect.forEach(
        bySource,
        ([registered, items]) => {
          const presence: Fetch.Presence = { isGone: false }
          return Effect.forEach(items, (item) => fetchWork(writer, reason, presence, item), {
            concurrency: concurrency ?? registered.plugin.capabilities.lanes,
            discard: true
          })
        },
        { concurrency: "unbounded", discard: true }
      )
      const exit = yield* Effect.exit(restore(Effect.raceFirst(lanes, writer.failure)))
      // Also after an interruption: what has been fetched is kept.
      yield* writer.finish
      return yield* exit
    })
  )
})

/** Learns where a series begins, where a hole at its start asks for it; plans anew. */
const probeListing = Effect.fnUntraced(function* (progress: Progress, options: BackfillOptions, now: number) {
  const { coverage, plan, registered } = progress.selected
  const { request, requested } = plan
  const [first] = coverage.empty
  const { extent } = registered.source
  if (first === undefined || requested === undefined || extent === undefined || request.listedAt !== undefined) return
  if (first.from > request.calendar.openAtOrAfter(request.series.timeframe, requested.from)) return
  const open = yield* extent(requestOf(progress, requested), request.series.timeframe).pipe(
    Effect.provideService(RequestCounter, progress.counter),
    Effect.result
  )
  // Not knowing costs an explanation, not the data: the gap stays as it is.
  if (Result.isFailure(open) || Option.isNone(open.success) || open.success.value.first < first.to) {
    return
  }
  const store = yield* CandleStore.CandleStore
  yield* store.setListedAt(request.series, registered.plugin.capabilities.provenance, open.success.value.first)
  const policy = yield* Policy
  progress.selected = {
    ...progress.selected,
    plan: Plan.make(
      { ...request, coverage, listedAt: open.success.value.first },
      { now, force: options.force, pagesPerChunk: policy.pagesPerChunk }
    )
  }
})

/** Reads the ledger again and checks it against the rows that this run wrote. */
const verify = Effect.fnUntraced(function* (progress: Progress) {
  const store = yield* CandleStore.CandleStore
  const { series, calendar } = progress.selected.plan.request
  const { coverage, notes } = yield* store.exclusively(
    series,
    Mend.within(series, calendar, Interval.normalize(progress.touched))
  )
  progress.selected = { ...progress.selected, coverage, notes: [...progress.selected.notes, ...notes] }
})

const touchedOf = (all: ReadonlyArray<Progress>) => all.filter((progress) => progress.touched.length > 0)

/** Explains what most symbols of a venue lack at once, so that it is not asked for again. */
const explain = Effect.fnUntraced(function* (all: ReadonlyArray<Progress>, now: number) {
  const policy = yield* Policy
  const open = touchedOf(all).filter(
    (progress) =>
      !hasFailed(progress) && Repair.due(progress.selected.coverage, progress.selected.plan, policy, now).length > 0
  )
  const explained = yield* Infer.explain(
    open.map(({ selected }) => selected),
    now
  )
  for (const [i, progress] of open.entries()) progress.selected = explained[i]!
})

/** What is missing of what was asked for. */
const gapsOf = ({ failures, selected: { coverage, plan } }: Progress) =>
  Effect.map(Verify.gaps(plan, coverage, failures[0]?.error.message), (gaps) =>
    gaps.filter(Gap.isWanted).map((gap) => Failures.explain(gap, failures))
  )

/** What was to be fetched of a series, and was not. */
const unanswered = ({ selected: { coverage, plan } }: Progress): Interval.IntervalSet =>
  Interval.difference(Interval.normalize(plan.chunks), Coverage.fetchedSet(coverage)).filter(
    (interval) => plan.request.calendar.countOpens(plan.request.series.timeframe, interval) > 0
  )

const outcomeOf = Effect.fnUntraced(function* (progress: Progress, interrupted: boolean, now: number) {
  const { plan, registered } = progress.selected
  const gaps = yield* gapsOf(progress)
  const missing = gaps.reduce((sum, gap) => sum + gap.missing, 0)
  const status: Report.Status = hasFailed(progress)
    ? "failed"
    : gaps.every(Gap.isExplained)
      ? "complete"
      : interrupted && gaps.some((gap) => gap.cause === "unfetched")
        ? "interrupted"
        : "incomplete"
  const outcome: Report.SeriesOutcome = {
    series: plan.request.series,
    provenance: registered.plugin.capabilities.provenance,
    status,
    requested: plan.requested,
    excluded: plan.excluded,
    expected: plan.expected,
    missing,
    requests: progress.counter.requests,
    retries: progress.counter.unanswered,
    inserted: progress.inserted,
    changed: progress.changed,
    removed: progress.removed,
    gaps,
    files: progress.files,
    notes: [
      ...Actions.notes(progress.selected, progress.before, progress.selected.coverage, now),
      ...Plan.outlivedNotes(plan, now)
    ],
    errors: hasFailed(progress) ? Failures.messages(plan.request.series, progress.failures, unanswered(progress)) : []
  }
  return outcome
})

/** Gaps of `before` of which nothing is left in `after`. */
const filled = (before: ReadonlyArray<Gap.Gap>, after: ReadonlyArray<Gap.Gap>) =>
  before.filter(
    (gap) =>
      !after.some((left) => Series.equals(left.series, gap.series) && Interval.overlaps(left.interval, gap.interval))
  )

/** What a run would do; asks no source for candles. */
export const plan = (options: BackfillOptions) => prepare(options, true)

const prepare = Effect.fn("Backfill.plan")(function* (options: BackfillOptions, dryRun: boolean) {
  const now = yield* Clock.currentTimeMillis
  const events = yield* Events
  yield* events.publish({ _tag: "StageStarted", stage: "plan" })
  const selection = yield* select({ ...options, now, dryRun })
  const selected = dryRun ? selection.selected : yield* Actions.beforeFetching(selection.selected, { ...options, now })
  const plans = selected.map((selected) => selected.plan)
  yield* events.publish({ _tag: "Planned", plans })
  return {
    ...selection,
    selected,
    now,
    cost: plans.reduce((sum, one) => Plan.addCost(sum, one.cost), Plan.noCost),
    stopped: false
  }
})

export const run = Effect.fn("Backfill.run")(function* (options: BackfillOptions) {
  const events = yield* Events
  const policy = yield* Policy
  const log = yield* SyncLog.SyncLog
  const stop = options.stop ?? Effect.never
  const startedAt = yield* Clock.currentTimeMillis
  const planned = yield* Effect.raceFirst(
    prepare(options, false),
    Effect.as(stop, { selected: [], passedOver: [], now: startedAt, cost: Plan.noCost, stopped: true })
  )
  const { now } = planned
  const runId = `${now.toString(36)}-${(yield* Random.nextIntBetween(0, 36 ** 6)).toString(36)}`
  const all = planned.selected.map(start)
  const detected: Array<Gap.Gap> = []
  let repaired: ReadonlyArray<Gap.Gap> = []
  let askedBefore: ReadonlyArray<Gap.Gap> = []
  let isAsked = false

  const verifyTouched = Effect.fnUntraced(function* () {
    yield* events.publish({ _tag: "StageStarted", stage: "verify" })
    yield* Effect.forEach(touchedOf(all), verify, { discard: true })
  })

  /** Asks again for what answers lacked, until it is there or confirmed. */
  const repair = Effect.fnUntraced(function* () {
    for (let round = 1; round < policy.confirmations; round++) {
      const work = all.flatMap((progress) => {
        const { coverage, plan } = progress.selected
        if (hasFailed(progress)) return []
        const holes = Repair.due(coverage, plan, policy, now)
        return Plan.repairs(plan.request, holes).map((interval): Work => ({ progress, interval }))
      })
      if (work.length === 0) return
      if (round === 1) yield* events.publish({ _tag: "StageStarted", stage: "repair" })
      else yield* Effect.sleep(Repair.waitMillis(policy, round))
      yield* fetchAll(work, "repair", options.concurrency)
      yield* Effect.forEach(new Set(work.map((item) => item.progress)), verify, { discard: true })
    }
  })

  /** What counts as asked for without this run, and with what it has come to. */
  const withdrawn = Effect.gen(function* () {
    const asked = all.filter(({ selected }) => selected.plan.chunks.length > 0)
    yield* Effect.forEach(touchedOf(asked), verify, { discard: true })
    const reached = asked.map((progress) => {
      const { before, failures, selected, touched } = progress
      const own = Asked.span(selected.plan.request.series, before, askedBefore)
      const failed = failures.flatMap(({ interval }) => (interval === undefined ? [] : [interval]))
      const spans = [...(own === undefined ? [] : [own]), ...touched, ...failed]
      return {
        selected: progress.selected,
        failures,
        asked: spans.length === 0 ? undefined : spans.reduce(Interval.hull)
      }
    })
    yield* Survey.withdraw(reached, yield* Clock.currentTimeMillis)
  }).pipe(Effect.catch((error) => Effect.logWarning(`what was asked for counts still: ${error.message}`)))

  const job = Effect.gen(function* () {
    const work = all.flatMap((progress) =>
      progress.selected.plan.chunks.map((interval): Work => ({ progress, interval }))
    )
    if (work.length > 0) {
      // What is asked for is known from now on, whatever becomes of the run.
      const asked = all.filter(({ selected }) => selected.plan.chunks.length > 0)
      askedBefore = options.isWithdrawn === undefined ? [] : yield* (yield* GapLedger.GapLedger).list
      yield* Survey.record(asked, now)
      isAsked = true
      yield* events.publish({ _tag: "StageStarted", stage: "fetch" })
      yield* fetchAll(work, options.force ? "force" : "fetch", options.concurrency)
      yield* verifyTouched()
      yield* explain(all, now)
      yield* Effect.forEach(touchedOf(all), (progress) => probeListing(progress, options, now), { discard: true })
    }
    for (const gap of (yield* Effect.forEach(all, gapsOf)).flat()) {
      detected.push(gap)
      yield* events.publish({ _tag: "GapFound", gap })
    }
    if (!options.repair) return
    yield* repair()
    repaired = filled(detected, (yield* Effect.forEach(all, gapsOf)).flat())
    yield* Effect.forEach(repaired, (gap) => events.publish({ _tag: "GapFilled", gap }), { discard: true })
  }).pipe(Effect.onInterrupt(() => (isAsked && options.isWithdrawn?.() === true ? withdrawn : Effect.void)))

  const interrupted = planned.stopped || (yield* Effect.raceFirst(Effect.as(job, false), Effect.as(stop, true)))
  // Whatever was stored before the stop counts.
  if (interrupted) yield* Effect.forEach(touchedOf(all), verify, { discard: true })
  const outcomes = yield* Effect.forEach(all, (progress) => outcomeOf(progress, interrupted, now))
  yield* Effect.forEach(outcomes, (outcome) => events.publish({ _tag: "SeriesFinished", outcome }), { discard: true })
  const finishedAt = yield* Clock.currentTimeMillis
  yield* Survey.record(
    all.filter((progress) => progress.touched.length > 0 || hasFailed(progress)),
    finishedAt
  )
  yield* log.append(
    outcomes
      .filter((outcome) => outcome.requests > 0 || outcome.inserted > 0 || outcome.errors.length > 0)
      .map((outcome): SyncLog.SyncEntry => ({
        ...outcome,
        error: Report.errorOf(outcome),
        runId,
        startedAt: now,
        finishedAt
      }))
  )
  const report: Report.Report = {
    runId,
    startedAt: now,
    finishedAt,
    interrupted,
    planned: planned.cost,
    outcomes,
    passedOver: planned.passedOver,
    gapsDetected: detected,
    gapsFilled: repaired
  }
  return report
})
