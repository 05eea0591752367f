/** Labels of the jump model for stored days: one model, no label before its training was over. */
import { assert, describe } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { CandleStore, DerivedStore, type Series } from "@tidemark/core"
import { JumpModel, JumpUpdate, Labels } from "@tidemark/regime/jump"
import * as Inputs from "@tidemark/features/Inputs"
import { Effect } from "effect"
import { days } from "./days.ts"
import { choice, onStore, store } from "./stored.ts"

const calendar = Calendars.get("24/7")
const size = 1_000
const rows = days(size, 3)
const series: Series.Series = { source: "binance", symbol: "BTC/USDT", timeframe: "1d" }
const day = 86_400_000
const begin = rows.openTime[0]!
const range = (from: number, to: number) => ({ from: begin + from * day, to: begin + to * day })
const training = range(0, 600)
const options = { training }

const update = (extra: Omit<JumpUpdate.Options, "inputs"> = {}) =>
  Effect.map(
    Effect.flatMap(Inputs.of(choice), (inputs) => JumpUpdate.run({ ...options, ...extra, inputs })),
    ([outcome]) => {
      assert.isUndefined(outcome!.error)
      return outcome!
    }
  )

const stored = Effect.flatMap(DerivedStore.DerivedStore, (derived) =>
  derived.read(JumpUpdate.table, JumpModel.method, series, range(0, size))
)

describe("jump labels of stored days", () => {
  onStore(
    "are the online ones of one model; those of its training could not be known before it was over",
    Effect.gen(function* () {
      yield* store(calendar, series, rows, range(0, 800), 1_000)
      const outcome = yield* update()
      const model = JumpModel.fit(rows, { interval: training })
      assert.deepStrictEqual(outcome.model, model)
      if (typeof model === "string") return assert.fail(model)
      yield* store(calendar, series, rows, range(800, size), 2_000)
      assert.deepInclude(yield* update(), { processed: 200, inserted: 200, updated: 0 })
      const found = yield* stored
      const expected = new Labels.Run({ model }).push(rows)
      assert.deepStrictEqual(found.columns[0], expected.labels)
      assert.deepStrictEqual(found.columns[1], expected.lead)
      assert.deepStrictEqual(found.reasons, expected.reasons)
      for (const [row, open] of found.openTime.entries()) {
        assert.strictEqual(found.knownAt[row], Math.max(training.to, open + day))
      }
      // Without settings it is the model that there is.
      assert.deepInclude(yield* update({ training: undefined }), { processed: 0, model })
      yield* update({ force: true })
      assert.deepStrictEqual(yield* stored, found)
    })
  )

  onStore(
    "are made again by a model that has seen other days, or has another price for a change of mind",
    Effect.gen(function* () {
      yield* store(calendar, series, rows, range(0, size), 1_000)
      yield* update()
      assert.deepInclude(yield* update({ lambda: 5 }), { processed: size, inserted: 0, updated: size })
      const longer = yield* update({ training: { to: range(800, 801).from } })
      if (typeof longer.model === "string") return assert.fail(longer.model)
      // What is not named is as it was.
      assert.deepInclude(longer.model.training, { from: range(180, 181).from, to: range(799, 800).from })
      assert.strictEqual(longer.model.lambda, 5)
      const before = yield* stored
      const close = rows.close.map((value, i) => (i === 300 ? value * 1.05 : value))
      yield* store(calendar, series, { ...rows, close, high: rows.high.map((h) => h * 2) }, range(300, 301), 2_000)
      const changed = yield* update({ training: undefined })
      assert.strictEqual(changed.processed, size)
      const after = yield* stored
      assert.notDeepEqual(after, before)
      yield* update({ training: undefined, force: true })
      assert.deepStrictEqual(yield* stored, after)
    })
  )

  onStore(
    "go on by the model that there is when days of its training have gone",
    Effect.gen(function* () {
      yield* store(calendar, series, rows, range(0, 900), 1_000)
      const { model } = yield* update()
      const countOpens = (one: { from: number; to: number }) => calendar.countOpens("1d", one)
      yield* (yield* CandleStore.CandleStore).prune(series, { before: range(500, 501).from, at: 1_500, countOpens })
      yield* store(calendar, series, rows, range(900, size), 2_000)
      assert.deepInclude(yield* update({ training: undefined }), { processed: 100, inserted: 100, updated: 0, model })
    })
  )

  onStore(
    "are not there without days enough to be trained on, and it says how many there are",
    Effect.gen(function* () {
      yield* store(calendar, series, rows, range(0, size), 1_000)
      const outcome = yield* update({ training: undefined })
      assert.include(outcome.model, "needs 1260 days to be trained on after 180 to begin with, has 820")
      assert.strictEqual((yield* stored).openTime.length, 0)
    })
  )
})
