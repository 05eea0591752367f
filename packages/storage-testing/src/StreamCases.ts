/** What a live stream told: kept where it continues what is covered, until an answer says the same or otherwise. */
import { assert, type Vitest } from "@effect/vitest"
import { Candles, CandleStore, Coverage, type Interval, type Series } from "@tidemark/core"
import { Effect, Stream } from "effect"

const minute = 60_000
const start = 1_700_000_040_000
const span = (from: number, to: number): Interval.Interval => ({ from: start + from * minute, to: start + to * minute })

let count = 0
const freshSeries = (): Series.Series => ({ source: "contract", symbol: `L${count++}/USD`, timeframe: "1m" })

const minutes = ({ from, to }: Interval.Interval, price = 100): Candles.Candles => {
  const candles = Candles.allocate((to - from) / minute)
  candles.openTime.forEach((_, i) => {
    candles.openTime[i] = from + i * minute
    for (const column of [candles.open, candles.high, candles.low, candles.close]) column[i] = price
    candles.volume[i] = 1
  })
  return candles
}

export const cases = (it: Vitest.MethodsNonLive<CandleStore.CandleStore>): void => {
  const write = (series: Series.Series, interval: Interval.Interval, at: number, isStreamed: boolean, price = 100) =>
    Effect.gen(function* () {
      const store = yield* CandleStore.CandleStore
      const [result] = yield* store.write([
        {
          series,
          provenance: "observed",
          interval,
          candles: minutes(interval, price),
          holes: [],
          countOpens: ({ from, to }) => (to - from) / minute,
          at,
          reason: isStreamed ? "stream" : "fetch",
          isStreamed
        }
      ])
      return result!
    })
  const read = (series: Series.Series, interval: Interval.Interval) =>
    Effect.gen(function* () {
      const store = yield* CandleStore.CandleStore
      return Candles.concat(yield* Stream.runCollect(store.read(series, interval)))
    })

  it.effect("T01 what is streamed is written where it continues what is covered, and is not settled", () =>
    Effect.gen(function* () {
      const store = yield* CandleStore.CandleStore
      const series = freshSeries()
      yield* write(series, span(0, 10), 1_000, false)
      assert.deepInclude(yield* write(series, span(10, 11), 2_000, true), { inserted: 1 })
      assert.deepInclude(yield* write(series, span(11, 12), 3_000, true), { inserted: 1 })
      const coverage = yield* store.coverage(series)
      assert.deepStrictEqual(coverage.fetched, [{ ...span(0, 12), rows: 12, at: 3_000 }])
      assert.deepStrictEqual(coverage.streamed, [{ ...span(10, 12), at: 3_000 }])
      assert.deepStrictEqual(Coverage.settledSet(coverage), [span(0, 10)])
      assert.strictEqual(Candles.length(yield* read(series, span(0, 20))), 12)
    })
  )

  it.effect(
    "T02 what is streamed is passed over behind a hole, before anything is covered, and where it is covered",
    () =>
      Effect.gen(function* () {
        const store = yield* CandleStore.CandleStore
        const series = freshSeries()
        assert.isTrue((yield* write(series, span(0, 1), 500, true)).isPassedOver)
        yield* write(series, span(0, 10), 1_000, false)
        yield* write(series, span(20, 30), 1_000, false)
        const before = yield* store.coverage(series)
        for (const interval of [span(11, 12), span(9, 10), span(5, 6), span(9, 11), span(10, 21), span(29, 31)]) {
          assert.isTrue((yield* write(series, interval, 2_000, true, 999)).isPassedOver, `${interval.from}`)
        }
        assert.deepStrictEqual(yield* store.coverage(series), before)
        assert.isTrue((yield* read(series, span(0, 30))).close.every((close) => close === 100))
        assert.deepStrictEqual(yield* store.revisions(series, span(0, 30)), [])
      })
  )

  it.effect("T03 an answer settles what was streamed, and what it says otherwise is a revision", () =>
    Effect.gen(function* () {
      const store = yield* CandleStore.CandleStore
      const series = freshSeries()
      yield* write(series, span(0, 10), 1_000, false)
      for (const i of [10, 11, 12, 13]) yield* write(series, span(i, i + 1), 2_000 + i, true, i === 12 ? 101 : 100)
      assert.deepInclude(yield* write(series, span(11, 13), 5_000, false), { changed: 1, unchanged: 1 })
      const coverage = yield* store.coverage(series)
      assert.deepStrictEqual(
        coverage.streamed.map(({ from, to }) => ({ from, to })),
        [span(10, 11), span(13, 14)]
      )
      assert.strictEqual(Coverage.rows(coverage), 14)
      const [revision, ...more] = yield* store.revisions(series, span(0, 20))
      assert.deepStrictEqual(more, [])
      assert.deepInclude(revision, { openTime: span(12, 13).from, knownAt: 2_012, revisedAt: 5_000, reason: "fetch" })
      assert.strictEqual(revision!.before.close, 101)
      assert.strictEqual(revision!.after!.close, 100)
    })
  )
}
