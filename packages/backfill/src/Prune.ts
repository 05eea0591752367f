/**
 * Takes away candles that are older than what is kept: only when it is asked
 * to, and only what nobody needs.
 *
 * Series by series, and of each a bounded piece at a time from its oldest
 * candle on, each in one transaction with the ledger: so a prune that was
 * killed left a shorter history that is sound, and the next one goes on. One
 * series that fails never stops the others.
 */
import { Calendars } from "@tidemark/calendars"
import {
  ActionStore,
  type Calendar,
  CandleStore,
  Coverage,
  GapLedger,
  type Instant,
  type Instrument,
  Interval,
  type Provenance,
  Series,
  SymbolStore,
  Timeframe
} from "@tidemark/core"
import { Clock, Effect, Result } from "effect"
import * as Need from "./Need.ts"
import * as Retention from "./Retention.ts"
import { SourceRegistry } from "./SourceRegistry.ts"
import * as Survey from "./Survey.ts"

/** Candles that one transaction takes away, at most: bounds memory, whatever the history. */
const candlesPerStep = 65_536

export interface Options {
  /** Which of the stored series. */
  readonly choose: (stored: CandleStore.StoredSeries) => boolean
  /** Take away what somebody needs, too. */
  readonly evenIfNeeded: boolean
  /** Only look. */
  readonly dryRun: boolean
  /** Ends the run early once it completes. */
  readonly stop?: Effect.Effect<void>
}

/**
 * - `kept`: nothing of it is too old.
 * - `due`: a dry run found something that would go.
 * - `pruned`: it has gone.
 * - `needed`: somebody needs what would go, so it stayed.
 * - `interrupted`: a part of it may have gone.
 */
export type Status = "kept" | "due" | "pruned" | "needed" | "failed" | "interrupted"

export interface Outcome {
  readonly series: Series.Series
  readonly provenance: Provenance.Provenance
  readonly keeps: Retention.Term
  readonly status: Status
  /** What is too old; `undefined` where nothing is. */
  readonly old: Interval.Interval | undefined
  /** Rows that went, or would go. */
  readonly rows: number
  readonly revisions: number
  /** What stays, or would. */
  readonly stays: Interval.Interval | undefined
  readonly staying: number
  readonly needs: ReadonlyArray<Need.Need>
  readonly error: string | undefined
}

export interface Report {
  readonly dryRun: boolean
  readonly interrupted: boolean
  readonly outcomes: ReadonlyArray<Outcome>
  /** Symbols that `retention` names, and of which nothing is stored or listed: it says nothing of them. */
  readonly strangers: ReadonlyArray<string>
}

/** A stored series with what is to become of it. */
interface Candidate {
  readonly stored: CandleStore.StoredSeries
  readonly instrument: Instrument.Instrument
  readonly calendar: Calendar.Calendar
  readonly keeps: Retention.Term
  readonly keptFrom: Instant.EpochMillis | undefined
}

/** What of a series is too old. */
const tooOld = (coverage: Coverage.Coverage, { keptFrom }: Pick<Candidate, "keptFrom">): Interval.IntervalSet =>
  keptFrom === undefined ? [] : Coverage.fetchedBefore(coverage, keptFrom)

/** Where the next piece ends: an open of the calendar; `undefined` where nothing is left to take. */
const nextCut = ({ calendar, keptFrom, stored: { series } }: Candidate, coverage: Coverage.Coverage) => {
  const first = coverage.fetched[0]
  if (first === undefined || keptFrom === undefined || first.from >= keptFrom) return undefined
  const wanted = first.from + candlesPerStep * Timeframe.nominalMillis(series.timeframe)
  return wanted >= keptFrom ? keptFrom : Math.min(keptFrom, calendar.openAtOrAfter(series.timeframe, wanted))
}

/** Who needs what would go, as things are now. */
const needsOf = Effect.fnUntraced(function* (
  { calendar, instrument, stored }: Candidate,
  siblings: ReadonlyArray<Candidate>,
  goes: Interval.IntervalSet,
  now: Instant.EpochMillis
) {
  const store = yield* CandleStore.CandleStore
  const { series } = stored
  const { capabilities } = yield* (yield* SourceRegistry).plugin(series.source)
  const all = yield* Effect.forEach(siblings, ({ keptFrom, stored }) =>
    Effect.map(store.coverage(stored.series), (coverage): Need.Holding => ({
      series: stored.series,
      coverage,
      keptFrom
    }))
  )
  // Only companies act. Several sources may tell the same.
  const told =
    instrument.assetClass === "equity"
      ? yield* (yield* ActionStore.ActionStore).list({ symbols: [series.symbol], kinds: ["split", "dividend"] })
      : []
  const actions = [...new Map(told.map(({ action }) => [`${action._tag} ${action.exDate}`, action])).values()]
  return Need.find({ calendar, all, applied: capabilities.adjustment, actions, now }, series, goes)
})

/** What has become of a series so far. */
interface Progress {
  status: Status
  old: Interval.Interval | undefined
  rows: number
  revisions: number
  needs: ReadonlyArray<Need.Need>
  error: string | undefined
}

