/** How the store is: every series, how complete it is, and what the log says of the last days. Asks no source anything. */
import { type CandleStore, Coverage, Gap, Instant, type Provenance, Series, SyncLog } from "@tidemark/core"
import { Clock, Effect } from "effect"
import * as Survey from "./Survey.ts"

const dayMillis = 86_400_000
/** Runs that failures are counted over. */
export const windowDays = 7

export interface SeriesStatus {
  readonly series: Series.Series
  readonly provenance: Provenance.Provenance
  /** Rows in the table, and those that were stored: another number only if something else has changed the table. */
  readonly rows: number
  readonly recorded: number
  /** First instant that was never asked for. */
  readonly askedTo: Instant.EpochMillis | undefined
  readonly expected: number
  readonly gaps: ReadonlyArray<Gap.Gap>
  /** The newest entry of the log. */
  readonly last: SyncLog.SyncEntry | undefined
}

export interface Status {
  readonly now: Instant.EpochMillis
  readonly series: ReadonlyArray<SeriesStatus>
  /** Newest first. */
  readonly log: ReadonlyArray<SyncLog.SyncEntry>
}

/** What the log says of the last days. */
export interface Figures {
  readonly last_sync: Instant.EpochMillis | null
  readonly runs: number
  /** Series that were brought up to date in those runs, or were to be; each counts once a run. */
  readonly series_runs: number
  readonly failed: number
  readonly error_rate: number
  readonly requests: number
  readonly retries: number
}

/** A series in figures; what is missing of it by cause. */
export interface Detail extends Series.Series {
  readonly provenance: Provenance.Provenance
  readonly candles: number
  readonly recorded: number
  readonly asked_to: Instant.EpochMillis | null
  readonly behind_hours: number | null
  readonly completeness: number
  readonly unfetched: number
  readonly source_failure: number
  readonly unexplained: number
  readonly last_sync: Instant.EpochMillis | null
  readonly last_status: string | null
  readonly error: string | null
}

export interface OfSource extends Figures {
  readonly source: string
  readonly series: number
  readonly candles: number
  readonly worst: (Series.Series & { readonly trouble: string }) | null
}

/** A status as it is told, here and by a daemon. */
export interface Told extends Figures {
  readonly at: Instant.EpochMillis
  readonly series: number
  readonly candles: number
  readonly last_days: number
  readonly sources: ReadonlyArray<OfSource>
  readonly details: ReadonlyArray<Detail>
}

const missing = ({ gaps }: SeriesStatus): number =>
  gaps.reduce((sum, gap) => (Gap.isWanted(gap) ? sum + gap.missing : sum), 0)

const completeness = (one: SeriesStatus): number =>
  one.expected === 0 ? 1 : (one.expected - missing(one)) / one.expected

/** Of the causes that nobody can excuse, how many candles each accounts for. */
export const openOf = ({ source_failure, unexplained, unfetched }: Detail) => ({
  unfetched,
  "source-failure": source_failure,
  unexplained
})

const open = (one: Detail): number => Object.values(openOf(one)).reduce((sum, missing) => sum + missing, 0)

/** Failed ones first, then those that lack most, then those that are furthest behind. */
export const worstFirst = (a: Detail, b: Detail): number =>
  Number(b.last_status === "failed") - Number(a.last_status === "failed") ||
  open(b) - open(a) ||
  a.completeness - b.completeness ||
  (a.asked_to ?? 0) - (b.asked_to ?? 0)

const candles = (count: number): string => `${count.toLocaleString("en-US")} candle${count === 1 ? "" : "s"}`

/** What is to be done about a series; `undefined` where nothing is. */
const troubleOf = (one: Detail): string | undefined => {
  if (one.last_status === "failed") return "failed"
  const causes = Object.entries(openOf(one)).flatMap(([cause, missing]) =>
    missing === 0 ? [] : [`${candles(missing)} ${cause}`]
  )
  return causes.length === 0 ? undefined : causes.join(", ")
}

