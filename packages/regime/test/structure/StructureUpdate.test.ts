/** Structure of stored candles: what is new and what was touched, and the same as made anew. */
import { assert, describe } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import {
  ActionStore,
  type Candles,
  CandleStore,
  CorporateAction,
  DerivedStore,
  type Interval,
  Regrid
} from "@tidemark/core"
import { Happenings, StructureRegime, StructureTables, StructureUpdate } from "@tidemark/regime/structure"
import * as Inputs from "@tidemark/features/Inputs"
import { Effect } from "effect"
import { choice, onStore, store } from "../stored.ts"
import { candles, hourMillis, start } from "./market.ts"

const calendar = Calendars.get("24/7")
const dayMillis = 24 * hourMillis
const days = 250
const hourly = candles(days * 24, 11)
const rows = {
  "1h": hourly,
  "4h": Regrid.toGrid(calendar, "4h", hourly, "instant"),
  "1d": Regrid.toGrid(calendar, "1d", hourly, "instant")
} as const
const all: Interval.Interval = { from: start, to: start + days * dayMillis }
const range = (from: number, to: number): Interval.Interval => ({
  from: start + from * dayMillis,
  to: start + to * dayMillis
})
const of = (timeframe: StructureRegime.Timeframe) => ({ source: "binance", symbol: "BTC/USDT", timeframe })

const update = (extra: Omit<StructureUpdate.Options, "inputs"> = {}) =>
  Effect.map(
    Effect.flatMap(Inputs.of(choice), (inputs) => StructureUpdate.run({ ...extra, inputs })),
    ([outcome]) => {
      assert.isUndefined(outcome!.error)
      return outcome!
    }
  )

const put = Effect.fnUntraced(function* (
  interval: Interval.Interval,
  at: number,
  timeframes: ReadonlyArray<StructureRegime.Timeframe> = StructureRegime.timeframes
) {
  for (const timeframe of timeframes) yield* store(calendar, of(timeframe), rows[timeframe], interval, at)
})

const regimes = Effect.flatMap(DerivedStore.DerivedStore, (derived) =>
  derived.read(StructureTables.regimes, StructureRegime.method, of("4h"), all)
)
const events = (mode: Happenings.Mode = "smc-pit") =>
  Effect.flatMap(DerivedStore.DerivedStore, (derived) =>
    derived.read(StructureTables.events, Happenings.methods[mode], of("4h"), all)
  )

const assertAsAnew = Effect.gen(function* () {
  const before = { regimes: yield* regimes, events: yield* events() }
  yield* update({ force: true })
  assert.deepStrictEqual({ regimes: yield* regimes, events: yield* events() }, before)
})

