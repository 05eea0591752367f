/** What becomes of rows that something else than a source has put into the table, part of the storage contract. */
import { assert, type Vitest } from "@effect/vitest"
import { Candles, CandleStore, DerivedStore, type Interval, type Series } from "@tidemark/core"
import { Query } from "@tidemark/storage"
import { Effect, Stream } from "effect"
import * as Derived from "./Derived.ts"

const minute = 60_000
/** 2020-01-01T00:00Z */
const start = 1_577_836_800_000

const range = (from: number, to: number): Interval.Interval => ({
  from: start + from * minute,
  to: start + to * minute
})

let seriesCount = 0
/** A series that no other case uses. */
const fresh = (): Series.Series => ({ source: "contract", symbol: `D${seriesCount++}/USD`, timeframe: "1m" })

/** Candles of every minute of the interval but those in `without`. */
const minutes = (interval: Interval.Interval, without: ReadonlyArray<number> = []): Candles.Candles => {
  const all = Array.from({ length: (interval.to - interval.from) / minute }, (_, i) => interval.from + i * minute)
  const times = all.filter((time) => !without.includes((time - start) / minute))
  const candles = Candles.allocate(times.length)
  for (const column of Candles.required) {
    for (const [i, time] of times.entries()) candles[column][i] = 100 + (time - start) / minute
  }
  candles.openTime.set(times)
  return candles
}

/** One answer, stored a second after 1970 began. */
const write = (series: Series.Series, interval: Interval.Interval, without: ReadonlyArray<number> = []) =>
  Effect.flatMap(CandleStore.CandleStore, (store) =>
    store.write([
      {
        series,
        provenance: "observed",
        interval,
        candles: minutes(interval, without),
        holes: without.map((at) => ({ ...range(at, at + 1), opens: 1 })),
        countOpens: ({ from, to }) => (to - from) / minute,
        at: 1_000,
        reason: "test"
      }
    ])
  )

const opensOf = (series: Series.Series, interval: Interval.Interval) =>
  Effect.gen(function* () {
    const store = yield* CandleStore.CandleStore
    const batches = yield* Stream.runCollect(store.openTimes(series, interval))
    return batches.flatMap((batch) => [...batch])
  })

type Stores = CandleStore.CandleStore | DerivedStore.DerivedStore | Query.Query

export const cases = (it: Vitest.MethodsNonLive<Stores>): void => {
  it.effect("D01 rows that no answer put there are kept aside as they were, and the ledger stays", () =>
    Effect.gen(function* () {
      const store = yield* CandleStore.CandleStore
      const [series, other] = [fresh(), fresh()]
      for (const one of [series, other]) {
        yield* write(one, range(0, 30), [5])
      }
      const before = yield* store.coverage(series)
      const stray = { lost: [], stray: [range(3, 4), range(28, 40)] }
      const taken = yield* store.reconcile(series, stray, 9_000)
      assert.deepStrictEqual(taken, { from: range(3, 4).from, to: range(29, 30).from + 1, rows: 3 })
      assert.deepStrictEqual(yield* opensOf(series, range(0, 40)), [...minutes(range(0, 28), [3, 5]).openTime])
      assert.lengthOf(yield* opensOf(other, range(0, 40)), 29)
      const after = yield* store.coverage(series)
      assert.deepStrictEqual(after.empty, before.empty)
      assert.deepStrictEqual(after.fetched, [{ ...before.fetched[0]!, rows: 26 }])
      const kept = yield* (yield* Query.Query).run(`SELECT x.open, x.volume,
          CAST(extract(epoch FROM x.open_time) AS FLOAT8) AS opens,
          CAST(extract(epoch FROM x.ingested_at) AS FLOAT8) AS ingested,
          CAST(extract(epoch FROM x.found_at) AS FLOAT8) AS found
        FROM stray_candles x JOIN series s ON s.series_id = x.series_id
        WHERE s.symbol = '${series.symbol}' ORDER BY x.open_time`)
      const was = minutes(range(0, 30))
      assert.deepStrictEqual(
        kept,
        [3, 28, 29].map((i) => ({
          open: was.open[i],
          volume: was.volume[i],
          opens: was.openTime[i]! / 1_000,
          ingested: 1,
          found: 9
        }))
      )
    })
  )

  it.effect("D02 what was derived of rows that go is derived anew", () =>
    Effect.gen(function* () {
      const store = yield* CandleStore.CandleStore
      const derived = yield* DerivedStore.DerivedStore
      const series = fresh()
      yield* write(series, range(0, 10))
      const { openTime } = minutes(range(0, 10))
      yield* derived.write({
        table: Derived.table,
        progress: {
          series,
          method: Derived.method,
          from: start,
          until: range(0, 10).to,
          seenAt: 1,
          missing: [],
          state: {}
        },
        after: undefined,
        isLast: true,
        interval: range(0, 10),
        rows: Derived.rows(openTime, 60_000),
        at: 2_000
      })
      const known = Effect.map(derived.progress(Derived.method), (all) =>
        all.some((one) => one.series.symbol === series.symbol)
      )
      yield* store.reconcile(series, { lost: [], stray: [range(20, 30)] }, 9_000)
      assert.isTrue(yield* known)
      yield* store.reconcile(series, { lost: [], stray: [range(9, 10)] }, 9_000)
      assert.isFalse(yield* known)
      assert.lengthOf((yield* derived.read(Derived.table, Derived.method, series, range(0, 10))).reasons, 0)
    })
  )

  it.effect("D03 rows of an interval are added up, with where they lie", () =>
    Effect.gen(function* () {
      const store = yield* CandleStore.CandleStore
      const series = fresh()
      assert.deepStrictEqual(yield* store.sum(series, range(0, 10)), { rows: 0, offsets: 0 })
      yield* write(series, range(0, 30), [12])
      assert.deepStrictEqual(yield* store.sum(series, range(10, 14)), { rows: 3, offsets: 60 + 180 })
      assert.deepStrictEqual(yield* store.sum(series, range(40, 50)), { rows: 0, offsets: 0 })
      const half = { from: range(10, 14).from + 30_500, to: range(10, 14).to }
      assert.deepStrictEqual(yield* store.sum(series, half), { rows: 2, offsets: 29.5 + 149.5 })
    })
  )
}
