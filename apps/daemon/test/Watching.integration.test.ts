/** The daemon says what happens to it: to webhooks, in its log, and to who collects traces. */
import { assert, describe, it } from "@effect/vitest"
import { AlertStore, JobStore } from "@tidemark/core"
import { Dataset, Emulator, Fault } from "@tidemark/emulator"
import { PostgresServer } from "@tidemark/postgres"
import { PostgresStorage } from "@tidemark/storage-postgres"
import { Context, Effect, Layer, Redacted } from "effect"
import * as Process from "./process.ts"

const day = 86_400_000
const secret = "T000-very-secret"
const everySecond = "* * * * * *"
const settings = { symbols: ["BTC/USDT"], timeframes: ["1h"], source: "binance", days: 3 }

const binance = Effect.suspend(() => {
  const to = Math.floor(Date.now() / day) * day + day
  const hourly = Dataset.cheap({ symbol: "BTC/USDT", interval: "1h", from: to - 10 * day, to })
  return Effect.map(Layer.build(Emulator.layer({ datasets: [hourly] })), (context) => Context.get(context, Emulator))
})

interface Sent {
  readonly id: string
  readonly groups: ReadonlyArray<{
    readonly kind: string
    readonly notices: ReadonlyArray<{ readonly what: string; readonly subject: string; readonly message: string }>
  }>
}

const noticesOf = (heard: ReadonlyArray<Process.Heard>) =>
  heard.flatMap(({ body }) =>
    (JSON.parse(body.toString()) as Sent).groups.flatMap(({ kind, notices }) =>
      notices.map((notice) => ({ kind, ...notice }))
    )
  )

interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly attributes: ReadonlyArray<{ readonly key: string; readonly value: Record<string, unknown> }>
}

/** All spans that a collector has got, as JSON. */
const spansOf = (heard: ReadonlyArray<Process.Heard>): ReadonlyArray<Span> =>
  heard
    .filter(({ path }) => path === "/v1/traces")
    .flatMap(({ body }) =>
      (
        JSON.parse(body.toString()) as {
          resourceSpans: ReadonlyArray<{ scopeSpans: ReadonlyArray<{ spans: ReadonlyArray<Span> }> }>
        }
      ).resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
    )

