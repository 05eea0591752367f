/** The live tail, over real sockets and real HTTP to the emulator, at a time that the tests decide. */
import { assert, layer } from "@effect/vitest"
import { Backfill, Events, Policy, Survey, Tail } from "@tidemark/backfill"
import { Calendars } from "@tidemark/calendars"
import { Candles, CandleStore, Coverage, Damage, type Interval } from "@tidemark/core"
import { Dataset, Emulator, Fault, StreamFault } from "@tidemark/emulator"
import { Clock, Effect, Fiber, Layer, PubSub, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Databases, dataset, engine, instrument, lacking, minute, series, start } from "./rig.ts"

const ether = Dataset.cheap({ symbol: "ETHUSDT", interval: "1m", from: start, to: start + 20_000 * minute })

/** Half an hour of history is there before anybody listens. */
const begin = start + 30 * minute
const closeOf = (index: number): number => begin + (index + 1) * minute
/** A stream tells so much after a candle has closed. */
const promptMillis = 50
/** By then a candle that was not told has been asked for. */
const overdueMillis = 2_000 + Policy.defaults.overdueMillis + 1

/** The emulator's clock is that of the test. */
const world = (
  served: Dataset.Dataset = dataset,
  patience: Partial<Policy.Policy> = {},
  ...others: Array<Dataset.Dataset>
) =>
  engine({ ...Policy.defaults, backoffMillis: 5, maxBackoffMillis: 40, ...patience }).pipe(
    Layer.provideMerge(
      Layer.unwrap(
        Effect.map(Clock.Clock, (clock) =>
          Emulator.layer({
            datasets: [served, ...others],
            now: () => clock.currentTimeMillisUnsafe(),
            weightLimit: 1_000_000
          })
        )
      )
    )
  )

/**
 * What is waited for, while time goes on: a moment of ours is some of theirs. Where somebody has just looked at the
 * clock and not gone to sleep yet when a test sets it, the rest of his sleep passes too.
 */
const meanwhile = <A, E, R>(awaited: Effect.Effect<A, E, R>) =>
  Effect.raceFirst(awaited, Effect.forever(Effect.andThen(TestClock.withLive(Effect.sleep(20)), TestClock.adjust(250))))

/**
 * Pools look at their connections now and then: they must not do so for all the time since 1970. Who listens ends
 * before what he listens with, which would wait for him.
 */
const within =
  <A, E>(layer: Layer.Layer<A, E, Databases>) =>
  <B, E2, R>(effect: Effect.Effect<B, E2, R>) =>
    Effect.andThen(TestClock.setTime(start), Effect.provide(Effect.scoped(effect), layer))

/** Everything that has closed, as the incremental job asks for it. */
const upToDate = (symbol: string) =>
  Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    return yield* Backfill.run({
      targets: [{ instrument: instrument(symbol), timeframe: "1m" }],
      window: { from: start, to: now },
      force: false,
      repair: false
    })
  }).pipe(meanwhile)
const incremental = upToDate("BTC/USDT")

const whole: Interval.Interval = { from: start, to: start + 20_000 * minute }
const rows = Effect.gen(function* () {
  const store = yield* CandleStore.CandleStore
  return Candles.concat(yield* Stream.runCollect(store.read(series(), whole)))
})
const coverage = Effect.flatMap(CandleStore.CandleStore, (store) => store.coverage(series()))
const streamed = Effect.map(coverage, ({ streamed }) => streamed.map(({ from, to }) => ({ from, to })))

/** What happens from now on, in order. */
const watch = Effect.gen(function* () {
  const { pubsub } = yield* Events.Events
  const subscription = yield* PubSub.subscribe(pubsub)
  const seen: Array<Events.Event> = []
  const next = Effect.map(PubSub.take(subscription), (event) => {
    seen.push(event)
    return event
  })
  return {
    seen,
    /** The first of a kind. */
    until: (tag: Events.Event["_tag"], isMeant: (event: Events.Event) => boolean = () => true) =>
      Effect.gen(function* () {
        for (;;) {
          const event = yield* next
          if (event._tag === tag && isMeant(event)) return event
        }
      }).pipe(meanwhile),
    /** Completes when everything before an instant is covered. */
    covered: (until: number) =>
      Effect.gen(function* () {
        while (((yield* coverage).fetched.at(-1)?.to ?? 0) < until) yield* next
      }).pipe(meanwhile)
  }
})

