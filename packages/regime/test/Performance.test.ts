import { assert, describe, it } from "@effect/vitest"
import * as Performance from "@tidemark/regime/Performance"
import * as Transitions from "@tidemark/regime/Transitions"

type Label = "bull" | "bear"
const all = ["bull", "bear"] as const

describe("performance by regime", () => {
  it("gives the return of the next day to the regime that was known the day before", () => {
    const regimes: ReadonlyArray<Label | null> = [null, "bull", "bull", "bear", "bear", "bull"]
    //      none: 5 %   bull: 10 %, −50 %   bear: 20 %, 0 %   and the last one's next is not there yet
    const close = Float64Array.of(100, 105, 115.5, 57.75, 69.3, 69.3)
    const { bear, bull } = Performance.byRegime(all, { close, regimes, barsPerYear: 4 })
    assert.deepStrictEqual([bull.count, bear.count], [2, 2])
    assert.closeTo(bull.mean!, -0.2, 1e-12)
    // Sample deviations: 0.6 / √2, and 0.2 / √2.
    assert.closeTo(bull.volatility!, (2 * 0.6) / Math.SQRT2, 1e-12)
    assert.closeTo(bull.sharpe!, (4 * -0.2) / ((2 * 0.6) / Math.SQRT2), 1e-12)
    assert.closeTo(bull.maxDrawdown!, 0.5, 1e-12)
    assert.closeTo(bear.mean!, 0.1, 1e-12)
    assert.closeTo(bear.volatility!, (2 * 0.2) / Math.SQRT2, 1e-12)
    assert.strictEqual(bear.maxDrawdown, 0)
  })

  it("is null where there is nothing to tell, and never a number that is none", () => {
    const of = (close: ReadonlyArray<number>, regimes: ReadonlyArray<Label | null>) =>
      Performance.byRegime(all, { close: Float64Array.from(close), regimes, barsPerYear: 252 })
    const nothing = { count: 0, mean: null, volatility: null, sharpe: null, maxDrawdown: null }
    assert.deepStrictEqual(of([], []), { bull: nothing, bear: nothing })
    assert.deepStrictEqual(of([1], ["bull"]), { bull: nothing, bear: nothing })
    assert.deepStrictEqual(of([1, 2], ["bull", "bull"]).bull, {
      count: 1,
      mean: 1,
      volatility: null,
      sharpe: null,
      maxDrawdown: 0
    })
    assert.deepStrictEqual(of([5, 5, 5, 5], ["bear", "bear", "bear", "bear"]).bear, {
      count: 3,
      mean: 0,
      volatility: 0,
      sharpe: null,
      maxDrawdown: 0
    })
    assert.strictEqual(of([1, Number.NaN, 2, 0, 3, 6], ["bull", "bull", "bull", "bull", "bull", "bull"]).bull.count, 1)
  })
})

describe("transitions", () => {
  it("are counted from day to day, and not over days without a regime", () => {
    const found = Transitions.of(all, [null, "bull", "bull", "bear", null, "bull", "bear", "bear", "bull"])
    assert.deepStrictEqual(found, {
      count: 7,
      share: { bull: 4 / 7, bear: 3 / 7 },
      counts: { bull: { bull: 1, bear: 2 }, bear: { bull: 1, bear: 1 } },
      switches: 3
    })
    assert.deepStrictEqual(Transitions.of(all, [null]).share, { bull: null, bear: null })
  })
})
