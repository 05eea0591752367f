/** The live tail, over real sockets and real HTTP to the emulator, at a time that the tests decide. */
import { assert, layer } from "@effect/vitest"
import { Backfill, Events, Policy, Tail } from "@tidemark/backfill"
import { CandleStore, Candles, Series } from "@tidemark/core"
import { Emulator } from "@tidemark/emulator"
import { Clock, Effect, Layer, PubSub, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Databases, dataset, engine, instrument, minute, series, start } from "./rig.ts"

/** Half an hour of history is there before anybody listens. */
const begin = start + 30 * minute

/** The emulator's clock is that of the test. */
const emulator = Layer.unwrap(
  Effect.map(Clock.Clock, (clock) =>
    Emulator.layer({ datasets: [dataset], now: () => clock.currentTimeMillisUnsafe(), weightLimit: 1_000_000 })
  )
)
const world = engine({ ...Policy.defaults, backoffMillis: 5, maxBackoffMillis: 40 }).pipe(Layer.provideMerge(emulator))

/** Everything that has closed, as the incremental job asks for it. */
const incremental = Effect.gen(function* () {
  const now = yield* Clock.currentTimeMillis
  return yield* Backfill.run({
    targets: [{ instrument: instrument(), timeframe: "1m" }],
    window: { from: start, to: now },
    force: false,
    repair: false
  })
})

/** The first event from now on that is wanted. */
const listening = Effect.gen(function* () {
  const { pubsub } = yield* Events.Events
  const subscription = yield* PubSub.subscribe(pubsub)
  return (isWanted: (event: Events.Event) => boolean) =>
    Effect.gen(function* () {
      for (;;) {
        const event = yield* PubSub.take(subscription)
        if (isWanted(event)) return event
      }
    })
})

const rows = Effect.gen(function* () {
  const store = yield* CandleStore.CandleStore
  const interval = { from: start, to: start + 20_000 * minute }
  return Candles.concat(yield* Stream.runCollect(store.read(series(), interval)))
})

layer(Databases.duckDb)("on DuckDB", (it) => {
  it.effect("a candle that closes is stored as it is told, and is not settled until it was asked for", () =>
    Effect.gen(function* () {
      const store = yield* CandleStore.CandleStore
      const { listenedTo, tick } = yield* Emulator
      yield* TestClock.setTime(begin + 5_000)
      yield* incremental
      assert.strictEqual(Candles.length(yield* rows), 30)
      const until = yield* listening
      yield* Effect.forkScoped(Tail.run({ includes: () => true }))
      yield* until((event) => event._tag === "Listening")
      yield* listenedTo(1)
      yield* TestClock.setTime(begin + minute + 50)
      assert.strictEqual(yield* tick, 1)
      const stored = yield* until((event) => event._tag === "PageStored")
      assert.deepInclude(stored, { inserted: 1, candles: 1 })
      assert.isTrue(Candles.equals(yield* rows, dataset.candles({ from: start, to: begin + minute })))
      const { fetched, streamed } = yield* store.coverage(series())
      assert.deepInclude(fetched.at(-1), { from: start, to: begin + minute })
      assert.deepStrictEqual(
        streamed.map(({ from, to }) => ({ from, to })),
        [{ from: begin, to: begin + minute }]
      )
      assert.strictEqual(Series.key(series()), "binance BTC/USDT 1m")
    }).pipe(Effect.provide(world))
  )
})
