/** One watch: looks, keeps what changed, and tells who is to be told. */
import { Alert, AlertStore } from "@tidemark/core"
import { Effect, Metric } from "effect"
import * as Metrics from "./Metrics.ts"
import * as Notify from "./Notify.ts"
import * as Observe from "./Observe.ts"
import * as Rules from "./Rules.ts"
import { Alerting } from "./Settings.ts"

/** Series whose figures are shown one by one, those first that need somebody; of the others there are totals. */
const mostSeries = 5_000

const worstFirst = (a: Rules.SeriesSeen, b: Rules.SeriesSeen): number =>
  Rules.completeness(a) - Rules.completeness(b) || (b.lagMillis ?? 0) - (a.lagMillis ?? 0)

/** Shows the figures of a look. */
const measure = Effect.fnUntraced(function* (seen: Rules.Seen, open: ReadonlyArray<Alert.Alert>) {
  const chosen = seen.series.length <= mostSeries ? seen.series : seen.series.toSorted(worstFirst).slice(0, mostSeries)
  yield* Metrics.forgetAllBut(chosen.map(({ series }) => series))
  for (const one of chosen) {
    yield* Metric.update(Metrics.completeness(one.series), Rules.completeness(one))
    yield* one.lagMillis === undefined
      ? Metric.remove(Metrics.lag(one.series))
      : Metric.update(Metrics.lag(one.series), one.lagMillis / 1_000)
  }
  for (const kind of Alert.kinds) {
    yield* Metric.update(Metrics.open(kind), open.filter((alert) => alert.kind === kind).length)
  }
  if (seen.disk !== undefined) {
    yield* Metric.update(Metrics.freeBytes, seen.disk.freeBytes)
    yield* Metric.update(Metrics.totalBytes, seen.disk.totalBytes)
  }
  yield* Metric.update(Metrics.series, seen.series.length)
  yield* Metric.update(Metrics.watchedAt, seen.at / 1_000)
})

/** More are never open: each series has two kinds at the most. */
const everything = 1_000_000

export const run = Effect.fn("Watch.run")(function* (options: {
  /** The work that asks sources for candles. */
  readonly fetching: ReadonlyArray<string>
}) {
  const settings = yield* Alerting
  const store = yield* AlertStore.AlertStore
  const seen = yield* Observe.run(options.fetching)
  const notices = yield* store.look({
    at: seen.at,
    conditions: Rules.conditions(seen, settings),
    untold: Rules.untold(seen, settings),
    kinds: Alert.kinds.filter((kind) => kind !== "full-disk" || seen.disk !== undefined || settings.file === undefined),
    lingerMillis: settings.lingerMillis,
    webhooks: settings.webhooks.map(({ id }) => id)
  })
  const open = yield* store.list({ open: true, limit: everything })
  yield* measure(seen, open)
  const told = yield* Notify.deliver
  return { seen, notices, open, told }
})
