/**
 * What is measured, as Prometheus reads it.
 *
 * Nothing is looked up when it is asked for: counters and histograms grow where
 * things happen, figures of series are those of the last watch.
 */
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"

export const contentType = "text/plain; version=0.0.4; charset=utf-8"

/** All metrics of this process, in the text format. */
export const text = PrometheusMetrics.format()
