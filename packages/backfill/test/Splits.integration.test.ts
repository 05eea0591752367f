/** A source that adjusts for splits, and what happens to stored candles when a share is split. */
import { assert, layer } from "@effect/vitest"
import { Actions, Backfill, Events, Report, SourceHttp, SourceRegistry } from "@tidemark/backfill"
import { Calendars } from "@tidemark/calendars"
import {
  ActionStore,
  Candles,
  CandleStore,
  CorporateAction,
  Coverage,
  Instant,
  Instrument,
  type Series,
  Source,
  SourceError,
  type Timeframe
} from "@tidemark/core"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Clock, Deferred, Effect, Fiber, Layer, Schema, Stream } from "effect"
import { Databases } from "./rig.ts"

const calendar = Calendars.get("XNYS")
const at = (text: string) => Date.parse(text)
const four = new CorporateAction.Split({ exDate: "2020-08-31", from: 1, to: 4 })
const friday = at("2020-08-28T22:00Z")
const monday = at("2020-08-31T22:00Z")
const tuesday = at("2020-09-01T22:00Z")
const day = 86_400_000
/** By then a source has brought its prices to the new shares. */
const thursday = at("2020-09-03T13:30Z")
const from = at("2020-06-01")

/** A source in a state that a test changes: what is split, what is asked, what fails. */
class World {
  splits: ReadonlyArray<CorporateAction.Split> = []
  /** Told as well, but not in the prices. */
  announced: ReadonlyArray<CorporateAction.Split> = []
  /** In the prices, but not told. */
  untold: ReadonlyArray<CorporateAction.Split> = []
  failure: SourceError.Reason | undefined
  readonly asked = { candles: 0, actions: 0 }
  readonly ranges: Array<string> = []

  price(open: number): number {
    const later = [...this.splits, ...this.untold].filter(
      ({ exDate }) => calendar.openAtOrAfter("1d", at(exDate)) > open
    )
    return (open / 1e9) * later.reduce((product, { from, to }) => (product * from) / to, 1)
  }

  readonly source: Source.Source = {
    candles: (request) =>
      Stream.unwrap(
        Effect.map(Clock.currentTimeMillis, (now) => {
          this.asked.candles++
          const openTime = calendar.openTimes(request.timeframe, request.interval)
          this.ranges.push(
            `${request.symbol} ${request.timeframe} ${[openTime[0]!, openTime.at(-1)!]
              .map((open) => new Date(open).toISOString().slice(0, 10))
              .join(" ")}`
          )
          const price = openTime.map((open) => this.price(open))
          const volume = openTime.map(() => 1)
          const candles: Candles.Candles = { openTime, open: price, high: price, low: price, close: price, volume }
          const page = Source.page(request, request.interval, candles, now)
          return page === undefined ? Stream.empty : Stream.make(page)
        })
      ),
    actions: (subject, interval) =>
      Effect.suspend(() => {
        this.asked.actions++
        if (this.failure !== undefined) {
          return Effect.fail(
            new SourceError.SourceError({ source: "world", symbol: subject.symbol, reason: this.failure })
          )
        }
        return Effect.succeed(
          [...this.splits, ...this.announced].filter(
            ({ exDate }) => at(exDate) >= interval.from && at(exDate) < interval.to
          )
        )
      })
  }
}

const pluginOf = (world: World, adjustment: Source.Capabilities["adjustment"]) =>
  Source.define({
    id: "world",
    description: "A world of one's own",
    capabilities: {
      assetClasses: ["equity"],
      timeframes: ["1h", "1d"],
      pageSize: 10_000,
      bytesPerCandle: 1,
      weightPerPage: 1,
      hosts: [],
      lanes: 1,
      lagMillis: 0,
      adjustment,
      provenance: "observed"
    },
    config: Schema.Struct({}),
    variables: {},
    baseUrls: [],
    make: () => Effect.succeed(world.source)
  })

const instrument = (symbol: string) =>
  new Instrument.Instrument({
    symbol,
    assetClass: "equity",
    calendar: "XNYS",
    sources: [{ source: "world" }],
    active: true
  })

