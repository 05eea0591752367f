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

/** Candles that are missing without an excuse. */
const open = ({ gaps }: SeriesStatus): number =>
  gaps.reduce((sum, gap) => (Gap.isExplained(gap) ? sum : sum + gap.missing), 0)

const missing = ({ gaps }: SeriesStatus): number =>
  gaps.reduce((sum, gap) => (Gap.isWanted(gap) ? sum + gap.missing : sum), 0)

export const completeness = (one: SeriesStatus): number =>
  one.expected === 0 ? 1 : (one.expected - missing(one)) / one.expected

/** Failed ones first, then those that lack most, then those that are furthest behind. */
export const worstFirst = (a: SeriesStatus, b: SeriesStatus): number =>
  Number(b.last?.status === "failed") - Number(a.last?.status === "failed") ||
  open(b) - open(a) ||
  completeness(a) - completeness(b) ||
  (a.askedTo ?? 0) - (b.askedTo ?? 0)

const candles = (count: number): string => `${count.toLocaleString("en-US")} candle${count === 1 ? "" : "s"}`

/** What is to be done about a series; `undefined` where nothing is. */
export const troubleOf = (one: SeriesStatus): string | undefined => {
  if (one.last?.status === "failed") return "failed"
  const causes = Gap.openCauses.flatMap((cause) => {
    const missing = Gap.missingBecause(one.gaps, cause)
    return missing === 0 ? [] : [`${candles(missing)} ${cause}`]
  })
  return causes.length === 0 ? undefined : causes.join(", ")
}

/** What the log says of the last days. */
export const figuresOf = (log: Status["log"], now: number) => {
  const entries = log.filter(({ finishedAt }) => finishedAt > now - windowDays * dayMillis)
  const failed = entries.filter(({ status }) => status === "failed")
  const total = (figure: (entry: SyncLog.SyncEntry) => number) => entries.reduce((sum, entry) => sum + figure(entry), 0)
  return {
    runs: new Set(entries.map(({ runId }) => runId)).size,
    entries: entries.length,
    failed: failed.length,
    errorRate: entries.length === 0 ? 0 : failed.length / entries.length,
    requests: total(({ requests }) => requests),
    retries: total(({ retries }) => retries),
    lastSync: log[0]?.finishedAt
  }
}

/** What is stored of each source, or was asked of it, by name. */
export const bySource = ({ log, now, series }: Status) =>
  [...new Set([...series, ...log].map((one) => one.series.source))].sort().map((source) => {
    const own = series.filter((one) => one.series.source === source)
    const worst = own.toSorted(worstFirst).find((one) => troubleOf(one) !== undefined)
    return {
      source,
      own,
      worst,
      ...figuresOf(
        log.filter((one) => one.series.source === source),
        now
      )
    }
  })

export const candlesOf = (series: ReadonlyArray<SeriesStatus>): number =>
  series.reduce((sum, { rows }) => sum + rows, 0)

const figuresJson = ({ lastSync, ...figures }: ReturnType<typeof figuresOf>) => ({
  last_sync: lastSync === undefined ? null : Instant.format(lastSync),
  runs: figures.runs,
  failed: figures.failed,
  error_rate: figures.errorRate,
  requests: figures.requests,
  retries: figures.retries
})

/** As plain JSON; instants are ISO 8601 in UTC. */
export const toJson = (status: Status) => ({
  series: status.series.length,
  candles: candlesOf(status.series),
  last_days: windowDays,
  ...figuresJson(figuresOf(status.log, status.now)),
  sources: bySource(status).map(({ own, source, worst, ...figures }) => ({
    source,
    series: own.length,
    candles: candlesOf(own),
    ...figuresJson(figures),
    worst: worst === undefined ? null : { ...worst.series, trouble: troubleOf(worst) ?? "" }
  })),
  details: status.series.map((one) => ({
    ...one.series,
    provenance: one.provenance,
    candles: one.rows,
    recorded: one.recorded,
    asked_to: one.askedTo === undefined ? null : Instant.format(one.askedTo),
    behind_hours: one.askedTo === undefined ? null : Math.round((status.now - one.askedTo) / 360_000) / 10,
    completeness: completeness(one),
    unfetched: Gap.missingBecause(one.gaps, "unfetched"),
    source_failure: Gap.missingBecause(one.gaps, "source-failure"),
    unexplained: Gap.missingBecause(one.gaps, "unexplained"),
    last_sync: one.last === undefined ? null : Instant.format(one.last.finishedAt),
    last_status: one.last?.status ?? null,
    error: one.last?.error ?? null
  }))
})

/** Entries of the log that are looked at. */
const entries = 20_000

/** With the stored series that it is of. */
export const run = Effect.fn("Status.run")(function* () {
  const surveyed = yield* Survey.run({ choose: () => true })
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
