/** What a prune did or would do, for people and for machines. Pure. */
import { Prune } from "@tidemark/backfill"
import { Instant, type Interval, Series } from "@tidemark/core"
import { count, plural } from "./Format.ts"
import { render } from "./Table.ts"

const rangeJson = (interval: Interval.Interval | undefined) => ({
  from: interval === undefined ? null : Instant.format(interval.from),
  to: interval === undefined ? null : Instant.format(interval.to)
})

const sum = ({ outcomes }: Prune.Report, of: (outcome: Prune.Outcome) => number): number =>
  outcomes.reduce((total, outcome) => total + of(outcome), 0)

const having = ({ outcomes }: Prune.Report, ...statuses: ReadonlyArray<Prune.Status>) =>
  outcomes.filter(({ status }) => statuses.includes(status))

/** Rows that went, or would go: what somebody needs does not. */
const goes = ({ rows, status }: Prune.Outcome): number => (status === "needed" ? 0 : rows)

export const toJson = (report: Prune.Report) => ({
  summary: {
    dry_run: report.dryRun,
    exit_code: Prune.exitCode(report),
    interrupted: report.interrupted,
    series: report.outcomes.length,
    pruned: having(report, "pruned").length,
    due: having(report, "due").length,
    needed: having(report, "needed").length,
    failed: having(report, "failed").length,
    rows: sum(report, goes),
    revisions: sum(report, ({ revisions }) => revisions)
  },
  unknown_symbols: report.strangers,
  series: report.outcomes.map((outcome) => ({
    ...outcome.series,
    provenance: outcome.provenance,
    keeps: outcome.keeps,
    status: outcome.status,
    ...rangeJson(outcome.old),
    rows: outcome.rows,
    revisions: outcome.revisions,
    stays: { ...rangeJson(outcome.stays), rows: outcome.staying },
    needs: outcome.needs.map(({ interval, words }) => ({ ...rangeJson(interval), words })),
    error: outcome.error ?? null
  }))
})

const words: Readonly<Record<Prune.Status, string>> = {
  kept: "",
  due: "would go",
  pruned: "pruned",
  needed: "NEEDED, stays",
  failed: "FAILED",
  interrupted: "interrupted"
}

/** To the minute: while a market is closed, what is stored ends with the run's own clock. */
const minute = (instant: number | undefined): string =>
  instant === undefined ? "" : Instant.format(Math.floor(instant / 60_000) * 60_000)

const needLines = (report: Prune.Report): ReadonlyArray<string> => {
  const refused = having(report, "needed").length > 0
  const lines = report.outcomes.flatMap(({ needs, series, status }) =>
    needs.map(
      (need) => `  ${Series.key(series)}: ${need.words}${status === "needed" ? "" : "; taken away all the same"}`
    )
  )
  return [
    ...(lines.length === 0 ? [] : ["", ...lines]),
    ...(refused ? ["  to take it away all the same: --even-if-needed"] : [])
  ]
}

export const toText = (report: Prune.Report): string => {
  if (report.outcomes.length === 0) return "Nothing of these is stored"
  const old = report.outcomes.filter(({ status }) => status !== "kept")
  const rest = report.outcomes.length - old.length
  const table =
    old.length === 0
      ? []
      : [
          render(
            ["series", "kept", "older from", "to", "candles", "stays from", "to", "candles", ""],
            old.map((one) => [
              Series.key(one.series),
              one.keeps,
              minute(one.old?.from),
              minute(one.old?.to),
              count(one.rows),
              minute(one.stays?.from),
              minute(one.stays?.to),
              count(one.staying),
              words[one.status]
            ]),
            { right: [4, 7] }
          )
        ]
  const total = plural(sum(report, goes), "candle")
  const nothing = `${count(rest)} series: nothing is older than it is kept`
  const [due, pruned] = [having(report, "due").length, having(report, "pruned").length]
  return [
    ...table,
    ...needLines(report),
    ...(old.length === 0 ? [] : [""]),
    ...(rest === 0 ? [] : [nothing]),
    ...(report.dryRun
      ? [`${total} of ${count(due)} series would go. Nothing was changed.`]
      : old.length === 0
        ? []
        : [`${total} of ${count(pruned)} series pruned`])
  ].join("\n")
}
