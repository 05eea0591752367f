/**
 * Looks at all candles of a stored series: what is missing month by month, and
 * what looks wrong. Asks no source anything; keeps what it found.
 */
import { ActionStore, CandleStore, QualityStore, Series } from "@tidemark/core"
import { Anomalies, Anomaly, Months } from "@tidemark/quality"
import { Clock, Effect, Stream } from "effect"
import * as Plan from "./Plan.ts"
import { SourceRegistry } from "./SourceRegistry.ts"
import * as Survey from "./Survey.ts"

export interface Checked extends QualityStore.Check {
  readonly rows: number
}

/** The splits that the prices of a series still show: none where its source has applied them. */
const splitsOf = Effect.fnUntraced(function* ({ plan, stored: { series } }: Survey.Surveyed) {
  const { capabilities } = yield* (yield* SourceRegistry).plugin(series.source)
  if (plan.request.instrument.assetClass !== "equity" || capabilities.adjustment !== "none") return []
  const told = yield* (yield* ActionStore.ActionStore).list({ symbols: [series.symbol], kinds: ["split"] })
  // Several sources may tell the same one.
  const byDate = new Map(
    told.flatMap(({ action }) => (action._tag === "Split" ? [[action.exDate, action] as const] : []))
  )
  return [...byDate.values()]
})

export const series = Effect.fn("Check.series")(function* (surveyed: Survey.Surveyed) {
  const candles = yield* CandleStore.CandleStore
  const store = yield* QualityStore.QualityStore
  const { gaps, plan, stored } = surveyed
  const { calendar, instrument } = plan.request
  const { timeframe } = stored.series
  const interval = Survey.extentOf(stored)
  if (interval === undefined) return undefined
  const scan = Anomalies.scan({
    timeframe,
    calendar,
    assetClass: instrument.assetClass,
    splits: yield* splitsOf(surveyed)
  })
  let rows = 0
  yield* Stream.runForEach(candles.read(stored.series, interval), (batch) =>
    Effect.sync(() => {
      rows += batch.openTime.length
      scan.push(batch)
    })
  )
  const anomalies = scan.finish()
  const known = (yield* store.findings).filter(
    ({ acknowledged, series }) => acknowledged !== undefined && Series.equals(series, stored.series)
  )
  const isRight = ({ interval, kind }: Pick<Anomaly.Anomaly, "interval" | "kind">) =>
    known.some((one) => one.kind === kind && one.interval.from === interval.from)
  // What somebody has found right counts no more, and stays on record.
  const wrong = anomalies.filter((anomaly) => !isRight(anomaly))
  const found = (some: ReadonlyArray<Anomaly.Anomaly>) =>
    some.map((anomaly) => ({ ...anomaly, severity: Anomaly.severityOf[anomaly.kind] }))
  const checked: Checked = {
    series: stored.series,
    rows,
    months: Months.summarize({ calendar, timeframe, wanted: Plan.expectedOf(plan), gaps, anomalies: wrong }),
    findings: found(wrong)
  }
  yield* store.record({ ...checked, findings: found(anomalies) }, yield* Clock.currentTimeMillis)
  return checked
})
