/**
 * The contract that every storage passes, as a test suite.
 *
 * A driver calls `suite` with a layer that opens an empty database. Every
 * case uses series of its own.
 */
import { assert, it } from "@effect/vitest"
import {
  type ActionStore,
  type AlertStore,
  Candles,
  CandleStore,
  Coverage,
  type DerivedStore,
  type Gamma,
  type GapLedger,
  type JobStore,
  type KeyStore,
  Instrument,
  type Interval,
  type OptionChain,
  type QualityStore,
  type RequestBudgets,
  type Series,
  type SourceFile,
  type StoreError,
  SymbolStore,
  SyncLog
} from "@tidemark/core"
import { Migrations, Query } from "@tidemark/storage"
import { Effect, type Layer, Random, Stream } from "effect"
import * as ActionCases from "./ActionCases.ts"
import * as AlertCases from "./AlertCases.ts"
import * as DamageCases from "./DamageCases.ts"
import * as DerivedCases from "./DerivedCases.ts"
import * as GammaCases from "./GammaCases.ts"
import * as GapCases from "./GapCases.ts"
import * as JobCases from "./JobCases.ts"
import * as KeyCases from "./KeyCases.ts"
import * as Model from "./Model.ts"
import * as OptionChainCases from "./OptionChainCases.ts"
import * as RetentionCases from "./RetentionCases.ts"
import * as SharedCases from "./SharedCases.ts"
import * as StreamCases from "./StreamCases.ts"

export type Stores =
  | ActionStore.ActionStore
  | AlertStore.AlertStore
  | CandleStore.CandleStore
  | DerivedStore.DerivedStore
  | Gamma.GammaStore
  | GapLedger.GapLedger
  | JobStore.JobStore
  | KeyStore.KeyStore
  | OptionChain.OptionChainStore
  | QualityStore.QualityStore
  | RequestBudgets.RequestBudgets
  | SourceFile.SourceFiles
  | SymbolStore.SymbolStore
  | SyncLog.SyncLog
  | Query.Query

const minute = 60_000
const start = 1_577_836_800_000

const range = (from: number, to: number): Interval.Interval => ({
  from: start + from * minute,
  to: start + to * minute
})

let seriesCount = 0
/** A series that no other case uses. */
const freshSeries = (): Series.Series => ({ source: "contract", symbol: `S${seriesCount++}/USD`, timeframe: "1m" })

/** Candles of every minute of the interval but those in `without`; `shift` moves the prices. */
const minutes = (interval: Interval.Interval, shift = 0, without: ReadonlyArray<number> = []): Candles.Candles => {
  const skipped = new Set(without.map((index) => start + index * minute))
  const times: Array<number> = []
  for (let at = interval.from; at < interval.to; at += minute) if (!skipped.has(at)) times.push(at)
  const candles = Candles.allocate(times.length, { quoteVolume: true, trades: true })
  times.forEach((time, i) => {
    const price = 100 + ((time / minute) % 17) + shift
    candles.openTime[i] = time
    candles.open[i] = price
    candles.high[i] = price + 1.5
    candles.low[i] = price - 0.1
    candles.close[i] = price + 0.3
    candles.volume[i] = 12.25
    candles.quoteVolume![i] = 0.1 + 0.2
    candles.trades![i] = (time / minute) % 1_000
  })
  return candles
}

const page = (
  series: Series.Series,
  interval: Interval.Interval,
  candles: Candles.Candles,
  options: Partial<CandleStore.PageWrite> = {}
): CandleStore.PageWrite => ({
  series,
  provenance: "observed",
  interval,
  candles,
  holes: [],
  countOpens: ({ from, to }) => (to - from) / minute,
  at: start + 10_000 * minute,
  reason: "test",
  ...options
})

const readAll = (series: Series.Series, interval: Interval.Interval, options?: CandleStore.ReadOptions) =>
  Effect.gen(function* () {
    const store = yield* CandleStore.CandleStore
    return Candles.concat(yield* Stream.runCollect(store.read(series, interval, options)))
  })

const write = (...pages: ReadonlyArray<CandleStore.PageWrite>) =>
  Effect.flatMap(CandleStore.CandleStore, (store) => store.write(pages))

const same = (actual: Candles.Candles, expected: Candles.Candles) => assert.isTrue(Candles.equals(actual, expected))

