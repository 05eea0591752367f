/** What is derived: pages that go on from one another, methods apart, and nobody's work under another's name. */
import { assert, type Vitest } from "@effect/vitest"
import { Candles, CandleStore, DerivedStore, type Interval, type Series } from "@tidemark/core"
import { Effect, Exit } from "effect"
import * as Derived from "./Derived.ts"

const hour = 3_600_000
/** 2021-01-01 */
const start = 1_609_459_200_000
const range = (from: number, to: number): Interval.Interval => ({ from: start + from * hour, to: start + to * hour })

let count = 0
const fresh = (): Series.Series => ({ source: "derived", symbol: `D${count++}/USD`, timeframe: "1h" })

const opens = (interval: Interval.Interval): Float64Array =>
  Float64Array.from({ length: (interval.to - interval.from) / hour }, (_, i) => interval.from + i * hour)

/** A series with an hour in it, or nothing could be derived. */
const stored = Effect.fnUntraced(function* () {
  const series = fresh()
  const candles: Candles.Candles = { ...Candles.allocate(1), openTime: Float64Array.of(start) }
  yield* (yield* CandleStore.CandleStore).write([
    {
      series,
      provenance: "observed",
      interval: range(0, 1),
      candles,
      holes: [],
      countOpens: () => 1,
      at: 1_000,
      reason: "test"
    }
  ])
  return series
})

const page = (
  series: Series.Series,
  interval: Interval.Interval,
  after: string | undefined,
  change: { readonly method?: DerivedStore.Method; readonly shift?: number; readonly isLast?: boolean } = {}
): DerivedStore.Page => {
  const rows = Derived.rows(opens(interval), hour)
  return {
    table: Derived.table,
    progress: {
      series,
      method: change.method ?? Derived.method,
      from: start,
      until: interval.to,
      seenAt: 1_000,
      missing: [],
      state: { a: [1, "b", null] }
    },
    after,
    interval,
    isLast: change.isLast ?? false,
    rows: { ...rows, inputHash: rows.openTime.map((open) => open / hour + (change.shift ?? 0)) },
    at: 2_000
  }
}

