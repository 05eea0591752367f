import { assert, describe, it } from "@effect/vitest"
import * as RsiScore from "../../src/traps/RsiScore.ts"

describe("the RSI score", () => {
  it("weighs timeframes from 10 to 30 %", () => {
    // 2 · (.10 · 10 + .15 · 20 − .20 · 30 + .25 · 40 + .30 · 5)
    assert.approximately(RsiScore.of([60, 70, 20, 90, 55]).score!, 19, 1e-12)
  })

  it("leaves those out that are not known, and shares their weight among the others", () => {
    assert.approximately(RsiScore.of([null, 70, null, 90, 55]).score!, (2 * (3 + 10 + 1.5)) / 0.7, 1e-12)
  })

  it("is none with fewer than three", () => {
    const { aligned, known, overbought, score } = RsiScore.of([null, null, null, 90, 95])
    assert.deepStrictEqual([score, known, overbought, aligned], [null, 2, 2, 0])
    assert.isNotNull(RsiScore.of([null, null, 50, 90, 95]).score)
  })

  it("counts above 70 and below 30 strictly, and the sides of 50", () => {
    const { aligned, overbought, oversold } = RsiScore.of([70, 71, 30, 29.9, 50])
    assert.deepStrictEqual([overbought, oversold], [1, 1])
    // The score is negative: 1h and 4h lie on its side.
    assert.strictEqual(aligned, 2)
    assert.strictEqual(RsiScore.of([100, 100, 100, 100, 100]).score, 100)
    assert.strictEqual(RsiScore.of([50, 50, 50, 50, 50]).aligned, 0)
  })
})
