/** What a check found, for people and for machines. Pure. */
import type { Check } from "@tidemark/backfill"
import { Gap, Instant, type QualityStore, Series } from "@tidemark/core"
import { Months } from "@tidemark/quality"
import { count } from "./Format.ts"
import { render } from "./Table.ts"

/** Findings, and months, that are listed one by one. */
const shown = 20

const percent = (share: number): string => `${(Math.floor(share * 10_000) / 100).toFixed(2)} %`

export const findingJson = (series: Series.Series, finding: QualityStore.Finding) => ({
  ...series,
  kind: finding.kind,
  severity: finding.severity,
  from: Instant.format(finding.interval.from),
  to: Instant.format(finding.interval.to),
  evidence: finding.evidence,
  figures: finding.figures
})

export const storedJson = (finding: QualityStore.StoredFinding) => ({
  ...findingJson(finding.series, finding),
  found_at: Instant.format(finding.foundAt),
  acknowledged_at: finding.acknowledged === undefined ? null : Instant.format(finding.acknowledged.at),
  note: finding.acknowledged?.note ?? null
})

export const toJson = (checks: ReadonlyArray<Check.Checked>) =>
  checks.map(({ findings, months, rows, series }) => ({
    ...series,
    rows,
    months: months.map(({ actual, expected, hasAnomalies, month, open }) => ({
      month: Instant.formatDate(month).slice(0, 7),
      expected,
      actual,
      missing: expected - actual,
      unfetched: open.unfetched,
      source_failure: open["source-failure"],
      unexplained: open.unexplained,
      completeness: actual / expected,
      has_anomalies: hasAnomalies
    })),
    anomalies: findings.map((finding) => findingJson(series, finding))
  }))

const sum = (months: ReadonlyArray<QualityStore.Month>, of: (month: QualityStore.Month) => number): number =>
  months.reduce((total, month) => total + of(month), 0)

const findingRow = (series: Series.Series, { evidence, interval, kind, severity }: QualityStore.Finding) => [
  Series.key(series),
  Instant.format(interval.from),
  severity,
  kind,
  evidence
]

const columns = ["series", "at", "", "what", "evidence"]

const more = (total: number): ReadonlyArray<string> =>
  total > shown ? [`… and ${count(total - shown)} more: --json lists all`] : []

export const findingsText = (findings: ReadonlyArray<QualityStore.StoredFinding>): string =>
  findings.length === 0
    ? "The last check found nothing that nobody has acknowledged. Look again: tidemark quality check"
    : [
        render(
          columns,
          findings.slice(0, shown).map((finding) => findingRow(finding.series, finding))
        ),
        ...more(findings.length)
      ].join("\n")

/** Whether a month has less than it is to have. */
const isPoor = ({ actual, expected }: QualityStore.Month): boolean => actual / expected < Months.target

export const toText = (checks: ReadonlyArray<Check.Checked>): string => {
  if (checks.length === 0) return "Nothing of these is stored. Fetch something: tidemark backfill"
  const findings = checks.flatMap((check) => check.findings.map((finding) => findingRow(check.series, finding)))
  const poor = checks.flatMap(({ months, series }) => months.filter(isPoor).map((month) => ({ month, series })))
  return [
    render(
      ["series", "candles", "complete", ...Gap.openCauses, "months below 99 %", "anomalies"],
      checks.map(({ findings, months, rows, series }) => [
        Series.key(series),
        count(rows),
        percent(
          sum(months, ({ actual }) => actual) /
            Math.max(
              1,
              sum(months, ({ expected }) => expected)
            )
        ),
        ...Gap.openCauses.map((cause) => count(sum(months, ({ open }) => open[cause]))),
        `${count(months.filter(isPoor).length)} of ${count(months.length)}`,
        count(findings.length)
      ]),
      { right: [1, 2, 3, 4, 5, 6, 7] }
    ),
    ...(findings.length === 0 ? [] : ["", render(columns, findings.slice(0, shown)), ...more(findings.length)]),
    ...(poor.length === 0
      ? []
      : [
          "",
          render(
            ["series", "month", "complete", "missing", ...Gap.openCauses],
            poor
              .slice(0, shown)
              .map(({ month: { actual, expected, month, open }, series }) => [
                Series.key(series),
                Instant.formatDate(month).slice(0, 7),
                percent(actual / expected),
                count(expected - actual),
                ...Gap.openCauses.map((cause) => count(open[cause]))
              ]),
            { right: [2, 3, 4, 5, 6] }
          ),
          ...more(poor.length)
        ])
  ].join("\n")
}