/** The stream tells of the candle with this number. */
const tell = Effect.fnUntraced(function* (index: number, ...faults: ReadonlyArray<StreamFault.StreamFault>) {
  const { injectStream, tick } = yield* Emulator
  yield* injectStream(...faults)
  yield* TestClock.setTime(closeOf(index) + promptMillis)
  return yield* tick
})

/** History is there, and somebody listens. */
const tailing = Effect.gen(function* () {
  yield* TestClock.setTime(begin + 5_000)
  yield* incremental
  const watched = yield* watch
  const tail = yield* Effect.forkScoped(Tail.run({ includes: () => true }))
  yield* watched.until("InStep")
  return { ...watched, stop: Fiber.interrupt(tail) }
})

/** The stored rows are those of the provider, all settled, and nothing is wrong with them. */
const assertSound = Effect.fnUntraced(function* (until: number, served: Dataset.Dataset = dataset) {
  assert.isTrue(Candles.equals(yield* rows, served.candles({ from: start, to: until })))
  const ledger = yield* coverage
  assert.deepStrictEqual(ledger.streamed, [])
  assert.deepStrictEqual(Coverage.settledSet(ledger), [{ from: start, to: until }])
  assert.isTrue(Damage.isNone(yield* Damage.look(series(), Calendars.get("24/7"), ledger, [Damage.everything])))
  assert.deepStrictEqual(
    (yield* Survey.run({ choose: () => true })).flatMap(({ gaps }) => gaps.filter(({ attempts }) => attempts === 0)),
    []
  )
})

for (const [name, databases] of [
  ["on DuckDB", Databases.duckDb],
  ["on Postgres", Databases.postgres]
] as const) {
  // A server of databases starts on the real clock.
  layer(databases, { excludeTestServices: true })(name, (it) => {
    it.effect("a candle that closes is stored as it is told, and is settled once it was asked for", () =>
      Effect.gen(function* () {
        const { covered, until } = yield* tailing
        assert.strictEqual(Candles.length(yield* rows), 30)
        assert.strictEqual(yield* tell(0), 1)
        assert.deepInclude(yield* until("PageStored"), { inserted: 1, candles: 1 })
        assert.isTrue(Candles.equals(yield* rows, dataset.candles({ from: start, to: closeOf(0) })))
        assert.deepStrictEqual(yield* streamed, [{ from: begin, to: closeOf(0) }])
        yield* tell(1)
        yield* covered(closeOf(1))
        yield* TestClock.setTime(closeOf(1) + 5_000)
        yield* incremental
        yield* assertSound(closeOf(1))
      }).pipe(within(world()), Effect.provide(TestClock.layer()))
    )
  })
}

const Told = Schema.Literals([...Object.keys(StreamFault.all), "well", "well"] as unknown as ReadonlyArray<
  StreamFault.StreamFault | "well"
>)

