import { assert, describe, it } from "@effect/vitest"
import { Interval } from "@tidemark/core"
import { JumpFeatures, JumpModel } from "@tidemark/regime/jump"
import { Effect, Schema } from "effect"
import * as Fit from "../src/jump/Fit.ts"
import * as Path from "../src/jump/Path.ts"
import * as Scale from "../src/jump/Scale.ts"
import { days, daysOf, random } from "./days.ts"

const Seed = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))
const ever = Interval.make(0, 4_000_000_000_000)

const modelOf = (candles = days(1_500, 1), training: Partial<JumpModel.Training> = {}): JumpModel.Model => {
  const model = JumpModel.fit(candles, { interval: ever, ...training })
  assert(typeof model !== "string", String(model))
  return model
}

describe("the features of the jump model", () => {
  it("are exponential means with weights that halve every halflife, divided by their sum", () => {
    const next = random(3)
    const returns = Array.from({ length: 90 }, () => (next() - 0.5) / 20)
    const state = [...JumpFeatures.initial]
    const out = new Float64Array(9)
    for (const [t, value] of returns.entries()) {
      JumpFeatures.push(value, state, out)
      for (const [i, halflife] of [5, 20, 60].entries()) {
        const mean = (of: (r: number) => number) => {
          let [sum, weights] = [0, 0]
          for (let k = 0; k <= t; k++) {
            const weight = 0.5 ** ((t - k) / halflife)
            sum += weight * of(returns[k]!)
            weights += weight
          }
          return sum / weights
        }
        const downside = Math.sqrt(mean((r) => Math.min(r, 0) ** 2))
        if (downside === 0) continue
        const [average, log, ratio] = out.slice(3 * i)
        assert.closeTo(
          average!,
          mean((r) => r),
          1e-14
        )
        assert.closeTo(log!, Math.log(downside), 1e-12)
        assert.closeTo(ratio!, mean((r) => r) / downside, 1e-12)
      }
    }
  })

  it("of two days are worked out by hand: −10 %, and five days later nothing but zeros", () => {
    const state = [...JumpFeatures.initial]
    const out = new Float64Array(9)
    for (const value of [-0.1, 0, 0, 0, 0, 0]) JumpFeatures.push(value, state, out)
    // At halflife 5 the first weighs ½; all weights are (1 − 2^(−6/5)) / (1 − 2^(−1/5)).
    const share = 0.5 / ((1 - 2 ** -1.2) / (1 - 2 ** -0.2))
    assert.closeTo(out[0]!, -0.1 * share, 1e-15)
    assert.closeTo(out[1]!, Math.log(0.1 * Math.sqrt(share)), 1e-12)
    assert.closeTo(out[2]!, -Math.sqrt(share), 1e-12)
  })
})

describe("the scale of the jump model", () => {
  it("cuts off at three deviations of all there is, and then centers what is left", () => {
    // Mean 1, deviation √((99 · 1 + 99²) / 100) = √99: cut off at 1 + 3√99.
    const rows = Float64Array.from({ length: 100 }, (_, i) => (i === 0 ? 100 : 0))
    const { deviation, lower, mean, upper } = Scale.fit(rows, 1)
    assert.closeTo(upper[0]!, 1 + 3 * Math.sqrt(99), 1e-12)
    assert.closeTo(lower[0]!, 1 - 3 * Math.sqrt(99), 1e-12)
    assert.closeTo(mean[0]!, upper[0]! / 100, 1e-12)
    assert.closeTo(deviation[0]!, (upper[0]! * Math.sqrt(99)) / 100, 1e-12)
    Scale.apply({ deviation, lower, mean, upper }, rows)
    assert.closeTo(rows[0]!, Math.sqrt(99), 1e-12)
    assert.closeTo(rows[1]!, -1 / Math.sqrt(99), 1e-12)
  })

  it("of what does not vary is 0", () => {
    const rows = new Float64Array(10).fill(7)
    Scale.apply(Scale.fit(rows, 2), rows)
    assert.isTrue(rows.every((value) => value === 0))
  })
})

/** What a path costs, added up. */
const costOf = (states: ArrayLike<number>, first: Float64Array, second: Float64Array, lambda: number) => {
  let cost = 0
  for (let day = 0; day < states.length; day++) {
    cost += (states[day] === 0 ? first : second)[day]!
    if (day > 0 && states[day] !== states[day - 1]) cost += lambda
  }
  return cost
}

