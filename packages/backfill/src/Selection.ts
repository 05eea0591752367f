/**
 * Which source serves a series, and the plan that follows.
 *
 * The instrument's sources are tried in order. One that cannot serve the
 * timeframe is skipped; one that cannot be reached is passed over, loudly;
 * but once a symbol has history from a real source, generated data never
 * steps in for it.
 */
import { Calendars } from "@tidemark/calendars"
import {
  type Calendar,
  Candidate,
  CandleStore,
  Coverage,
  Damage,
  GapLedger,
  type Instant,
  Instrument,
  Interval,
  type Outage,
  Series,
  Source,
  SourceError,
  type Timeframe
} from "@tidemark/core"
import { Effect, Option, Result } from "effect"
import { Events } from "./Events.ts"
import * as Mend from "./Mend.ts"
import * as Plan from "./Plan.ts"
import { Policy } from "./Policy.ts"
import * as Repair from "./Repair.ts"
import type { PassedOver } from "./Report.ts"
import { reach } from "./Reach.ts"
import * as Retention from "./Retention.ts"
import type { RequestCount } from "./SourceHttp.ts"
import { type Registered, SourceRegistry } from "./SourceRegistry.ts"
import { UsageError } from "./UsageError.ts"

/** One series to be: an instrument at a timeframe, from the first of its sources that can. */
export interface Target {
  readonly instrument: Instrument.Instrument
  readonly timeframe: Timeframe.Timeframe
  /** What is wanted of it, where that is not what is wanted of all. */
  readonly window?: Plan.Window
}

export interface SelectOptions {
  readonly targets: ReadonlyArray<Target>
  readonly window: Plan.Window
  readonly force: boolean
  readonly now: Instant.EpochMillis
  /** Only look: change nothing, not even a ledger that needs it. */
  readonly dryRun: boolean
}

/** A series with its source and its plan. */
export interface Selected {
  readonly plan: Plan.SeriesPlan
  /** The instrument as its source is asked for it. */
  readonly subject: Source.Subject
  readonly registered: Registered
  readonly coverage: Coverage.Coverage
  /** Requests that were made for it before it was planned; none where absent. */
  readonly requests?: RequestCount
  /** What to say of it in the report. */
  readonly notes: ReadonlyArray<string>
  /** Why the series cannot even be planned. */
  readonly error?: SourceError.SourceError
}

export interface Selection {
  readonly selected: ReadonlyArray<Selected>
  readonly passedOver: ReadonlyArray<PassedOver>
}

export type Subject = Pick<Source.Subject, "symbol" | "assetClass">

/** Where a subject is traded, as far as its source tells. */
export const venueOf = (
  source: string,
  { capabilities }: Pick<Registered["plugin"], "capabilities">,
  subject: Subject
) => capabilities.venueOf?.(subject) ?? source

/** When the venue of a subject was down, as its source knows or as was found. */
export const outagesOf = (
  source: string,
  plugin: Pick<Registered["plugin"], "capabilities">,
  subject: Subject,
  found: ReadonlyArray<Outage.Outage>
): ReadonlyArray<Outage.Outage> => {
  const venue = venueOf(source, plugin, subject)
  return [...(plugin.capabilities.outages ?? []), ...found].filter((outage) => outage.venue === venue)
}

/** The instrument with one source alone, which knows it by the name that its list has. */
export const ofSource = (instrument: Instrument.Instrument, source: string): Instrument.Instrument => {
  const symbol = instrument.sources.find((listing) => listing.source === source)?.symbol
  return new Instrument.Instrument({
    ...instrument,
    sources: [{ source, ...(symbol === undefined ? {} : { symbol }) }]
  })
}

export const subjectOf = (
  instrument: Instrument.Instrument,
  source: string,
  calendar: Calendar.Calendar
): Source.Subject => ({
  symbol: instrument.symbol,
  sourceSymbol: instrument.sources.find((listing) => listing.source === source)?.symbol,
  assetClass: instrument.assetClass,
  calendar
})

/**
 * The sources of a target that can serve it at all, in order; never none.
 * Asks nobody: this is what can be known before anything is opened.
 */
