import { assert, describe, it } from "@effect/vitest"
import { Candles, Interval } from "@tidemark/core"
import * as PointInTime from "@tidemark/features/PointInTime"
import { JumpModel, Labels } from "@tidemark/regime/jump"
import { Effect, Schema } from "effect"
import * as Path from "../src/jump/Path.ts"
import * as Scale from "../src/jump/Scale.ts"
import { days, daysOf } from "./days.ts"

const size = 600
const Row = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: size }))
const Seed = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))

const fitted = JumpModel.fit(days(1_500, 1), { interval: Interval.make(0, 4_000_000_000_000), lambda: 20 })
assert(typeof fitted !== "string")
const model: JumpModel.Model = fitted

const all = (rows: Candles.Candles) => new Labels.Run({ model }).push(rows)

/** A day's label is known once its candle is there. */
const factsOf = (batch: Labels.Batch) =>
  Array.from(batch.openTime, (open, row) => ({
    knownAfter: row + 1,
    open,
    label: batch.labels[row],
    lead: batch.lead[row],
    features: batch.features.map((column) => column[row]),
    hash: batch.inputHash[row],
    reason: batch.reasons[row]
  }))

const assertWhole = (batch: Labels.Batch) => {
  for (const [row, label] of batch.labels.entries()) {
    const figures = [batch.lead, ...batch.features].map((column) => column[row]!)
    assert.strictEqual(label === null, batch.reasons[row] !== null)
    assert.isTrue(figures.every(label === null ? Number.isNaN : Number.isFinite))
  }
}

/** The cheapest path through all days, by the same model: what must not be used as a label. */
const offline = (rows: Candles.Candles) => {
  const batch = all(rows)
  const from = batch.labels.findIndex((label) => label !== null)
  if (from < 0) return []
  const losses = (centroid: ReadonlyArray<number>) =>
    Float64Array.from({ length: batch.labels.length - from }, (_, day) => {
      const features = Float64Array.from(batch.features, (column) => column[from + day]!)
      Scale.apply(model.scale, features)
      return features.reduce((sum, value, i) => sum + (value - centroid[i]!) ** 2 / 2, 0)
    })
  const { states } = Path.cheapest(losses(model.centroids.bull), losses(model.centroids.bear), model.lambda)
  return Array.from(states, (state, day) => ({ knownAfter: from + day + 1, label: JumpModel.all[state]! }))
}

describe("labels of the jump model", () => {
  it.effect.prop(
    "are the same with and without the future",
    { seed: Seed, cut: Row },
    ({ cut, seed }) =>
      Effect.sync(() => {
        const rows = days(size, seed)
        assert.isUndefined(PointInTime.leak(size, (end) => factsOf(all(Candles.slice(rows, 0, end))), [cut]))
      }),
    { arbitrary: { runs: 200 } }
  )

  it("of the cheapest path through all days would look ahead", () => {
    const rows = days(size, 1)
    const cuts = Array.from({ length: 200 }, (_, i) => 200 + 2 * i)
    assert.isDefined(PointInTime.leak(size, (end) => offline(Candles.slice(rows, 0, end)), cuts))
    // The two agree on the last day, wherever that is.
    const { labels } = all(rows)
    for (const cut of cuts) assert.strictEqual(offline(Candles.slice(rows, 0, cut)).at(-1)!.label, labels[cut - 1])
  })

  it.effect.prop(
    "do not depend on the batches that days come in, nor on having been saved between them",
    { seed: Seed, cuts: Schema.Array(Row) },
    ({ cuts, seed }) =>
      Effect.sync(() => {
        const rows = days(size, seed)
        const whole = factsOf(all(rows))
        let run = new Labels.Run({ model })
        let from = 0
        for (const to of [...cuts.toSorted((a, b) => a - b), size]) {
          const before = from
          const facts = factsOf(run.push(Candles.slice(rows, from, to)))
          assert.deepStrictEqual(
            facts.map((fact) => ({ ...fact, knownAfter: fact.knownAfter + before })),
            whole.slice(from, to)
          )
          run = new Labels.Run(JSON.parse(JSON.stringify(run.save())) as Labels.Saved)
          from = to
        }
      }),
    { arbitrary: { runs: 60 } }
  )

  it("are of both kinds, and last", () => {
    const { labels, lead } = all(days(size, 1))
    for (const label of JumpModel.all) assert.include(labels, label)
    assert.isBelow(labels.filter((label, row) => row > 180 && label !== labels[row - 1]).length, 20)
    assert.isTrue(lead.subarray(180).every((value) => value >= 0))
  })

  it("are skipped until there are days enough, and after a candle that is none", () => {
    const rows = days(size, 2)
    const batch = all(rows)
    assertWhole(batch)
    assert.strictEqual(batch.reasons[40], "needs 181 daily candles, has 41")
    assert.deepStrictEqual([batch.labels[179], batch.reasons[180]], [null, null])
    for (const broken of [Number.NaN, 0, -1, Infinity]) {
      const close = rows.close.slice()
      close[300] = broken
      const cut = all({ ...rows, close })
      assertWhole(cut)
      assert.strictEqual(cut.reasons[300], "it has no prices above 0")
      assert.strictEqual(cut.reasons[301], "needs 181 daily candles, has 1 since a candle without prices")
      const after = all(Candles.slice(rows, 301, size))
      assert.deepStrictEqual(cut.labels.slice(301), after.labels)
      assert.deepStrictEqual(cut.lead.slice(301), after.lead)
      assert.deepStrictEqual(cut.inputHash.slice(301), after.inputHash)
    }
    const gap = new Labels.Run({ model, beginning: "gap" }).push(days(200, 1))
    assert.strictEqual(gap.reasons[2], "needs 181 daily candles, has 3 since a gap")
  })

  it("of prices without a loss, or that can't be prices, are none", () => {
    const still = all(daysOf(Array.from({ length: 300 }, () => 3)))
    assertWhole(still)
    assert.strictEqual(still.reasons[299], "there is no loss in its past")
    const wild = all(daysOf(Array.from({ length: 300 }, (_, i) => (i % 2 === 0 ? 1e-300 : 1e307))))
    assertWhole(wild)
    assert.include(wild.reasons, "its return is no finite number")
    const halted = all(daysOf([...days(300, 5).close, ...Array.from({ length: 300 }, () => 50)]))
    assertWhole(halted)
    assert.isNull(halted.reasons[599])
    for (const rows of [daysOf([5]), Candles.empty]) assertWhole(all(rows))
  })

  it("do not see a split that they are told of", () => {
    const rows = days(size, 7)
    const raw = rows.close.map((value, i) => (i < 300 ? value : value / 4))
    const run = new Labels.Run({ model })
    run.push(Candles.slice(rows, 0, 300))
    run.split(0.25)
    const after = run.push(daysOf(raw.slice(300)))
    assert.deepStrictEqual(after.labels, all(rows).labels.slice(300))
  })
})
