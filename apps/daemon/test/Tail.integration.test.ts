/** The live tail in the daemon as people run it: processes of their own, on one Postgres. */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Candles, CandleStore, Coverage, Interval, JobStore, type Series } from "@tidemark/core"
import { Dataset, Emulator } from "@tidemark/emulator"
import { PostgresServer } from "@tidemark/postgres"
import { PostgresStorage } from "@tidemark/storage-postgres"
import { Context, Effect, Layer, Redacted, Stream } from "effect"

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url))
const minute = 60_000
const series: Series.Series = { source: "binance", symbol: "BTC/USDT", timeframe: "1m" }
const thisMinute = () => Math.floor(Date.now() / minute) * minute

/** Any number of hours, whenever the test runs. */
const dataset = Dataset.cheap({
  symbol: "BTCUSDT",
  interval: "1m",
  from: thisMinute() - 600 * minute,
  to: thisMinute() + 600 * minute
})

/** What the provider's clock is ahead of ours: it decides when a minute is over. */
let aheadMillis = 0

interface Daemon {
  /** Completes when it has said something, from its start on. */
  readonly said: (text: string) => Effect.Effect<void>
  /** Takes it away without a word. */
  readonly kill: Effect.Effect<void>
  /** Tells it to stop; gives its code and what that took. */
  readonly stop: Effect.Effect<{ readonly code: number | null; readonly millis: number }>
}

