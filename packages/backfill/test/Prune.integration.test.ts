/** A prune as the engine does it: in pieces, stopped and failing, over real databases. */
import { assert, describe } from "@effect/vitest"
import { Prune, Retention } from "@tidemark/backfill"
import { Candles, CandleStore, Coverage, type Interval, type Series, StoreError } from "@tidemark/core"
import { Emulator } from "@tidemark/emulator"
import { Clock, Deferred, Effect, Layer } from "effect"
import { engine, minute, onEvery } from "./rig.ts"

const day = 1_440 * minute
const from = Date.parse("2020-01-01T00:00Z")
const most = 65_536

const seriesOf = (symbol: string, timeframe: Series.Series["timeframe"] = "1m"): Series.Series => ({
  source: "binance",
  symbol,
  timeframe
})

const page = (series: Series.Series, interval: Interval.Interval, step = minute): CandleStore.PageWrite => {
  const candles = Candles.allocate((interval.to - interval.from) / step)
  for (let i = 0; i < candles.openTime.length; i++) {
    candles.openTime[i] = interval.from + i * step
    for (const column of [candles.open, candles.high, candles.low, candles.close]) column[i] = 1
  }
  return {
    series,
    provenance: "observed",
    interval,
    candles,
    holes: [],
    countOpens: ({ from, to }) => (to - from) / step,
    at: interval.to,
    reason: "test"
  }
}

/** Minutes of a hundred days of two symbols, with their days. */
const interval = { from, to: from + 100 * day }
const fill = Effect.gen(function* () {
  const store = yield* CandleStore.CandleStore
  for (const symbol of ["BTC/USDT", "ETH/USDT"]) {
    yield* store.write([page(seriesOf(symbol), interval), page(seriesOf(symbol, "1d"), interval, day)])
  }
})

/** The store, with something between it and whoever prunes. */
const pruningThrough = <A, E, R>(
  work: Effect.Effect<A, E, R>,
  through: (
    prune: CandleStore.CandleStore["Service"]["prune"],
    of: CandleStore.CandleStore["Service"]
  ) => CandleStore.CandleStore["Service"]["prune"]
) =>
  Effect.flatMap(CandleStore.CandleStore, (store) =>
    Effect.provideService(work, CandleStore.CandleStore, { ...store, prune: through(store.prune, store) })
  )

const all: Prune.Options = { choose: () => true, evenIfNeeded: false, dryRun: false }
const world = Layer.provideMerge(engine(), Emulator.layer({ datasets: [] }))

onEvery((it) => {
  describe("a prune", () => {
    it.effect(
      "takes pieces that memory has room for, from the oldest on, each in one transaction with the ledger",
      () =>
        Effect.gen(function* () {
          yield* fill
          const pieces: Array<number> = []
          const report = yield* pruningThrough(Prune.run(all), (prune, store) =>
            Effect.fnUntraced(function* (series, cut) {
              const result = yield* prune(series, cut)
              pieces.push(result.rows)
              const [run] = (yield* store.coverage(series)).pruned
              assert.strictEqual(run?.to, Math.min(cut.before, interval.to))
              return result
            })
          )
          assert.deepStrictEqual(pieces, [most, most, 100 * 1_440 - 2 * most, most, most, 100 * 1_440 - 2 * most])
          assert.deepStrictEqual(
            report.outcomes.map(({ rows, series, status }) => [series.symbol, series.timeframe, status, rows]),
            [
              ["BTC/USDT", "1m", "pruned", 144_000],
              ["BTC/USDT", "1d", "kept", 0],
              ["ETH/USDT", "1m", "pruned", 144_000],
              ["ETH/USDT", "1d", "kept", 0]
            ]
          )
          const store = yield* CandleStore.CandleStore
          const { fetched, pruned } = yield* store.coverage(seriesOf("BTC/USDT"))
          assert.deepStrictEqual(fetched, [])
          assert.deepStrictEqual(
            pruned.map(({ from, rows, to }) => ({ from, rows, to })),
            [{ ...interval, rows: 144_000 }]
          )
          assert.strictEqual(Prune.exitCode(report), 0)
        }).pipe(Effect.provide(world))
    )

    it.effect("that is told to stop keeps what it has done, says so, and the next one goes on", () =>
      Effect.gen(function* () {
        yield* fill
        const store = yield* CandleStore.CandleStore
        let steps = 0
        const told = yield* Deferred.make<void>()
        const report = yield* pruningThrough(
          Prune.run({ ...all, stop: Deferred.await(told) }),
          (prune) => (series, cut) =>
            Effect.tap(prune(series, cut), () =>
              // In the middle of the second piece, which then never ends by itself.
              ++steps === 2 ? Effect.andThen(Deferred.succeed(told, undefined), Effect.never) : Effect.void
            )
        )
        assert.strictEqual(Prune.exitCode(report), 130)
        const [first, , second] = report.outcomes
        assert.deepInclude(first, { status: "interrupted", rows: most })
        assert.deepInclude(second, { status: "interrupted", rows: 0 })
        const coverage = yield* store.coverage(seriesOf("BTC/USDT"))
        // The second piece was not done when it was told: nothing of it has gone.
        assert.strictEqual(yield* store.count(seriesOf("BTC/USDT"), interval), 144_000 - most)
        assert.strictEqual(Coverage.rows(coverage), 144_000 - most)
        const next = yield* Prune.run(all)
        assert.deepStrictEqual(
          next.outcomes.map(({ rows }) => rows),
          [144_000 - most, 0, 144_000, 0]
        )
      }).pipe(Effect.provide(world))
    )

    it.effect("goes on with the others where the store fails one series, and says what happened", () =>
      Effect.gen(function* () {
        yield* fill
        const failure = new StoreError.StoreError({
          database: "test",
          operation: "prune candles",
          reason: new StoreError.StatementFailed({ detail: "no luck" })
        })
        const report = yield* pruningThrough(
          Prune.run(all),
          (prune) => (series, cut) => (series.symbol === "BTC/USDT" ? Effect.fail(failure) : prune(series, cut))
        )
        assert.deepStrictEqual(
          report.outcomes.map(({ error, rows, status }) => [status, rows, error]),
          [
            ["failed", 0, "test: no luck"],
            ["kept", 0, undefined],
            ["pruned", 144_000, undefined],
            ["kept", 0, undefined]
          ]
        )
        assert.strictEqual(Prune.exitCode(report), 1)
      }).pipe(Effect.provide(world))
    )

    it.effect("never takes what is kept, whatever is asked of it, and does nothing where all is kept forever", () =>
      Effect.gen(function* () {
        yield* fill
        const now = yield* Clock.currentTimeMillis
        const dry = yield* Prune.run({ ...all, dryRun: true })
        assert.deepStrictEqual(
          dry.outcomes.map(({ rows, staying, status }) => [status, rows, staying]),
          [
            ["due", 144_000, 0],
            ["kept", 0, 100],
            ["due", 144_000, 0],
            ["kept", 0, 100]
          ]
        )
        const years = Math.ceil((now - from) / (365 * day)) + 1
        for (const term of ["forever", `${years} years`]) {
          const report = yield* Prune.run(all).pipe(Effect.provideService(Retention.Retention, { "1m": term }))
          assert.isTrue(report.outcomes.every(({ rows, status }) => rows === 0 && status === "kept"))
        }
        const store = yield* CandleStore.CandleStore
        assert.strictEqual(yield* store.count(seriesOf("BTC/USDT"), interval), 144_000)
      }).pipe(Effect.provide(world))
    )
  })
})