export const candidates = Effect.fnUntraced(function* ({ instrument, timeframe }: Target) {
  const registry = yield* SourceRegistry
  const able: Array<string> = []
  const refused: Array<string> = []
  for (const { source } of instrument.sources) {
    const { capabilities } = yield* registry.plugin(source)
    yield* registry.check(source)
    const lack = Source.lacksCandles(source, capabilities, timeframe)
    if (!capabilities.assetClasses.includes(instrument.assetClass)) {
      refused.push(`${source} has no ${instrument.assetClass}`)
    } else if (lack !== undefined) {
      refused.push(lack)
    } else able.push(source)
  }
  if (able.length > 0) return able
  const why = refused.join("; ") || "it has no sources"
  return yield* new UsageError({
    message: `No source of ${instrument.symbol} can serve ${timeframe}: ${why}. See: tidemark sources list`
  })
})

/**
 * Of instruments that nobody has named, those that a source of theirs has candles of: an index may be on the list for
 * its options alone. All of them where that would leave none.
 */
export const withCandles = Effect.fnUntraced(function* (instruments: ReadonlyArray<Instrument.Instrument>) {
  const registry = yield* SourceRegistry
  const kept = yield* Effect.filter(instruments, ({ sources }) =>
    Effect.forEach(sources, ({ source }) => registry.plugin(source)).pipe(
      Effect.map(
        (plugins) => plugins.length === 0 || plugins.some(({ capabilities }) => capabilities.timeframes.length > 0)
      )
    )
  )
  return kept.length === 0 ? instruments : kept
})

const untouched = (coverage: Coverage.Coverage): Mend.Mended => ({ coverage, notes: [] })

