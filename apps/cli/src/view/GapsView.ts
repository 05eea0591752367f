/** Missing candles, for people and for machines. Pure. */
import { Report } from "@tidemark/backfill"
import { Gap } from "@tidemark/core"
import { count, plural } from "./Format.ts"

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
  return [
    ...ordered(gaps)
      .slice(0, shown)
      .flatMap((gap) => [
        Gap.format(gap),
        ...gap.evidence.map((sentence) => `  ${sentence}`),
        `  next: ${gap.nextAction}`,
        ""
      ]),
    ...(gaps.length > shown ? [`… and ${count(gaps.length - shown)} more: --json lists all`] : []),
    `${plural(gaps.length, "gap")} in ${count(series)} series: ${byCause(gaps)}`
  ].join("\n")
}
