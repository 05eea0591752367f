/** Market regimes of stored candles: what is new and what was touched, and the same as made anew. */
import { assert, describe } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { type Candles, DerivedStore, type Series } from "@tidemark/core"
import { MarketRegime, MarketUpdate } from "@tidemark/regime/market"
import * as Inputs from "@tidemark/features/Inputs"
import { Effect } from "effect"
import { days } from "./days.ts"
import { choice, onStore, store } from "./stored.ts"

const calendar = Calendars.get("24/7")
const size = 500
const rows = days(size, 7)
const series: Series.Series = { source: "binance", symbol: "BTC/USDT", timeframe: "1d" }
const day = 86_400_000
const begin = rows.openTime[0]!
const all = { from: begin, to: begin + size * day }
const range = (from: number, to: number) => ({ from: begin + from * day, to: begin + to * day })

const update = (extra: Omit<MarketUpdate.Options, "inputs"> = {}) =>
  Effect.map(
    Effect.flatMap(Inputs.of(choice), (inputs) => MarketUpdate.run({ ...extra, inputs })),
    ([outcome]) => {
      assert.isUndefined(outcome!.error)
      return outcome!
    }
  )

const stored = (profile: MarketRegime.ProfileId = "causal") =>
  Effect.flatMap(DerivedStore.DerivedStore, (derived) =>
    derived.read(MarketUpdate.table, MarketRegime.profiles[profile].method, series, all)
  )

describe("market regimes of stored days", () => {
  onStore(
    "are those of the candles, whatever the batches are; a second run does nothing; profiles lie beside each other",
    Effect.gen(function* () {
      yield* store(calendar, series, rows, all, 1_000)
      assert.deepInclude(yield* update({ batchRows: 7 }), { processed: size, inserted: size, updated: 0 })
      const found = yield* stored()
      const expected = new MarketRegime.Run({ barsPerYear: 365.25 }).push(rows)
      assert.deepStrictEqual([...found.openTime], [...rows.openTime])
      assert.deepStrictEqual(
        [...found.knownAt],
        Array.from(rows.openTime, (open) => open + day)
      )
      assert.deepStrictEqual(found.columns[0], expected.regimes)
      assert.deepStrictEqual(found.columns[1], expected.confirmed)
      assert.deepStrictEqual(found.columns[2], expected.confidence)
      assert.deepStrictEqual(found.reasons, expected.reasons)
      assert.strictEqual(found.reasons[0], "needs 80 daily candles, has 1")
      assert.deepInclude(yield* update(), { processed: 0, inserted: 0, updated: 0 })
      for (const batchRows of [30, 60, size]) {
        yield* update({ force: true, batchRows })
        assert.deepStrictEqual(yield* stored(), found)
      }
      yield* update({ profile: "classic" })
      const classic = new MarketRegime.Run({ profile: "classic", barsPerYear: 365.25 }).push(rows)
      assert.deepStrictEqual((yield* stored("classic")).columns[0], classic.regimes)
      assert.deepStrictEqual(yield* stored(), found)
    })
  )

  onStore(
    "follow a revision and a repair, and nothing else is made again",
    Effect.gen(function* () {
      yield* store(calendar, series, rows, range(0, 300), 1_000)
      yield* store(calendar, series, rows, range(310, size), 1_000)
      yield* update()
      assert.include((yield* stored()).reasons[300]!, "since a gap")
      yield* store(calendar, series, rows, range(300, 310), 2_000)
      assert.deepInclude(yield* update(), { processed: 200, inserted: 10, updated: 190 })
      const close = rows.close.map((value, i) => (i === 400 ? value * 1.000_1 : value))
      yield* store(calendar, series, { ...rows, close, high: rows.high.map((h) => h * 2) }, range(400, 401), 3_000)
      assert.deepInclude(yield* update(), { processed: 100, inserted: 0, updated: 100 })
      const before = yield* stored()
      yield* update({ force: true })
      assert.deepStrictEqual(yield* stored(), before)
    })
  )

  onStore(
    "of a dry run are told and not kept",
    Effect.gen(function* () {
      yield* store(calendar, series, rows, all, 1_000)
      let told = 0
      const onPage = (_: unknown, { openTime }: DerivedStore.Rows) => Effect.sync(() => (told += openTime.length))
      assert.deepInclude(yield* update({ dryRun: true, onPage }), { processed: size, inserted: 0 })
      assert.strictEqual(told, size)
      assert.strictEqual((yield* stored()).openTime.length, 0)
    })
  )

  onStore(
    "of candles that are none say why, and hold no number that is none",
    Effect.gen(function* () {
      const flat = new Float64Array(size).fill(100)
      const of: Candles.Candles = {
        openTime: rows.openTime,
        open: flat,
        high: flat,
        low: flat,
        close: flat.map((value, i) => (i === 450 ? Number.NaN : value)),
        volume: new Float64Array(size)
      }
      yield* store(calendar, series, of, all, 1_000)
      yield* update()
      const found = yield* stored()
      assert.isTrue(found.columns[0]!.every((regime) => regime === null))
      assert.strictEqual(found.reasons[200], "its last 59 returns do not vary")
      assert.strictEqual(found.reasons[450], "it has no prices above 0")
      assert.isTrue(found.columns[3]!.every((value) => Number.isNaN(value)))
    })
  )
})
