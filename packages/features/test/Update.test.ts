/** Features of stored candles: what is new and what was touched, and the same as made anew. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import {
  ActionStore,
  type Adjustment,
  Candles,
  CandleStore,
  CorporateAction,
  DerivedStore,
  type Gap,
  GapLedger,
  type Interval,
  type Series
} from "@tidemark/core"
import { Features, Update } from "@tidemark/features"
import { DuckDbStorage } from "@tidemark/storage-duckdb"
import * as Inputs from "@tidemark/features/Inputs"
import { Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { candles } from "./market.ts"

const minute = 60_000
const start = 1_704_067_200_000
const size = 900
const rows = candles(size, 42)
const btc: Series.Series = { source: "binance", symbol: "BTC/USDT", timeframe: "1m" }
const calendar = Calendars.get("24/7")
const all: Interval.Interval = { from: start, to: start + size * minute }

const range = (from: number, to: number): Interval.Interval => ({
  from: start + from * minute,
  to: start + to * minute
})

/** Stores the candles of a range, but for those inside holes. */
const store = Effect.fnUntraced(function* (
  interval: Interval.Interval,
  at: number,
  options: { readonly holes?: ReadonlyArray<Interval.Interval>; readonly of?: Candles.Candles } = {}
) {
  const { holes = [], of = rows } = options
  const countOpens = (one: Interval.Interval) => calendar.countOpens("1m", one)
  const kept = [...of.openTime.keys()].filter((i) => {
    const open = of.openTime[i]!
    return open >= interval.from && open < interval.to && !holes.some(({ from, to }) => open >= from && open < to)
  })
  yield* (yield* CandleStore.CandleStore).write([
    {
      series: btc,
      provenance: "observed",
      interval,
      candles: Candles.pick(of, kept),
      holes: holes.map((hole) => ({ ...hole, opens: countOpens(hole) })),
      countOpens,
      at,
      reason: "test"
    }
  ])
})

const choice = { choose: () => true, appliedBy: () => Effect.succeed<Adjustment.Applied>("none") }

const update = (extra: Omit<Update.Options, "inputs"> = {}) =>
  Effect.map(
    Effect.flatMap(Inputs.of(choice), (inputs) => Update.run({ ...extra, inputs })),
    ([outcome]) => {
      assert.isUndefined(outcome!.error)
      return outcome!
    }
  )

const stored = Effect.gen(function* () {
  const store = yield* DerivedStore.DerivedStore
  const { columns, inputHash, knownAt, openTime } = yield* store.read(Update.table, Features.method, btc, all)
  return Array.from(openTime, (open, row) => ({
    open,
    knownAt: knownAt[row],
    hash: inputHash[row],
    values: columns.map((column) => column[row])
  }))
})

/** What is stored is what a store that has seen everything at once would hold. */
const assertAsAnew = Effect.gen(function* () {
  const before = yield* stored
  assert.isAbove(before.length, 0)
  yield* update({ force: true })
  assert.deepStrictEqual(before, yield* stored)
})

const test = <A, E>(name: string, effect: Effect.Effect<A, E, Layer.Success<typeof layer>>): void =>
  it.effect(name, () => Effect.andThen(TestClock.setTime(all.to + 86_400_000), effect).pipe(Effect.provide(layer)))

const layer = DuckDbStorage.layer({ path: ":memory:", mode: "write" }).pipe(Layer.provide(NodeServices.layer))

const gap = (interval: Interval.Interval, cause: Gap.GapCause): Gap.Gap => ({
  series: btc,
  interval,
  missing: 1,
  cause,
  evidence: [],
  attempts: 1,
  nextAction: ""
})

