/** What is measured of asking sources and storing what they answer, under the names that Prometheus knows. */
import type { CandleStore, SourceError } from "@tidemark/core"
import { Effect, Metric } from "effect"
import type * as CircuitBreaker from "effect/persistence/CircuitBreaker"

const requests = Metric.counter("tidemark_source_requests_total", {
  description: "Requests to providers, by source and class of the status; error: no answer",
  incremental: true
})
const durations = Metric.histogram("tidemark_source_request_duration_seconds", {
  description: "From asking to the last byte of the answer, or to giving up",
  boundaries: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120]
})
const retries = Metric.counter("tidemark_source_retries_total", {
  description: "Questions asked again after a failure, by source and reason",
  incremental: true
})
const breakers = Metric.gauge("tidemark_source_breaker_state", {
  description: "Whether a host that keeps failing is left alone: 0 asked, 1 tried, 2 left alone; as of its last request"
})
const candles = Metric.counter("tidemark_candles_written_total", {
  description: "Candles that answers changed in the store, by source and how",
  incremental: true
})

const classOf = (status: number | undefined): string =>
  status === undefined ? "error" : `${Math.floor(status / 100)}xx`

/** A request that has ended; `status` is absent where there was no answer. */
export const request = (source: string, status: number | undefined) =>
  Metric.update(Metric.withAttributes(requests, { source, status: classOf(status) }), 1)

export const duration = (source: string, millis: number) =>
  Metric.update(Metric.withAttributes(durations, { source }), millis / 1_000)

export const retry = (source: string, { _tag }: SourceError.Reason) =>
  Metric.update(Metric.withAttributes(retries, { source, reason: _tag }), 1)

const states = { Closed: 0, HalfOpen: 1, Open: 2 } as const satisfies Record<CircuitBreaker.State["_tag"], number>

export const breaker = (source: string, host: string, { _tag }: CircuitBreaker.State) =>
  Metric.update(Metric.withAttributes(breakers, { source, host }), states[_tag])

/** Of these kinds and no others: what an answer held that was there already is not written. */
const kinds = ["inserted", "changed", "removed"] as const

export const written = (source: string, result: CandleStore.WriteResult) =>
  Effect.forEach(
    kinds.filter((kind) => result[kind] > 0),
    (kind) => Metric.update(Metric.withAttributes(candles, { source, kind }), result[kind]),
    { discard: true }
  )
