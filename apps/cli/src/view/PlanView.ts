/** What a backfill would do, for people and machines. Pure. */
import { type Backfill, Plan } from "@tidemark/backfill"
import { Instant, Interval, Series } from "@tidemark/core"
import type { Effect } from "effect"
import { bytes, count, duration, plural } from "./Format.ts"
import { render } from "./Table.ts"

export type Planned = Effect.Success<ReturnType<typeof Backfill.plan>>

export const toText = (planned: Planned): string => {
  const rows = planned.selected.map(({ plan }) => [
    plan.request.series.symbol,
    plan.request.series.timeframe,
    plan.request.series.source,
    plan.requested === undefined ? "nothing" : Interval.format(plan.requested),
    count(plan.cost.candles),
    count(plan.cost.requests),
    plan.excluded.map(({ cause, prunedAt }) => (prunedAt === undefined ? cause : `${cause} (pruned)`)).join(", ")
  ])
  const { cost } = planned
  return [
    render(["symbol", "timeframe", "source", "range", "candles", "requests", "left out"], rows, { right: [4, 5] }),
    ...planned.selected.flatMap(({ plan }) =>
      Plan.outlivedNotes(plan, planned.now).map((note) => `${Series.key(plan.request.series)}: ${note}`)
    ),
    "",
    `${plural(cost.candles, "candle")}, ${plural(cost.requests, "request")} (weight ${count(cost.weight)}), ` +
      `about ${bytes(cost.bytes)}, at least ${duration(cost.millis)}. Nothing was fetched.`
  ].join("\n")
}

export const toJson = (planned: Planned) => ({
  summary: {
    series: planned.selected.length,
    ...planned.cost,
    passed_over: planned.passedOver
  },
  series: planned.selected.map(({ plan }) => ({
    ...plan.request.series,
    from: plan.requested === undefined ? null : Instant.format(plan.requested.from),
    to: plan.requested === undefined ? null : Instant.format(plan.requested.to),
    expected: plan.expected,
    ...plan.cost,
    notes: Plan.outlivedNotes(plan, planned.now),
    chunks: plan.chunks.map((chunk) => ({ from: Instant.format(chunk.from), to: Instant.format(chunk.to) }))
  }))
})
