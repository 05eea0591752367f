/** What `gaps fill` has done, and what another source has of the rest, for people and for machines. Pure. */
import { Candidates, Report } from "@tidemark/backfill"
import { Candidate, type Gap, Interval, Series } from "@tidemark/core"
import * as BackfillView from "./BackfillView.ts"
import { count, plural, requests } from "./Format.ts"

export interface Filled {
  /** What the series' own sources were asked for; `undefined` where nothing was open. */
  readonly own: Report.Report | undefined
  /** What another source was asked for, where one was named. */
  readonly elsewhere:
    | {
        readonly answered: Candidates.Answered
        /** Gaps that are left and not explained. */
        readonly open: ReadonlyArray<Gap.Gap>
      }
    | undefined
}

/** Verdicts that are listed. */
const shown = 20

/** The verdicts that there is something to do about first. */
const order: ReadonlyArray<Candidate.Verdict> = ["offered", "differs", "uncompared", "empty", "unproven", "unanswered"]

const words: Readonly<Record<Candidate.Verdict, string>> = {
  offered: "could be stood in for",
  differs: "not offered: prices differ",
  uncompared: "not offered: nothing to compare",
  empty: "not there either",
  unproven: "not there either, which proves nothing",
  unanswered: "not answered"
}

export const isInterrupted = ({ elsewhere, own }: Filled): boolean =>
  own?.interrupted === true || elsewhere?.answered.report?.interrupted === true

const hasFailed = (report: Report.Report | undefined): boolean =>
  report !== undefined && Report.countOf(report, "failed") > 0

/** 0 nothing is left without a cause, 1 a source failed, 3 something is left, 130 interrupted. */
export const exitCode = (filled: Filled): number => {
  const { elsewhere, own } = filled
  if (isInterrupted(filled)) return 130
  if (elsewhere === undefined) return own === undefined ? 0 : Report.exitCode(own)
  if (hasFailed(own) || hasFailed(elsewhere.answered.report)) return 1
  return elsewhere.open.length === 0 ? 0 : 3
}

export const toJson = ({ elsewhere, own }: Filled) => ({
  ...(own === undefined ? { series: [] } : Report.toJson(own)),
  ...(elsewhere === undefined
    ? {}
    : {
        candidates: elsewhere.answered.candidates.map(Candidates.toJson),
        candidates_run: elsewhere.answered.report === undefined ? null : Report.toJson(elsewhere.answered.report),
        not_asked: elsewhere.answered.passedOver.map(({ series, why }) => ({ ...series, why }))
      })
})

const lines = (one: Candidate.Candidate): ReadonlyArray<string> => [
  `  ${Series.key(one.series)} ${Interval.format(one.interval)}: ${plural(one.missing, "candle")} missing`,
  ...Candidate.sentences(one).map((sentence) => `    ${sentence}`)
]

const elsewhereText = ({ answered }: NonNullable<Filled["elsewhere"]>): ReadonlyArray<string> => {
  const { candidates, passedOver, report } = answered
  const ordered = candidates.toSorted((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict))
  const total = (figure: (outcome: Report.SeriesOutcome) => number) =>
    report === undefined ? 0 : Report.total(report, figure)
  const asked = requests(
    total((outcome) => outcome.requests),
    total((outcome) => outcome.retries)
  )
  const stored = total((outcome) => outcome.inserted)
  const byVerdict = order.flatMap((verdict) => {
    const some = candidates.filter((one) => one.verdict === verdict).length
    return some === 0 ? [] : [`${count(some)} ${words[verdict]}`]
  })
  return [
    ...(candidates.length === 0
      ? ["Nothing is left to ask another source for"]
      : ["What another source has of what is missing:", ...ordered.slice(0, shown).flatMap(lines)]),
    ...(candidates.length > shown ? [`  … and ${count(candidates.length - shown)} more: --json lists all`] : []),
    ...passedOver.map(({ series, why }) => `  ${Series.key(series)} was not asked about: ${why}`),
    ...(candidates.length === 0
      ? []
      : [
          "",
          `${plural(candidates.length, "gap")}: ${byVerdict.join(", ")} · ` +
            `${plural(stored, "candle")} stored as series of ${candidates[0]!.source} · ${asked}`
        ])
  ]
}

export const toText = ({ elsewhere, own }: Filled): string => {
  if (elsewhere === undefined)
    return own === undefined ? "Nothing is missing that has no cause" : BackfillView.toText(own)
  return [
    ...(own === undefined ? [] : [`Asked again: ${BackfillView.toBrief(own)}`, ""]),
    ...elsewhereText(elsewhere)
  ].join("\n")
}