export const cases = (it: Vitest.MethodsNonLive<CandleStore.CandleStore | DerivedStore.DerivedStore>): void => {
  it.effect("V01 pages go on from one another, and come back as they went in", () =>
    Effect.gen(function* () {
      const derived = yield* DerivedStore.DerivedStore
      const series = yield* stored()
      const first = yield* derived.write(page(series, range(0, 10), undefined))
      const second = yield* derived.write(page(series, range(10, 30), first.token))
      assert.deepStrictEqual([first.inserted, second.inserted, second.updated], [10, 20, 0])
      const read = yield* derived.read(Derived.table, Derived.method, series, range(5, 25))
      const expected = Derived.rows(opens(range(5, 25)), hour)
      assert.deepStrictEqual(
        { ...read, inputHash: expected.inputHash },
        { ...expected, knownAt: expected.openTime.map((open) => open + hour) }
      )
      const newest = yield* derived.newest(Derived.table, Derived.method, { symbols: [series.symbol] })
      assert.deepStrictEqual(newest, [
        {
          series,
          provenance: "observed",
          version: Derived.method.version,
          rows: yield* derived.read(Derived.table, Derived.method, series, range(29, 30))
        }
      ])
      assert.deepStrictEqual(yield* derived.newest(Derived.table, Derived.method, { source: "another" }), [])
      assert.deepStrictEqual(
        yield* derived.read(Derived.table, Derived.method, series, range(5, 25), 3),
        yield* derived.read(Derived.table, Derived.method, series, range(5, 8))
      )
      // Of several series at once, each has its own; one of which nothing is derived has none.
      const [another, none] = [yield* stored(), yield* stored()]
      yield* derived.write(page(another, range(0, 7), undefined))
      const all = yield* derived.newest(Derived.table, Derived.method, {
        symbols: [series.symbol, another.symbol, none.symbol]
      })
      assert.deepStrictEqual(
        all.map(({ rows, series }) => [series.symbol, rows.openTime[0]]),
        [
          [series.symbol, range(29, 30).from],
          [another.symbol, range(6, 7).from]
        ]
      )
      assert.deepStrictEqual(yield* derived.newest(Derived.table, Derived.method, { symbols: [none.symbol] }), [])
      const known = (yield* derived.progress(Derived.method)).find((one) => one.series.symbol === series.symbol)
      assert.deepInclude(known, {
        from: start,
        until: range(0, 30).to,
        state: { a: [1, "b", null] },
        token: second.token
      })
    })
  )

  it.effect("V02 a page of which another has changed what it goes on from fails, and leaves everything as it is", () =>
    Effect.gen(function* () {
      const derived = yield* DerivedStore.DerivedStore
      const series = yield* stored()
      const rows = derived.read(Derived.table, Derived.method, series, range(0, 100))
      const first = yield* derived.write(page(series, range(0, 10), undefined))
      const other = yield* derived.write(page(series, range(10, 20), first.token))
      const before = yield* rows
      for (const after of [undefined, first.token, "nobody's"]) {
        const late = yield* Effect.exit(derived.write(page(series, range(10, 30), after, { shift: 7 })))
        assert.isTrue(Exit.isFailure(late))
        assert.deepStrictEqual(yield* rows, before)
      }
      const none = yield* Effect.exit(derived.write(page(series, range(20, 20), other.token)))
      assert.isTrue(Exit.isFailure(none))
      const unknown = yield* Effect.exit(derived.write(page(fresh(), range(0, 10), undefined)))
      assert.isTrue(Exit.isFailure(unknown))
    })
  )

  it.effect(
    "V03 what is made again is counted by what it follows from; what waits behind goes with the last page",
    () =>
      Effect.gen(function* () {
        const derived = yield* DerivedStore.DerivedStore
        const series = yield* stored()
        const all = Effect.map(
          derived.read(Derived.table, Derived.method, series, range(0, 100)),
          ({ openTime }) => openTime.length
        )
        const first = yield* derived.write(page(series, range(0, 40), undefined))
        const same = yield* derived.write(page(series, range(10, 20), first.token))
        assert.deepInclude(same, { inserted: 0, updated: 0 })
        assert.strictEqual(yield* all, 40)
        const waiting = (yield* derived.progress(Derived.method)).find((one) => one.series.symbol === series.symbol)
        assert.deepInclude(waiting, { until: range(0, 20).to, reach: range(0, 40).to })
        const changed = yield* derived.write(page(series, range(20, 30), same.token, { shift: 1 }))
        assert.deepInclude(changed, { inserted: 0, updated: 10 })
        const last = yield* derived.write(page(series, range(30, 35), changed.token, { shift: 1, isLast: true }))
        assert.deepInclude(last, { inserted: 0, updated: 10 })
        assert.strictEqual(yield* all, 35)
      })
  )

  it.effect("V04 methods that share a table do not touch one another", () =>
    Effect.gen(function* () {
      const derived = yield* DerivedStore.DerivedStore
      const series = yield* stored()
      const other: DerivedStore.Method = { id: "other", version: 3 }
      yield* derived.write(page(series, range(0, 20), undefined))
      const beside = yield* derived.write(page(series, range(0, 10), undefined, { method: other, shift: 5 }))
      yield* derived.write(page(series, range(5, 10), beside.token, { method: other, shift: 6 }))
      const lengthOf = (method: DerivedStore.Method) =>
        Effect.map(derived.read(Derived.table, method, series, range(0, 100)), ({ openTime }) => openTime.length)
      assert.deepStrictEqual([yield* lengthOf(Derived.method), yield* lengthOf(other)], [20, 10])
      const versions = yield* Effect.forEach([Derived.method, other], (method) => derived.progress(method))
      assert.deepStrictEqual(
        versions.map((all) => all.find((one) => one.series.symbol === series.symbol)?.method),
        [Derived.method, other]
      )
    })
  )
}
