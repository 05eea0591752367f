import { assert, describe, it } from "@effect/vitest"
import { Candles } from "@tidemark/core"
import { Schema } from "effect"

const of = (...times: ReadonlyArray<number>): Candles.Candles => {
  const candles = Candles.allocate(times.length)
  times.forEach((time, i) => {
    candles.openTime[i] = time
    candles.open[i] = 10
    candles.high[i] = 12
    candles.low[i] = 9
    candles.close[i] = 11
    candles.volume[i] = 5
  })
  return candles
}
const whole = { from: 0, to: 1_000 }

describe("Candles", () => {
  it("finds what no candle can have, and names the candle", () => {
    const broken = (change: (candles: Candles.Candles) => void) => {
      const candles = of(0, 100, 200)
      change(candles)
      return Candles.invalidity(candles, whole)
    }
    assert.isUndefined(broken(() => {}))
    assert.include(
      broken((c) => (c.openTime[1] = 0)),
      "comes twice"
    )
    assert.include(
      broken((c) => (c.openTime[2] = 50)),
      "comes after"
    )
    assert.include(
      broken((c) => (c.openTime[2] = 1_000)),
      "outside"
    )
    assert.include(
      broken((c) => (c.openTime[0] = 0.5)),
      "whole-millisecond"
    )
    assert.include(
      broken((c) => (c.close[1] = Number.NaN)),
      "not a finite number"
    )
    assert.include(
      broken((c) => (c.high[1] = Infinity)),
      "not a finite number"
    )
    assert.include(
      broken((c) => (c.high[1] = 8)),
      "high 8 below its low 9"
    )
    assert.include(
      broken((c) => (c.high[1] = 10.5)),
      "below its close 11"
    )
    assert.include(
      broken((c) => (c.low[1] = 10.5)),
      "above its open 10"
    )
    assert.include(
      broken((c) => (c.volume[1] = -1)),
      "negative volume"
    )
    assert.include(
      broken((c) => (c.volume[1] = -1)),
      "1970-01-01T00:00:00.100Z"
    )
    assert.strictEqual(
      Candles.invalidity({ ...of(0, 100), close: new Float64Array(1) }, whole),
      "columns of different lengths"
    )
  })

  it("does not judge what is merely unusual: zero or negative prices, no volume", () => {
    const candles = of(0)
    for (const column of [candles.open, candles.high, candles.low, candles.close]) column[0] = -37.63
    candles.volume[0] = 0
    assert.isUndefined(Candles.invalidity(candles, whole))
  })

  it("takes rows by open time from a half-open interval, without copying", () => {
    const candles = of(0, 100, 200, 300)
    const part = Candles.within(candles, { from: 100, to: 300 })
    assert.deepStrictEqual([...part.openTime], [100, 200])
    assert.strictEqual(part.openTime.buffer, candles.openTime.buffer)
    assert.strictEqual(Candles.length(Candles.within(candles, { from: 101, to: 200 })), 0)
  })

  it("puts batches together, with NaN where one lacks an optional column", () => {
    const withTrades = { ...of(100), trades: Float64Array.of(3) }
    const joined = Candles.concat([of(0), withTrades, Candles.empty])
    assert.deepStrictEqual([...joined.openTime], [0, 100])
    assert.deepStrictEqual([...joined.trades!], [Number.NaN, 3])
    assert.isUndefined(joined.quoteVolume)
  })

  it("equals by value, a missing optional column being NaN", () => {
    assert.isTrue(Candles.equals(of(0, 100), { ...of(0, 100), trades: Float64Array.of(Number.NaN, Number.NaN) }))
    const changed = of(0, 100)
    changed.volume[1] = 6
    assert.isFalse(Candles.equals(of(0, 100), changed))
    assert.isFalse(Candles.equals(of(0, 100), of(0)))
  })

  const Subset = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 40 }))).check(
    Schema.isMaxLength(40)
  )

  it.prop(
    "the runs that are missing are exactly what is expected and not present",
    { expected: Subset, present: Subset },
    (input) => {
      const column = (values: ReadonlyArray<number>) => Float64Array.from([...new Set(values)].sort((a, b) => a - b))
      const expected = column(input.expected)
      const present = column(input.present)
      const runs = Candles.missingRuns(expected, present)
      const missing = runs.flatMap(({ end, start }) => [...expected.subarray(start, end)])
      assert.deepStrictEqual(
        missing,
        [...expected].filter((open) => !present.includes(open))
      )
      // Runs are as long as they can be.
      for (let i = 1; i < runs.length; i++) assert.isAbove(runs[i]!.start, runs[i - 1]!.end)
    },
    { arbitrary: { runs: 500 } }
  )
})