export const suite = (name: string, layer: Layer.Layer<Stores, StoreError.StoreError>): void => {
  it.layer(layer)(`storage contract (${name})`, (it) => {
    ActionCases.cases(it)
    AlertCases.cases(it)
    DamageCases.cases(it)
    DerivedCases.cases(it)
    GammaCases.cases(it)
    GapCases.cases(it)
    JobCases.cases(it)
    KeyCases.cases(it)
    OptionChainCases.cases(it)
    RetentionCases.cases(it)
    SharedCases.cases(it)
    StreamCases.cases(it)

    it.effect("S01 what is written is read back, value for value and in order", () =>
      Effect.gen(function* () {
        const series = freshSeries()
        const interval = range(0, 5_000)
        const [result] = yield* write(page(series, interval, minutes(interval)))
        assert.deepStrictEqual(result, { inserted: 5_000, changed: 0, removed: 0, unchanged: 0 })
        same(yield* readAll(series, interval), minutes(interval))
        same(yield* readAll(series, range(10, 20)), minutes(range(10, 20)))
        same(yield* readAll(series, interval, { batchRows: 100 }), minutes(interval))
      })
    )

    it.effect("S02 columns that a source does not give come back as missing, not as zero", () =>
      Effect.gen(function* () {
        const series = freshSeries()
        const { openTime, open, high, low, close, volume } = minutes(range(0, 3))
        yield* write(page(series, range(0, 3), { openTime, open, high, low, close, volume }))
        const read = yield* readAll(series, range(0, 3))
        assert.isTrue(read.quoteVolume!.every(Number.isNaN))
        assert.isTrue(read.trades!.every(Number.isNaN))
      })
    )

    it.effect("S03 instants before 1970 and prices of any size survive", () =>
      Effect.gen(function* () {
        const series = freshSeries()
        const at = -1_000_000 * minute
        const candles = Candles.allocate(2)
        candles.openTime.set([at, at + minute])
        for (const column of [candles.open, candles.high, candles.low, candles.close])
          column.set([1e-12, 123_456_789.125])
        candles.volume.set([0, 9_007_199_254_740_991])
        yield* write(page(series, { from: at, to: at + 2 * minute }, candles))
        same(yield* readAll(series, { from: at, to: at + 2 * minute }), candles)
      })
    )

    it.effect("S04 series do not mix", () =>
      Effect.gen(function* () {
        const a = freshSeries()
        const b = { ...a, source: "other" }
        const c = { ...a, timeframe: "5m" as const }
        const interval = range(0, 10)
        yield* write(page(a, interval, minutes(interval)), page(b, interval, minutes(interval, 1)))
        same(yield* readAll(a, interval), minutes(interval))
        same(yield* readAll(b, interval), minutes(interval, 1))
        assert.strictEqual(Candles.length(yield* readAll(c, interval)), 0)
      })
    )

    it.effect("S05 writing the same again changes nothing, not even when it was first known", () =>
      Effect.gen(function* () {
        const store = yield* CandleStore.CandleStore
        const series = freshSeries()
        const interval = range(0, 100)
        yield* write(page(series, interval, minutes(interval), { at: 1_000 }))
        const [again] = yield* write(page(series, interval, minutes(interval), { at: 2_000 }))
        assert.deepStrictEqual(again, { inserted: 0, changed: 0, removed: 0, unchanged: 100 })
        same(yield* readAll(series, interval, { asOf: 1_500 }), minutes(interval))
        assert.deepStrictEqual(yield* store.revisions(series, interval), [])
      })
    )

    it.effect("S06 a changed candle leaves a revision and its old value can be read as of then", () =>
      Effect.gen(function* () {
        const store = yield* CandleStore.CandleStore
        const series = freshSeries()
        const interval = range(0, 10)
        yield* write(page(series, interval, minutes(interval), { at: 1_000 }))
        const revised = minutes(interval)
        revised.close[4] = 101.125
        const [result] = yield* write(page(series, interval, revised, { at: 2_000, reason: "force" }))
        assert.deepStrictEqual(result, { inserted: 0, changed: 1, removed: 0, unchanged: 9 })
        same(yield* readAll(series, interval), revised)
        same(yield* readAll(series, interval, { asOf: 1_999 }), minutes(interval))
        same(yield* readAll(series, interval, { asOf: 2_000 }), revised)
        assert.strictEqual(Candles.length(yield* readAll(series, interval, { asOf: 999 })), 0)
        const [revision, ...more] = yield* store.revisions(series, interval)
        assert.deepStrictEqual(more, [])
        assert.strictEqual(revision!.openTime, start + 4 * minute)
        assert.strictEqual(revision!.before.close, minutes(interval).close[4])
        assert.strictEqual(revision!.after!.close, 101.125)
        assert.deepStrictEqual([revision!.knownAt, revision!.revisedAt, revision!.reason], [1_000, 2_000, "force"])
      })
    )

    it.effect("S07 a candle that an answer no longer has goes, and its revision keeps it", () =>
      Effect.gen(function* () {
        const store = yield* CandleStore.CandleStore
        const series = freshSeries()
        const interval = range(0, 10)
        yield* write(page(series, interval, minutes(interval), { at: 1_000 }))
        const [result] = yield* write(page(series, interval, minutes(interval, 0, [7]), { at: 2_000 }))
        assert.deepStrictEqual(result, { inserted: 0, changed: 0, removed: 1, unchanged: 9 })
        same(yield* readAll(series, interval), minutes(interval, 0, [7]))
        same(yield* readAll(series, interval, { asOf: 1_500 }), minutes(interval))
        const [revision] = yield* store.revisions(series, interval)
        assert.isUndefined(revision!.after)
      })
    )

    it.effect("S08 coverage grows with every answer, joins what touches, and counts its rows", () =>
      Effect.gen(function* () {
        const store = yield* CandleStore.CandleStore
        const series = freshSeries()
        yield* write(page(series, range(0, 10), minutes(range(0, 10))))
        yield* write(page(series, range(20, 30), minutes(range(20, 30))))
        assert.lengthOf((yield* store.coverage(series)).fetched, 2)
        yield* write(page(series, range(10, 20), minutes(range(10, 20))))
        const { fetched } = yield* store.coverage(series)
        assert.deepStrictEqual(
          fetched.map(({ from, rows, to }) => ({ from, to, rows })),
          [{ ...range(0, 30), rows: 30 }]
        )
      })
    )

    it.effect("S09 empty runs are kept with how often they were confirmed, and go when the candles come", () =>
      Effect.gen(function* () {
        const store = yield* CandleStore.CandleStore
        const series = freshSeries()
        const hole = { ...range(3, 6), opens: 3 }
        const lacking = minutes(range(0, 10), 0, [3, 4, 5])
        yield* write(page(series, range(0, 10), lacking, { holes: [hole], at: 1_000 }))
        yield* write(page(series, range(3, 6), Candles.empty, { holes: [hole], at: 2_000 }))
        assert.deepStrictEqual((yield* store.coverage(series)).empty, [
          { ...hole, confirmations: 2, firstAt: 1_000, lastAt: 2_000 }
        ])
        yield* write(page(series, range(3, 6), minutes(range(3, 6)), { at: 3_000 }))
        const coverage = yield* store.coverage(series)
        assert.deepStrictEqual(coverage.empty, [])
        assert.strictEqual(Coverage.rows(coverage), 10)
        same(yield* readAll(series, range(0, 10)), minutes(range(0, 10)))
      })
    )

    it.effect("S10 pages of one call are written together or not at all", () =>
      Effect.gen(function* () {
        const store = yield* CandleStore.CandleStore
        const series = freshSeries()
        const broken = { ...minutes(range(10, 20)), close: new Float64Array(3) }
        const exit = yield* Effect.exit(
          write(page(series, range(0, 10), minutes(range(0, 10))), page(series, range(10, 20), broken))
        )
        assert.strictEqual(exit._tag, "Failure")
        assert.deepStrictEqual(yield* store.coverage(series), Coverage.none)
        assert.strictEqual(Candles.length(yield* readAll(series, range(0, 20))), 0)
        // And the store still works.
        yield* write(page(series, range(0, 10), minutes(range(0, 10))))
        assert.strictEqual(Candles.length(yield* readAll(series, range(0, 20))), 10)
      })
    )

    it.effect("S11 an interrupted write leaves nothing half-done", () =>
      Effect.gen(function* () {
        const store = yield* CandleStore.CandleStore
        const series = freshSeries()
        const pages = Array.from({ length: 20 }, (_, i) => {
          const interval = range(i * 1_000, (i + 1) * 1_000)
          return page(series, interval, minutes(interval))
        })
        yield* Effect.raceFirst(write(...pages), Effect.yieldNow)
        const rows = Candles.length(yield* readAll(series, range(0, 20_000)))
        assert.include([0, 20_000], rows)
        assert.strictEqual(Coverage.rows(yield* store.coverage(series)), rows)
      })
    )

    it.effect("S12 any sequence of answers ends in the same rows, coverage and revisions as the model", () =>
      Effect.gen(function* () {
        const store = yield* CandleStore.CandleStore
        for (const seed of [1, 2, 3, 4, 5, 6]) {
          const series = freshSeries()
          const model = Model.make()
          yield* Effect.forEach(
            Array.from({ length: 25 }, (_, i) => i),
            Effect.fnUntraced(function* (i) {
              const from = yield* Random.nextIntBetween(0, 60)
              const to = from + (yield* Random.nextIntBetween(1, 25))
              const shift = (yield* Random.nextIntBetween(0, 3)) / 8
              const without = [yield* Random.nextIntBetween(0, 80), yield* Random.nextIntBetween(0, 80)]
              const interval = range(from, to)
              const written = page(series, interval, minutes(interval, shift, without), { at: 1_000 * (i + 1) })
              model.write(written)
              yield* write(written)
            }),
            { discard: true }
          ).pipe(Random.withSeed(`storage-contract-${seed}`))
          const whole = range(0, 100)
          same(yield* readAll(series, whole), model.rows())
          assert.strictEqual(Coverage.rows(yield* store.coverage(series)), Candles.length(model.rows()))
          for (const asOf of [500, 5_000, 12_500, 24_000])
            same(yield* readAll(series, whole, { asOf }), model.rows(asOf))
          assert.strictEqual((yield* store.revisions(series, whole)).length, model.revisions())
        }
      })
    )

    it.effect("S13 the list tells of every series what is stored, counted", () =>
      Effect.gen(function* () {
        const store = yield* CandleStore.CandleStore
        const series = freshSeries()
        yield* write(page(series, range(0, 10), minutes(range(0, 10), 0, [2]), { provenance: "synthetic" }))
        yield* store.setListedAt(series, "synthetic", start)
        const entry = (yield* store.list).find((candidate) => candidate.series.symbol === series.symbol)!
        assert.deepStrictEqual(entry.series, series)
        assert.strictEqual(entry.provenance, "synthetic")
        assert.strictEqual(entry.rows, 9)
        assert.strictEqual(Coverage.rows(entry.coverage), 9)
        assert.strictEqual(entry.listedAt, start)
        const { source, symbol, timeframe } = series
        const of = (selection: CandleStore.Selection) => store.recorded(selection)
        assert.deepStrictEqual(yield* of({ symbols: [symbol, "NOT/THERE"] }), [entry])
        assert.deepStrictEqual(yield* of({ symbols: [symbol], timeframes: [timeframe], source }), [entry])
        assert.deepStrictEqual(yield* of({ symbols: [symbol], source: "another" }), [])
        assert.deepStrictEqual(yield* of({ symbols: [symbol], timeframes: ["1M"] }), [])
        assert.lengthOf(yield* of({}), (yield* store.list).length)
      })
    )

    it.effect("S14 a ledger that no longer matches the table is put right", () =>
      Effect.gen(function* () {
        const store = yield* CandleStore.CandleStore
        const series = freshSeries()
        yield* write(page(series, range(0, 30), minutes(range(0, 30))))
        const covered = Effect.map(store.coverage(series), ({ fetched }) =>
          fetched.map(({ from, rows, to }) => ({ from, to, rows }))
        )
        const taken = yield* store.reconcile(series, { lost: [range(10, 20)], stray: [] }, 5_000)
        assert.deepStrictEqual(taken, { from: range(10, 20).from, to: range(19, 20).from + 1, rows: 10 })
        assert.deepStrictEqual(yield* covered, [
          { ...range(0, 10), rows: 10 },
          { ...range(20, 30), rows: 10 }
        ])
        assert.strictEqual(Candles.length(yield* readAll(series, range(0, 30))), 20)
        assert.isUndefined(yield* store.reconcile(series, { lost: [range(10, 12)], stray: [range(40, 50)] }, 6_000))
        assert.lengthOf(yield* covered, 2)
        yield* write(page(series, range(0, 30), minutes(range(0, 30))))
        same(yield* readAll(series, range(0, 30)), minutes(range(0, 30)))
      })
    )

    it.effect("S21 rows stored before a split are stale, with it as evidence, until they are written again", () =>
      Effect.gen(function* () {
        const store = yield* CandleStore.CandleStore
        const series = freshSeries()
        const stale = Effect.map(store.coverage(series), (coverage) => coverage.stale)
        const since = start + 25 * minute
        assert.deepStrictEqual(yield* store.markStale(series, { since, at: since, storedBefore: since }), [])
        // Stored before the split; stored after it, in the new scale; and a later part.
        yield* write(page(series, range(0, 10), minutes(range(0, 10)), { at: since - 1 }))
        yield* write(page(series, range(10, 15), minutes(range(10, 15)), { at: since }))
        yield* write(page(series, range(25, 30), minutes(range(25, 30)), { at: since + 5 * minute }))
        assert.deepStrictEqual(yield* store.markStale(series, { since: start, at: since, storedBefore: since }), [])
        assert.deepStrictEqual(yield* store.markStale(series, { since, at: since + 1, storedBefore: since }), [
          range(0, 10)
        ])
        assert.deepStrictEqual(yield* stale, [{ ...range(0, 10), since, at: since + 1 }])
        const listed = (yield* store.list).find((entry) => entry.series.symbol === series.symbol)!
        assert.strictEqual(listed.rows, Coverage.rows(listed.coverage))
        assert.deepStrictEqual(listed.coverage.stale, [{ ...range(0, 10), since, at: since + 1 }])
        // Written again in part, in another scale: the rest stays stale, the old values are revisions.
        const [result] = yield* write(page(series, range(4, 7), minutes(range(4, 7), 1), { at: since + 2 }))
        assert.strictEqual(result!.changed, 3)
        assert.deepStrictEqual(
          (yield* stale).map(({ from, to }) => ({ from, to })),
          [range(0, 4), range(7, 10)]
        )
        assert.strictEqual(Coverage.rows(yield* store.coverage(series)), 20)
        same(yield* readAll(series, range(4, 7), { asOf: since + 1 }), minutes(range(4, 7)))
        yield* store.reconcile(series, { lost: [range(0, 2)], stray: [] }, since + 2)
        assert.deepStrictEqual(
          (yield* stale).map(({ from, to }) => ({ from, to })),
          [range(2, 4), range(7, 10)]
        )
        yield* write(page(series, range(0, 30), minutes(range(0, 30), 1), { at: since + 3 }))
        assert.deepStrictEqual(yield* stale, [])
        assert.deepStrictEqual(yield* store.markStale(series, { since, at: since + 4, storedBefore: since }), [])
        // Where the source was late, also what was stored after the split.
        yield* store.markStale(series, { since, at: since + 5, storedBefore: since + 4 })
        assert.deepStrictEqual(
          (yield* stale).map(({ from, to }) => ({ from, to })),
          [range(0, 25)]
        )
      })
    )

    it.effect("S22 rows are counted by month, with where they lie", () =>
      Effect.gen(function* () {
        const store = yield* CandleStore.CandleStore
        const series = freshSeries()
        const tallies = Effect.map(store.tally, (all) =>
          all.flatMap((one) =>
            one.series.symbol === series.symbol ? [[one.month, one.rows, one.offsets] as const] : []
          )
        )
        assert.deepStrictEqual(yield* tallies, [])
        // The last two minutes of a month and the first of the next, which is shorter.
        const february = 1_580_515_200_000
        const at = (february - start) / minute
        yield* write(page(series, range(at - 2, at + 3), minutes(range(at - 2, at + 3), 0, [at + 1])))
        assert.deepStrictEqual(yield* tallies, [
          [start, 2, 2 * 31 * 86_400 - 120 - 60],
          [february, 2, 120]
        ])
      })
    )

    it.effect("S15 open times alone are those of the rows", () =>
      Effect.gen(function* () {
        const store = yield* CandleStore.CandleStore
        const series = freshSeries()
        yield* write(page(series, range(0, 100), minutes(range(0, 100), 0, [50])))
        const times = yield* Stream.runCollect(store.openTimes(series, range(40, 60)))
        assert.deepStrictEqual(
          times.flatMap((column) => [...column]),
          [...minutes(range(40, 60), 0, [50]).openTime]
        )
      })
    )

    it.effect("S16 the symbol list is put, replaced and removed as a whole", () =>
      Effect.gen(function* () {
        const symbols = yield* SymbolStore.SymbolStore
        const one = new Instrument.Instrument({
          symbol: "AAA/USDT",
          assetClass: "crypto",
          calendar: "24/7",
          sources: [{ source: "binance" }, { source: "ccxt:kraken", symbol: "XAAA" }],
          listedAt: 1_000,
          active: true
        })
        const two = new Instrument.Instrument({
          symbol: "^ZZZ",
          assetClass: "index",
          calendar: "XNYS",
          sources: [{ source: "file:x'y.csv" }],
          active: false
        })
        yield* symbols.put([two, one])
        assert.deepStrictEqual(
          yield* symbols.list,
          [one, two].sort((a, b) => (a.symbol < b.symbol ? -1 : 1))
        )
        const changed = new Instrument.Instrument({ ...one, active: false })
        const calendars = yield* symbols.calendars([])
        assert.deepStrictEqual([calendars.get("AAA/USDT"), calendars.get("^ZZZ")], ["24/7", "XNYS"])
        assert.deepStrictEqual([...(yield* symbols.calendars(["^ZZZ", "NOT/THERE"]))], [["^ZZZ", "XNYS"]])
        yield* symbols.put([changed])
        assert.deepStrictEqual(
          (yield* symbols.list).find((instrument) => instrument.symbol === one.symbol),
          changed
        )
        assert.deepStrictEqual(yield* symbols.remove(["AAA/USDT", "NOT/THERE"]), ["AAA/USDT"])
        assert.deepStrictEqual(yield* symbols.remove(["^ZZZ"]), ["^ZZZ"])
        assert.deepStrictEqual(yield* symbols.list, [])
      })
    )

    it.effect("S17 the sync log keeps what runs did, newest first", () =>
      Effect.gen(function* () {
        const log = yield* SyncLog.SyncLog
        const entry = (runId: string, finishedAt: number): SyncLog.SyncEntry => ({
          runId,
          series: freshSeries(),
          requested: finishedAt === 2_000 ? undefined : range(0, 10),
          startedAt: 500,
          finishedAt,
          status: "incomplete",
          requests: 3,
          retries: 1,
          inserted: 7,
          changed: 1,
          removed: 0,
          missing: 2,
          error: "it's complicated; DROP TABLE candles"
        })
        const entries = [entry("a", 1_000), entry("b", 2_000)]
        yield* log.append(entries)
        yield* log.append([])
        assert.deepStrictEqual(yield* log.recent(2), entries.toReversed())
      })
    )

    it.effect("S18 users read the views by name", () =>
      Effect.gen(function* () {
        const query = yield* Query.Query
        const series = freshSeries()
        yield* write(page(series, range(0, 4), minutes(range(0, 4)), { at: 1_000 }))
        yield* write(page(series, range(0, 4), minutes(range(0, 4), 1), { at: 2_000 }))
        const rows = yield* query.run(
          `SELECT symbol, timeframe, source, provenance, timestamp, open, high, low, close, volume
           FROM market_data WHERE symbol = '${series.symbol}' AND timestamp >= '2020-01-01 00:01:00' ORDER BY timestamp`
        )
        assert.lengthOf(rows, 3)
        assert.deepInclude(rows[0]!, {
          symbol: series.symbol,
          timeframe: "1m",
          source: "contract",
          provenance: "observed"
        })
        const ranges = yield* query.run(`SELECT * FROM historical_data_range WHERE symbol = '${series.symbol}'`)
        assert.strictEqual(Number(ranges[0]!["candles"]), 4)
        const revisions = yield* query.run(`SELECT * FROM candle_revisions WHERE symbol = '${series.symbol}'`)
        assert.lengthOf(revisions, 4)
        yield* query.run("SELECT run_id, symbol, status, started_at FROM data_sync_log")
      })
    )

    it.effect("S19 a query cannot write", () =>
      Effect.gen(function* () {
        const query = yield* Query.Query
        const store = yield* CandleStore.CandleStore
        const series = freshSeries()
        yield* write(page(series, range(0, 4), minutes(range(0, 4))))
        for (const statement of [
          "DELETE FROM candles",
          "DROP TABLE candles",
          "UPDATE candles SET close = 0",
          "CREATE TABLE mine (x INTEGER)",
          "SELECT 1; DELETE FROM candles"
        ]) {
          const error = yield* Effect.flip(query.run(statement))
          assert.strictEqual(error._tag, "StoreError", statement)
        }
        same(yield* readAll(series, range(0, 4)), minutes(range(0, 4)))
        assert.strictEqual(Coverage.rows(yield* store.coverage(series)), 4)
      })
    )

    it.effect("S20 the newest schema is the one that the program knows", () =>
      Effect.gen(function* () {
        const query = yield* Query.Query
        const [row] = yield* query.run("SELECT max(migration_id) AS schema FROM tidemark_migrations")
        assert.strictEqual(Number(row!["schema"]), Migrations.latest)
      })
    )
  })
}
