/** How the store is, for people and for machines. Pure. */
import { Gap, Instant, Series, type SyncLog } from "@tidemark/core"
import { count, plural } from "./Format.ts"
import { render } from "./Table.ts"

const dayMillis = 86_400_000
/** Runs that failures are counted over. */
const windowDays = 7
/** Series that are listed as the worst. */
const worst = 10

export interface SeriesStatus {
  readonly series: Series.Series
  readonly provenance: string
  readonly rows: number
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

const unexplained = ({ gaps }: SeriesStatus): number =>
  gaps.reduce((sum, gap) => (Gap.isExplained(gap) ? sum : sum + gap.missing), 0)

const missing = ({ gaps }: SeriesStatus): number => gaps.reduce((sum, gap) => sum + gap.missing, 0)

const completeness = (one: SeriesStatus): number =>
  one.expected === 0 ? 1 : (one.expected - missing(one)) / one.expected

/** What the log says of the last days. */
const recent = ({ log, now }: Status) => {
  const entries = log.filter(({ finishedAt }) => finishedAt > now - windowDays * dayMillis)
  const failed = entries.filter(({ status }) => status === "failed")
  return {
    runs: new Set(entries.map(({ runId }) => runId)).size,
    entries: entries.length,
    failed: failed.length,
    errorRate: entries.length === 0 ? 0 : failed.length / entries.length,
    requests: entries.reduce((sum, { requests }) => sum + requests, 0)
  }
}

export const toJson = (status: Status) => {
  const figures = recent(status)
  return {
    series: status.series.length,
    candles: status.series.reduce((sum, { rows }) => sum + rows, 0),
    last_sync: status.log[0] === undefined ? null : Instant.format(status.log[0].finishedAt),
    last_days: windowDays,
    runs: figures.runs,
    failed: figures.failed,
    error_rate: figures.errorRate,
    requests: figures.requests,
    details: status.series.map((one) => ({
      ...one.series,
      provenance: one.provenance,
      candles: one.rows,
      asked_to: one.askedTo === undefined ? null : Instant.format(one.askedTo),
      behind_hours: one.askedTo === undefined ? null : Math.round((status.now - one.askedTo) / 360_000) / 10,
      completeness: completeness(one),
      unexplained: unexplained(one),
      last_sync: one.last === undefined ? null : Instant.format(one.last.finishedAt),
      last_status: one.last?.status ?? null,
      error: one.last?.error ?? null
    }))
  }
}

/** `3 h ago` */
const ago = (millis: number): string => {
  const minutes = Math.max(0, Math.floor(millis / 60_000))
  if (minutes < 120) return `${minutes} min ago`
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h ago` : `${Math.floor(minutes / 1_440)} days ago`
}

const percent = (share: number): string => `${(Math.floor(share * 10_000) / 100).toFixed(2)} %`

export const toText = (status: Status): string => {
  if (status.series.length === 0) return "Nothing is stored yet. Fetch something: tidemark backfill"
  const figures = recent(status)
  const [newest] = status.log
  // Failed ones first, then those that lack most, then those that are furthest behind.
  const ordered = status.series.toSorted(
    (a, b) =>
      Number(b.last?.status === "failed") - Number(a.last?.status === "failed") ||
      unexplained(b) - unexplained(a) ||
      completeness(a) - completeness(b) ||
      (a.askedTo ?? 0) - (b.askedTo ?? 0)
  )
  const errors = ordered.flatMap(({ last, series }) =>
    last?.error === undefined || last.error === null ? [] : [`  ${Series.key(series)}: ${last.error}`]
  )
  return [
    `${count(status.series.length)} series, ${plural(
      status.series.reduce((sum, { rows }) => sum + rows, 0),
      "candle"
    )}; last sync ${newest === undefined ? "never" : ago(status.now - newest.finishedAt)}`,
    `${windowDays} days: ${plural(figures.runs, "run")}, ${plural(figures.requests, "request")}, ` +
      `${count(figures.failed)} of ${count(figures.entries)} series failed (${percent(figures.errorRate)})`,
    "",
    ...(ordered.length > worst ? [`The ${worst} worst:`] : []),
    render(
      ["series", "candles", "complete", "unexplained", "known until", "last sync", ""],
      ordered
        .slice(0, worst)
        .map((one) => [
          Series.key(one.series),
          count(one.rows),
          percent(completeness(one)),
          count(unexplained(one)),
          one.askedTo === undefined ? "" : Instant.format(Math.floor(one.askedTo / 60_000) * 60_000),
          one.last === undefined ? "" : ago(status.now - one.last.finishedAt),
          one.last?.status ?? ""
        ]),
      { right: [1, 2, 3] }
    ),
    ...(errors.length === 0 ? [] : ["", "Failed:", ...errors.slice(0, worst)])
  ].join("\n")
}