const figuresOf = (log: Status["log"], now: number): Figures => {
  const entries = log.filter(({ finishedAt }) => finishedAt > now - windowDays * dayMillis)
  const failed = entries.filter(({ status }) => status === "failed")
  const total = (figure: (entry: SyncLog.SyncEntry) => number) => entries.reduce((sum, entry) => sum + figure(entry), 0)
  return {
    last_sync: log[0]?.finishedAt ?? null,
    runs: new Set(entries.map(({ runId }) => runId)).size,
    series_runs: entries.length,
    failed: failed.length,
    error_rate: entries.length === 0 ? 0 : failed.length / entries.length,
    requests: total(({ requests }) => requests),
    retries: total(({ retries }) => retries)
  }
}

const detailOf = (one: SeriesStatus, now: number): Detail => ({
  ...one.series,
  provenance: one.provenance,
  candles: one.rows,
  recorded: one.recorded,
  asked_to: one.askedTo ?? null,
  behind_hours: one.askedTo === undefined ? null : Math.round((now - one.askedTo) / 360_000) / 10,
  completeness: completeness(one),
  unfetched: Gap.missingBecause(one.gaps, "unfetched"),
  source_failure: Gap.missingBecause(one.gaps, "source-failure"),
  unexplained: Gap.missingBecause(one.gaps, "unexplained"),
  last_sync: one.last?.finishedAt ?? null,
  last_status: one.last?.status ?? null,
  error: one.last?.error ?? null
})

const candlesOf = (details: ReadonlyArray<Detail>): number => details.reduce((sum, { candles }) => sum + candles, 0)

/** What is stored of a source, or was asked of it. */
const ofSource = (source: string, own: ReadonlyArray<Detail>, log: Status["log"], now: number): OfSource => {
  const worst = own.toSorted(worstFirst).find((one) => troubleOf(one) !== undefined)
  return {
    source,
    series: own.length,
    candles: candlesOf(own),
    ...figuresOf(log, now),
    worst:
      worst === undefined
        ? null
        : { source, symbol: worst.symbol, timeframe: worst.timeframe, trouble: troubleOf(worst) ?? "" }
  }
}

export const tell = ({ log, now, series }: Status): Told => {
  const details = series.map((one) => detailOf(one, now))
  const names = [...new Set([...series, ...log].map((one) => one.series.source))].sort()
  const own = Map.groupBy(details, ({ source }) => source)
  const entries = Map.groupBy(log, (entry) => entry.series.source)
  return {
    at: now,
    series: details.length,
    candles: candlesOf(details),
    last_days: windowDays,
    ...figuresOf(log, now),
    sources: names.map((source) => ofSource(source, own.get(source) ?? [], entries.get(source) ?? [], now)),
    details
  }
}

const instantJson = (at: Instant.EpochMillis | null) => (at === null ? null : Instant.format(at))

/** As plain JSON; instants are ISO 8601 in UTC. */
export const toJson = (told: Told) => ({
  ...told,
  at: Instant.format(told.at),
  last_sync: instantJson(told.last_sync),
  sources: told.sources.map((one) => ({ ...one, last_sync: instantJson(one.last_sync) })),
  details: told.details.map((one) => ({
    ...one,
    asked_to: instantJson(one.asked_to),
    last_sync: instantJson(one.last_sync)
  }))
})

/** Entries of the log that are looked at. */
const entries = 20_000

/** With the stored series that it is of. */
export const run = Effect.fn("Status.run")(function* (options: Pick<Survey.Options, "isCounted"> = {}) {
  const surveyed = yield* Survey.run({ choose: () => true, ...options })
  const log = yield* (yield* SyncLog.SyncLog).recent(entries)
  const latest = new Map<string, SyncLog.SyncEntry>()
  for (const entry of log) {
    const key = Series.key(entry.series)
    if (!latest.has(key)) latest.set(key, entry)
  }
  const status: Status = {
    now: yield* Clock.currentTimeMillis,
    log,
    series: surveyed.map(({ gaps, plan, stored }) => ({
      series: stored.series,
      provenance: stored.provenance,
      rows: stored.rows,
      recorded: Coverage.rows(stored.coverage),
      askedTo: Survey.extentOf(stored)?.to,
      expected: plan.expected,
      gaps,
      last: latest.get(Series.key(stored.series))
    }))
  }
  const stored: ReadonlyArray<CandleStore.StoredSeries> = surveyed.map(({ stored }) => stored)
  return { status, stored }
})