describe("structure of stored candles", () => {
  onStore(
    "is decided at every close of a 4h candle, and every event is kept with when it was known",
    Effect.gen(function* () {
      yield* put(all, 1_000)
      const outcome = yield* update()
      assert.deepInclude(outcome, { processed: days * 6, inserted: days * 6, updated: 0, absent: [] })
      const found = yield* regimes
      const expected = StructureRegime.history({ calendar, candles: rows }, { from: start + 1, to: all.to })
      assert.deepStrictEqual(
        found.columns[0],
        expected.map(({ label }) => label)
      )
      assert.deepStrictEqual(
        [...found.inputHash],
        expected.map(({ inputHash }) => inputHash)
      )
      assert.strictEqual(outcome.latest?.label, expected.at(-1)!.label)
      assert.include(found.reasons[0]!, "structure needs 50 4h candles, has 1")
      const told = yield* events()
      const happened = Happenings.of("smc-pit", calendar, rows["4h"])
      assert.isAbove(happened.length, 100)
      assert.deepStrictEqual(
        told.columns.at(-1),
        happened.map(({ description }) => description)
      )
      for (const [i, known] of told.knownAt.entries()) assert.strictEqual(told.openTime[i]! + 4 * hourMillis, known)
      assert.deepInclude(yield* update(), { processed: 0, inserted: 0, updated: 0, events: 0 })
      yield* assertAsAnew
    })
  )

  onStore(
    "goes on with new candles, and leaves what was said",
    Effect.gen(function* () {
      yield* put(range(0, 200), 1_000)
      yield* update()
      const [before, said] = [yield* regimes, yield* events()]
      yield* put(range(200, days), 2_000)
      assert.deepInclude(yield* update(), { processed: 300, inserted: 300, updated: 0 })
      const [after, more] = [yield* regimes, yield* events()]
      assert.deepStrictEqual([...after.inputHash.subarray(0, 1_200)], [...before.inputHash])
      assert.deepStrictEqual(more.columns.at(-1)!.slice(0, said.reasons.length), said.columns.at(-1))
      yield* assertAsAnew
    })
  )

  onStore(
    "follows hours and days that come later, change, or were missing",
    Effect.gen(function* () {
      yield* put(all, 1_000, ["4h"])
      const alone = yield* update()
      assert.deepInclude(alone, { absent: ["1h", "1d"], processed: days * 6 })
      assert.strictEqual(alone.latest?.label, "no_data")
      yield* put(range(0, 240), 2_000, ["1h", "1d"])
      assert.deepInclude(yield* update(), { processed: days * 6, updated: days * 6, events: 0 })
      yield* put(range(240, days), 3_000, ["1h"])
      yield* update()
      yield* assertAsAnew
      yield* put(range(240, days), 4_000, ["1d"])
      // The day that opens then is known at its close.
      assert.deepInclude(yield* update(), { processed: 60, updated: 55 })
      yield* assertAsAnew
      const close = rows["1h"].close.map((value, i) => (i === 100 * 24 + 6 ? value + 0.01 : value))
      const high = rows["1h"].high.map((value) => value + 1)
      const hour = range(100, 100 + 7 / 24)
      yield* store(
        calendar,
        of("1h"),
        { ...rows["1h"], close, high },
        { from: hour.to - hourMillis, to: hour.to },
        5_000
      )
      // The 4h candle that closes at eight is the first that knows the hour that begins at six.
      assert.deepInclude(yield* update(), { processed: 150 * 6 - 1, updated: 150 * 6 - 1, events: 0 })
      yield* assertAsAnew
    })
  )

  onStore(
    "as the reference has it was known at the last candle alone, and is made again with every one",
    Effect.gen(function* () {
      yield* put(range(0, 200), 1_000)
      yield* update({ mode: "smc-compat" })
      const before = yield* events("smc-compat")
      assert.isAbove(before.reasons.length, 50)
      assert.deepStrictEqual([...new Set(before.knownAt)], [range(0, 200).to])
      yield* put(range(200, days), 2_000)
      yield* update({ mode: "smc-compat" })
      const after = yield* events("smc-compat")
      assert.deepStrictEqual([...new Set(after.knownAt)], [all.to])
      assert.deepStrictEqual(
        after.columns.at(-1),
        Happenings.of("smc-compat", calendar, rows["4h"]).map(({ description }) => description)
      )
    })
  )

  onStore(
    "up to an end before what has changed leaves everything as it is, and once",
    Effect.gen(function* () {
      yield* put(all, 1_000)
      yield* update()
      const close = rows["4h"].close.map((value, i) => (i === 1_200 ? value + 0.01 : value))
      const high = rows["4h"].high.map((value) => value + 1)
      const candle = { from: start + 1_200 * 4 * hourMillis, to: start + 1_201 * 4 * hourMillis }
      yield* store(calendar, of("4h"), { ...rows["4h"], close, high }, candle, 2_000)
      assert.deepInclude(yield* update({ to: range(0, 100).to }), { processed: 0 })
      assert.deepInclude(yield* update(), { processed: 300, updated: 300 })
      assert.strictEqual(new Set((yield* regimes).openTime).size, days * 6)
      assert.lengthOf((yield* regimes).reasons, days * 6)
      yield* assertAsAnew
    })
  )

  onStore(
    "stays as it was made when hours of before have been pruned",
    Effect.gen(function* () {
      yield* put(range(0, 200), 1_000, ["4h", "1d"])
      yield* put(range(0, 10), 1_000, ["1h"])
      yield* put(range(11, 200), 1_000, ["1h"])
      yield* update()
      const before = yield* regimes
      const countOpens = (one: Interval.Interval) => calendar.countOpens("1h", one)
      yield* (yield* CandleStore.CandleStore).prune(of("1h"), { before: range(100, 101).from, at: 1_500, countOpens })
      assert.deepInclude(yield* update(), { processed: 0 })
      yield* put(range(200, days), 2_000)
      assert.deepInclude(yield* update(), { processed: 300, inserted: 300 })
      assert.deepStrictEqual([...(yield* regimes).inputHash.subarray(0, 1_200)], [...before.inputHash])
    })
  )

  onStore(
    "of a share is told in the shares of its day, and follows a split that comes to be known",
    Effect.gen(function* () {
      const nyse = Calendars.get("XNYS")
      const period = { from: Date.parse("2023-01-03"), to: Date.parse("2024-02-01") }
      const share = (timeframe: StructureRegime.Timeframe) => ({ source: "polygon", symbol: "AAPL", timeframe })
      const split = nyse.openAtOrAfter("1d", Date.parse("2023-12-01"))
      const traded = (timeframe: StructureRegime.Timeframe): Candles.Candles => {
        const openTime = nyse.openTimes(timeframe, period)
        const { close, high, low, open, volume } = candles(openTime.length, 5)
        const shares = openTime.map((at) => (at < split ? 4 : 1))
        const price = (column: Float64Array) => column.map((value, i) => value * shares[i]!)
        return { openTime, open: price(open), high: price(high), low: price(low), close: price(close), volume }
      }
      for (const timeframe of StructureRegime.timeframes) {
        yield* store(nyse, share(timeframe), traded(timeframe), period, 1_000)
      }
      assert.isTrue((yield* update()).splitsUnknown)
      yield* (yield* ActionStore.ActionStore).put({
        source: "polygon",
        symbol: "AAPL",
        interval: period,
        actions: [new CorporateAction.Split({ exDate: "2023-12-01", from: 1, to: 4 })],
        at: 2_000
      })
      const outcome = yield* update()
      assert.strictEqual(outcome.processed, nyse.countOpens("4h", period))
      const { close, openTime } = traded("4h")
      const derived = yield* DerivedStore.DerivedStore
      const found = yield* derived.read(StructureTables.regimes, StructureRegime.method, share("4h"), period)
      const told = found.columns[1] as Float64Array
      for (const [i, at] of openTime.entries()) assert.closeTo(told[i]!, close[i]!, 1e-9, `${at}`)
      assert.deepInclude(yield* update(), { processed: 0 })
    })
  )

  onStore(
    "without a 4h candle names what is not there",
    Effect.gen(function* () {
      yield* put(all, 1_000, ["1h"])
      assert.deepInclude(yield* update(), { absent: ["4h", "1d"], processed: 0, latest: undefined })
    })
  )
})