export const select = Effect.fn("Backfill.select")(function* (options: SelectOptions) {
  const registry = yield* SourceRegistry
  const store = yield* CandleStore.CandleStore
  const events = yield* Events
  const policy = yield* Policy
  const retention = yield* Retention.Retention
  const ledger = yield* GapLedger.GapLedger
  const inferred = yield* ledger.outages
  const verdicts = yield* ledger.candidates
  const stored = new Map((yield* store.list).map((entry) => [Series.key(entry.series), entry]))
  const realSymbols = new Set(
    [...stored.values()].flatMap((entry) =>
      entry.provenance === "observed" && entry.rows > 0 ? [`${entry.series.source} ${entry.series.symbol}`] : []
    )
  )
  const checks = new Map<string, SourceError.SourceError | undefined>()
  const passed = new Map<string, { readonly symbols: Set<string>; readonly error: SourceError.SourceError }>()

  /** The ledger of a series, put right first if something else has changed the table. */
  const coverageOf = Effect.fnUntraced(function* (series: Series.Series, calendar: Calendar.Calendar) {
    const entry = stored.get(Series.key(series))
    if (entry === undefined) return untouched(Coverage.none)
    const { coverage } = entry
    if (options.dryRun || (entry.rows === Coverage.rows(coverage) && !options.force)) return untouched(coverage)
    // Whoever wants everything again has doubts: a row that was moved changes no count.
    if (entry.rows === Coverage.rows(coverage)) {
      const extent = Coverage.extent(coverage)
      const found = extent === undefined ? Damage.none : yield* Damage.find(series, calendar, coverage, extent)
      if (Damage.isNone(found)) return untouched(coverage)
    }
    // Looked at again while nobody writes: another process may just have written what the list did not see.
    return yield* store.exclusively(series, Mend.whole(series, calendar))
  })

  /** Why a source cannot be used now, asked once a run. */
  const unreachable = Effect.fnUntraced(function* (name: string) {
    if (checks.has(name)) return checks.get(name)
    const result = yield* registry.get(name).pipe(
      Effect.flatMap(({ source }) => reach(name, source)),
      Effect.result
    )
    if (Result.isFailure(result) && result.failure._tag === "UsageError") return yield* result.failure
    const error = Result.isFailure(result) ? (result.failure as SourceError.SourceError) : undefined
    checks.set(name, error)
    return error
  })

  /** The window; all that the source has where nobody asked for a range and its history ends. */
  const windowFor = Effect.fnUntraced(function* (target: Target, registered: Registered, subject: Source.Subject) {
    const { window = options.window } = target
    const { extent: extentOf } = registered.source
    if (extentOf === undefined || registered.plugin.capabilities.finite !== true) return window
    // Asked in any case: a source that has nothing of the subject says so here, while another can step in.
    const extent = Option.getOrUndefined(yield* extentOf(subject, target.timeframe))
    if (extent === undefined || window.byDefault !== true) return window
    const to = Math.min(window.to ?? Infinity, extent.end ?? Infinity)
    return { from: extent.first, whole: true, ...(to === Infinity ? {} : { to }) } satisfies Plan.Window
  })

  const planFor = Effect.fnUntraced(function* (target: Target, registered: Registered) {
    const { instrument, timeframe } = target
    const series: Series.Series = { source: registered.id, symbol: instrument.symbol, timeframe }
    const calendar = Calendars.get(instrument.calendar)
    const { coverage, notes } = yield* coverageOf(series, calendar)
    const subject = subjectOf(instrument, registered.id, calendar)
    const window = yield* Effect.result(windowFor(target, registered, subject))
    const { aside, candidates } = Candidate.about(verdicts, series)
    const { only } = target.window ?? options.window
    const request: Plan.SeriesRequest = {
      series,
      instrument,
      calendar,
      capabilities: registered.plugin.capabilities,
      // A source that cannot say what it has leaves nothing to plan; the run goes on with the others.
      window: Result.isSuccess(window) ? window.success : { from: options.now, to: options.now },
      coverage,
      keeps: Retention.termOf(retention, series),
      outages: outagesOf(registered.id, registered.plugin, subject, inferred),
      candidates,
      // Whoever asks for a range wants all of it; whoever names the holes does not want what lies between them.
      wanted: only === undefined ? undefined : Plan.wantedBeside(coverage, Interval.union(aside, only)),
      listedAt: stored.get(Series.key(series))?.listedAt
    }
    const plan = Plan.make(request, { now: options.now, force: options.force, pagesPerChunk: policy.pagesPerChunk })
    const selected: Selected = { plan, subject, registered, coverage, notes }
    return Result.isSuccess(window) ? selected : { ...selected, error: window.failure }
  })

  const choose = Effect.fnUntraced(function* (target: Target) {
    const { instrument } = target
    const names = yield* candidates(target)
    let notes: ReadonlyArray<string> = []
    for (const [i, name] of names.entries()) {
      const registered = yield* registry.get(name)
      const planned = yield* planFor(target, registered)
      // What was done to the series of a source that is passed over is told all the same.
      const selected: Selected = { ...planned, notes: [...notes, ...planned.notes] }
      notes = selected.notes
      const idle =
        selected.plan.chunks.length === 0 &&
        Repair.due(selected.coverage, selected.plan, policy, options.now).length === 0
      const final = i === names.length - 1 || realSymbols.has(`${registered.id} ${instrument.symbol}`)
      const known = stored.has(Series.key(selected.plan.request.series))
      if (final || (idle && known && selected.error === undefined)) return selected
      const error = selected.error ?? (yield* unreachable(name))
      if (error === undefined) return selected
      const entry = passed.get(name)
      if (entry === undefined) passed.set(name, { symbols: new Set([instrument.symbol]), error })
      else entry.symbols.add(instrument.symbol)
    }
    return yield* Effect.die(new Error("the last candidate is always chosen"))
  })

  const selected = yield* Effect.forEach(options.targets, choose)
  const passedOver: Array<PassedOver> = []
  for (const [source, entry] of passed) {
    const symbols = [...entry.symbols]
    yield* events.publish({ _tag: "SourcePassedOver", source, symbols, error: entry.error })
    passedOver.push({
      source,
      symbols,
      error: `${source} cannot be used now: ${SourceError.describe(entry.error.reason)}`
    })
  }
  return { selected, passedOver } satisfies Selection
})
