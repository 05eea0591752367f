/** What verification found, for people and for machines. Pure. */
import { Report } from "@tidemark/backfill"
import { Gap, Instant, Interval, Series } from "@tidemark/core"
import type { Certificate } from "@tidemark/quality"
import { count, plural } from "./Format.ts"
import { render } from "./Table.ts"

export interface Verified {
  readonly series: Series.Series
  readonly interval: Interval.Interval
  readonly expected: number
  readonly rows: number
  readonly gaps: ReadonlyArray<Gap.Gap>
  /** What table and ledger tell differently. */
  readonly damaged: Interval.IntervalSet
}

export const isSound = ({ damaged, gaps }: Verified): boolean => damaged.length === 0 && gaps.every(Gap.isExplained)

export const toJson = (verified: ReadonlyArray<Verified>, absent: ReadonlyArray<string>) => ({
  verified: verified.every(isSound) && absent.length === 0,
  absent,
  series: verified.map(({ damaged, expected, gaps, interval, rows, series }) => ({
    ...series,
    from: Instant.format(interval.from),
    to: Instant.format(interval.to),
    expected,
    rows,
    damaged: damaged.map(({ from, to }) => ({ from: Instant.format(from), to: Instant.format(to) })),
    gaps: gaps.map(Report.gapJson)
  }))
})

const lines = ({ damaged, gaps, series }: Verified): ReadonlyArray<string> => [
  ...damaged.map(
    (interval) =>
      `  ${Series.key(series)} ${Interval.format(interval)}: the rows are not what was stored; mend them: ` +
      `tidemark backfill --symbols ${series.symbol} --timeframes ${series.timeframe} --source ${series.source} ` +
      `--start ${Instant.format(interval.from)} --end ${Instant.format(interval.to)}`
  ),
  ...gaps.flatMap((gap) => (Gap.isExplained(gap) ? [] : [`  ${Gap.format(gap)}`, `    next: ${gap.nextAction}`]))
]

/** To the minute: while a market is closed, what is known ends with the run's own clock. */
const minute = (instant: number): string => Instant.format(Math.floor(instant / 60_000) * 60_000)

const missing = (gaps: ReadonlyArray<Gap.Gap>) => gaps.reduce((sum, gap) => sum + gap.missing, 0)

export const toText = (verified: ReadonlyArray<Verified>, absent: ReadonlyArray<string>): string => {
  const rows = verified.map((one) => {
    const wanted = one.gaps.filter(Gap.isWanted)
    const explained = wanted.filter(Gap.isExplained)
    return [
      Series.key(one.series),
      minute(one.interval.from),
      minute(one.interval.to),
      count(one.rows),
      count(missing(explained)),
      count(missing(wanted) - missing(explained)),
      isSound(one) ? "verified" : "NOT VERIFIED"
    ]
  })
  const wrong = verified.filter((one) => !isSound(one))
  return [
    ...(rows.length === 0
      ? []
      : [render(["series", "from", "to", "candles", "explained", "unexplained", ""], rows, { right: [3, 4, 5] }), ""]),
    ...wrong.flatMap(lines),
    ...absent.map((name) => `  ${name} is not stored; fetch it: tidemark backfill`),
    wrong.length + absent.length === 0
      ? `${count(verified.length)} series verified: nothing is missing without a cause`
      : `${count(wrong.length + absent.length)} of ${count(verified.length + absent.length)} series not verified`
  ].join("\n")
}

/** At most so many changed candles are named one by one. */
const shown = 5

export const differencesJson = (differences: ReadonlyArray<Certificate.Difference>) => ({
  same: differences.length === 0,
  differences: differences.map(({ is, revisions, series, was }) => ({
    ...series,
    from: was.from,
    to: was.to,
    was: { rows: was.rows, hash: was.hash },
    is,
    revised: revisions.map(({ openTime, reason, revisedAt }) => ({
      timestamp: Instant.format(openTime),
      revised_at: Instant.format(revisedAt),
      reason
    }))
  }))
})

/** Series that were certified although something was missing or wrong. */
const doubtful = (series: ReadonlyArray<Certificate.SeriesCertificate>): ReadonlyArray<string> => {
  const names = series.flatMap((one) => (one.verified ? [] : [Series.key(one)]))
  return names.length === 0 ? [] : [`not verified when they were certified: ${names.join(", ")}`]
}

export const differencesText = (
  differences: ReadonlyArray<Certificate.Difference>,
  series: ReadonlyArray<Certificate.SeriesCertificate>
): string => {
  if (differences.length === 0) {
    return [`${count(series.length)} series: the same as certified`, ...doubtful(series)].join("\n")
  }
  return [
    ...differences.flatMap(({ is, revisions, series, was }) => [
      `${Series.key(series)} ${was.from} → ${was.to}: ${
        is.rows === was.rows
          ? `${plural(is.rows, "row")}, other values`
          : `${count(was.rows)} rows, now ${count(is.rows)}`
      }`,
      ...(revisions.length === 0
        ? ["  no revision of it is recorded: something else changed the table, or the certificate"]
        : revisions
            .slice(0, shown)
            .map(
              ({ openTime, reason, revisedAt }) =>
                `  ${Instant.format(openTime)} revised at ${Instant.format(revisedAt)} (${reason})`
            )),
      ...(revisions.length > shown ? [`  … and ${count(revisions.length - shown)} more`] : [])
    ]),
    "",
    `${plural(differences.length, "range")} not as certified`,
    ...doubtful(series)
  ].join("\n")
}
