/** What verification found, for people and for machines. Pure. */
import { Report, Verification } from "@tidemark/backfill"
import { Damage, Gap, Instant, Interval, Series } from "@tidemark/core"
import type { Certificate } from "@tidemark/quality"
import { count, plural } from "./Format.ts"
import { render } from "./Table.ts"

const rangeJson = ({ from, to }: Interval.Interval) => ({ from: Instant.format(from), to: Instant.format(to) })

export const toJson = (verified: ReadonlyArray<Verification.Verified>, absent: ReadonlyArray<string>) => ({
  verified: verified.every(Verification.isSound) && absent.length === 0,
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

const damageLines = ({ damage: { lost, stray }, mend, series }: Verification.Verified): ReadonlyArray<string> => [
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

const lines = (one: Verification.Verified): ReadonlyArray<string> => [
  ...damageLines(one),
  ...one.gaps.flatMap((gap) => (Gap.isExplained(gap) ? [] : [`  ${Gap.format(gap)}`, `    next: ${gap.nextAction}`]))
]

/** To the minute: while a market is closed, what is known ends with the run's own clock. */
const minute = (instant: number): string => Instant.format(Math.floor(instant / 60_000) * 60_000)

const missing = (gaps: ReadonlyArray<Gap.Gap>) => gaps.reduce((sum, gap) => sum + gap.missing, 0)

export const toText = (verified: ReadonlyArray<Verification.Verified>, absent: ReadonlyArray<string>): string => {
  const rows = verified.map((one) => {
    const wanted = one.gaps.filter(Gap.isWanted)
    const explained = wanted.filter(Gap.isExplained)
    return [
      Series.key(one.series),
      minute(one.interval.from),
      minute(one.interval.to),
      count(one.rows),
      count(missing(explained)),
      ...Gap.openCauses.map((cause) => count(Gap.missingBecause(wanted, cause))),
      Verification.isSound(one) ? "verified" : "NOT VERIFIED"
    ]
  })
  const wrong = verified.filter((one) => !Verification.isSound(one))
  return [
    ...(rows.length === 0
      ? []
      : [
          render(["series", "from", "to", "candles", "explained", ...Gap.openCauses, ""], rows, {
            right: [3, 4, 5, 6, 7]
          }),
          ""
        ]),
    ...wrong.flatMap(lines),
    ...absent.map((name) => `  ${name} is not stored; fetch it: tidemark backfill`),
    wrong.length + absent.length === 0
      ? `${count(verified.length)} series verified: nothing is missing without a cause`
      : `${count(wrong.length + absent.length)} of ${count(verified.length + absent.length)} series not verified`
  ].join("\n")
}

/** At most so many changed candles are named one by one. */
const shown = 5

/** Whether all that was certified was compared, but for what is not kept any more, and is the same. */
export const isSame = ({ differences, incomparable }: Certificate.Compared): boolean =>
  differences.length + incomparable.length === 0

const goneJson = ({ prunedAt, rows, series, was }: Certificate.Gone) => ({
  ...series,
  from: was.from,
  to: was.to,
  was: { rows: was.rows, hash: was.hash },
  rows_left: rows,
  pruned_at: Instant.format(prunedAt)
})

export const comparedJson = (compared: Certificate.Compared) => ({
  same: isSame(compared),
  differences: compared.differences.map(({ is, revisions, series, was }) => ({
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
  pruned: compared.pruned.map(goneJson),
  not_comparable: compared.incomparable.map(goneJson)
})

const prunedOn = (some: ReadonlyArray<Certificate.Gone>): string =>
  `pruned on ${Instant.formatDate(Math.max(...some.map(({ prunedAt }) => prunedAt)))}`

/** What was pruned since, a line a series, and a line for what is left of a range. */
const goneLines = ({ incomparable, pruned }: Certificate.Compared): ReadonlyArray<string> => [
  ...[...Map.groupBy(pruned, ({ series }) => Series.key(series))].map(
    ([key, all]) => `${key} ${all[0]!.was.from} → ${all.at(-1)!.was.to}: ${prunedOn(all)}`
  ),
  ...incomparable.map(
    (one) =>
      `${Series.key(one.series)} ${one.was.from} → ${one.was.to}: NOT COMPARABLE: ${prunedOn([one])} in part, and the ` +
      `certificate has no hash of the ${plural(one.rows, "row")} that ${one.rows === 1 ? "is" : "are"} left; ` +
      "make a new one: tidemark verify --lock FILE"
  )
]

/** Series that were certified although something was missing or wrong. */
const doubtful = (series: ReadonlyArray<Certificate.SeriesCertificate>): ReadonlyArray<string> => {
  const names = series.flatMap((one) => (one.verified ? [] : [Series.key(one)]))
  return names.length === 0 ? [] : [`not verified when they were certified: ${names.join(", ")}`]
}

const sameAs = ({ incomparable, pruned }: Certificate.Compared): string => {
  if (incomparable.length > 0) {
    const ranges = incomparable.length === 1 ? "1 range is" : `${count(incomparable.length)} ranges are`
    return `what can be compared is the same as certified; ${ranges} not comparable any more`
  }
  return pruned.length === 0 ? "the same as certified" : "what was not pruned is the same as certified"
}

export const comparedText = (
  compared: Certificate.Compared,
  series: ReadonlyArray<Certificate.SeriesCertificate>
): string => {
  const { differences } = compared
  if (differences.length === 0) {
    return [...goneLines(compared), `${count(series.length)} series: ${sameAs(compared)}`, ...doubtful(series)].join(
      "\n"
    )
  }
  return [
    ...goneLines(compared),
    ...differences.flatMap(({ is, revisions, series, was }) => [
      `${Series.key(series)} ${was.from} → ${was.to}: ${
        is.rows === was.rows
          ? `${plural(is.rows, "row")}, other values`
          : `${plural(was.rows, "row")}, now ${count(is.rows)}`
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
