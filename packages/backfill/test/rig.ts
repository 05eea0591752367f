/** The engine as applications compose it, over a real database of either kind, real HTTP and the emulator, with little patience. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeWS from "@effect/platform-node/NodeWS"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { layer, type Vitest } from "@effect/vitest"
import { Backfill, Events, Policy, SourceHttp, SourceRegistry, SourceSockets } from "@tidemark/backfill"
import {
  Candles,
  CandleStore,
  Instrument,
  type Interval,
  type Series,
  type Source,
  type StoreError,
  type Timeframe
} from "@tidemark/core"
import { Dataset, Emulator } from "@tidemark/emulator"
import { PostgresServer } from "@tidemark/postgres"
import { plugin as binance } from "@tidemark/source-binance"
import type { Storage } from "@tidemark/storage"
import { DuckDbStorage } from "@tidemark/storage-duckdb"
import { PostgresStorage } from "@tidemark/storage-postgres"
import { Clock, Context, Effect, FileSystem, Layer, PubSub, Redacted, Stream } from "effect"

export const minute = 60_000
export const start = Date.parse("2024-01-01T00:00:00Z")
/** Three pages and a bit. */
export const range: Interval.Interval = { from: start, to: start + 3_300 * minute }

export const policy: Policy.Policy = {
  ...Policy.defaults,
  requestDeadlineMillis: 400,
  retries: 3,
  backoffMillis: 5,
  maxBackoffMillis: 40,
  maxRetryAfterMillis: 4_000,
  breakerOpenMillis: 20
}

export const instrument = (symbol = "BTC/USDT") =>
  new Instrument.Instrument({
    symbol,
    assetClass: "crypto",
    calendar: "24/7",
    sources: [{ source: "binance" }],
    active: true
  })

export const series = (symbol = "BTC/USDT", timeframe: Timeframe.Timeframe = "1m"): Series.Series => ({
  source: "binance",
  symbol,
  timeframe
})

export const dataset = Dataset.cheap({ symbol: "BTCUSDT", interval: "1m", from: start, to: start + 20_000 * minute })
/** What the provider really has. */
export const truth = (interval: Interval.Interval): Candles.Candles => dataset.candles(interval)

/** What a provider has that lacks these minutes, counted from the start; `scale` makes its prices others. */
export const lacking = (minutes: ReadonlyArray<readonly [from: number, to: number]>, scale = 1): Dataset.Dataset => {
  const isLacking = (open: number) =>
    minutes.some(([from, to]) => open >= start + from * minute && open < start + to * minute)
  return Dataset.generated({
    symbol: "BTCUSDT",
    interval: "1m",
    extent: { from: start, to: start + 20_000 * minute },
    candles: (interval) => {
      const all = truth(interval)
      const kept = Candles.pick(
        all,
        [...all.openTime.keys()].filter((i) => !isLacking(all.openTime[i]!))
      )
      const scaled = (column: Float64Array) => column.map((value) => value * scale)
      return {
        ...kept,
        open: scaled(kept.open),
        high: scaled(kept.high),
        low: scaled(kept.low),
        close: scaled(kept.close)
      }
    }
  })
}

/** Where the stores of a test are: a new, empty database each time it is asked. */
export class Databases extends Context.Service<
  Databases,
  { readonly stores: Effect.Effect<Layer.Layer<Storage.Stores, StoreError.StoreError>> }
>()("@tidemark/backfill/test/Databases") {
  static readonly duckDb = Layer.effect(
    Databases,
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* Effect.orDie(fs.makeTempDirectoryScoped())
      let count = 0
      const stores = Effect.sync(() =>
        DuckDbStorage.layer({ path: `${folder}/${++count}.duckdb`, mode: "write" }).pipe(
          Layer.provide(NodeServices.layer)
        )
      )
      return Databases.of({ stores })
    })
  ).pipe(Layer.provide(NodeServices.layer))

  static readonly postgres = Layer.effect(
    Databases,
    Effect.map(PostgresServer.PostgresServer, ({ database }) =>
      Databases.of({
        stores: Effect.map(database, (url) =>
          PostgresStorage.layer({ url: Redacted.make(url), label: "test", mode: "write" })
        )
      })
    )
  ).pipe(Layer.provide(PostgresServer.PostgresServer.layer))
}

