/** What verification found, for people and for machines. Pure. */
import { Report } from "@tidemark/backfill"
import { Damage, Gap, Instant, Interval, Series } from "@tidemark/core"
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
  readonly damage: Damage.Damage
  /** The command that puts it right. */
  readonly mend: string | undefined
}

export const isSound = ({ damage, gaps }: Verified): boolean => Damage.isNone(damage) && gaps.every(Gap.isExplained)

const rangeJson = ({ from, to }: Interval.Interval) => ({ from: Instant.format(from), to: Instant.format(to) })

export const toJson = (verified: ReadonlyArray<Verified>, absent: ReadonlyArray<string>) => ({
  verified: verified.every(isSound) && absent.length === 0,
  absent,
  series: verified.map(({ damage, expected, gaps, interval, rows, series }) => ({
    ...series,
    from: Instant.format(interval.from),
    to: Instant.format(interval.to),
    expected,
    rows,
    damaged: damage.lost.map(rangeJson),
    stray: damage.stray.map(({ from, to }) => ({ first: Instant.format(from), last: Instant.format(to - 1) })),
    gaps: gaps.map(Report.gapJson)
  }))
})

const damageLines = ({ damage: { lost, stray }, mend, series }: Verified): ReadonlyArray<string> => [
  ...lost.map(
    (interval) =>
      `  ${Series.key(series)} ${Interval.format(interval)}: the rows are not what was stored; mend them: ` +
      `tidemark backfill --symbols ${series.symbol} --timeframes ${series.timeframe} --source ${series.source} ` +
      `--start ${Instant.format(interval.from)} --end ${Instant.format(interval.to)} --force`
  ),
  ...(stray.length === 0
    ? []
    : [
        `  ${Series.key(series)}: ${Damage.strayText(series, stray)}; a run takes them out and keeps them in ` +
          `stray_candles: ${mend}`
      ])
]

const lines = (one: Verified): ReadonlyArray<string> => [
  ...damageLines(one),
  ...one.gaps.flatMap((gap) => (Gap.isExplained(gap) ? [] : [`  ${Gap.format(gap)}`, `    next: ${gap.nextAction}`]))
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

export const differencesJson = (
  differences: ReadonlyArray<Certificate.Difference>,
  pruned: ReadonlyArray<Certificate.Gone>
) => ({
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
  })),
  pruned: pruned.map(({ prunedAt, rows, series, was }) => ({
    ...series,
    from: was.from,
    to: was.to,
    was: { rows: was.rows, hash: was.hash },
    rows_left: rows,
    pruned_at: Instant.format(prunedAt)
  }))
})

/** What was pruned since, a line a series, and a line for what is left of a range. */
const prunedLines = (pruned: ReadonlyArray<Certificate.Gone>): ReadonlyArray<string> =>
  [...Map.groupBy(pruned, ({ series }) => Series.key(series))].flatMap(([key, all]) => {
    const whole = all.filter(({ rows }) => rows === 0)
    const part = all.filter(({ rows }) => rows > 0)
    const on = (some: ReadonlyArray<Certificate.Gone>) =>
      `pruned on ${Instant.formatDate(Math.max(...some.map(({ prunedAt }) => prunedAt)))}`
    return [
      ...(whole.length === 0 ? [] : [`${key} ${whole[0]!.was.from} → ${whole.at(-1)!.was.to}: ${on(whole)}`]),
      ...part.map(
        (one) =>
          `${key} ${one.was.from} → ${one.was.to}: ${on([one])} in part; the ${plural(one.rows, "row")} that ` +
          `${one.rows === 1 ? "is" : "are"} left cannot be compared; make a new certificate: tidemark verify --lock FILE`
      )
    ]
  })

/** Series that were certified although something was missing or wrong. */
const doubtful = (series: ReadonlyArray<Certificate.SeriesCertificate>): ReadonlyArray<string> => {
  const names = series.flatMap((one) => (one.verified ? [] : [Series.key(one)]))
  return names.length === 0 ? [] : [`not verified when they were certified: ${names.join(", ")}`]
}

export const differencesText = (
  differences: ReadonlyArray<Certificate.Difference>,
  pruned: ReadonlyArray<Certificate.Gone>,
  series: ReadonlyArray<Certificate.SeriesCertificate>
): string => {
  if (differences.length === 0) {
    const what = pruned.length === 0 ? "the same as certified" : "what was not pruned is the same as certified"
    return [...prunedLines(pruned), `${count(series.length)} series: ${what}`, ...doubtful(series)].join("\n")
  }
  return [
    ...prunedLines(pruned),
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
