import { assert, describe, it } from "@effect/vitest"
import { type Candidate, Candles, CandleStore, GapLedger, type Interval, Regrid } from "@tidemark/core"
import { Market, Resample } from "@tidemark/reader"
import { Effect, type Layer, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { at, calendar, candles, day, explain, layer, now, request, series, store } from "./shop.ts"

const test = <A, E>(name: string, effect: Effect.Effect<A, E, Layer.Success<typeof layer>>): void =>
  it.effect(name, () => Effect.andThen(TestClock.setTime(now), effect).pipe(Effect.provide(layer)))

const hour = (start: number, end = start + 1): Interval.Interval => ({
  from: day.from + start * 3_600_000,
  to: day.from + end * 3_600_000
})

const problems = (options?: Partial<Market.Request>) =>
  Effect.map(Market.open(request(options)), ({ problems }) => problems.map(({ message }) => message))

const all = (options?: Partial<Market.Request>) => Market.candles(request(options))

/** With whatever is missing. */
const streamed = Effect.fnUntraced(function* (options?: Partial<Market.Request>) {
  const { parts } = yield* Market.open(request(options))
  return yield* Stream.runCollect(Stream.flatMap(Stream.fromIterable(parts), (part) => part.rows(part.interval)))
})

const joined = (options?: Partial<Market.Request>) =>
  Effect.map(streamed(options), (rows) => Candles.concat(rows.map((one) => one.candles)))

describe("a request", () => {
  test(
    "is answered with all candles of the range, as columns with what they are",
    Effect.gen(function* () {
      yield* store(series())
      const [found, ...others] = yield* all()
      assert.lengthOf(others, 0)
      assert.deepStrictEqual(found!.labels, { series: series(), provenance: "observed", adjustment: "none" })
      assert.isTrue(Candles.equals(found!.candles, candles()))
      const [piece] = yield* all({ from: hour(3).from, to: hour(3).to })
      assert.isTrue(Candles.equals(piece!.candles, Candles.within(candles(), hour(3))))
    })
  )

  test(
    "of which candles are missing fails, names them, and the command that fetches them",
    Effect.gen(function* () {
      yield* store(series(), hour(0, 6), [hour(2, 3)])
      yield* store(series(), hour(10, 24))
      const error = yield* Effect.flip(all())
      assert.strictEqual(
        error.message,
        "binance BTC/USDT 1m: 300 of 1,440 candles are missing (2024-01-01T02:00Z → 2024-01-01T03:00Z, " +
          "2024-01-01T06:00Z → 2024-01-01T10:00Z); read what is stored all the same with `allowGaps: true`, or fetch what " +
          "there is: tidemark backfill --symbols BTC/USDT --timeframes 1m --source binance " +
          "--start 2024-01-01T02:00Z --end 2024-01-01T10:00Z"
      )
      // The range that is asked for counts, not the one that is stored.
      const [wider] = yield* problems({ from: at("2023-12-31"), to: hour(2).from })
      assert.include(wider, "1,440 of 1,560 candles are missing (2023-12-31T00:00Z → 2024-01-01T00:00Z)")
      assert.deepStrictEqual(yield* problems({ from: hour(3).from, to: hour(6).from }), [])
      const kept = yield* joined()
      assert.strictEqual(Candles.length(kept), 1_140)
      // All of it was asked for already.
      const [asked] = yield* problems({ to: hour(6).from })
      assert.match(asked!, /or see why: tidemark gaps list --symbols BTC\/USDT --timeframes 1m --source binance$/)
    })
  )

  test(
    "lacks nothing where everybody knows why there is nothing",
    Effect.gen(function* () {
      yield* store(series(), day, [hour(2), hour(5), hour(8)])
      yield* explain(series(), [hour(2), "outage"], [hour(5), "no-trades"], [hour(8), "unexplained"])
      const [one, ...others] = yield* problems()
      assert.lengthOf(others, 0)
      assert.include(one, "60 of 1,440 candles are missing (2024-01-01T08:00Z → 2024-01-01T09:00Z)")
      yield* explain(series(), [hour(2), "outage"], [hour(5), "no-trades"], [hour(8), "outage"])
      assert.deepStrictEqual(yield* problems(), [])
    })
  )

  test(
    "says of what was pruned that it was, and fetches nothing; of what is all gone, too",
    Effect.gen(function* () {
      yield* store(series(), day, [hour(5)])
      const candleStore = yield* CandleStore.CandleStore
      const countOpens = (one: Interval.Interval) => calendar.countOpens("1m", one)
      const pruneTo = (before: number) => candleStore.prune(series(), { before, at: now, countOpens })
      yield* pruneTo(hour(3).from)
      const found = yield* problems({ from: day.from })
      assert.strictEqual(
        found[0],
        "binance BTC/USDT 1m: 180 of 1,440 candles were pruned (2024-01-01T00:00Z → 2024-01-01T03:00Z); read what is " +
          'stored all the same with `allowGaps: true`, or, to have them again, raise "retention" of 1m in tidemark.json, ' +
          "then: tidemark backfill --symbols BTC/USDT --timeframes 1m --source binance --start 2024-01-01T00:00Z " +
          "--end 2024-01-01T03:00Z"
      )
      assert.include(found[1], "60 of 1,440 candles are missing (2024-01-01T05:00Z → 2024-01-01T06:00Z)")
      assert.lengthOf(found, 2)
      const { problems: gaps } = yield* Market.open(request({ from: day.from }))
      assert.isTrue(gaps.every(Market.isGap))
      assert.strictEqual(Candles.length((yield* all({ from: day.from, allowGaps: true }))[0]!.candles), 1_200)
      // Of another source it can be had.
      yield* store(series("kraken"))
      assert.deepStrictEqual(yield* problems({ source: "binance", fillFrom: "kraken", from: day.from }), [])
      yield* candleStore.prune(series("kraken"), { before: day.to, at: now, countOpens })
      yield* pruneTo(day.to)
      assert.deepStrictEqual(yield* problems(), [
        'all of BTC/USDT 1m was pruned; to have it again, raise "retention" in tidemark.json, then: ' +
          "tidemark backfill --symbols BTC/USDT --timeframes 1m --source SOURCE"
      ])
    })
  )

  test(
    "is refused where rows are in an old scale",
    Effect.gen(function* () {
      yield* store(series())
      const candleStore = yield* CandleStore.CandleStore
      yield* candleStore.markStale(series(), { since: hour(12).from, at: now, storedBefore: now })
      assert.match((yield* problems())[0]!, /is in the scale of before the split/)
      yield* store(series())
      assert.deepStrictEqual(yield* problems(), [])
    })
  )

  test(
    "gives only what was observed unless more is asked for by name, and says what there is",
    Effect.gen(function* () {
      yield* store(series("synthetic"), day, [], { provenance: "synthetic" })
      assert.deepStrictEqual(yield* problems(), [
        'BTC/USDT 1m is stored only as synthetic data; ask for that by name: `include: ["synthetic"]`'
      ])
      const [found] = yield* all({ include: ["synthetic"] })
      assert.strictEqual(found!.labels.provenance, "synthetic")
      assert.deepStrictEqual(yield* problems({ symbols: ["ETH/USDT"], timeframes: [] }), [
        "ETH/USDT is not stored; fetch it: tidemark backfill --symbols ETH/USDT --source SOURCE"
      ])
      yield* store(series())
      assert.deepStrictEqual(yield* problems({ source: "binance", fillFrom: "synthetic" }), [
        'BTC/USDT 1m is stored from synthetic only as synthetic data; ask for that by name: `include: ["synthetic"]`'
      ])
      const error = yield* Effect.flip(all({ include: ["synthetic"] }))
      assert.strictEqual(error.message, "BTC/USDT 1m is stored from binance, synthetic; name one with `source`")
    })
  )
})

describe("another source's candles", () => {
  test(
    "that were only asked for to compare them do not stand for the symbol",
    Effect.gen(function* () {
      yield* store(series(), day, [hour(2)])
      yield* store(series("kraken"), hour(1, 4))
      const two = yield* Effect.flip(Market.open(request()))
      assert.include(two.message, "is stored from binance, kraken")
      const verdict: Candidate.Candidate = {
        series: series(),
        source: "kraken",
        interval: hour(2),
        missing: 60,
        has: 60,
        asked: hour(1, 4),
        compared: 120,
        lacking: 0,
        differing: 0,
        medianOff: 0,
        tolerance: 0.001,
        basis: "prices as both give them",
        verdict: "offered",
        askedAt: now
      }
      yield* (yield* GapLedger.GapLedger).recordCandidates([verdict])
      const [only] = (yield* Market.open(request())).parts
      assert.strictEqual(only!.labels.series.source, "binance")
      const [named] = (yield* Market.open(request({ source: "kraken" }))).parts
      assert.strictEqual(named!.labels.series.source, "kraken")
      assert.deepStrictEqual(yield* problems({ fillFrom: "kraken" }), [])
      // At another price they do not stand in either.
      yield* (yield* GapLedger.GapLedger).recordCandidates([{ ...verdict, differing: 120, verdict: "differs" }])
      assert.include((yield* problems({ fillFrom: "kraken" }))[0], "60 of 1,440 candles are missing")
      assert.strictEqual(Candles.length(yield* joined({ fillFrom: "kraken" })), 1_380)
    })
  )

  test(
    "stand where those of the first are missing, under their own name, and nowhere else",
    Effect.gen(function* () {
      yield* store(series(), day, [hour(2), hour(5)])
      yield* explain(series(), [hour(5), "no-trades"])
      yield* store(series("kraken"), hour(1, 12), [], { plus: 1_000 })
      const rows = yield* streamed({ source: "binance", fillFrom: "kraken" })
      assert.deepStrictEqual(yield* problems({ source: "binance", fillFrom: "kraken" }), [])
      const bySource = Map.groupBy(rows, ({ labels }) => labels.series.source)
      const of = (source: string) => Candles.concat(bySource.get(source)!.map((one) => one.candles))
      assert.isTrue(Candles.equals(of("kraken"), Candles.within(candles(hour(1, 12), "1m", 1_000), hour(2))))
      assert.strictEqual(Candles.length(of("binance")), 1_440 - 120)
      const times = Candles.concat(rows.map((one) => one.candles)).openTime
      assert.isTrue(times.every((open, i) => i === 0 || open > times[i - 1]!))
    })
  )

  test(
    "leave what neither has missing, and have to be there",
    Effect.gen(function* () {
      yield* store(series(), day, [hour(2, 4)])
      const found = yield* problems({ source: "binance", fillFrom: "kraken" })
      const absent = found.find((text) => text.includes("kraken"))
      assert.strictEqual(
        absent,
        "BTC/USDT 1m is not stored from kraken; fetch it: tidemark backfill --symbols BTC/USDT --timeframes 1m " +
          "--source kraken --start 2024-01-01T00:00Z --end 2024-01-02T00:00Z"
      )
      yield* store(series("kraken"), hour(1, 12), [hour(3)])
      const [left] = yield* problems({ source: "binance", fillFrom: "kraken" })
      assert.include(left, "60 of 1,440 candles are missing (2024-01-01T03:00Z → 2024-01-01T04:00Z)")
    })
  )
})

describe("resampling", () => {
  test(
    "gives the candles of the calendar that are whole",
    Effect.gen(function* () {
      yield* store(series(), { from: hour(0).from + 60_000, to: hour(20).from + 60_000 })
      const [found] = yield* all({ resample: "4h" })
      // The first four hours lack a minute, the last have not ended.
      assert.deepStrictEqual(
        [...found!.candles.openTime],
        [4, 8, 12, 16].map((at) => hour(at).from)
      )
      assert.strictEqual(found!.labels.series.timeframe, "4h")
      const [first] = found!.candles.open
      assert.deepStrictEqual(
        [first, found!.candles.high[0], found!.candles.low[0], found!.candles.close[0], found!.candles.volume[0]],
        [340, 581, 339, 580, 720]
      )
    })
  )

  test(
    "never gives half a candle: an hour without a minute is an error, or nothing; a quiet minute is none",
    Effect.gen(function* () {
      const minute = { from: hour(2).from, to: hour(2).from + 60_000 }
      const quiet = { from: hour(3).from, to: hour(3).from + 60_000 }
      yield* store(series(), day, [minute, quiet])
      yield* explain(series(), [quiet, "no-trades"])
      const options = { resample: "1h", timeframes: ["1m"] } as const
      assert.include((yield* problems(options))[0], "1 of 1,440 candles is missing")
      const hours = yield* joined(options)
      assert.deepStrictEqual(
        [...hours.openTime],
        [...calendar.openTimes("1h", day)].filter((open) => open !== hour(2).from)
      )
    })
  )

  test(
    "is refused where it makes no sense",
    Effect.gen(function* () {
      yield* store(series())
      for (const [options, says] of [
        [{ timeframes: [], resample: "1h" }, /of one shorter timeframe; name that one/],
        [{ timeframes: ["1h"], resample: "1m" }, /candles of 1m cannot be put together from those of 1h/],
        [{ timeframes: ["3m"], resample: "5m" }, /candles of 5m cannot be put together from those of 3m/],
        [{ timeframes: ["1w"], resample: "1M" }, /candles of 1M cannot be put together from those of 1w/],
        [{ resample: "1h", fillFrom: "kraken" }, /not both/],
        [{ source: "binance", fillFrom: "binance" }, /binance is itself the source of \S+ 1m: it cannot stand in/]
      ] as ReadonlyArray<readonly [Partial<Market.Request>, RegExp]>) {
        assert.match((yield* Effect.flip(Market.open(request(options)))).message, says)
      }
    })
  )

  it.effect.prop(
    "does not depend on the batches that candles come in",
    { cuts: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_440 }))) },
    ({ cuts }) =>
      Effect.gen(function* () {
        const whole = candles()
        const ends = [0, ...cuts.toSorted((a, b) => a - b), 1_440]
        const batches = ends.slice(1).map((end, i) => Candles.slice(whole, ends[i]!, end))
        const options = { calendar, timeframe: "15m", missing: [hour(7)] } as const
        const found = yield* Stream.runCollect(Resample.resample(options)(Stream.fromIterable(batches)))
        const expected = Regrid.toGrid(calendar, "15m", whole, "instant")
        const kept = [...expected.openTime.keys()].filter(
          (i) => expected.openTime[i]! < hour(7).from || expected.openTime[i]! >= hour(7).to
        )
        assert.isTrue(Candles.equals(Candles.concat(found), Candles.pick(expected, kept)))
      }),
    { arbitrary: { runs: 50 } }
  )
})