layer(Databases.duckDb)("the tail", (it) => {
  it.effect("asks for what closed while nobody listened, before it goes on", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(begin + 5_000)
      yield* incremental
      yield* TestClock.setTime(closeOf(9) + 5_000)
      const { covered, seen, until } = yield* watch
      yield* Effect.forkScoped(Tail.run({ includes: () => true }))
      assert.deepInclude(yield* until("CaughtUp"), { why: "listening", interval: { from: begin, to: closeOf(9) } })
      assert.deepStrictEqual(yield* streamed, [])
      yield* tell(10)
      yield* covered(closeOf(10))
      assert.isTrue(Candles.equals(yield* rows, dataset.candles({ from: start, to: closeOf(10) })))
      assert.lengthOf(
        seen.filter(({ _tag }) => _tag === "CaughtUp"),
        1
      )
    }).pipe(within(world()))
  )

  it.effect("asks for a candle that was left out, before the next one is written", () =>
    Effect.gen(function* () {
      const { covered, until } = yield* tailing
      yield* tell(0, "skip")
      yield* tell(1)
      assert.deepInclude(yield* until("CaughtUp"), { why: "jump", interval: { from: begin, to: closeOf(0) } })
      yield* covered(closeOf(1))
      assert.deepStrictEqual(yield* streamed, [{ from: closeOf(0), to: closeOf(1) }])
      assert.isTrue(Candles.equals(yield* rows, dataset.candles({ from: start, to: closeOf(1) })))
    }).pipe(within(world(dataset, { overdueMillis: 10 * minute })))
  )

  it.effect("asks for what is not told in time, and makes up nothing where there is nothing", () =>
    Effect.gen(function* () {
      const { covered, until } = yield* tailing
      // The minute is not there at all, and so the stream says nothing.
      assert.strictEqual(yield* tell(0), 0)
      yield* TestClock.setTime(closeOf(0) + overdueMillis)
      assert.deepInclude(yield* until("CaughtUp"), { why: "overdue" })
      const { empty } = yield* coverage
      assert.deepInclude(empty.at(-1), { from: begin, to: closeOf(0), opens: 1, confirmations: 1 })
      yield* tell(1)
      yield* covered(closeOf(1))
      assert.strictEqual(Candles.length(yield* rows), 31)
    }).pipe(within(world(lacking([[30, 31]]))))
  )

  it.effect("keeps what an answer says otherwise as a revision, without waiting for a backfill", () =>
    Effect.gen(function* () {
      const store = yield* CandleStore.CandleStore
      const { covered, seen, until } = yield* tailing
      for (const index of [0, 1, 2, 3]) {
        yield* index === 2 ? tell(index, "differ") : tell(index)
        yield* covered(closeOf(index))
      }
      assert.isFalse(Candles.equals(yield* rows, dataset.candles({ from: start, to: closeOf(3) })))
      seen.length = 0
      yield* TestClock.adjust(Policy.defaults.confirmMillis)
      yield* until("PageStored", (event) => event._tag === "PageStored" && event.changed === 1)
      assert.deepStrictEqual(yield* streamed, [])
      const kept = Candles.within(yield* rows, { from: start, to: closeOf(3) })
      assert.isTrue(Candles.equals(kept, dataset.candles({ from: start, to: closeOf(3) })))
      const [revision, ...more] = yield* store.revisions(series(), whole)
      assert.deepStrictEqual(more, [])
      assert.deepInclude(revision, { openTime: closeOf(1), reason: "confirm" })
    }).pipe(within(world()))
  )

  it.effect("connects again when the connection is cut, and asks for what closed meanwhile", () =>
    Effect.gen(function* () {
      const { listenedTo, streams } = yield* Emulator
      const { covered, until } = yield* tailing
      yield* tell(0, "disconnect")
      const lost = yield* until("ListeningLost")
      assert.strictEqual(lost._tag === "ListeningLost" && lost.error.reason._tag, "Unavailable")
      assert.deepStrictEqual(yield* streams, [])
      yield* TestClock.setTime(closeOf(0) + 5_000)
      yield* until("Listening")
      yield* covered(closeOf(0))
      yield* listenedTo(1)
      yield* tell(1)
      yield* covered(closeOf(1))
      assert.isTrue(Candles.equals(yield* rows, dataset.candles({ from: start, to: closeOf(1) })))
    }).pipe(within(world()))
  )

  it.effect("leaves the connections that there are alone when another series is to be listened to", () =>
    Effect.gen(function* () {
      const { seen, until } = yield* tailing
      yield* upToDate("ETH/USDT")
      // It is seen when it is next looked up what there is.
      yield* TestClock.adjust(Policy.defaults.tailSurveyMillis)
      yield* until("InStep", (event) => event._tag === "InStep" && event.series.symbol === "ETH/USDT")
      assert.deepStrictEqual(
        seen.flatMap((event) => (event._tag === "Listening" ? [event.series] : [])),
        [1, 1]
      )
      assert.isFalse(seen.some(({ _tag }) => _tag === "ListeningLost"))
      assert.lengthOf(
        seen.filter((event) => event._tag === "InStep" && event.series.symbol === "BTC/USDT"),
        1
      )
    }).pipe(within(world(dataset, {}, ether)))
  )

  it.effect("takes a connection that has become silent for lost", () =>
    Effect.gen(function* () {
      const { covered, until } = yield* tailing
      yield* tell(0, "silence")
      yield* TestClock.setTime(closeOf(0) + overdueMillis)
      yield* covered(closeOf(0))
      yield* TestClock.setTime(closeOf(0) + 90_000)
      const lost = yield* until("ListeningLost")
      assert.include(lost._tag === "ListeningLost" ? lost.error.message : "", "nothing came from")
      yield* TestClock.adjust(1_000)
      yield* until("Listening")
    }).pipe(within(world()))
  )

  it.effect("what the provider cannot answer is said, and asked for again after a while", () =>
    Effect.gen(function* () {
      const { inject } = yield* Emulator
      const { covered, until } = yield* tailing
      yield* inject(Fault.ServerError({ status: 400, body: '{"code":-1121,"msg":"Invalid symbol."}' }))
      yield* tell(0, "skip")
      yield* TestClock.setTime(closeOf(0) + overdueMillis)
      const failed = yield* until("TailFailed")
      assert.include(failed._tag === "TailFailed" ? failed.error.message : "", "binance BTC/USDT")
      yield* TestClock.adjust(1_000)
      yield* covered(closeOf(0))
    }).pipe(within(world()))
  )

  it.effect("stored with what it has when it is interrupted at any point", () =>
    Effect.gen(function* () {
      for (const index of [0, 1, 2, 3, 4, 5]) {
        yield* TestClock.setTime(closeOf(index) - minute + 5_000)
        if (index === 0) yield* incremental
        const { until } = yield* watch
        const tail = yield* Effect.forkScoped(Tail.run({ includes: () => true }))
        yield* until("Listening")
        yield* tell(index)
        // Anything may have happened to the candle by now.
        for (let turn = 0; turn < index * 3; turn++) yield* Effect.yieldNow
        yield* Fiber.interrupt(tail)
        const ledger = yield* coverage
        assert.strictEqual(Candles.length(yield* rows), Coverage.rows(ledger))
      }
      yield* TestClock.setTime(closeOf(5) + 5_000)
      yield* incremental
      yield* assertSound(closeOf(5))
    }).pipe(within(world()))
  )

  it.effect.prop(
    "whatever a stream does, every candle is there in time, and the next backfill leaves exactly what the provider has",
    { told: Schema.Array(Told).check(Schema.isMinLength(1), Schema.isMaxLength(12)) },
    ({ told }) =>
      Effect.gen(function* () {
        const { covered, stop } = yield* tailing
        for (const [index, how] of told.entries()) {
          yield* how === "well" ? tell(index) : tell(index, how)
          // Whatever was not told is asked for by then.
          yield* TestClock.setTime(closeOf(index) + overdueMillis)
          yield* covered(closeOf(index))
          assert.deepStrictEqual((yield* rows).openTime, dataset.candles({ from: start, to: closeOf(index) }).openTime)
        }
        yield* meanwhile(stop)
        yield* TestClock.setTime(closeOf(told.length - 1) + 20_000)
        const report = yield* incremental
        assert.deepStrictEqual(
          report.outcomes.map(({ status }) => status),
          ["complete"]
        )
        yield* assertSound(closeOf(told.length - 1))
      }).pipe(Effect.scoped, within(world())),
    { arbitrary: { runs: 25 }, timeout: 60_000 }
  )
})
