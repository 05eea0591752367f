/** What every storage does when the oldest part of a series is taken away, as cases of its contract. */
import { assert, type Vitest } from "@effect/vitest"
import {
  Candles,
  CandleStore,
  Coverage,
  DerivedStore,
  type Gap,
  GapLedger,
  Interval,
  QualityStore,
  type Series,
  SourceFile
} from "@tidemark/core"
import { Query } from "@tidemark/storage"
import { Effect, Random, Stream } from "effect"
import * as Derived from "./Derived.ts"
import * as Model from "./Model.ts"

const hour = 3_600_000
const day = 24 * hour
/** 2020-01-01 */
const start = 1_577_836_800_000
const range = (from: number, to: number): Interval.Interval => ({ from: start + from * hour, to: start + to * hour })

let count = 0
/** A source of its own too, so that the files of a case are told apart. */
const fresh = (): Series.Series => ({ source: `retention-${count}`, symbol: `OLD${count++}/USD`, timeframe: "1h" })

const countOpens = ({ from, to }: Interval.Interval) => (to - from) / hour

const hours = (interval: Interval.Interval, shift = 0, without: ReadonlyArray<number> = []): Candles.Candles => {
  const skipped = new Set(without.map((index) => start + index * hour))
  const times: Array<number> = []
  for (let at = interval.from; at < interval.to; at += hour) if (!skipped.has(at)) times.push(at)
  const candles = Candles.allocate(times.length)
  for (const [i, time] of times.entries()) {
    candles.openTime[i] = time
    for (const column of [candles.open, candles.high, candles.low, candles.close]) {
      column[i] = 100 + ((time / hour) % 13) + shift
    }
    candles.volume[i] = 1
  }
  return candles
}

const holesOf = (interval: Interval.Interval, { openTime }: Candles.Candles) => {
  const expected = Float64Array.from({ length: countOpens(interval) }, (_, i) => interval.from + i * hour)
  return Candles.missingRuns(expected, openTime).map((run) => ({
    from: expected[run.start]!,
    to: expected[run.end - 1]! + hour,
    opens: run.end - run.start
  }))
}

const page = (
  series: Series.Series,
  interval: Interval.Interval,
  candles: Candles.Candles,
  extra: Partial<CandleStore.PageWrite> = {}
): CandleStore.PageWrite => ({
  series,
  provenance: "observed",
  interval,
  candles,
  holes: holesOf(interval, candles),
  countOpens,
  at: 1_000,
  reason: "test",
  ...extra
})

const whole = range(-1_000, 5_000)

const readAll = (series: Series.Series, options?: CandleStore.ReadOptions) =>
  Effect.gen(function* () {
    const store = yield* CandleStore.CandleStore
    return Candles.concat(yield* Stream.runCollect(store.read(series, whole, options)))
  })

const pruneTo = (series: Series.Series, hoursIn: number, at: number) =>
  Effect.flatMap(CandleStore.CandleStore, (store) =>
    store.prune(series, { before: start + hoursIn * hour, at, countOpens })
  )

type Stores =
  | CandleStore.CandleStore
  | DerivedStore.DerivedStore
  | GapLedger.GapLedger
  | QualityStore.QualityStore
  | SourceFile.SourceFiles
  | Query.Query

