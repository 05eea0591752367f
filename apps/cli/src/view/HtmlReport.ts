/**
 * A page that shows how complete each series is, month by month, with what is
 * missing and what looks wrong. One file without scripts or other files. Pure.
 */
import { Gap, Instant, type QualityStore, Series } from "@tidemark/core"
import { count, plural } from "./Format.ts"

export interface Row {
  readonly series: Series.Series
  readonly provenance: string
  readonly months: ReadonlyArray<QualityStore.Month>
  readonly gaps: ReadonlyArray<Gap.Gap>
}

export interface Page {
  readonly createdAt: Instant.EpochMillis
  readonly rows: ReadonlyArray<Row>
  readonly findings: ReadonlyArray<QualityStore.StoredFinding>
}

/** Gaps, and findings, that are listed one by one. */
const shown = 200

const escapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;"
}
const escape = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => escapes[character]!)

const monthName = (month: number): string => Instant.formatDate(month).slice(0, 7)

/** Never more than there is: 99.996 % is not 100. */
const percent = (share: number): string => (share >= 1 ? "100" : (Math.floor(share * 1_000) / 10).toFixed(1))

/** How a month is shown: whole, whole but for what is explained, or by how much is missing. */
const gradeOf = ({ actual, expected, open }: QualityStore.Month): string => {
  if (actual === expected) return "whole"
  if (Gap.openCauses.every((cause) => open[cause] === 0)) return "explained"
  const share = actual / expected
  return share >= 0.99 ? "near" : share >= 0.9 ? "poor" : "bad"
}

const cell = (month: QualityStore.Month | undefined, name: string): string => {
  if (month === undefined) return `<td class="none"><span class="hidden">${name}: not asked for</span></td>`
  const { actual, expected, hasAnomalies, open } = month
  const causes = Gap.openCauses.flatMap((cause) => (open[cause] === 0 ? [] : [`, ${count(open[cause])} ${cause}`]))
  const title =
    `${name}: ${count(actual)} of ${plural(expected, "candle")}${causes.join("")}` +
    (hasAnomalies ? ", some look wrong" : "")
  return `<td class="${gradeOf(month)}" title="${escape(title)}">${percent(actual / expected)}${hasAnomalies ? "<sup>!</sup>" : ""}</td>`
}

/** Years are headings over their months, so that ten years can be read. */
const heatmap = (rows: ReadonlyArray<Row>): string => {
  const all = [...new Set(rows.flatMap(({ months }) => months.map(({ month }) => month)))].toSorted((a, b) => a - b)
  const years = Map.groupBy(all, (month) => Instant.formatDate(month).slice(0, 4))
  const head =
    `<tr><th rowspan="2" scope="col">series</th>` +
    [...years].map(([year, months]) => `<th colspan="${months.length}" scope="colgroup">${year}</th>`).join("") +
    `</tr><tr>${all.map((month) => `<th scope="col">${monthName(month).slice(5)}</th>`).join("")}</tr>`
  const body = rows.map(({ months, provenance, series }) => {
    const byMonth = new Map(months.map((month) => [month.month, month]))
    const label = `${escape(Series.key(series))}${provenance === "observed" ? "" : ` <em>${provenance}</em>`}`
    return `<tr><th scope="row">${label}</th>${all.map((month) => cell(byMonth.get(month), monthName(month))).join("")}</tr>`
  })
  return `<div class="scroll"><table class="map"><thead>${head}</thead><tbody>${body.join("\n")}</tbody></table></div>`
}

const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  `<div class="scroll"><table><thead><tr>${head.map((text) => `<th scope="col">${escape(text)}</th>`).join("")}</tr></thead>` +
  `<tbody>${rows.map((row) => `<tr>${row.map((text) => `<td>${escape(text)}</td>`).join("")}</tr>`).join("\n")}</tbody></table></div>`

const more = (total: number): string => (total > shown ? `<p>… and ${count(total - shown)} more.</p>` : "")

const gapSection = (rows: ReadonlyArray<Row>): string => {
  const gaps = rows
    .flatMap((row) => row.gaps)
    .toSorted((a, b) => Number(Gap.isExplained(a)) - Number(Gap.isExplained(b)) || b.missing - a.missing)
  if (gaps.length === 0) return "<p>Nothing is missing.</p>"
  return (
    table(
      ["series", "from", "to", "candles", "cause", "evidence", "next"],
      gaps
        .slice(0, shown)
        .map((gap) => [
          Series.key(gap.series),
          Instant.format(gap.interval.from),
          Instant.format(gap.interval.to),
          count(gap.missing),
          gap.cause,
          gap.evidence.join("; "),
          gap.nextAction
        ])
    ) + more(gaps.length)
  )
}

const findingSection = (findings: ReadonlyArray<QualityStore.StoredFinding>): string =>
  findings.length === 0
    ? "<p>The last check found nothing that nobody has acknowledged.</p>"
    : table(
        ["series", "at", "severity", "what", "evidence"],
        findings
          .slice(0, shown)
          .map(({ evidence, interval, kind, series, severity }) => [
            Series.key(series),
            Instant.format(interval.from),
            severity,
            kind,
            evidence
          ])
      ) + more(findings.length)

const style = `
:root { color-scheme: light dark; font: 14px/1.4 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 90rem; padding: 0 1rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { padding: .2rem .5rem; text-align: left; vertical-align: top; }
thead th { border-bottom: 1px solid; }
.map td { text-align: right; font-variant-numeric: tabular-nums; color: #111; }
.map th[scope="row"] { position: sticky; left: 0; background: Canvas; white-space: nowrap; }
.whole { background: #9fd8a4; } .explained { background: #cfe8f5; } .near { background: #f3e9a3; }
.poor { background: #f2c188; } .bad { background: #ec9a92; } .none { background: transparent; }
.legend span { padding: .1rem .5rem; color: #111; margin-right: .5rem; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
em { font-style: normal; opacity: .7; }
`

export const draw = ({ createdAt, findings, rows }: Page): string => {
  const expected = rows.flatMap(({ months }) => months).reduce((sum, month) => sum + month.expected, 0)
  const actual = rows.flatMap(({ months }) => months).reduce((sum, month) => sum + month.actual, 0)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tidemark: what is stored</title>
<style>${style}</style>
</head>
<body>
<h1>What is stored</h1>
<p>${count(rows.length)} series, ${count(actual)} of ${plural(expected, "candle")}, as of ${Instant.format(createdAt)}.</p>
<h2>Complete, in percent, by month</h2>
<p class="legend"><span class="whole">whole</span><span class="explained">the rest has a cause</span><span class="near">99 and more</span><span class="poor">90 and more</span><span class="bad">less</span> <sup>!</sup> some candles look wrong</p>
${heatmap(rows)}
<h2>Missing</h2>
${gapSection(rows)}
<h2>Looks wrong</h2>
${findingSection(findings)}
</body>
</html>
`
}
