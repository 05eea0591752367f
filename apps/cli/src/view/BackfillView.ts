/** The report of a backfill, for people. Pure. */
import { Report } from "@tidemark/backfill"
import { Gap, Series } from "@tidemark/core"
import { count, duration, plural, requests } from "./Format.ts"
import * as Matrix from "./Matrix.ts"

/** Gaps and errors that are listed; the JSON results have all of them. */
const shown = 12

const listed = (lines: ReadonlyArray<string>, what: string): ReadonlyArray<string> =>
  lines.length <= shown
    ? lines
    : [
        ...lines.slice(0, shown),
        `  … and ${plural(lines.length - shown, what)} more: --json or --results PATH lists all`
      ]

const syntheticNotice = (report: Report.Report): ReadonlyArray<string> => {
  const synthetic = report.outcomes.filter((outcome) => outcome.provenance === "synthetic")
  if (synthetic.length === 0) return []
  const symbols = [...new Set(synthetic.map((outcome) => outcome.series.symbol))]
  const pair = symbols.find((symbol) => symbol.includes("/"))
  const share = symbols.find((symbol) => !symbol.includes("/"))
  const reasons = report.passedOver.map((passed) => `  ${passed.error}`)
  return [
    "",
    `! SYNTHETIC DATA: ${symbols.join(", ")} ${symbols.length === 1 ? "is" : "are"} generated, not market history.`,
    ...reasons,
    "  For real data, use a source where it can be reached, or your own files:",
    ...(pair === undefined ? [] : [`    tidemark backfill --symbols ${pair} --source binance`]),
    `    tidemark backfill --symbols ${share ?? symbols[0]} --timeframes 1d --source file:history.csv`
  ]
}

const gapLines = (report: Report.Report): ReadonlyArray<string> => {
  const open = report.outcomes.flatMap((outcome) => (outcome.status === "failed" ? [] : outcome.gaps))
  if (open.length === 0) return []
  return [
    "",
    `${plural(open.length, "gap")}:`,
    ...open
      .slice(0, shown)
      .flatMap((gap) => [
        `  ${Gap.format(gap)}`,
        ...gap.evidence.map((sentence) => `    ${sentence}`),
        `    next: ${gap.nextAction}`
      ]),
    ...(open.length > shown
      ? [`  … and ${plural(open.length - shown, "gap")} more: --json or --results PATH lists all`]
      : [])
  ]
}

const errorLines = (report: Report.Report): ReadonlyArray<string> => {
  const messages = [...new Set(report.outcomes.flatMap(({ errors }) => errors))]
  return messages.length === 0
    ? []
    : [
        "",
        "Failed:",
        ...listed(
          messages.map((message) => `  ${message}`),
          "error"
        )
      ]
}

/** Sources that were not used though they come first, where that is not said with the synthetic data. */
const passedLines = (report: Report.Report): ReadonlyArray<string> => {
  if (report.outcomes.some((outcome) => outcome.provenance === "synthetic")) return []
  return report.passedOver.map(({ error, symbols }) => {
    const taken = report.outcomes.filter((outcome) => symbols.includes(outcome.series.symbol))
    const instead = [...new Set(taken.map((outcome) => outcome.series.source))].join(", ")
    return `  ${symbols.join(", ")} from ${instead} instead: ${error}`
  })
}

const fileLines = (report: Report.Report): ReadonlyArray<string> => {
  const all = report.outcomes.map((outcome) => outcome.files)
  const verified = all.reduce((sum, files) => sum + files.verified, 0)
  const quarantined = all.flatMap((files) => files.quarantined)
  const rewritten = all.flatMap((files) => files.rewritten)
  return [
    ...(verified > 0 ? [`  ${plural(verified, "archive file")} verified by checksum`] : []),
    ...listed(
      quarantined.map(({ detail, url }) => `  not used, asked for page by page instead: ${url}: ${detail}`),
      "file"
    ),
    ...listed(
      rewritten.map((url) => `  written anew since it was last fetched, what changed left revisions: ${url}`),
      "file"
    )
  ]
}

const noteLines = (report: Report.Report): ReadonlyArray<string> =>
  listed(
    report.outcomes.flatMap(({ notes, series }) => notes.map((note) => `  ${Series.key(series)}: ${note}`)),
    "note"
  )

const excludedLines = (report: Report.Report): ReadonlyArray<string> => {
  const causes = new Map<string, number>()
  for (const { excluded } of report.outcomes) {
    for (const { cause, prunedAt } of excluded) {
      const why = prunedAt === undefined ? cause : `${cause}, pruned; see: tidemark gaps list --cause ${cause}`
      causes.set(why, (causes.get(why) ?? 0) + 1)
    }
  }
  return [...causes].map(
    ([cause, series]) => `  part of the range was not asked for in ${plural(series, "case")}: ${cause}`
  )
}

const summary = (report: Report.Report): string => {
  const of = (status: Report.Status) => Report.countOf(report, status)
  const states = (["complete", "incomplete", "failed", "interrupted"] as const)
    .filter((status) => of(status) > 0)
    .map((status) => `${of(status)} ${status}`)
  const sum = (figure: (outcome: Report.SeriesOutcome) => number) => Report.total(report, figure)
  const changed = sum((outcome) => outcome.changed) + sum((outcome) => outcome.removed)
  return [
    `${count(report.outcomes.length)} series: ${states.join(", ")}`,
    `${plural(
      sum((outcome) => outcome.inserted),
      "new candle"
    )}`,
    ...(changed > 0 ? [`${count(changed)} revised`] : []),
    ...(report.gapsFilled.length > 0 ? [`${plural(report.gapsFilled.length, "gap")} filled`] : []),
    requests(
      sum((outcome) => outcome.requests),
      sum((outcome) => outcome.retries)
    ),
    duration(report.finishedAt - report.startedAt)
  ].join(" · ")
}

export const toText = (report: Report.Report): string =>
  [
    Matrix.draw(report.outcomes.map((outcome) => Matrix.ofOutcome(outcome, Report.completeness(outcome)))),
    Matrix.legend,
    ...passedLines(report),
    ...fileLines(report),
    ...noteLines(report),
    ...excludedLines(report),
    ...gapLines(report),
    ...errorLines(report),
    ...syntheticNotice(report),
    "",
    summary(report)
  ].join("\n")

/** Without what is missing, where that is told otherwise. */
export const toBrief = (report: Report.Report): string =>
  [...errorLines(report).slice(1), summary(report), ...noteLines(report)].join("\n")