const daemon = (env: Readonly<Record<string, string>>, settings: object = {}) =>
  Effect.gen(function* () {
    const cwd = yield* Effect.acquireRelease(
      Effect.promise(() => mkdtemp(join(tmpdir(), "tidemark-tail-"))),
      (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
    )
    const file = JSON.stringify({ api: { port: 0 }, ...settings })
    yield* Effect.promise(() => writeFile(join(cwd, "tidemark.json"), file))
    let said = ""
    const listeners = new Set<() => void>()
    const child = yield* Effect.acquireRelease(
      Effect.sync((): ChildProcess => {
        const child = spawn(process.execPath, [main], {
          cwd,
          env: { PATH: process.env["PATH"], HOME: cwd, ...env },
          stdio: ["ignore", "pipe", "pipe"]
        })
        const hear = (chunk: Buffer) => {
          said += chunk.toString()
          for (const listener of listeners) listener()
        }
        child.stdout.on("data", hear)
        child.stderr.on("data", hear)
        return child
      }),
      (child) => Effect.sync(() => child.kill("SIGKILL"))
    )
    const started: Daemon = {
      said: (text) =>
        Effect.callback((resume) => {
          const look = () => {
            if (said.includes(text)) resume(Effect.void)
          }
          listeners.add(look)
          child.once("close", (code) => resume(Effect.die(new Error(`the daemon ended with ${code}: ${said}`))))
          look()
          return Effect.sync(() => listeners.delete(look))
        }),
      kill: Effect.callback((resume) => {
        child.once("close", () => resume(Effect.void))
        child.kill("SIGKILL")
      }),
      stop: Effect.callback((resume) => {
        const asked = performance.now()
        child.once("close", (code) => resume(Effect.succeed({ code, millis: performance.now() - asked })))
        child.kill("SIGTERM")
      })
    }
    return started
  })

const job = (name: string, work: string, isPaused: boolean): JobStore.Job => ({
  name,
  work,
  cron: "* * * * *",
  timeZone: "UTC",
  settings: {},
  isPaused,
  since: Date.now() - 5 * minute,
  wantedAt: undefined
})

/** Half an hour of history, up to the minute that is not over, and no job but the tail. */
const prepared = Effect.gen(function* () {
  const interval = { from: thisMinute() - 30 * minute, to: thisMinute() }
  yield* (yield* CandleStore.CandleStore).write([
    {
      series,
      provenance: "observed",
      interval,
      candles: dataset.candles(interval),
      holes: [],
      countOpens: ({ from, to }) => (to - from) / minute,
      at: Date.now(),
      reason: "test"
    }
  ])
  const jobs = yield* JobStore.JobStore
  yield* jobs.put(job("tail", "tail", false))
  yield* jobs.put(job("incremental", "backfill", true))
  return interval
})

const stored = (from: number) =>
  Effect.gen(function* () {
    const store = yield* CandleStore.CandleStore
    return Candles.concat(yield* Stream.runCollect(store.read(series, { from, to: Date.now() + 600 * minute })))
  })

/** The provider's minute is over now; gives what it took until the candle could be read, in milliseconds. */
const close = Effect.gen(function* () {
  const { tick } = yield* Emulator
  const now = Date.now() + aheadMillis
  const end = Math.floor(now / minute) * minute + minute
  aheadMillis += end + 1 - now
  const at = performance.now()
  // Two, where a minute of ours has just ended too.
  assert.isAtLeast(yield* tick, 1)
  for (;;) {
    const candles = yield* stored(end - minute)
    if (Candles.length(candles) === 1) return { open: end - minute, millis: performance.now() - at }
    assert.isBelow(performance.now() - at, 5_000, "the candle did not come")
    yield* Effect.yieldNow
  }
})

class Database extends Context.Service<Database, { readonly url: string }>()("@tidemark/daemon/test/Database") {}

const world = Layer.unwrap(
  Effect.gen(function* () {
    const { database } = yield* PostgresServer.PostgresServer
    const url = yield* database
    const stores = PostgresStorage.layer({ url: Redacted.make(url), label: "test", mode: "write" })
    const emulator = Emulator.layer({ datasets: [dataset], now: () => Date.now() + aheadMillis })
    return Layer.mergeAll(stores, emulator, Layer.succeed(Database, Database.of({ url })))
  })
)

describe("the daemon's tail", () => {
  it.live(
    "is left to others where the configuration says so",
    () =>
      Effect.gen(function* () {
        const { url: databaseUrl } = yield* Database
        const { streams, url } = yield* Emulator
        yield* prepared
        const jobs = yield* JobStore.JobStore
        // Due at the same time: once it was done, the tail has been passed over.
        yield* jobs.put({ ...job("other", "gaps", false), wantedAt: Date.now() - 1_000 })
        const env = { DATABASE_URL: databaseUrl, BINANCE_BASE_URL: url }
        const { said, stop } = yield* daemon(env, { daemon: { tail: false } })
        yield* said("other: ")
        yield* stop
        assert.deepStrictEqual(yield* streams, [])
        assert.deepStrictEqual(yield* jobs.runs({ job: "tail", limit: 10 }), [])
      }).pipe(Effect.provide(world), Effect.provide(PostgresServer.PostgresServer.layer)),
    60_000
  )

  it.live(
    "killed right after a candle was told it leaves a ledger that is true of the rows, and nothing that a backfill would not ask for",
    () =>
      Effect.gen(function* () {
        const { url: databaseUrl } = yield* Database
        const { tick, url } = yield* Emulator
        const { from } = yield* prepared
        const store = yield* CandleStore.CandleStore
        const { kill, said } = yield* daemon({ DATABASE_URL: databaseUrl, BINANCE_BASE_URL: url })
        yield* said("listening to binance: 1 series")
        const now = Date.now() + aheadMillis
        aheadMillis += Math.floor(now / minute) * minute + minute + 1 - now
        yield* tick
        yield* kill
        const ledger = yield* store.coverage(series)
        assert.strictEqual(Candles.length(yield* stored(from)), Coverage.rows(ledger))
        // Whatever came of it, what is there beyond the answers is not settled.
        const settled = Coverage.settledSet(ledger)
        assert.strictEqual(settled.length, 1)
        for (const open of (yield* stored(settled[0]!.to)).openTime) {
          assert.isTrue(Interval.has(Interval.normalize(ledger.streamed), open))
        }
      }).pipe(
        Effect.ensuring(Effect.sync(() => void (aheadMillis = 0))),
        Effect.provide(world),
        Effect.provide(PostgresServer.PostgresServer.layer)
      ),
    60_000
  )

  it.live(
    "stores what closes as it is told, in one process of several, and another takes over from one that stops",
    () =>
      Effect.gen(function* () {
        const { url: databaseUrl } = yield* Database
        const { listenedTo, streams, url } = yield* Emulator
        const { from, to } = yield* prepared
        const env = { DATABASE_URL: databaseUrl, BINANCE_BASE_URL: url }
        const first = yield* daemon(env)
        yield* first.said("listening to binance: 1 series")
        const second = yield* daemon(env)
        yield* second.said("the daemon serves its jobs")
        const told = yield* close
        assert.isAtLeast(told.open, to)
        assert.isBelow(told.millis, 2_000)
        assert.deepStrictEqual(yield* streams, ["btcusdt@kline_1m"])

        const stopped = yield* first.stop
        assert.strictEqual(stopped.code, 130)
        assert.isBelow(stopped.millis, 10_000)
        yield* second.said("listening to binance: 1 series")
        yield* listenedTo(1)
        assert.deepStrictEqual(yield* streams, ["btcusdt@kline_1m"])
        assert.isTrue(Candles.equals(yield* stored(from), dataset.candles({ from, to: told.open + minute })))
        yield* second.stop
        const runs = yield* (yield* JobStore.JobStore).runs({ job: "tail", limit: 10 })
        assert.deepStrictEqual(
          runs.map(({ status }) => status),
          ["interrupted", "interrupted"]
        )
      }).pipe(Effect.provide(world), Effect.provide(PostgresServer.PostgresServer.layer)),
    90_000
  )
})