const series = (timeframe: Timeframe.Timeframe = "1d", symbol = "AAPL"): Series.Series => ({
  source: "world",
  symbol,
  timeframe
})

interface RunOptions extends Partial<Backfill.BackfillOptions> {
  readonly symbols?: ReadonlyArray<string>
  readonly timeframes?: ReadonlyArray<Timeframe.Timeframe>
}

/** Runs at a time of its own, in which waiting takes as long as ever. */
const atTime =
  (now: number) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.flatMap(Clock.Clock, (clock) =>
      Effect.provideService(effect, Clock.Clock, {
        currentTimeMillisUnsafe: () => now,
        currentTimeMillis: Effect.succeed(now),
        currentTimeNanosUnsafe: () => BigInt(now) * 1_000_000n,
        currentTimeNanos: Effect.succeed(BigInt(now) * 1_000_000n),
        monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
        monotonicTimeNanos: clock.monotonicTimeNanos,
        sleep: (duration) => clock.sleep(duration)
      })
    )

const run = Effect.fnUntraced(function* (now: number, { symbols, timeframes, ...options }: RunOptions = {}) {
  const job = Backfill.run({
    targets: (symbols ?? ["AAPL"]).flatMap((symbol) =>
      (timeframes ?? ["1d"]).map((timeframe) => ({ instrument: instrument(symbol), timeframe }))
    ),
    window: { from },
    force: false,
    repair: true,
    ...options
  })
  return yield* atTime(now)(job)
})

/** What a run says of `four` until it is seen, or until a time. */
const waiting = (until: number) =>
  "its prices of before the split of 2020-08-31 are not seen in the new shares yet; until they are, or until " +
  `${Instant.format(until)}, they cannot be read adjusted; run again later`

const notes = (report: Report.Report) => report.outcomes.map((outcome) => outcome.notes)

/** All stored candles have the source's present prices, none is stale, and the ledger counts them right. */
const assertOneScale = Effect.fnUntraced(function* (world: World, of: Series.Series = series()) {
  const store = yield* CandleStore.CandleStore
  const batches = yield* Stream.runCollect(store.read(of, { from, to: at("2020-10-01") }))
  const candles = Candles.concat(batches)
  assert.deepStrictEqual(
    [...candles.close],
    [...candles.openTime].map((open) => world.price(open))
  )
  const coverage = yield* store.coverage(of)
  assert.deepStrictEqual(coverage.stale, [])
  assert.strictEqual(Coverage.rows(coverage), Candles.length(candles))
  return Candles.length(candles)
})

/** Everything that a run needs, over a new database, with the world as its only source. */
const engine = (world: World, adjustment: Source.Capabilities["adjustment"] = "splits") =>
  SourceRegistry.SourceRegistry.layer([{ id: "world", load: () => Promise.resolve(pluginOf(world, adjustment)) }], {
    sections: {},
    variables: {}
  }).pipe(
    Layer.provide(SourceHttp.layer),
    Layer.provide(NodeHttpClient.layerUndici),
    Layer.provideMerge(Events.Events.layer),
    Layer.merge(Layer.fresh(Layer.unwrap(Effect.flatMap(Databases, (databases) => databases.stores))))
  )

