/** Missing candles, for people and for machines. Pure. */
import { Report } from "@tidemark/backfill"
import { Gap, Instant, Series } from "@tidemark/core"
import { count, plural } from "./Format.ts"
import { render } from "./Table.ts"

/** Gaps that are listed with their evidence. */
const shown = 20

export const toJson = (gaps: ReadonlyArray<Gap.Gap>) => gaps.map(Report.gapJson)

/** How many candles each cause accounts for. */
const byCause = (gaps: ReadonlyArray<Gap.Gap>): string =>
  [...Map.groupBy(gaps, ({ cause }) => cause)]
    .map(([cause, some]) => `${count(some.reduce((sum, { missing }) => sum + missing, 0))} ${cause}`)
    .join(", ")

/** The unexplained first. */
const ordered = (gaps: ReadonlyArray<Gap.Gap>): ReadonlyArray<Gap.Gap> =>
  gaps.toSorted((a, b) => Number(Gap.isExplained(a)) - Number(Gap.isExplained(b)))

export const toText = (gaps: ReadonlyArray<Gap.Gap>, series: number): string => {
  if (series === 0) return "Nothing of these is stored. Fetch something: tidemark backfill"
  if (gaps.length === 0) return `${count(series)} series: nothing is missing`
  const visible = ordered(gaps).slice(0, shown)
  const rows = visible.map((gap) => [
    Series.key(gap.series),
    Instant.format(gap.interval.from),
    Instant.format(gap.interval.to),
    count(gap.missing),
    gap.cause
  ])
  const details = visible.flatMap((gap) => [
    "",
    `${Gap.format(gap)}`,
    ...gap.evidence.map((sentence) => `  ${sentence}`),
    `  next: ${gap.nextAction}`
  ])
  return [
    render(["series", "from", "to", "candles", "cause"], rows, { right: [3] }),
    ...(gaps.length > shown ? [`… and ${count(gaps.length - shown)} more: --json lists all`] : []),
    ...details,
    "",
    `${plural(gaps.length, "gap")} in ${count(series)} series: ${byCause(gaps)}`
  ].join("\n")
}
