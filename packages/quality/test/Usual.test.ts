import { assert, describe, it } from "@effect/vitest"
import * as Pace from "@tidemark/quality/Pace"
import * as Usual from "@tidemark/quality/Usual"
import { Effect, Schema } from "effect"

const Numbers = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: -50, maximum: 50 }))).check(
  Schema.isMinLength(1)
)

describe("the usual around a row", () => {
  it.effect.prop(
    "is made of medians: what would be in the middle if all were sorted",
    { values: Numbers },
    ({ values }) =>
      Effect.sync(() => {
        const sorted = values.toSorted((a, b) => a - b)
        assert.strictEqual(Usual.median(Float64Array.from(values)), sorted[values.length >> 1])
      })
  )

  it("is not shifted by a few wrong values, nor by what is no number", () => {
    const values = Float64Array.from({ length: 1_000 }, (_, i) => 10 + (i % 3))
    const before = Usual.around(values, 1_000)
    values.fill(1e9, 500, 540)
    values.fill(Number.NaN, 600, 640)
    const after = Usual.around(values, 1_000)
    for (let row = 0; row < 1_000; row++) assert.closeTo(after(row), before(row), 1)
  })

  it("follows a level that changes", () => {
    const usual = Usual.around(
      Float64Array.from({ length: 2_000 }, (_, i) => (i < 1_000 ? 1 : 7)),
      2_000
    )
    assert.strictEqual(usual(700), 1)
    assert.strictEqual(usual(1_300), 7)
  })

  it("of what can only be positive is never zero while anything moves", () => {
    const scale = Usual.scaleAround(
      Float64Array.from({ length: 2_000 }, (_, i) => (i < 1_000 ? 0 : 8)),
      2_000
    )
    assert.strictEqual(scale(100), 2)
    assert.strictEqual(scale(1_900), 8)
    assert.isNaN(Usual.scaleAround(new Float64Array(500), 500)(3))
  })
})

describe("the pace of a series", () => {
  const steady = () => {
    const pace = Pace.make()
    for (let i = 0; i < 1_000; i++) pace.push(i % 2 === 0 ? 0.001 : -0.001)
    return pace
  }

  it("is not known of a few moves", () => {
    const pace = Pace.make()
    pace.push(0.01)
    assert.isNaN(pace.sigma())
  })

  it("is hardly shifted by a wrong price, and follows a wilder market", () => {
    const pace = steady()
    const before = pace.sigma()
    assert.closeTo(before, 0.001 * Math.sqrt(Math.PI / 2), 1e-9)
    pace.push(4)
    pace.push(-4)
    assert.isBelow(pace.sigma(), 1.05 * before)
    for (let i = 0; i < 200; i++) pace.push(0.01)
    assert.isAbove(pace.sigma(), 4 * before)
  })
})
