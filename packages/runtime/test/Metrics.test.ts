import { assert, describe, it } from "@effect/vitest"
import { Metrics as Alerts } from "@tidemark/alerts"
import * as Engine from "@tidemark/backfill/Metrics"
import { type JobStore, SourceError } from "@tidemark/core"
import * as Jobs from "@tidemark/jobs/Metrics"
import * as Metrics from "@tidemark/runtime/Metrics"
import { Effect, Metric } from "effect"
import * as Exposition from "./exposition.ts"

const incremental: JobStore.Job = {
  name: "incremental",
  work: "backfill",
  cron: "* * * * *",
  timeZone: "UTC",
  settings: {},
  isPaused: false,
  since: 0,
  wantedAt: undefined
}

const odd = 'file:C:\\data\\"mine"\nBTC.csv'

/** Everything that is measured, once. */
const measureAll = Effect.gen(function* () {
  yield* Engine.request("binance", 200)
  yield* Engine.request("binance", 204)
  yield* Engine.request("binance", 429)
  yield* Engine.request(odd, undefined)
  yield* Engine.duration("binance", 40)
  yield* Engine.duration("binance", 700)
  yield* Engine.duration("binance", 300_000)
  yield* Engine.retry("binance", new SourceError.RateLimited({}))
  yield* Engine.breaker("binance", "api.binance.com", {
    _tag: "HalfOpen",
    key: "api.binance.com",
    probing: true,
    consecutiveOpenings: 1
  })
  yield* Engine.written("binance", { inserted: 10, changed: 2, removed: 0, unchanged: 5 })
  yield* Jobs.begun(incremental)
  yield* Jobs.ended(incremental, "succeeded", 1_000, 31_000)
  const series = { source: "binance", symbol: "BTC/USDT", timeframe: "1h" } as const
  yield* Metric.update(Alerts.completeness(series), 0.995)
  yield* Metric.update(Alerts.lag(series), 12.5)
  yield* Metric.update(Alerts.completeness({ ...series, symbol: "GONE/USDT" }), 1)
  yield* Metric.update(Alerts.open("failed-job"), 2)
  yield* Metric.update(Alerts.deliveries("delivered"), 1)
  for (const gauge of [Alerts.series, Alerts.watchedAt, Alerts.freeBytes, Alerts.totalBytes]) {
    yield* Metric.update(gauge, 1)
  }
  yield* Alerts.forgetAllBut([series])
})

describe("metrics", () => {
  it.effect("are text that Prometheus takes, under names that it finds good", () =>
    Effect.gen(function* () {
      yield* measureAll
      const families = Exposition.parse(yield* Metrics.text)
      assert.deepStrictEqual(Exposition.problems(families), [])
      const value = (name: string, labels: Readonly<Record<string, string>>) =>
        families
          .flatMap(({ samples }) => samples)
          .find((one) => one.name === name && Object.entries(labels).every(([key, text]) => one.labels[key] === text))
          ?.value
      assert.strictEqual(value("tidemark_source_requests_total", { source: "binance", status: "2xx" }), 2)
      assert.strictEqual(value("tidemark_source_requests_total", { source: "binance", status: "4xx" }), 1)
      assert.strictEqual(value("tidemark_source_requests_total", { source: odd, status: "error" }), 1)
      assert.strictEqual(value("tidemark_source_request_duration_seconds_bucket", { source: "binance", le: "1" }), 2)
      assert.strictEqual(value("tidemark_source_request_duration_seconds_count", { source: "binance" }), 3)
      assert.strictEqual(value("tidemark_source_request_duration_seconds_sum", { source: "binance" }), 300.74)
      assert.strictEqual(value("tidemark_source_retries_total", { reason: "RateLimited" }), 1)
      assert.strictEqual(value("tidemark_source_breaker_state", { host: "api.binance.com" }), 1)
      assert.strictEqual(value("tidemark_candles_written_total", { source: "binance", kind: "inserted" }), 10)
      assert.isUndefined(value("tidemark_candles_written_total", { kind: "removed" }))
      assert.strictEqual(value("tidemark_job_runs_total", { job: "incremental", status: "succeeded" }), 1)
      assert.strictEqual(value("tidemark_job_duration_seconds_sum", { job: "incremental" }), 30)
      assert.strictEqual(value("tidemark_job_running", { job: "incremental" }), 0)
      assert.strictEqual(value("tidemark_series_lag_seconds", { symbol: "BTC/USDT", timeframe: "1h" }), 12.5)
      assert.strictEqual(value("tidemark_series_completeness_ratio", { symbol: "BTC/USDT" }), 0.995)
      assert.isUndefined(value("tidemark_series_completeness_ratio", { symbol: "GONE/USDT" }))
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
  )
})