export const cases = (it: Vitest.MethodsNonLive<Stores>): void => {
  it.effect("R01 what opens before the cut goes, with its revisions, and no reading as of then brings it back", () =>
    Effect.gen(function* () {
      const store = yield* CandleStore.CandleStore
      const series = fresh()
      yield* store.write([page(series, range(0, 100), hours(range(0, 100)), { at: 1_000 })])
      yield* store.write([page(series, range(20, 60), hours(range(20, 60), 1), { at: 2_000 })])
      assert.deepStrictEqual(yield* pruneTo(series, 40, 9_000), { rows: 40, revisions: 20 })
      const kept = Candles.within(hours(range(0, 100)), range(40, 100))
      assert.strictEqual(Candles.length(yield* readAll(series)), 60)
      assert.isTrue(Candles.equals(yield* readAll(series, { asOf: 1_500 }), kept))
      assert.lengthOf(yield* store.revisions(series, whole), 20)
      assert.strictEqual(yield* store.count(series, whole), 60)
      assert.strictEqual(yield* store.count(series, range(45, 47)), 2)
      assert.strictEqual(yield* store.count(fresh(), whole), 0)
      assert.deepStrictEqual(yield* store.coverage(series), {
        fetched: [{ ...range(40, 100), rows: 60, at: 2_000 }],
        empty: [],
        stale: [],
        streamed: [],
        pruned: [{ ...range(0, 40), rows: 40, at: 9_000 }]
      })
      assert.deepStrictEqual(yield* pruneTo(series, 40, 10_000), { rows: 0, revisions: 0 })
      assert.deepStrictEqual((yield* store.coverage(series)).pruned, [{ ...range(0, 40), rows: 40, at: 9_000 }])
      assert.deepStrictEqual(yield* pruneTo(fresh(), 40, 9_000), { rows: 0, revisions: 0 })
    })
  )

  it.effect("R02 a cut goes through whatever it meets: runs, holes, what is stale, other series stay", () =>
    Effect.gen(function* () {
      const store = yield* CandleStore.CandleStore
      const [series, other] = [fresh(), fresh()]
      const lacking = [2, 3, 38, 39, 40, 41, 70]
      for (const one of [series, other]) {
        yield* store.write([
          page(one, range(0, 10), hours(range(0, 10), 0, lacking)),
          page(one, range(20, 80), hours(range(20, 80), 0, lacking))
        ])
      }
      yield* store.markStale(series, { since: start + 60 * hour, at: 5_000, storedBefore: 6_000 })
      const before = yield* store.coverage(other)
      assert.deepStrictEqual(yield* pruneTo(series, 40, 9_000), { rows: 8 + 18, revisions: 0 })
      const coverage = yield* store.coverage(series)
      assert.deepStrictEqual(coverage, {
        fetched: [{ ...range(40, 80), rows: 37, at: 1_000 }],
        empty: [
          { ...range(40, 42), opens: 2, confirmations: 1, firstAt: 1_000, lastAt: 1_000 },
          { ...range(70, 71), opens: 1, confirmations: 1, firstAt: 1_000, lastAt: 1_000 }
        ],
        stale: [{ ...range(40, 60), since: start + 60 * hour, at: 5_000 }],
        streamed: [],
        pruned: [
          { ...range(0, 10), rows: 8, at: 9_000 },
          { ...range(20, 40), rows: 18, at: 9_000 }
        ]
      })
      const listed = (yield* store.list).find((entry) => entry.series.symbol === series.symbol)!
      assert.strictEqual(listed.rows, Coverage.rows(coverage))
      assert.deepStrictEqual(listed.coverage, coverage)
      assert.deepStrictEqual(yield* store.coverage(other), before)
      const missing = yield* (yield* Query.Query).run(
        `SELECT candles, missing, pruned FROM historical_data_range WHERE symbol = '${series.symbol}'`
      )
      assert.deepStrictEqual(Object.values(missing[0]!).map(Number), [37, 3, 26])
    })
  )

  it.effect("R03 what is fetched again is pruned no more, and all of a series may go and come again", () =>
    Effect.gen(function* () {
      const store = yield* CandleStore.CandleStore
      const series = fresh()
      yield* store.write([page(series, range(0, 100), hours(range(0, 100)))])
      assert.deepStrictEqual(yield* pruneTo(series, 200, 9_000), { rows: 100, revisions: 0 })
      assert.deepStrictEqual(yield* store.coverage(series), {
        ...Coverage.none,
        pruned: [{ ...range(0, 100), rows: 100, at: 9_000 }]
      })
      yield* store.write([page(series, range(60, 80), hours(range(60, 80)), { at: 10_000 })])
      yield* store.write([page(series, range(80, 100), hours(range(80, 100)), { at: 11_000 })])
      assert.deepStrictEqual(yield* store.coverage(series), {
        ...Coverage.none,
        fetched: [{ ...range(60, 100), rows: 40, at: 11_000 }],
        pruned: [{ ...range(0, 60), rows: 60, at: 9_000 }]
      })
      yield* pruneTo(series, 70, 12_000)
      assert.deepStrictEqual((yield* store.coverage(series)).pruned, [{ ...range(0, 70), rows: 70, at: 12_000 }])
    })
  )

  it.effect("R04 what is known of candles that went goes with them, and what reaches beyond the cut stays", () =>
    Effect.gen(function* () {
      const store = yield* CandleStore.CandleStore
      const quality = yield* QualityStore.QualityStore
      const gaps = yield* GapLedger.GapLedger
      const series = fresh()
      const february = start + 31 * day
      const march = start + 60 * day
      const file = (name: string, interval: Interval.Interval): SourceFile.SourceFile => ({
        url: `${series.symbol}/${name}`,
        interval,
        sha256: "a".repeat(64),
        bytes: 1,
        status: "verified"
      })
      yield* store.write([
        page(series, range(0, 24 * 91), hours(range(0, 24 * 91)), {
          files: [file("january", { from: start, to: february }), file("february", { from: february, to: march })]
        })
      ])
      const finding = (from: number, length = 1): QualityStore.Finding => ({
        kind: "spike",
        severity: "warning",
        interval: { from, to: from + length * hour },
        evidence: "odd",
        figures: {}
      })
      yield* quality.record(
        {
          series,
          months: [start, february, march].map((month) => ({
            month,
            expected: 10,
            actual: 9,
            open: { unfetched: 0, "source-failure": 0, unexplained: 1 },
            hasAnomalies: true
          })),
          findings: [finding(start), finding(february), finding(february + 9 * day, 48), finding(march)]
        },
        1_000
      )
      const gap = (from: number): Gap.Gap => ({
        series,
        interval: { from, to: from + 2 * hour },
        missing: 2,
        cause: "unexplained",
        evidence: [],
        attempts: 3,
        nextAction: "ask"
      })
      yield* gaps.record([{ series, gaps: [gap(start), gap(february + 10 * day - hour), gap(march)] }], 1_000)
      // The 11th of February.
      const cut = 31 * 24 + 10 * 24
      yield* pruneTo(series, cut, 9_000)
      const ask = (sql: string) => Effect.flatMap(Query.Query, (query) => query.run(sql))
      const months = yield* ask(
        `SELECT CAST(month AS VARCHAR) AS month FROM data_quality WHERE symbol = '${series.symbol}' ORDER BY 1`
      )
      assert.deepStrictEqual(months, [{ month: "2020-02-01" }, { month: "2020-03-01" }])
      const own = <A extends { readonly series: Series.Series }>(all: ReadonlyArray<A>) =>
        all.filter((one) => one.series.symbol === series.symbol)
      assert.deepStrictEqual(
        own(yield* quality.findings).map(({ interval }) => interval.from),
        [february + 9 * day, march]
      )
      assert.deepStrictEqual(
        own(yield* gaps.list).map(({ interval }) => interval.from),
        [february + 10 * day - hour, march]
      )
      const files = yield* (yield* SourceFile.SourceFiles).list(series.source)
      assert.deepStrictEqual(
        files.map(({ url }) => url),
        [`${series.symbol}/february`]
      )
    })
  )

  it.effect("R05 a cut that is stopped in the middle took all of it or nothing", () =>
    Effect.gen(function* () {
      const store = yield* CandleStore.CandleStore
      const series = fresh()
      yield* store.write([page(series, range(0, 4_000), hours(range(0, 4_000)))])
      yield* Effect.raceFirst(pruneTo(series, 3_000, 9_000), Effect.yieldNow)
      const rows = yield* store.count(series, whole)
      assert.include([4_000, 1_000], rows)
      const coverage = yield* store.coverage(series)
      assert.strictEqual(Coverage.rows(coverage), rows)
      assert.lengthOf(coverage.pruned, rows === 1_000 ? 1 : 0)
      yield* pruneTo(series, 3_000, 9_000)
      assert.strictEqual(yield* store.count(series, whole), 1_000)
    })
  )

  it.effect("R06 any sequence of answers and cuts ends in the same rows, coverage and revisions as the model", () =>
    Effect.gen(function* () {
      const store = yield* CandleStore.CandleStore
      for (const seed of [1, 2, 3, 4, 5]) {
        const series = fresh()
        const model = Model.make()
        const fetched = new Set<number>()
        const pruned = new Set<number>()
        yield* Effect.forEach(
          Array.from({ length: 25 }, (_, i) => i),
          Effect.fnUntraced(function* (i) {
            const from = yield* Random.nextIntBetween(0, 60)
            const to = from + (yield* Random.nextIntBetween(1, 25))
            if ((yield* Random.nextIntBetween(0, 4)) === 0) {
              model.prune(start + from * hour)
              yield* pruneTo(series, from, 1_000 * (i + 1))
              for (const at of fetched) if (at < from && fetched.delete(at)) pruned.add(at)
              return
            }
            const without = [yield* Random.nextIntBetween(0, 80), yield* Random.nextIntBetween(0, 80)]
            const shift = (yield* Random.nextIntBetween(0, 3)) / 8
            const written = page(series, range(from, to), hours(range(from, to), shift, without), {
              at: 1_000 * (i + 1)
            })
            model.write(written)
            yield* store.write([written])
            for (let at = from; at < to; at++) {
              fetched.add(at)
              pruned.delete(at)
            }
          }),
          { discard: true }
        ).pipe(Random.withSeed(`retention-contract-${seed}`))
        assert.isTrue(Candles.equals(yield* readAll(series), model.rows()))
        const coverage = yield* store.coverage(series)
        assert.strictEqual(Coverage.rows(coverage), Candles.length(model.rows()))
        for (const asOf of [500, 5_000, 12_500, 24_000]) {
          assert.isTrue(Candles.equals(yield* readAll(series, { asOf }), model.rows(asOf)))
        }
        assert.strictEqual((yield* store.revisions(series, whole)).length, model.revisions())
        for (let at = 0; at < 90; at++) {
          const instant = start + at * hour
          assert.strictEqual(Interval.has(coverage.fetched, instant), fetched.has(at), `fetched ${at}`)
          assert.strictEqual(Interval.has(coverage.pruned, instant), pruned.has(at), `pruned ${at}`)
        }
      }
    })
  )

  it.effect("R07 what was derived of candles goes with them; what is left is as it was made, and goes on", () =>
    Effect.gen(function* () {
      const store = yield* CandleStore.CandleStore
      const derived = yield* DerivedStore.DerivedStore
      const series = fresh()
      yield* store.write([page(series, range(0, 100), hours(range(0, 100)))])
      const { openTime } = hours(range(0, 100))
      const progress: DerivedStore.Page["progress"] = {
        series,
        method: Derived.method,
        from: start,
        until: range(0, 100).to,
        seenAt: 1_000,
        missing: [range(10, 12), range(38, 42), range(70, 71)],
        state: { saved: "as it is" }
      }
      const written = yield* derived.write({
        table: Derived.table,
        progress,
        after: undefined,
        isLast: true,
        interval: range(0, 100),
        rows: Derived.rows(openTime, hour),
        at: 2_000
      })
      const known = Effect.map(derived.progress(progress.method), (all): DerivedStore.Progress | undefined =>
        all.find((one) => one.series.symbol === series.symbol)
      )
      const hashes = Effect.map(derived.read(Derived.table, progress.method, series, whole), ({ inputHash }) => [
        ...inputHash
      ])
      yield* pruneTo(series, 40, 9_000)
      assert.deepStrictEqual(
        yield* hashes,
        Array.from({ length: 60 }, (_, i) => 40 + i)
      )
      const left = (yield* known)!
      assert.deepStrictEqual(left, {
        ...progress,
        token: left.token,
        reach: range(0, 100).to,
        from: range(40, 100).from,
        missing: [range(40, 42), range(70, 71)]
      })
      // Whoever is at work on it does not go on as if it were all there.
      assert.notStrictEqual(left.token, written.token)
      // Nothing of what is left has changed.
      assert.isUndefined(yield* derived.touched(series, (yield* known)!))
      yield* pruneTo(series, 100, 9_000)
      assert.deepStrictEqual([yield* hashes, yield* known], [[], undefined])
    })
  )

  it.effect("R08 rows that were kept aside are not kept longer than the others", () =>
    Effect.gen(function* () {
      const store = yield* CandleStore.CandleStore
      const series = fresh()
      yield* store.write([page(series, range(0, 100), hours(range(0, 100)))])
      const stray = { lost: [], stray: [range(10, 12), range(60, 63)] }
      yield* store.reconcile(series, stray, 5_000)
      const kept = Effect.flatMap(Query.Query, (query) =>
        query.run(`SELECT CAST(count(*) AS INTEGER) AS rows FROM stray_candles x JOIN series s
          ON s.series_id = x.series_id WHERE s.symbol = '${series.symbol}'`)
      )
      assert.deepStrictEqual(yield* kept, [{ rows: 5 }])
      yield* pruneTo(series, 40, 9_000)
      assert.deepStrictEqual(yield* kept, [{ rows: 3 }])
    })
  )
}