describe("features of stored candles", () => {
  test(
    "are those of the candles, known when each closes; a second run does nothing",
    Effect.gen(function* () {
      yield* store(all, 1_000)
      assert.deepInclude(yield* update(), { processed: size, inserted: size, updated: 0 })
      const expected = new Features.Run(525_960).push(rows)
      const found = yield* stored
      for (const [row, { hash, knownAt, open, values }] of found.entries()) {
        assert.deepStrictEqual([open, knownAt], [start + row * minute, start + (row + 1) * minute])
        assert.deepStrictEqual(
          values,
          expected.columns.map((column) => column[row])
        )
        assert.strictEqual(hash, expected.inputHash[row])
      }
      assert.deepInclude(yield* update(), { processed: 0, inserted: 0, updated: 0 })
    })
  )

  test(
    "are told of once a page, also where nothing is left at the end",
    Effect.gen(function* () {
      yield* store(range(0, 600), 1_000, { holes: [range(590, 600)] })
      const told: Array<number> = []
      yield* update({ onPage: ({ processed }) => Effect.sync(() => void told.push(processed)) })
      assert.deepStrictEqual(told, [590])
    })
  )

  test(
    "go on where they ended: new candles alone are worked on",
    Effect.gen(function* () {
      yield* store(range(0, 600), 1_000)
      yield* update()
      yield* store(range(600, size), 2_000)
      assert.deepInclude(yield* update(), { processed: 300, inserted: 300, updated: 0 })
      yield* assertAsAnew
    })
  )

  test(
    "follow a revision from the candle on that changed",
    Effect.gen(function* () {
      yield* store(all, 1_000)
      yield* update()
      const close = rows.close.slice()
      close[700] = rows.close[700]! * 1.000_1
      yield* store(range(650, 800), 2_000, { of: { ...rows, close, high: rows.high.map((h) => h * 1.01) } })
      // Half of a page was asked for again, and is other candles now.
      assert.deepInclude(yield* update(), { processed: 250, inserted: 0, updated: 250 })
      yield* assertAsAnew
    })
  )

  test(
    "leave nothing behind of what has changed, wherever they are stopped",
    Effect.gen(function* () {
      yield* store(all, 1_000)
      yield* update()
      const close = rows.close.map((value, i) => (i === 300 ? value * 1.000_1 : value))
      yield* store(range(290, 310), 2_000, { of: { ...rows, close, high: rows.high.map((h) => h * 1.01) } })
      let pages = 0
      const onPage = () => Effect.suspend(() => (++pages === 2 ? Effect.interrupt : Effect.void))
      yield* Effect.exit(update({ batchRows: 100, onPage }))
      // A reader in between finds a row for every candle.
      assert.strictEqual((yield* stored).length, size)
      assert.deepInclude(yield* update({ batchRows: 70 }), { processed: size - 400, inserted: 0, updated: size - 400 })
      assert.strictEqual((yield* stored).length, size)
      yield* assertAsAnew
    })
  )

  test(
    "begin anew after a gap that could still be filled, and go on over it when it is",
    Effect.gen(function* () {
      yield* store(range(0, 400), 1_000)
      yield* store(range(500, size), 1_000)
      yield* update()
      const after = (yield* stored).slice(400)
      const fresh = new Features.Run(525_960).push(Candles.slice(rows, 500, size))
      assert.deepStrictEqual(
        after.map(({ values }) => values),
        after.map((_, row) => fresh.columns.map((column) => column[row]))
      )
      yield* store(range(400, 500), 2_000)
      assert.deepInclude(yield* update(), { processed: 500, inserted: 100, updated: 400 })
      assert.deepInclude(yield* update(), { processed: 0 })
      yield* assertAsAnew
    })
  )

  test(
    "go on over minutes in which nothing was traded, once that is known",
    Effect.gen(function* () {
      yield* store(all, 1_000, { holes: [range(300, 310)] })
      yield* update()
      const ledger = yield* GapLedger.GapLedger
      yield* ledger.record([{ series: btc, gaps: [gap(range(300, 310), "no-trades")] }], 2_000)
      assert.deepInclude(yield* update(), { processed: 590, inserted: 0, updated: 590 })
      const kept = [...rows.openTime.keys()].filter((i) => i < 300 || i >= 310)
      const expected = new Features.Run(525_960).push(Candles.pick(rows, kept))
      assert.deepStrictEqual((yield* stored).at(-1)!.hash, expected.inputHash.at(-1))
      yield* assertAsAnew
    })
  )

  test(
    "end their run at a gap that came after the last candle, when they go on",
    Effect.gen(function* () {
      yield* store(range(0, 400), 1_000, { holes: [range(395, 400)] })
      yield* update()
      yield* store(range(400, size), 2_000)
      assert.deepInclude(yield* update(), { inserted: 500 })
      const fresh = new Features.Run(525_960).push(Candles.slice(rows, 400, size))
      assert.deepStrictEqual((yield* stored).at(-1)!.hash, fresh.inputHash.at(-1))
      yield* assertAsAnew
    })
  )

  test(
    "wanted anew in part lose sight of no change before it",
    Effect.gen(function* () {
      yield* store(all, 1_000)
      yield* update()
      const close = rows.close.map((value, i) => (i === 300 ? value * 1.000_1 : value))
      yield* store(range(300, 301), 2_000, { of: { ...rows, close, high: rows.high.map((h) => h * 1.01) } })
      assert.deepInclude(yield* update({ force: true, from: range(600, 600).from }), { inserted: 0, updated: 600 })
      assert.deepInclude(yield* update(), { processed: 0 })
      yield* assertAsAnew
    })
  )

  test(
    "made again in pages are counted as made again",
    Effect.gen(function* () {
      yield* store(all, 1_000)
      yield* update()
      const close = rows.close.map((value, i) => (i === 100 ? value * 1.000_1 : value))
      yield* store(range(100, 101), 2_000, { of: { ...rows, close, high: rows.high.map((h) => h * 1.01) } })
      assert.deepInclude(yield* update({ batchRows: 50 }), { processed: 800, inserted: 0, updated: 800 })
    })
  )

  test(
    "fail where somebody else derives them meanwhile, and nothing is lost",
    Effect.gen(function* () {
      yield* store(all, 1_000)
      const context = yield* Effect.context<Layer.Success<typeof layer>>()
      let pages = 0
      const onPage = () =>
        ++pages === 2
          ? Effect.asVoid(Effect.provideContext(update({ force: true }), context)).pipe(Effect.orDie)
          : Effect.void
      const inputs = yield* Inputs.of(choice)
      const [outcome] = yield* Update.run({ inputs, batchRows: 100, onPage })
      assert.include(outcome!.error!.message, "somebody else has written it meanwhile")
      assert.lengthOf(yield* stored, size)
      assert.deepInclude(yield* update(), { processed: 0 })
      yield* assertAsAnew
    })
  )

  test(
    "of a candle that lies off the grid are known when it is over",
    Effect.gen(function* () {
      const openTime = rows.openTime.map((open, i) => (i === 700 ? open + 7_000 : open))
      yield* store(all, 1_000, { of: { ...rows, openTime } })
      yield* update()
      const found = (yield* stored)[700]!
      assert.deepStrictEqual([found.open, found.knownAt], [openTime[700], openTime[700]! + minute])
      yield* assertAsAnew
    })
  )

  test(
    "may be asked for in part, and the rest later",
    Effect.gen(function* () {
      yield* store(all, 1_000)
      assert.deepInclude(yield* update(range(300, 600)), { inserted: 300 })
      assert.deepInclude(yield* update({ from: range(300, 600).from }), { inserted: 300 })
      assert.lengthOf(yield* stored, 600)
      yield* update()
      assert.lengthOf(yield* stored, size)
      yield* assertAsAnew
    })
  )

  test(
    "of prices as they were traded see no fall in a split, and are told in the shares of their day",
    Effect.gen(function* () {
      const nyse = Calendars.get("XNYS")
      const days = nyse.openTimes("1d", { from: Date.parse("2020-01-02"), to: Date.parse("2021-06-01") })
      const market = candles(days.length, 5)
      const of: Series.Series = { source: "polygon", symbol: "AAPL", timeframe: "1d" }
      const split = Date.parse("2020-08-31")
      const inShares = { ...market, openTime: days }
      const shares = days.map((open) => (open < split ? 4 : 1))
      const traded: Candles.Candles = {
        openTime: days,
        open: market.open.map((price, i) => price * shares[i]!),
        high: market.high.map((price, i) => price * shares[i]!),
        low: market.low.map((price, i) => price * shares[i]!),
        close: market.close.map((price, i) => price * shares[i]!),
        volume: market.volume.map((volume, i) => volume / shares[i]!)
      }
      const interval = { from: days[0]!, to: Date.parse("2021-06-01") }
      yield* (yield* CandleStore.CandleStore).write([
        {
          series: of,
          provenance: "observed",
          interval,
          candles: traded,
          holes: [],
          countOpens: (one) => nyse.countOpens("1d", one),
          at: 1_000,
          reason: "test"
        }
      ])
      const read = Effect.gen(function* () {
        const store = yield* DerivedStore.DerivedStore
        const { columns } = yield* store.read(Update.table, Features.method, of, interval)
        return (name: string) => columns[Features.names.indexOf(name)] as Float64Array
      })
      assert.isTrue((yield* update()).splitsUnknown)
      yield* TestClock.setTime(Date.parse("2022-01-01"))
      yield* (yield* ActionStore.ActionStore).put({
        source: "polygon",
        symbol: "AAPL",
        interval,
        actions: [new CorporateAction.Split({ exDate: "2020-08-31", from: 1, to: 4 })],
        at: 2_000
      })
      const row = days.findIndex((open) => open >= split)
      assert.deepInclude(yield* update(), { inserted: 0, updated: days.length - row })
      const expected = new Features.Run(251.65).push(inShares)
      const column = yield* read
      for (const [i, name] of Features.names.entries()) {
        if (name.includes("_20") && name !== "sma_20" && name !== "ema_20") continue
        for (const at of [row, row + 30, days.length - 1]) {
          const [actual, wanted] = [column(name)[at]!, expected.columns[i]![at]!]
          if (Number.isNaN(wanted)) assert.isNaN(actual, name)
          else assert.closeTo(actual, wanted, 1e-9 * Math.max(1, Math.abs(wanted)), `${name} at ${at}`)
        }
      }
      // In the shares of the day before.
      const before = expected.columns[Features.names.indexOf("sma_20")]!
      assert.closeTo(column("sma_20")[row - 1]!, 4 * before[row - 1]!, 1e-6)
    })
  )
})