for (const [name, databases] of [
  ["on DuckDB", Databases.duckDb],
  ["on Postgres", Databases.postgres]
] as const) {
  layer(databases, { excludeTestServices: true })(`a split at a source that adjusts for it, ${name}`, (it) => {
    it.effect("has what is stored fetched again before anything is added, once, with the old values kept", () => {
      const world = new World()
      return Effect.gen(function* () {
        const store = yield* CandleStore.CandleStore
        yield* run(friday, { timeframes: ["1d", "1h"] })
        assert.deepStrictEqual(world.asked, { candles: 2, actions: 0 })
        const rows = yield* assertOneScale(world)
        world.splits = [four]
        const report = yield* run(monday, { timeframes: ["1d", "1h"] })
        const note = "refetched because of a split of 2020-08-31"
        assert.deepStrictEqual(notes(report), [[note], [note]])
        assert.strictEqual(Report.exitCode(report), 0)
        assert.deepStrictEqual(Report.toJson(report).series[0]!.notes, [note])
        // One more, of a single candle, shows that the source tells the new scale.
        assert.deepStrictEqual(world.asked, { candles: 5, actions: 1 })
        assert.strictEqual(world.ranges[2], "AAPL 1d 2020-08-28 2020-08-28")
        assert.strictEqual(yield* assertOneScale(world), rows + 1)
        yield* assertOneScale(world, series("1h"))
        const revisions = yield* store.revisions(series(), { from, to: tuesday })
        assert.lengthOf(revisions, rows)
        for (const { after, before, knownAt, reason } of revisions) {
          assert.strictEqual(after!.close, before.close / 4)
          assert.deepStrictEqual([knownAt, reason], [friday, "split of 2020-08-31"])
        }
        // Nothing to do, nothing asked.
        yield* run(monday + 1, { timeframes: ["1d", "1h"] })
        assert.deepStrictEqual(world.asked, { candles: 5, actions: 1 })
        // The next day only what is new.
        const next = yield* run(tuesday)
        assert.deepStrictEqual(world.asked, { candles: 6, actions: 2 })
        assert.deepStrictEqual([notes(next), next.outcomes[0]!.inserted, next.outcomes[0]!.changed], [[[]], 1, 0])
        assert.strictEqual(world.ranges.at(-1), "AAPL 1d 2020-09-01 2020-09-01")
      }).pipe(Effect.provide(engine(world)))
    })

    it.effect("of before the first fetch, and one that is only announced, cost nothing", () => {
      const world = new World()
      world.splits = [four]
      return Effect.gen(function* () {
        yield* run(monday)
        const later = new CorporateAction.Split({ exDate: "2020-09-02", from: 1, to: 2 })
        const store = yield* ActionStore.ActionStore
        yield* store.put({
          source: "world",
          symbol: "AAPL",
          interval: { from, to: at("2021-01-01") },
          actions: [four, later],
          at: monday
        })
        world.announced = [later]
        const report = yield* run(tuesday)
        assert.deepStrictEqual([notes(report), report.outcomes[0]!.changed], [[[waiting(thursday)]], 0])
        const unsettled = yield* store.unsettled("world", "AAPL")
        assert.deepStrictEqual(
          unsettled.map(({ action }) => action),
          [four, later]
        )
        yield* assertOneScale(world)
        // On its day it counts.
        world.splits = [four, later]
        world.announced = []
        const onTheDay = yield* run(at("2020-09-02T22:00Z"))
        assert.include(notes(onTheDay)[0]!, "refetched because of a split of 2020-09-02")
        yield* assertOneScale(world)
      }).pipe(Effect.provide(engine(world)))
    })

    it.effect("that changes no price has the history asked for once, not every day", () => {
      const world = new World()
      return Effect.gen(function* () {
        yield* run(friday)
        world.announced = [four]
        const first = yield* run(monday)
        assert.deepStrictEqual([first.outcomes[0]!.changed, first.outcomes[0]!.inserted], [0, 1])
        assert.deepStrictEqual(notes(first), [[waiting(thursday)]])
        yield* run(thursday)
        yield* run(friday + 7 * day)
        assert.deepStrictEqual(
          world.ranges.filter((range) => !range.endsWith("2020-08-28 2020-08-28")),
          [
            "AAPL 1d 2020-06-01 2020-08-28",
            "AAPL 1d 2020-08-31 2020-08-31",
            // Once the time has passed in which it might still come.
            "AAPL 1d 2020-06-01 2020-08-28",
            "AAPL 1d 2020-09-01 2020-09-02",
            "AAPL 1d 2020-09-03 2020-09-04"
          ]
        )
        yield* assertOneScale(world)
      }).pipe(Effect.provide(engine(world)))
    })

    it.effect("that another command or a killed run has learned of is not forgotten", () => {
      const world = new World()
      return Effect.gen(function* () {
        yield* run(friday)
        world.splits = [four]
        const store = yield* ActionStore.ActionStore
        const interval = { from, to: at("2020-09-01") }
        // As far as a run came that was killed after it had kept the answer.
        yield* store.put({ source: "world", symbol: "AAPL", interval, actions: [four], at: monday })
        const report = yield* run(monday)
        assert.deepStrictEqual(notes(report), [["refetched because of a split of 2020-08-31"]])
        yield* assertOneScale(world)
        // By `actions fetch`, in a run of its own.
        const eight = new CorporateAction.Split({ exDate: "2020-09-01", from: 1, to: 2 })
        world.splits = [four, eight]
        const registered = yield* (yield* SourceRegistry.SourceRegistry).get("world")
        const subject = { symbol: "AAPL", assetClass: "equity", calendar } as const
        const refreshed = yield* atTime(tuesday)(Actions.refresh({ registered, subject, interval }))
        assert.deepStrictEqual(refreshed.result.added, [])
        const wider = yield* atTime(tuesday)(
          Actions.refresh({
            registered,
            subject,
            interval: Actions.upToNow(from, tuesday)
          })
        )
        assert.deepStrictEqual(wider.result.added, [eight])
        assert.deepStrictEqual(
          wider.outdated.map((one) => [one.series, one.exDate]),
          [[series(), eight.exDate]]
        )
        const again = yield* run(tuesday)
        assert.deepStrictEqual(notes(again), [["refetched because of a split of 2020-09-01"]])
        yield* assertOneScale(world)
      }).pipe(Effect.provide(engine(world)))
    })

    it.effect("that comes into the prices a day late is waited for", () => {
      const world = new World()
      return Effect.gen(function* () {
        yield* run(friday)
        world.announced = [four]
        const onTheDay = yield* run(monday)
        assert.deepStrictEqual(notes(onTheDay), [[waiting(thursday)]])
        world.announced = []
        world.splits = [four]
        assert.include(notes(yield* run(tuesday))[0]!, "refetched because of a split of 2020-08-31")
        yield* assertOneScale(world)
        assert.deepStrictEqual(notes(yield* run(tuesday + day)), [[]])
      }).pipe(Effect.provide(engine(world)))
    })

    it.effect("that is in the prices before the session opens is seen before anything is added", () => {
      const world = new World()
      return Effect.gen(function* () {
        yield* run(at("2020-08-28T12:00Z"))
        world.splits = [four]
        // Friday's session in the new shares, to candles in the old ones.
        const report = yield* run(at("2020-08-31T10:00Z"))
        assert.deepStrictEqual(notes(report), [["refetched because of a split of 2020-08-31"]])
        yield* assertOneScale(world)
      }).pipe(Effect.provide(engine(world)))
    })

    it.effect("that is told days after it came into the prices has all fetched again that came between", () => {
      const world = new World()
      return Effect.gen(function* () {
        yield* run(friday)
        yield* run(monday - 1)
        world.untold = [four]
        yield* run(monday)
        yield* run(tuesday)
        world.untold = []
        world.splits = [four]
        const report = yield* run(tuesday + day)
        assert.deepStrictEqual(notes(report), [["refetched because of a split of 2020-08-31"]])
        yield* assertOneScale(world)
      }).pipe(Effect.provide(engine(world)))
    })

    it.effect("that is told otherwise later has its history fetched again", () => {
      const world = new World()
      return Effect.gen(function* () {
        yield* run(friday)
        world.splits = [new CorporateAction.Split({ ...four, to: 5 })]
        yield* run(monday)
        yield* assertOneScale(world)
        world.splits = [four]
        const report = yield* run(tuesday)
        assert.deepStrictEqual(notes(report), [["refetched because of a split of 2020-08-31"]])
        yield* assertOneScale(world)
        assert.deepStrictEqual(notes(yield* run(tuesday + day)), [[]])
      }).pipe(Effect.provide(engine(world)))
    })

    it.effect("that is taken back has its history fetched again, once nothing more can come of it", () => {
      const world = new World()
      return Effect.gen(function* () {
        yield* run(friday)
        world.splits = [four]
        yield* run(monday)
        world.splits = []
        assert.deepStrictEqual(notes(yield* run(tuesday)), [[waiting(tuesday + 3 * day)]])
        assert.include(notes(yield* run(tuesday + 3 * day))[0]!, "refetched because of a split of 2020-08-31")
        yield* assertOneScale(world)
      }).pipe(Effect.provide(engine(world)))
    })

    it.effect(
      "that the source does not tell of fails the series, and leaves those alone that have no candles yet",
      () => {
        const world = new World()
        return Effect.gen(function* () {
          yield* run(friday)
          world.failure = new SourceError.Unauthorized({ detail: "no key" })
          const report = yield* run(monday, { symbols: ["AAPL", "MSFT"] })
          assert.deepStrictEqual(
            report.outcomes.map(({ status }) => status),
            ["failed", "complete"]
          )
          assert.include(Report.errorOf(report.outcomes[0]!), "no key")
          assert.deepStrictEqual(
            world.ranges.map((range) => range.split(" ")[0]),
            ["AAPL", "MSFT"]
          )
          const store = yield* CandleStore.CandleStore
          assert.strictEqual((yield* store.coverage(series())).fetched.at(-1)!.to, friday)
          // A hiccup is asked again.
          world.failure = new SourceError.Unavailable({ detail: "busy" })
          const waiting = yield* Effect.forkChild(run(tuesday))
          while (world.asked.actions < 2) yield* Effect.sleep(1)
          world.failure = undefined
          assert.strictEqual(Report.exitCode(yield* Fiber.join(waiting)), 0)
        }).pipe(Effect.provide(engine(world)))
      }
    )

    it.effect("leaves stale what nobody asks for, says so, and mends it when it is asked for", () => {
      const world = new World()
      return Effect.gen(function* () {
        const store = yield* CandleStore.CandleStore
        yield* run(friday)
        world.splits = [four]
        const august = at("2020-08-01")
        const report = yield* run(monday, { window: { from: august } })
        const command = "tidemark backfill --symbols AAPL --timeframes 1d --source world"
        assert.deepStrictEqual(notes(report), [
          [
            "refetched because of a split of 2020-08-31",
            "still in the scale of before the split of 2020-08-31: 2020-06-01T13:30Z → 2020-08-03T13:30Z; " +
              `fetch it again: ${command} --start 2020-06-01T13:30Z --end 2020-08-03T13:30Z`
          ]
        ])
        const { stale } = yield* store.coverage(series())
        assert.lengthOf(stale, 1)
        const listed = (yield* store.list).find((entry) => entry.series.symbol === "AAPL")!
        assert.strictEqual(listed.rows, Coverage.rows(listed.coverage))
        const wide = yield* run(monday)
        assert.deepStrictEqual(notes(wide), [["refetched because of a split of 2020-08-31"]])
        yield* assertOneScale(world)
      }).pipe(Effect.provide(engine(world)))
    })

    it.effect("is asked for until the user wants to stop", () => {
      const world = new World()
      return Effect.gen(function* () {
        yield* run(friday)
        world.failure = new SourceError.Unavailable({ detail: "busy" })
        const stop = yield* Deferred.make<void>()
        const waiting = yield* Effect.forkChild(run(monday, { stop: Deferred.await(stop) }))
        while (world.asked.actions < 1) yield* Effect.sleep(1)
        yield* Deferred.succeed(stop, undefined)
        const report = yield* Fiber.join(waiting)
        assert.deepStrictEqual([Report.exitCode(report), report.outcomes, world.asked.candles], [130, [], 1])
      }).pipe(Effect.provide(engine(world)))
    })

    it.effect("at a source that adjusts for nothing is nothing to it", () => {
      const world = new World()
      return Effect.gen(function* () {
        yield* run(friday)
        yield* run(monday)
        assert.deepStrictEqual(world.asked, { candles: 2, actions: 0 })
        const registered = yield* (yield* SourceRegistry.SourceRegistry).get("world")
        const subject = { symbol: "AAPL", assetClass: "equity", calendar } as const
        world.splits = [four]
        const refreshed = yield* atTime(tuesday)(
          Actions.refresh({ registered, subject, interval: { from, to: tuesday } })
        )
        assert.deepStrictEqual([refreshed.result.added, refreshed.outdated], [[four], []])
        assert.deepStrictEqual((yield* (yield* CandleStore.CandleStore).coverage(series())).stale, [])
      }).pipe(Effect.provide(engine(world, "none")))
    })
  })
}
