/** What is measured of watching, under the names that Prometheus knows. */
import type { Alert, Series } from "@tidemark/core"
import { Effect, Metric } from "effect"

const opened = Metric.gauge("tidemark_alerts_open", { description: "Alerts that are open, by kind" })
const sent = Metric.counter("tidemark_alert_deliveries_total", {
  description: "Messages to webhooks, by what became of them",
  incremental: true
})
const complete = Metric.gauge("tidemark_series_completeness_ratio", {
  description: "Share of the candles expected in what was asked for that is stored or explained, at the last watch"
})
const behind = Metric.gauge("tidemark_series_lag_seconds", {
  description: "Seconds since the close of the first candle that nobody has asked for yet, at the last watch"
})

export const open = (kind: Alert.Kind) => Metric.withAttributes(opened, { kind })
export const deliveries = (outcome: "delivered" | "failed") => Metric.withAttributes(sent, { outcome })

const labels = ({ source, symbol, timeframe }: Series.Series) => ({ source, symbol, timeframe })
export const completeness = (series: Series.Series) => Metric.withAttributes(complete, labels(series))
export const lag = (series: Series.Series) => Metric.withAttributes(behind, labels(series))

const keyOf = ({ source, symbol, timeframe }: Readonly<Record<string, string>>) => `${source} ${symbol} ${timeframe}`

/** Takes the figures of all other series back. */
export const forgetAllBut = Effect.fnUntraced(function* (kept: ReadonlyArray<Series.Series>) {
  const keys = new Set(kept.map((series) => keyOf(series)))
  for (const { attributes = {}, id } of yield* Metric.snapshot) {
    if ((id !== complete.id && id !== behind.id) || keys.has(keyOf(attributes))) continue
    yield* Metric.remove(Metric.withAttributes(id === complete.id ? complete : behind, attributes))
  }
})

export const series = Metric.gauge("tidemark_series", { description: "Series that were watched" })
export const watchedAt = Metric.gauge("tidemark_watch_timestamp_seconds", {
  description: "When this process last watched; the figures of series are of then"
})
export const freeBytes = Metric.gauge("tidemark_disk_free_bytes", {
  description: "Free on the disk of the database file"
})
export const totalBytes = Metric.gauge("tidemark_disk_size_bytes", {
  description: "Size of the disk of the database file"
})
