/** What of that which was seen is worth an alert, and in which words. Pure. */
import { Alert, type Gap, Instant, type Interval, Series } from "@tidemark/core"
import type { Settings } from "./Settings.ts"

/** A stored series, as it is now. */
export interface SeriesSeen {
  readonly series: Series.Series
  readonly asked: Interval.Interval | undefined
  /** Candles that there should be in what was asked for. */
  readonly expected: number
  /** Of those, how many are missing without an explanation, by cause. */
  readonly open: Readonly<Partial<Record<Gap.GapCause, number>>>
  /** Milliseconds since the first candle closed that nobody has asked for; 0 where none has. `undefined`: nobody wants more of it. */
  readonly lagMillis: number | undefined
}

/** The last run of a job that did what was due. */
export interface JobSeen {
  readonly job: string
  readonly runId: number
  readonly endedAt: Instant.EpochMillis
  readonly failed: boolean
  readonly error: string
}

/** A host that asked to be left alone. */
export interface HostSeen {
  readonly host: string
  readonly sources: ReadonlyArray<string>
  readonly pausedUntil: Instant.EpochMillis
  /** The last that it said was a ban. */
  readonly banned: boolean
}

export interface DiskSeen {
  readonly folder: string
  readonly totalBytes: number
  readonly freeBytes: number
}

/** What was looked at; what is absent could not be. */
export interface Seen {
  readonly at: Instant.EpochMillis
  readonly series: ReadonlyArray<SeriesSeen>
  /** Somebody is fetching: what was not asked for yet may be on its way. */
  readonly isFetching: boolean
  readonly jobs: ReadonlyArray<JobSeen>
  readonly hosts: ReadonlyArray<HostSeen>
  readonly disk: DiskSeen | undefined
}

type Thresholds = Pick<Settings, "completeness" | "syncMillis" | "disk">

/** How long a ban counts after its end: the next answer may be another. */
const banMillis = 15 * 60_000
/** A pause that is longer is no ordinary one. */
const longPauseMillis = 180_000

const sum = (open: SeriesSeen["open"]): number => Object.values(open).reduce((all, one) => all + one, 0)

/** Share of the expected candles that is there or explained, 0 to 1. */
export const completeness = ({ expected, open }: Pick<SeriesSeen, "expected" | "open">): number =>
  expected === 0 ? 1 : Math.max(0, (expected - sum(open)) / expected)

/** Rounded down: what is not whole never reads as if it were. */
const percent = (share: number): string => `${(Math.floor(share * 10_000) / 100).toFixed(2)} %`

const second = (instant: number): string => Instant.format(Math.floor(instant / 1_000) * 1_000)

/** `51 h`, `3 days` */
const span = (millis: number): string => {
  const hours = Math.floor(millis / 3_600_000)
  return hours < 72 ? `${hours} h` : `${Math.floor(hours / 24)} days`
}

const flags = ({ source, symbol, timeframe }: Series.Series): string =>
  `--symbols ${symbol} --timeframes ${timeframe} --source ${source}`

const incomplete = (seen: SeriesSeen, isFetching: boolean, least: number): ReadonlyArray<Alert.Condition> => {
  const { unfetched: _, ...asked } = seen.open
  const open = isFetching ? asked : seen.open
  const share = completeness({ expected: seen.expected, open })
  if (share >= least || seen.asked === undefined) return []
  const causes = Object.entries(open).map(([cause, missing]) => `${missing.toLocaleString("en-US")} ${cause}`)
  const subject = Series.key(seen.series)
  return [
    {
      kind: "incomplete-series",
      subject,
      severity: "warning",
      message:
        `${subject} is ${percent(share)} complete from ${second(seen.asked.from)} to ${second(seen.asked.to)}, ` +
        `below ${percent(least)}: ${causes.join(", ")} of ${seen.expected.toLocaleString("en-US")} candles. ` +
        `See tidemark gaps list ${flags(seen.series)}; ask again: tidemark gaps fill ${flags(seen.series)}`
    }
  ]
}

/**
 * Alerts that nobody can tell the end of now: of series that are not whole, of which a job may be fetching just what
 * is missing.
 */
export const untold = (seen: Seen, { completeness: least }: Pick<Settings, "completeness">): ReadonlyArray<string> =>
  seen.isFetching
    ? seen.series
        .filter((one) => completeness(one) < least)
        .map(({ series }) => Alert.key({ kind: "incomplete-series", subject: Series.key(series) }))
    : []

const stale = ({ asked, lagMillis, series }: SeriesSeen, most: number): ReadonlyArray<Alert.Condition> => {
  if (lagMillis === undefined || lagMillis <= most) return []
  const subject = Series.key(series)
  return [
    {
      kind: "stale-series",
      subject,
      severity: "warning",
      message:
        `${subject} is ${span(lagMillis)} behind, more than ${span(most)}: ` +
        `nothing after ${asked === undefined ? "its beginning" : second(asked.to)} was fetched. ` +
        `See whether a job fetches it; now: tidemark backfill ${flags(series)}`
    }
  ]
}

const failed = ({ endedAt, error, failed, job, runId }: JobSeen): ReadonlyArray<Alert.Condition> =>
  failed
    ? [
        {
          kind: "failed-job",
          subject: job,
          severity: "critical",
          message:
            `job ${job} failed at ${second(endedAt)}: ${error}. Its log: tidemark jobs log ${runId}; ` +
            `again, at once: tidemark jobs run ${job}. It is over when the job next succeeds`
        }
      ]
    : []

const banned = ({ banned, host, pausedUntil, sources }: HostSeen, at: number): ReadonlyArray<Alert.Condition> => {
  const holds = banned ? pausedUntil > at - banMillis : pausedUntil - at > longPauseMillis
  if (!holds) return []
  const who = sources.length === 0 ? host : `${host} (${sources.join(", ")})`
  const what = banned ? "has shut this address out" : "asks to be left alone"
  return [
    {
      kind: "banned-source",
      subject: host,
      severity: "critical",
      message:
        `${who} ${what} until ${second(pausedUntil)}; nothing is asked of it before that, then it goes on by itself. ` +
        "If it comes again, see what else asks it from this address"
    }
  ]
}

const full = ({ folder, freeBytes, totalBytes }: DiskSeen, most: number): ReadonlyArray<Alert.Condition> => {
  const share = totalBytes === 0 ? 0 : 1 - freeBytes / totalBytes
  if (share <= most) return []
  const free = `${(freeBytes / 1e9).toFixed(1)} GB`
  return [
    {
      kind: "full-disk",
      subject: folder,
      severity: "critical",
      message:
        `the disk of ${folder} is ${percent(share)} full, more than ${percent(most)}: ${free} free. ` +
        "Free some, or keep less: shorten retention in tidemark.json, then tidemark prune"
    }
  ]
}

/** All that holds now. */
export const conditions = (seen: Seen, thresholds: Thresholds): ReadonlyArray<Alert.Condition> => [
  ...(seen.disk === undefined ? [] : full(seen.disk, thresholds.disk)),
  ...seen.hosts.flatMap((host) => banned(host, seen.at)),
  ...seen.jobs.flatMap(failed),
  ...seen.series.flatMap((series) => incomplete(series, seen.isFetching, thresholds.completeness)),
  ...seen.series.flatMap((series) => stale(series, thresholds.syncMillis))
]