/** The same tests on every kind of database, on the real clock. */
export const onEvery = (tests: (it: Vitest.MethodsNonLive<Databases>) => void) => {
  for (const [name, databases] of [
    ["on DuckDB", Databases.duckDb],
    ["on Postgres", Databases.postgres]
  ] as const) {
    layer(databases, { excludeTestServices: true })(name, tests)
  }
}

const stores = Layer.unwrap(Effect.flatMap(Databases, (databases) => databases.stores))

/** The same provider under another name, at an address of its own: a second source of the same symbols. */
const other: Source.SourcePlugin<unknown> = {
  ...binance,
  id: "other",
  config: binance.config as Source.SourcePlugin<unknown>["config"],
  make: (config) => binance.make(config as Parameters<typeof binance.make>[0]),
  baseUrls: binance.baseUrls.map((base) => ({ ...base, variable: "OTHER_BASE_URL", otherwise: "OTHER_BASE_URL" }))
}

const sockets = SourceSockets.SourceSockets.layer(Effect.succeed((url) => new NodeWS.WebSocket(url)))

/** Everything a run needs; sources are that of the emulator in the context, and `other` at another address. */
export const engine = (settings: Policy.Policy = policy, archive: "on" | "off" = "off", otherUrl = "") =>
  Layer.unwrap(
    Effect.map(Emulator, ({ url }) =>
      SourceRegistry.SourceRegistry.layer(
        [
          { id: "binance", load: () => Promise.resolve(binance) },
          { id: "other", load: () => Promise.resolve(other) }
        ],
        {
          // Page by page, unless a test is about files.
          sections: { binance: { archive }, other: { archive: "off" } },
          variables: { BINANCE_BASE_URL: url, OTHER_BASE_URL: otherUrl }
        }
      )
    )
  ).pipe(
    Layer.provide(sockets),
    Layer.provideMerge(SourceHttp.layer),
    Layer.provide(NodeHttpClient.layerUndici),
    Layer.provideMerge(Events.Events.layer),
    Layer.merge(Layer.fresh(stores)),
    Layer.provideMerge(Layer.succeed(Policy.Policy, settings))
  )

export const options = (extra: Partial<Backfill.BackfillOptions> = {}): Backfill.BackfillOptions => ({
  targets: [{ instrument: instrument(), timeframe: "1m" }],
  window: range,
  force: false,
  repair: true,
  ...extra
})

export const stored = (of: Series.Series = series(), interval: Interval.Interval = range) =>
  Effect.gen(function* () {
    const store = yield* CandleStore.CandleStore
    return Candles.concat(yield* Stream.runCollect(store.read(of, interval)))
  })

/** As if it were so much later. */
export const later =
  (millis: number) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.flatMap(Clock.Clock, (clock) =>
      Effect.provideService(effect, Clock.Clock, {
        sleep: (duration) => clock.sleep(duration),
        currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + millis,
        currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now + millis),
        currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe(),
        currentTimeNanos: clock.currentTimeNanos,
        monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
        monotonicTimeNanos: clock.monotonicTimeNanos
      })
    )

/** Runs and returns the report together with everything that was published. */
export const observed = Effect.fnUntraced(function* (run: Backfill.BackfillOptions) {
  const { pubsub } = yield* Events.Events
  const subscription = yield* PubSub.subscribe(pubsub)
  const report = yield* Backfill.run(run)
  const events: ReadonlyArray<Events.Event> = yield* PubSub.takeUpTo(subscription, 100_000)
  return { report, events }
})
