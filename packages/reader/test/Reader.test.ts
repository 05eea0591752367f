import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import {
  ActionStore,
  Candles,
  CandleStore,
  CorporateAction,
  type Interval,
  type Series,
  type Timeframe
} from "@tidemark/core"
import { Reader } from "@tidemark/reader"
import { DuckDbStorage } from "@tidemark/storage-duckdb"
import { Effect, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"

const { Dividend, Split } = CorporateAction
const calendar = Calendars.get("XNYS")
const at = (text: string) => Date.parse(text)
const span: Interval.Interval = { from: at("2020-08-03"), to: at("2020-12-01") }
const now = at("2021-01-04")

const four = new Split({ exDate: "2020-08-31", from: 1, to: 4 })
const dividend = new Dividend({ exDate: "2020-11-06", amount: 2 })

const series = (timeframe: Timeframe.Timeframe = "1d", source = "raw"): Series.Series => ({
  source,
  symbol: "AAPL",
  timeframe
})

/** A hundred a share, four hundred before the split; the i-th candle is i thousandths dearer. */
const traded = (timeframe: Timeframe.Timeframe, interval: Interval.Interval = span): Candles.Candles => {
  const openTime = calendar.openTimes(timeframe, interval)
  const price = openTime.map((open, i) => (open < at("2020-08-31") ? 400 : 100) * (1 + i / 1_000))
  const volume = openTime.map((open) => (open < at("2020-08-31") ? 10 : 40))
  return { openTime, open: price, high: price, low: price, close: price, volume }
}

const store = Effect.fnUntraced(function* (
  of: Series.Series,
  candles: Candles.Candles,
  options: Partial<CandleStore.PageWrite> = {}
) {
  const candleStore = yield* CandleStore.CandleStore
  yield* candleStore.write([
    {
      series: of,
      provenance: "observed",
      interval: span,
      candles,
      holes: [],
      countOpens: (interval) => calendar.countOpens(of.timeframe, interval),
      at: now - 1_000,
      reason: "test",
      ...options
    }
  ])
})

const know = (
  actions: ReadonlyArray<CorporateAction.CorporateAction>,
  options: Partial<ActionStore.ActionsWrite> = {}
) =>
  Effect.flatMap(ActionStore.ActionStore, (actionStore) =>
    actionStore.put({
      source: "raw",
      symbol: "AAPL",
      interval: { from: at("2020-01-01"), to: at("2021-01-05") },
      actions,
      at: now,
      ...options
    })
  )

const request = (options: Partial<Reader.Request> = {}): Reader.Request => ({
  series: series(),
  calendar,
  interval: span,
  adjust: "splits",
  adjustment: "none",
  ...options
})

const batches = (options?: Partial<Reader.Request>) => Stream.runCollect(Reader.candles(request(options)))
const read = (options?: Partial<Reader.Request>) => Effect.map(batches(options), Candles.concat)
const message = (options?: Partial<Reader.Request>) =>
  Effect.map(Effect.flip(batches(options)), (error) => error.message)

const near = (actual: ArrayLike<number>, expected: ArrayLike<number>) => {
  assert.strictEqual(actual.length, expected.length)
  for (let i = 0; i < expected.length; i++) assert.closeTo(actual[i]! / expected[i]!, 1, 1e-12, `row ${i}`)
}

const test = <A, E>(
  name: string,
  effect: Effect.Effect<A, E, CandleStore.CandleStore | ActionStore.ActionStore>
): void =>
  it.effect(name, () =>
    Effect.andThen(TestClock.setTime(now), effect).pipe(
      Effect.provide(DuckDbStorage.layer({ path: ":memory:", mode: "write" }).pipe(Layer.provide(NodeServices.layer)))
    )
  )

/** What the candles of `traded` are in today's shares. */
const inShares = (raw: Candles.Candles) => raw.close.map((price, i) => (raw.volume[i] === 10 ? price / 4 : price))

describe("reading", () => {
  test(
    "gives rows as they are stored, or in the shares of today, batch by batch",
    Effect.gen(function* () {
      const raw = traded("1h")
      yield* store(series("1h"), raw)
      yield* know([four, dividend])
      const hourly = { series: series("1h") }
      const none = yield* read({ ...hourly, adjust: "none" })
      assert.deepStrictEqual(none.close, raw.close)
      const pieces = yield* batches({ ...hourly, batchRows: 50 })
      assert.isAtLeast(pieces.length, 10)
      assert.isTrue(pieces.every((piece) => Candles.length(piece) <= 50))
      const splits = Candles.concat(pieces)
      near(splits.close, inShares(raw))
      assert.isTrue(splits.volume.every((volume) => volume === 40))
    })
  )

  test(
    "takes the close before a dividend from the series, also where that is outside the interval",
    Effect.gen(function* () {
      const raw = traded("1d")
      yield* store(series(), raw)
      yield* know([four, dividend])
      const ex = raw.openTime.findIndex((open) => open >= at("2020-11-06"))
      const factor = 1 - 2 / raw.close[ex - 1]!
      const all = yield* read({ adjust: "all" })
      near(
        all.close,
        inShares(raw).map((price, i) => (i < ex ? price * factor : price))
      )
      const august = yield* read({ adjust: "all", interval: { from: span.from, to: at("2020-09-01") } })
      near(august.close, all.close.subarray(0, Candles.length(august)))
    })
  )

  test(
    "takes it from the days of the same source where the series does not have it",
    Effect.gen(function* () {
      const daily = traded("1d")
      const hours = traded("1h")
      const without = Candles.pick(
        hours,
        [...hours.openTime.keys()].filter(
          (i) => new Date(hours.openTime[i]!).toISOString().slice(0, 10) !== "2020-11-05"
        )
      )
      yield* store(series("1h"), without)
      yield* know([dividend])
      const hourly = { series: series("1h"), adjust: "all" } as const
      assert.strictEqual(
        yield* message(hourly),
        "raw AAPL 1h: the dividend of 2 on 2020-11-06 needs the close of 2020-11-05, which is not stored; fetch: " +
          "tidemark backfill --symbols AAPL --timeframes 1d --source raw --start 2020-11-05T14:30Z --end 2020-11-05T21:00Z"
      )
      yield* store(series("1d"), daily)
      const close = daily.close[daily.openTime.findIndex((open) => open >= at("2020-11-05"))]!
      const adjusted = yield* read(hourly)
      assert.closeTo(adjusted.close[0]! / without.close[0]!, 1 - 2 / close, 1e-12)
    })
  )

  test(
    "takes no close from a session that was asked for in part",
    Effect.gen(function* () {
      const noon = at("2020-11-05T17:30Z")
      const parts = [
        { from: span.from, to: noon },
        { from: at("2020-11-06"), to: span.to }
      ]
      for (const interval of parts) yield* store(series("1h"), traded("1h", interval), { interval })
      yield* know([dividend])
      const hourly = { series: series("1h"), adjust: "all" } as const
      assert.include(yield* message(hourly), "needs the close of 2020-11-05, which is not stored")
      const rest = { from: noon, to: at("2020-11-06") }
      yield* store(series("1h"), traded("1h", rest), { interval: rest })
      yield* read(hourly)
    })
  )

  test(
    "applies nothing twice, and needs no actions where nothing is left to apply",
    Effect.gen(function* () {
      const raw = traded("1d")
      const adjusted = { ...raw, close: inShares(raw) }
      yield* store(series("1d", "ready"), adjusted)
      const ready = { series: series("1d", "ready"), adjustment: "splits" } as const
      near((yield* read(ready)).close, adjusted.close)
      assert.include(yield* message({ ...ready, adjust: "all" }), "were never asked for")
      yield* know([four, dividend], { source: "ready" })
      const all = yield* read({ ...ready, adjust: "all" })
      yield* store(series(), raw)
      yield* know([four, dividend])
      near(all.close, (yield* read({ adjust: "all" })).close)
    })
  )

  test(
    "of a series that is not there gives nothing",
    Effect.map(read(), (candles) => assert.strictEqual(Candles.length(candles), 0))
  )
})

describe("actions", () => {
  const ask = "tidemark actions fetch --symbols AAPL --source raw --start 2020-08-03"

  test(
    "that were never asked for are an error with the command that asks",
    Effect.gen(function* () {
      yield* store(series(), traded("1d"))
      assert.strictEqual(
        yield* message(),
        `raw AAPL 1d: the corporate actions of AAPL were never asked for, so its prices cannot be adjusted; ask: ${ask}`
      )
    })
  )

  test(
    "that were asked for a part of the range are one too, in either direction and by the time of asking",
    Effect.gen(function* () {
      yield* store(series(), traded("1d"))
      const partly = (interval: Interval.Interval, when = now) =>
        Effect.andThen(know([], { interval, at: when }), message())
      const late = { from: at("2020-08-04"), to: at("2021-01-01") }
      assert.include(yield* partly(late), "only from 2020-08-04 to 2021-01-01")
      // Does not touch the other, and takes its place.
      assert.include(yield* partly({ from: at("2019-01-01"), to: at("2020-08-03") }), "from 2019-01-01 to 2020-08-03")
      const early = { from: at("2020-08-03"), to: at("2021-01-01") }
      yield* know([], { interval: early, source: "other", at: at("2020-11-29T12:00Z") })
      assert.include(yield* message({ actionsFrom: "other" }), "only from 2020-08-03 to 2020-11-30")
      yield* know([], { interval: early, source: "other", at: at("2020-11-30T12:00Z") })
      assert.lengthOf((yield* read({ actionsFrom: "other" })).close, calendar.countOpens("1d", span))
      // What is not asked for needs no actions.
      yield* read({ interval: { from: at("2020-07-01"), to: at("2020-08-03") } })
    })
  )

  test(
    "may come from another source, named or the first that was asked",
    Effect.gen(function* () {
      const raw = traded("1d")
      yield* store(series(), raw)
      yield* know([four], { source: "other" })
      near((yield* read()).close, inShares(raw))
      yield* know([], { source: "wrong" })
      near((yield* read({ actionsFrom: "wrong" })).close, raw.close)
      assert.include(yield* message({ actionsFrom: "nobody" }), "--source nobody")
      // The series' own comes first.
      yield* know([])
      near((yield* read()).close, raw.close)
    })
  )

  test(
    "of a later time do not count as of an earlier one",
    Effect.gen(function* () {
      const raw = traded("1d")
      yield* store(series(), raw)
      yield* know([four])
      yield* know([], { at: now + 5_000 })
      near((yield* read()).close, raw.close)
      near((yield* read({ asOf: now + 4_999 })).close, inShares(raw))
      assert.include(yield* message({ asOf: now - 1 }), "were never asked for")
    })
  )

  test(
    "that are only announced do not count yet",
    Effect.gen(function* () {
      const raw = traded("1d")
      yield* store(series(), raw)
      yield* know([new Split({ exDate: "2021-01-04", from: 1, to: 4 })])
      near((yield* read()).close, raw.close)
      yield* TestClock.setTime(at("2021-01-04T14:30Z"))
      near(
        (yield* read()).close,
        raw.close.map((price) => price / 4)
      )
    })
  )
})

describe("candles of before a split at a source that has rescaled since", () => {
  test(
    "are an error with the command that fetches them again, unless rows are wanted as they are",
    Effect.gen(function* () {
      const candleStore = yield* CandleStore.CandleStore
      const half = { from: span.from, to: at("2020-08-22") }
      const raw = traded("1d", half)
      yield* store(series(), raw, { interval: half, at: at("2020-08-22") })
      const since = calendar.openAtOrAfter("1d", at("2020-08-31"))
      yield* candleStore.markStale(series(), { since, at: now, storedBefore: since })
      const splits = { adjustment: "splits" } as const
      assert.strictEqual(
        yield* message(splits),
        "raw AAPL 1d: what is stored from 2020-08-03T13:30Z to 2020-08-22T00:00Z is in the scale of before the split " +
          "of 2020-08-31; fetch it again: tidemark backfill --symbols AAPL --timeframes 1d --source raw " +
          "--start 2020-08-03T13:30Z --end 2020-08-22T00:00Z"
      )
      near((yield* read({ ...splits, adjust: "none" })).close, raw.close)
      yield* read({ ...splits, interval: { from: at("2020-08-22"), to: span.to } })
    })
  )

  test(
    "are an error too where nobody has seen it rescale, and until when",
    Effect.gen(function* () {
      const actionStore = yield* ActionStore.ActionStore
      const half = { from: span.from, to: at("2020-08-28T21:00Z") }
      yield* store(series(), traded("1d", half), { interval: half, at: half.to })
      yield* know([four], { at: at("2020-08-31T15:00Z"), interval: { from: at("2020-01-01"), to: at("2020-09-01") } })
      const splits = { adjustment: "splits" } as const
      yield* TestClock.setTime(at("2020-08-31T16:00Z"))
      const doubt = "may be in the scale of before the split of 2020-08-31"
      assert.include(yield* message(splits), `from 2020-08-03T13:30Z to 2020-08-31T13:30Z ${doubt}`)
      assert.include(yield* message(splits), "from 2020-09-03T13:30Z on")
      yield* read({ ...splits, adjust: "none" })
      // The time alone changes nothing: the rows are those of before.
      yield* TestClock.setTime(now)
      assert.include(yield* message(splits), doubt)
      yield* actionStore.settle("raw", "AAPL", "2020-08-31", now)
      yield* read(splits)
    })
  )

  test(
    "is told by another source only: the series is read only if it was stored after it",
    Effect.gen(function* () {
      const raw = traded("1d")
      yield* store(series(), { ...raw, close: inShares(raw) })
      yield* know([four, dividend], { source: "other" })
      const all = { adjust: "all", adjustment: "splits", actionsFrom: "other" } as const
      const adjusted = yield* read(all)
      // The same with what the series' own source says of splits, which counts once it was asked.
      yield* know([new Split({ ...four, to: 400 })], { source: "other" })
      yield* know([dividend], { source: "other", interval: { from: at("2020-11-01"), to: at("2021-01-05") } })
      yield* know([four])
      near((yield* read(all)).close, adjusted.close)
      const early = { from: span.from, to: at("2020-08-22") }
      yield* store(series("1d", "early"), traded("1d", early), { interval: early, at: early.to })
      assert.include(
        yield* message({ ...all, series: series("1d", "early") }),
        "may be in the scale of before the split of 2020-08-31"
      )
    })
  )

  test(
    "that is told while they are read ends the reading",
    Effect.gen(function* () {
      yield* store(series(), traded("1d"))
      const told = yield* Effect.flip(
        Stream.runForEach(Reader.candles(request({ adjustment: "splits" })), () => know([four]))
      )
      assert.include(told.message, "a split became known while it was read")
      yield* read({ adjustment: "splits" })
    })
  )

  test(
    "of weeks cannot be adjusted for a split in their middle",
    Effect.gen(function* () {
      yield* store(series("1w"), traded("1w"))
      yield* know([new Split({ exDate: "2020-09-02", from: 1, to: 4 })])
      assert.include(yield* message({ series: series("1w") }), "falls into the 1w candle of 2020-08-31T13:30Z")
    })
  )
})
