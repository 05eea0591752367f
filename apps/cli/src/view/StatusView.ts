/** How the store is, for people and for machines. Pure. */
import { Gap, Instant, Series, type SyncLog } from "@tidemark/core"
import { count, plural, requests } from "./Format.ts"
import { render } from "./Table.ts"

const dayMillis = 86_400_000
/** Runs that failures are counted over. */
const windowDays = 7
/** Series that are listed as the worst. */
const worst = 10

export interface SeriesStatus {
  readonly series: Series.Series
  readonly provenance: string
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

const completeness = (one: SeriesStatus): number =>
  one.expected === 0 ? 1 : (one.expected - missing(one)) / one.expected

/** Failed ones first, then those that lack most, then those that are furthest behind. */
const worstFirst = (a: SeriesStatus, b: SeriesStatus): number =>
  Number(b.last?.status === "failed") - Number(a.last?.status === "failed") ||
  open(b) - open(a) ||
  completeness(a) - completeness(b) ||
  (a.askedTo ?? 0) - (b.askedTo ?? 0)

/** What is to be done about a series; `undefined` where nothing is. */
const troubleOf = (one: SeriesStatus): string | undefined => {
  if (one.last?.status === "failed") return "failed"
  const causes = Gap.openCauses.flatMap((cause) => {
    const missing = Gap.missingBecause(one.gaps, cause)
    return missing === 0 ? [] : [`${plural(missing, "candle")} ${cause}`]
  })
  return causes.length === 0 ? undefined : causes.join(", ")
}

/** What the log says of the last days. */
const figuresOf = (log: Status["log"], now: number) => {
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
const bySource = ({ log, now, series }: Status) =>
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

const candlesOf = (series: ReadonlyArray<SeriesStatus>): number => series.reduce((sum, { rows }) => sum + rows, 0)

const figuresJson = ({ lastSync, ...figures }: ReturnType<typeof figuresOf>) => ({
  last_sync: lastSync === undefined ? null : Instant.format(lastSync),
  runs: figures.runs,
  failed: figures.failed,
  error_rate: figures.errorRate,
  requests: figures.requests,
  retries: figures.retries
})

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
    worst: worst === undefined ? null : { ...worst.series, trouble: troubleOf(worst) }
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

/** `3 h ago` */
const ago = (millis: number): string => {
  const minutes = Math.max(0, Math.floor(millis / 60_000))
  if (minutes < 120) return `${minutes} min ago`
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h ago` : `${Math.floor(minutes / 1_440)} days ago`
}

const percent = (share: number): string => `${(Math.floor(share * 10_000) / 100).toFixed(2)} %`

const sourcesText = (status: Status): string =>
  render(
    ["source", "series", "candles", "last sync", "runs", "requests", "retries", "failed", "worst"],
    bySource(status).map(({ own, source, worst, ...figures }) => [
      source,
      count(own.length),
      count(candlesOf(own)),
      figures.lastSync === undefined ? "" : ago(status.now - figures.lastSync),
      count(figures.runs),
      count(figures.requests),
      count(figures.retries),
      percent(figures.errorRate),
      worst === undefined ? "" : `${worst.series.symbol} ${worst.series.timeframe}: ${troubleOf(worst)}`
    ]),
    { right: [1, 2, 4, 5, 6, 7] }
  )

export const toText = (status: Status): string => {
  if (status.series.length + status.log.length === 0) return "Nothing is stored yet. Fetch something: tidemark backfill"
  const figures = figuresOf(status.log, status.now)
  const ordered = status.series.toSorted(worstFirst)
  const errors = ordered.flatMap(({ last, series }) =>
    last?.error === undefined || last.error === null ? [] : [`  ${Series.key(series)}: ${last.error}`]
  )
  return [
    `${count(status.series.length)} series, ${plural(candlesOf(status.series), "candle")}; ` +
      `last sync ${figures.lastSync === undefined ? "never" : ago(status.now - figures.lastSync)}`,
    `${windowDays} days: ${plural(figures.runs, "run")}, ${requests(figures.requests, figures.retries)}, ` +
      `${count(figures.failed)} of ${count(figures.entries)} series failed (${percent(figures.errorRate)})`,
    "",
    sourcesText(status),
    "",
    ...(ordered.length > worst ? [`The ${worst} worst:`] : []),
    ...(ordered.length === 0
      ? []
      : [
          render(
            ["series", "candles", "complete", ...Gap.openCauses, "known until", "last sync", ""],
            ordered
              .slice(0, worst)
              .map((one) => [
                Series.key(one.series),
                count(one.rows),
                percent(completeness(one)),
                ...Gap.openCauses.map((cause) => count(Gap.missingBecause(one.gaps, cause))),
                one.askedTo === undefined ? "" : Instant.format(Math.floor(one.askedTo / 60_000) * 60_000),
                one.last === undefined ? "" : ago(status.now - one.last.finishedAt),
                one.last?.status ?? ""
              ]),
            { right: [1, 2, 3, 4, 5] }
          )
        ]),
    ...(errors.length === 0 ? [] : ["", "Failed:", ...errors.slice(0, worst)])
  ].join("\n")
}