describe("a daemon that is watched", () => {
  it.live(
    "tells a webhook that a source has banned it and that a job failed, once, and that it is over when it is",
    () =>
      Effect.gen(function* () {
        const cwd = yield* Process.folder
        const [provider, hook] = [yield* binance, yield* Process.listener()]
        yield* provider.inject(Fault.Banned({ retryAfterSeconds: 600, match: { path: "/api/v3/klines" } }))
        const env = {
          BINANCE_BASE_URL: provider.url,
          TIDEMARK_ALERT_WEBHOOK: `${hook.url}/${secret}`,
          TIDEMARK_LOG_FORMAT: "json"
        }
        yield* Effect.promise(() =>
          import("node:fs/promises").then(({ writeFile }) =>
            writeFile(`${cwd}/tidemark.json`, '{"alerts": {"resolve_after": "0 seconds"}}')
          )
        )
        const wantedAt = Date.now() - 1_000
        yield* Process.jobs(
          cwd,
          { name: "watch", work: "watch", cron: everySecond, isPaused: false },
          { name: "nightly", work: "backfill", settings, wantedAt }
        )
        const heard = () => noticesOf(hook.heard)
        const first = yield* Process.start(cwd, env)
        yield* Process.until(heard, (all) => all.length >= 3)
        // It goes on looking, and has nothing to add.
        const looks = () => first.stdout().split("watch: succeeded").length
        const before = looks()
        yield* Process.until(looks, (count) => count >= before + 2)
        yield* first.kill("SIGTERM")
        assert.strictEqual(yield* first.ended, 130, first.said())
        const fired = heard()
        assert.deepStrictEqual(fired.map(({ kind, subject, what }) => [what, kind, subject]).sort(), [
          ["fired", "banned-source", "data-api.binance.vision"],
          ["fired", "failed-job", "nightly"],
          ["fired", "incomplete-series", "binance BTC/USDT 1h"]
        ])
        const messageOf = (kind: string) => fired.find((one) => one.kind === kind)?.message
        assert.include(messageOf("banned-source"), "data-api.binance.vision (binance) has shut this address out until")
        assert.include(messageOf("failed-job"), "job nightly failed at")
        for (const line of first.stdout().trim().split("\n")) {
          const { level, message, time } = JSON.parse(line) as Record<string, unknown>
          assert.isTrue(
            [level, message, time].every((one) => typeof one === "string"),
            line
          )
        }
        const ended = first
          .stdout()
          .split("\n")
          .find((line) => line.includes("nightly: failed"))!
        assert.deepInclude(JSON.parse(ended), { level: "error", job: "nightly", span: "Job.run" })
        assert.notInclude(first.said(), secret)
        // The same again, and this time the source answers.
        yield* Process.jobs(
          cwd,
          { name: "watch", work: "watch", cron: everySecond, isPaused: false },
          { name: "nightly", work: "backfill", settings, wantedAt: Date.now() - 500 }
        )
        const second = yield* Process.start(cwd, env)
        yield* Process.until(heard, (all) => all.filter(({ what }) => what === "resolved").length >= fired.length)
        yield* second.kill("SIGTERM")
        assert.strictEqual(yield* second.ended, 130, second.said())
        assert.lengthOf(heard(), 2 * fired.length)
        assert.strictEqual(new Set(hook.heard.map(({ headers }) => headers["idempotency-key"])).size, hook.heard.length)
        const open = yield* Process.withStore(cwd)(
          Effect.flatMap(AlertStore.AlertStore, (store) => store.list({ open: true, limit: 10 }))
        )
        assert.deepStrictEqual(open, [])
      }),
    60_000
  )

  it.live(
    "tells of what fails on a Postgres that two serve once, whichever of them is killed",
    () =>
      Effect.gen(function* () {
        const cwd = yield* Process.folder
        const { database } = yield* PostgresServer.PostgresServer
        const [url, hook] = [yield* database, yield* Process.listener()]
        const store = <A, E>(effect: Effect.Effect<A, E, JobStore.JobStore>) =>
          Effect.provide(effect, PostgresStorage.layer({ url: Redacted.make(url), label: "test", mode: "write" }))
        const broken = (name: string) =>
          Process.job({ name, work: "backfill", settings: { days: -1 }, wantedAt: Date.now() - 1_000 })
        const put = (...jobs: ReadonlyArray<JobStore.Job>) =>
          store(Effect.flatMap(JobStore.JobStore, (jobs_) => Effect.forEach(jobs, jobs_.put)))
        yield* put(
          Process.job({ name: "incremental", work: "backfill" }),
          Process.job({ name: "watch", work: "watch", cron: everySecond, isPaused: false }),
          broken("first")
        )
        const env = { DATABASE_URL: url, TIDEMARK_ALERT_WEBHOOK: `${hook.url}/${secret}` }
        const [one, two] = yield* Effect.all([Process.start(cwd, env), Process.start(cwd, env)])
        const heard = () => noticesOf(hook.heard).map(({ subject }) => subject)
        yield* Process.until(heard, (all) => all.includes("first"))
        yield* one.kill("SIGKILL")
        yield* one.ended
        yield* put(broken("second"))
        // Where it was killed at a watch, the other takes over when nothing has been heard of it for a minute: now.
        yield* store(
          Effect.gen(function* () {
            const jobs = yield* JobStore.JobStore
            const [newest] = yield* jobs.runs({ job: "watch", limit: 1 })
            if (newest?.status !== "running" || !newest.holder.endsWith(` ${one.pid}`)) return
            const now = Date.now()
            const claim = yield* jobs.claim({ job: "watch", dueAt: newest.dueAt, holder: "test", now, silence: 0 })
            if (claim._tag !== "Claimed") return
            yield* jobs.finish(claim.run, { status: "interrupted", result: null, log: "", endedAt: now })
          })
        )
        yield* Process.until(heard, (all) => all.includes("second"))
        const looks = () => two.said().split("watch: succeeded").length
        const before = looks()
        yield* Process.until(looks, (count) => count >= before + 2)
        yield* two.kill("SIGTERM")
        assert.strictEqual(yield* two.ended, 130, two.said())
        const once = new Map(hook.heard.map((one) => [one.headers["idempotency-key"], one]))
        assert.deepStrictEqual(
          noticesOf([...once.values()]).map(({ kind, subject, what }) => [what, kind, subject]),
          [
            ["fired", "failed-job", "first"],
            ["fired", "failed-job", "second"]
          ]
        )
      }).pipe(Effect.provide(PostgresServer.PostgresServer.layer)),
    120_000
  )

  it.live(
    "sends the span of a job's run with the requests beneath it to a collector, and metrics and logs",
    () =>
      Effect.gen(function* () {
        const cwd = yield* Process.folder
        const [provider, collector] = [yield* binance, yield* Process.listener()]
        yield* Process.jobs(cwd, { name: "nightly", work: "backfill", settings, wantedAt: Date.now() - 1_000 })
        const daemon = yield* Process.start(cwd, {
          BINANCE_BASE_URL: provider.url,
          OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
          OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
          OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${secret}`,
          OTEL_SERVICE_NAME: "tidemark-test",
          TIDEMARK_LOG_FORMAT: "json"
        })
        yield* Process.until(daemon.stdout, (said) => said.includes("nightly: succeeded"))
        yield* daemon.kill("SIGTERM")
        assert.strictEqual(yield* daemon.ended, 130, daemon.said())
        const spans = spansOf(collector.heard)
        const byId = new Map(spans.map((span) => [span.spanId, span]))
        const attribute = (span: Span, name: string) =>
          span.attributes.find(({ key }) => key === name)?.value["stringValue"]
        // The tail is at work beside it.
        const runs = spans.filter((span) => span.name === "Job.run" && attribute(span, "job.name") !== "tail")
        assert.deepStrictEqual(
          runs.map((span) => [attribute(span, "job.name"), attribute(span, "job.status"), span.parentSpanId]),
          [["nightly", "succeeded", undefined]]
        )
        const topOf = (span: Span): Span => {
          const parent = byId.get(span.parentSpanId ?? "")
          return parent === undefined ? span : topOf(parent)
        }
        const requests = spans.filter(({ name }) => name === "SourceHttp.request")
        assert.isAtLeast(requests.length, 1)
        for (const request of requests) {
          assert.strictEqual(topOf(request).spanId, runs[0]!.spanId)
          assert.strictEqual(request.traceId, runs[0]!.traceId)
        }
        assert.strictEqual(requests.length, yield* provider.requestCount)
        const paths = new Set(collector.heard.map(({ path }) => path))
        assert.sameMembers([...paths], ["/v1/traces", "/v1/metrics", "/v1/logs"])
        assert.strictEqual(collector.heard[0]!.headers["authorization"], `Bearer ${secret}`)
        const all = collector.heard.map(({ body }) => body.toString()).join("\n")
        for (const text of ["tidemark-test", "tidemark_candles_written_total", "nightly: succeeded"]) {
          assert.include(all, text)
        }
        assert.notInclude(daemon.said() + all, secret)
      }),
    60_000
  )

  for (const [what, url] of [
    ["says nothing", (silent: string) => silent],
    ["is not there", () => "http://127.0.0.1:9"]
  ] as const) {
    it.live(
      `is stopped within seconds by a collector that ${what}`,
      () =>
        Effect.gen(function* () {
          const cwd = yield* Process.folder
          const silent = yield* Process.listener(false)
          yield* Process.jobs(cwd, {
            name: "nightly",
            work: "backfill",
            settings: { ...settings, source: "synthetic" },
            wantedAt: Date.now() - 1_000
          })
          const daemon = yield* Process.start(cwd, {
            OTEL_EXPORTER_OTLP_ENDPOINT: url(silent.url),
            OTEL_EXPORTER_OTLP_TIMEOUT: "60000"
          })
          yield* Process.until(daemon.said, (said) => said.includes("nightly: succeeded"))
          const at = performance.now()
          yield* daemon.kill("SIGTERM")
          assert.strictEqual(yield* daemon.ended, 130, daemon.said())
          assert.isBelow(performance.now() - at, 10_000)
        }),
      60_000
    )
  }
})
