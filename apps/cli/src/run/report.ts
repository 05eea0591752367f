/** The work of `tidemark quality report`. */
import { Plan, Survey } from "@tidemark/backfill"
import { QualityStore } from "@tidemark/core"
import { Months } from "@tidemark/quality"
import { Clock, Effect } from "effect"
import { count } from "../view/Format.ts"
import * as HtmlReport from "../view/HtmlReport.ts"
import * as Chosen from "./Chosen.ts"
import * as OutFile from "./OutFile.ts"
import { print, withRuntime } from "./Session.ts"

export interface Input extends Chosen.SeriesFlags {
  readonly html: string
}

const rowOf = (one: Survey.Surveyed, findings: ReadonlyArray<QualityStore.StoredFinding>) => {
  const { gaps, plan, stored } = one
  const { series } = stored
  const own = findings.filter(
    (finding) =>
      finding.series.source === series.source &&
      finding.series.symbol === series.symbol &&
      finding.series.timeframe === series.timeframe
  )
  const row: HtmlReport.Row = {
    series,
    provenance: stored.provenance,
    gaps: Survey.gapsOf(one),
    months: Months.summarize({
      calendar: plan.request.calendar,
      timeframe: series.timeframe,
      wanted: Plan.expectedOf(plan),
      gaps,
      anomalies: own
    })
  }
  return row
}

export const run = Effect.fnUntraced(function* (input: Input) {
  const { includes } = yield* Chosen.chosen(input)
  const page = yield* Effect.gen(function* () {
    const surveyed = yield* Survey.run({ choose: includes })
    const stored = yield* (yield* QualityStore.QualityStore).findings
    const chosen = new Set(surveyed.map((one) => one.stored.series.symbol))
    const findings = stored.filter(
      ({ acknowledged, series }) => acknowledged === undefined && chosen.has(series.symbol)
    )
    const page: HtmlReport.Page = {
      createdAt: yield* Clock.currentTimeMillis,
      rows: surveyed.map((one) => rowOf(one, findings)),
      findings
    }
    return page
  }).pipe(withRuntime("read"))
  yield* OutFile.writeText(input.html, "The report", HtmlReport.draw(page))
  yield* print({
    json: () => ({ file: input.html, series: page.rows.length }),
    text: () => `${count(page.rows.length)} series in ${input.html}: open it in a browser`
  })
})