const pruneOne = Effect.fnUntraced(function* (
  candidate: Candidate,
  siblings: ReadonlyArray<Candidate>,
  progress: Progress,
  { dryRun, evenIfNeeded }: Options,
  now: Instant.EpochMillis
) {
  const store = yield* CandleStore.CandleStore
  const { calendar, stored } = candidate
  const { series } = stored
  const goes = tooOld(yield* store.coverage(series), candidate)
  if (goes.length === 0) {
    progress.status = "kept"
    return
  }
  progress.old = goes.reduce(Interval.hull)
  const rows = yield* store.count(series, progress.old)
  progress.needs = rows === 0 ? [] : yield* needsOf(candidate, siblings, goes, now)
  const isRefused = progress.needs.length > 0 && !evenIfNeeded
  if (dryRun || isRefused) {
    progress.rows = rows
    progress.status = isRefused ? "needed" : "due"
    return
  }
  const countOpens = (interval: Interval.Interval) => calendar.countOpens(series.timeframe, interval)
  const step = store.exclusively(
    series,
    Effect.gen(function* () {
      const before = nextCut(candidate, yield* store.coverage(series))
      return before === undefined ? undefined : yield* store.prune(series, { before, at: now, countOpens })
    })
  )
  for (let went = yield* step; went !== undefined; went = yield* step) {
    progress.rows += went.rows
    progress.revisions += went.revisions
  }
  progress.status = "pruned"
})

const outcomeOf = ({ keeps, keptFrom, stored }: Candidate, progress: Progress): Outcome => {
  const { coverage, provenance, rows, series } = stored
  const left = keptFrom === undefined ? [] : [{ from: -Infinity, to: keptFrom }]
  const stays = Interval.difference(Coverage.fetchedSet(coverage), left)
  const isLeft = progress.status === "kept" || progress.status === "due" || progress.status === "pruned"
  return {
    series,
    provenance,
    keeps,
    ...progress,
    stays: isLeft
      ? stays.length === 0
        ? undefined
        : stays.reduce(Interval.hull)
      : Coverage.extent({ ...coverage, pruned: [] }),
    staying: progress.status === "needed" ? rows : rows - progress.rows
  }
}

const candidatesOf = Effect.fnUntraced(function* (
  stored: ReadonlyArray<CandleStore.StoredSeries>,
  now: Instant.EpochMillis
) {
  const settings = yield* Retention.Retention
  const instruments = new Map((yield* (yield* SymbolStore.SymbolStore).list).map((one) => [one.symbol, one]))
  return stored.map((stored): Candidate => {
    const instrument = Survey.instrumentOf(instruments, stored)
    const calendar = Calendars.get(instrument.calendar)
    const keeps = Retention.termOf(settings, stored.series)
    const keptFrom = Retention.cutoff(keeps, calendar, stored.series.timeframe, now)
    return { stored, instrument, calendar, keeps, keptFrom }
  })
})

/** Keeps what is missing of the series that were pruned, with why; whoever looks at them next does it too. */
const recordGaps = Effect.fnUntraced(
  function* (outcomes: ReadonlyArray<Outcome>) {
    const changed = new Set(outcomes.filter(({ rows, status }) => rows > 0 && status !== "needed").map(keyOf))
    if (changed.size === 0) return
    const surveyed = yield* Survey.run({ choose: (stored) => changed.has(keyOf(stored)) })
    yield* (yield* GapLedger.GapLedger).record(
      surveyed.map((one) => ({ series: one.stored.series, gaps: Survey.gapsOf(one) })),
      yield* Clock.currentTimeMillis
    )
  },
  Effect.catch((error) => Effect.logWarning(`data_gaps was not brought up to date: ${error.message}`))
)

/** Symbols that are configured, and that nobody knows. */
const strangersAmong = Effect.fnUntraced(function* (all: ReadonlyArray<Candidate>) {
  const { symbols = {} } = yield* Retention.Retention
  const listed = yield* (yield* SymbolStore.SymbolStore).list
  const known = new Set([...all.map(({ stored }) => stored.series.symbol), ...listed.map(({ symbol }) => symbol)])
  return Object.keys(symbols).filter((symbol) => !known.has(symbol))
})

const keyOf = ({ series }: { readonly series: Series.Series }): string => Series.key(series)

export const run = Effect.fn("Prune.run")(function* (options: Options) {
  const store = yield* CandleStore.CandleStore
  const now = yield* Clock.currentTimeMillis
  const all = yield* candidatesOf(yield* store.list, now)
  const strangers = yield* strangersAmong(all)
  const pairs = Map.groupBy(all, ({ stored: { series } }) => `${series.source} ${series.symbol}`)
  const chosen = all.filter(({ stored }) => options.choose(stored))
  const work = chosen.map((candidate) => {
    const progress: Progress = {
      status: "interrupted",
      old: undefined,
      rows: 0,
      revisions: 0,
      needs: [],
      error: undefined
    }
    return { candidate, progress }
  })
  const job = Effect.forEach(
    work,
    Effect.fnUntraced(function* ({ candidate, progress }) {
      const { series } = candidate.stored
      const siblings = pairs.get(`${series.source} ${series.symbol}`)!
      const result = yield* Effect.result(pruneOne(candidate, siblings, progress, options, now))
      if (Result.isSuccess(result)) return
      progress.status = "failed"
      progress.error = result.failure.message
    }),
    { discard: true }
  )
  const interrupted = yield* Effect.raceFirst(Effect.as(job, false), Effect.as(options.stop ?? Effect.never, true))
  const outcomes = work.map(({ candidate, progress }) => outcomeOf(candidate, progress))
  if (!options.dryRun) yield* recordGaps(outcomes)
  return { dryRun: options.dryRun, interrupted, outcomes, strangers } satisfies Report
})

/** 0 done, 1 a series failed, 3 somebody needs what should have gone, 130 interrupted. A dry run has nothing to fail in. */
export const exitCode = ({ dryRun, interrupted, outcomes }: Report): number => {
  if (interrupted) return 130
  if (outcomes.some(({ status }) => status === "failed")) return 1
  return !dryRun && outcomes.some(({ status }) => status === "needed") ? 3 : 0
}
