/** What is seen of a database, of the engine's budgets and of a disk. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Observe, Settings } from "@tidemark/alerts"
import { Events, SourceHttp, SourceRegistry } from "@tidemark/backfill"
import { Allowance, Candles, CandleStore, JobStore, RequestBudgets } from "@tidemark/core"
import { plugin as binance } from "@tidemark/source-binance"
import { DuckDbStorage } from "@tidemark/storage-duckdb"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"

const hour = 3_600_000
const now = Date.parse("2026-03-02T12:00:00Z")
const host = "data-api.binance.vision"

const stores = DuckDbStorage.layer({ path: ":memory:", mode: "write" }).pipe(Layer.provide(NodeServices.layer))
const layer = SourceRegistry.SourceRegistry.layer([{ id: "binance", load: () => Promise.resolve(binance) }], {
  sections: {},
  variables: {}
}).pipe(
  Layer.provide(SourceHttp.layerShared),
  Layer.provideMerge(RequestBudgets.RequestBudgets.layerMemory),
  Layer.provide(NodeHttpClient.layerUndici),
  Layer.provide(Events.Events.layer)
)

const test = <A, E>(name: string, effect: Effect.Effect<A, E, Observe.Needs>) =>
  it.effect(name, () =>
    Effect.andThen(TestClock.setTime(now), effect).pipe(
      Effect.provideService(
        Settings.Alerting,
        Settings.make({}, { database: "test", file: `${import.meta.dirname}/x.duckdb`, webhooks: [] })
      ),
      // The budgets of the engine, not those of the stores.
      Effect.provide(layer),
      Effect.provide(stores)
    )
  )

const job = (name: string, work: string): JobStore.Job => ({
  name,
  work,
  cron: "0 * * * *",
  timeZone: "UTC",
  settings: {},
  isPaused: false,
  since: 0,
  wantedAt: undefined
})

/** A hundred hours until ten hours ago, of which ten are missing. */
const write = Effect.gen(function* () {
  const store = yield* CandleStore.CandleStore
  const interval = { from: now - 110 * hour, to: now - 10 * hour }
  const candles = Candles.allocate(90)
  for (let i = 0; i < 90; i++) {
    candles.openTime[i] = interval.from + i * hour
    for (const column of [candles.open, candles.high, candles.low, candles.close, candles.volume]) column[i] = 1
  }
  yield* store.write([
    {
      series: { source: "binance", symbol: "BTC/USDT", timeframe: "1h" },
      provenance: "observed",
      interval,
      candles,
      holes: [{ from: interval.to - 10 * hour, to: interval.to, opens: 10 }],
      countOpens: ({ from, to }) => (to - from) / hour,
      at: now - 10 * hour,
      reason: "test"
    }
  ])
})

describe("a look", () => {
  test(
    "sees what a series lacks, how far it is behind, and how full the disk is",
    Effect.gen(function* () {
      yield* write
      const { disk, isFetching, series } = yield* Observe.run(["backfill"])
      assert.isFalse(isFetching)
      assert.lengthOf(series, 1)
      assert.deepInclude(series[0], { expected: 100, open: { unexplained: 10 } })
      // The first candle that nobody asked for closed nine hours ago, and the source takes a moment.
      assert.closeTo(series[0]!.lagMillis!, 9 * hour, 60_000)
      assert.strictEqual(disk?.folder, import.meta.dirname)
      assert.isAbove(disk!.freeBytes, 0)
      assert.isAtLeast(disk!.totalBytes, disk!.freeBytes)
    })
  )

  test(
    "sees who is fetching, while something is heard of them, and which job failed last",
    Effect.gen(function* () {
      const store = yield* JobStore.JobStore
      const claim = (name: string) =>
        Effect.map(store.claim({ job: name, dueAt: now, holder: "one", now, silence: 60_000 }), (claim) =>
          claim._tag === "Claimed" ? claim.run : assert.fail(claim._tag)
        )
      yield* Effect.forEach([job("incremental", "backfill"), job("nightly", "features")], store.put)
      const nightly = yield* claim("nightly")
      const isFetching = Effect.map(Observe.run(["backfill"]), (seen) => seen.isFetching)
      assert.isFalse(yield* isFetching)
      const incremental = yield* claim("incremental")
      assert.isTrue(yield* isFetching)
      yield* store.finish(nightly, {
        status: "failed",
        result: { error: `no\n  room ${"x".repeat(1_000)}` },
        log: "",
        endedAt: now
      })
      const { jobs } = yield* Observe.run(["backfill"])
      assert.lengthOf(jobs, 1)
      assert.deepInclude(jobs[0], { job: "nightly", runId: nightly.id, failed: true, endedAt: now })
      assert.match(jobs[0]!.error, /^no room x{291,292}…$/u)
      yield* TestClock.adjust("3 minutes")
      assert.isFalse(yield* isFetching)
      yield* store.heartbeat(incremental, now + 3 * 60_000)
      assert.isTrue(yield* isFetching)
    })
  )

  test(
    "sees which host has shut us out, and whose it is",
    Effect.gen(function* () {
      yield* write
      const budgets = yield* RequestBudgets.RequestBudgets
      const set = (key: string, step: (allowance: Allowance.Allowance) => Allowance.Allowance) =>
        budgets.update(key, (allowance) => [undefined, step(allowance)] as const)
      yield* set(host, (allowance) => Allowance.ban(Allowance.pause(allowance, now + 2 * hour), true))
      yield* set(`${host} 0123456789ab`, (allowance) => Allowance.pause(allowance, now + hour))
      yield* set("idle.example", (allowance) => allowance)
      const { hosts } = yield* Observe.run([])
      assert.deepStrictEqual(hosts, [{ host, sources: ["binance"], banned: true, pausedUntil: now + 2 * hour }])
    })
  )
})