describe("the cheapest path", () => {
  it.effect.prop(
    "is no dearer than any other, and each of its beginnings ends where all ways end cheapest",
    { seed: Seed },
    ({ seed }) =>
      Effect.sync(() => {
        const next = random(seed)
        const size = 1 + Math.floor(9 * next())
        const lambda = 2 * next()
        const [first, second] = [0, 1].map(() => Float64Array.from({ length: size }, () => 3 * next()))
        const ways = (length: number) =>
          Array.from({ length: 2 ** length }, (_, bits) => {
            const states = Array.from({ length }, (_, day) => (bits >> day) & 1)
            return { last: states[length - 1]!, cost: costOf(states, first!, second!, lambda) }
          })
        const found = Path.cheapest(first!, second!, lambda)
        const least = Math.min(...ways(size).map(({ cost }) => cost))
        assert.closeTo(found.cost, least, 1e-12)
        assert.closeTo(costOf(found.states, first!, second!, lambda), least, 1e-12)
        const costs: Path.Costs = [0, 0]
        for (let day = 0; day < size; day++) {
          Path.step(costs, first![day]!, second![day]!, lambda)
          const cheapestIn = (state: number) =>
            Math.min(...ways(day + 1).flatMap(({ cost, last }) => (last === state ? [cost] : [])))
          assert.strictEqual(Path.isSecond(costs), cheapestIn(1) < cheapestIn(0))
          assert.closeTo(costs[1] - costs[0], cheapestIn(1) - cheapestIn(0), 1e-12)
        }
      })
  )

  it("changes its mind for what a change costs, and not for less", () => {
    const [first, second] = [Float64Array.of(0, 0, 3, 3), Float64Array.of(3, 3, 0, 0)]
    assert.deepStrictEqual([...Path.cheapest(first, second, 5).states], [0, 0, 1, 1])
    assert.strictEqual(Path.cheapest(first, second, 5).cost, 5)
    assert.deepStrictEqual([...Path.cheapest(first, second, 7).states], [0, 0, 0, 0])
    // Told day by day, it takes two days of the other state to be worth five.
    const costs: Path.Costs = [0, 0]
    const told = [0, 1, 2, 3].map((day) => {
      Path.step(costs, first[day]!, second[day]!, 5)
      return Path.isSecond(costs)
    })
    assert.deepStrictEqual(told, [false, false, false, true])
  })
})

describe("a fitted jump model", () => {
  it("is where neither the path nor the means can be better, and does not depend on where it began", () => {
    for (const market of [1, 2, 3]) {
      const model = modelOf(days(1_500, market))
      for (const seed of [2, 3, 4, 5, 6, 7, 8, 9]) {
        const other = modelOf(days(1_500, market), { seed })
        assert.closeTo(other.training.cost / model.training.cost, 1, 1e-12)
        assert.deepStrictEqual(other, { ...model, training: { ...model.training, cost: other.training.cost } })
      }
    }
    const next = random(5)
    // 200 days around −2, 200 around 2, and 100 around −2, in three features.
    const rows = Float64Array.from({ length: 1_500 }, (_, i) => (Math.floor(i / 3) % 400 < 200 ? -2 : 2) + next() - 0.5)
    const { centroids, cost, states } = Fit.fit(rows, 3, 50, 1)
    assert.deepStrictEqual(
      [...states].map((state) => state === states[0]),
      Array.from({ length: 500 }, (_, day) => day % 400 < 200)
    )
    let sum = 0
    for (const [state, centroid] of centroids.entries()) {
      const mine = [...states.keys()].filter((day) => states[day] === state)
      for (let i = 0; i < 3; i++) {
        const mean = mine.reduce((total, day) => total + rows[3 * day + i]!, 0) / mine.length
        assert.closeTo(centroid[i]!, mean, 1e-12)
        sum += mine.reduce((total, day) => total + (rows[3 * day + i]! - mean) ** 2 / 2, 0)
      }
    }
    assert.closeTo(cost, sum + 2 * 50, 1e-9)
  })

  it("calls bull what earned more", () => {
    const { centroids } = modelOf()
    for (const i of [0, 2, 3, 5, 6, 8]) assert.isAbove(centroids.bull[i]!, centroids.bear[i]!, JumpFeatures.names[i])
  })

  it("changes its mind less the more a change costs", () => {
    const switches = [0, 5, 50, 500].map((lambda) => modelOf(days(1_500, 1), { lambda }).training.switches)
    assert.deepStrictEqual(
      switches,
      [...switches].sort((a, b) => b - a)
    )
    assert.isAbove(switches[0]!, 2 * switches[2]!)
  })

  it("is of the days of its training, and of nothing after them", () => {
    const candles = days(1_500, 4)
    const [from, to] = [candles.openTime[400]!, candles.openTime[1_200]!]
    const model = modelOf(candles, { interval: Interval.make(from, to) })
    assert.deepInclude(model.training, { from, to: candles.openTime[1_199]!, days: 800 })
    const changed = candles.close.slice()
    changed.fill(1, 1_200)
    assert.deepStrictEqual(modelOf({ ...candles, close: changed }, { interval: Interval.make(from, to) }), model)
    const plain = JSON.parse(JSON.stringify(model)) as JumpModel.Model
    assert.deepStrictEqual(plain, model)
  })

  it("is refused in words where there is nothing to learn from", () => {
    const fit = (candles = days(1_500, 1), training: Partial<JumpModel.Training> = {}) =>
      JumpModel.fit(candles, { interval: ever, ...training })
    assert.strictEqual(fit(days(300, 1)), "needs 250 days to be trained on, has 120")
    assert.strictEqual(fit(daysOf([])), "needs 250 days to be trained on, has 0")
    assert.strictEqual(fit(daysOf(Array.from({ length: 900 }, () => 5))), "needs 250 days to be trained on, has 0")
    assert.strictEqual(fit(days(600, 1), { lambda: 1e9 }), "its days are too much alike for two states")
    const broken = days(900, 1)
    broken.close[600] = Number.NaN
    // 420 before, and after it 119.
    assert.strictEqual(modelOf(broken).training.days, 420 + 119)
  })
})
