import { assert, describe, it } from "@effect/vitest"
import { BlackScholes, ImpliedVolatility, Normal } from "@tidemark/gamma"
import { Schema } from "effect"

const near = (actual: number, expected: number, tolerance: number): void =>
  assert.approximately(actual, expected, tolerance)

describe("the normal distribution", () => {
  it("adds up to one, and has the values that tables have", () => {
    // Abramowitz and Stegun, table 26.1.
    near(Normal.cumulative(0), 0.5, 1e-15)
    near(Normal.cumulative(1), 0.841_344_746_068_543, 1e-14)
    near(Normal.cumulative(-2), 0.022_750_131_948_179, 1e-14)
    near(Normal.cumulative(-8), 6.220_960_574_271_786e-16, 1e-22)
    for (const x of [0.1, 1.7, 5, 7.1, 9]) near(Normal.cumulative(x) + Normal.cumulative(-x), 1, 1e-15)
    assert.strictEqual(Normal.cumulative(40), 1)
    assert.strictEqual(Normal.cumulative(-40), 0)
  })
})

const Positive = (minimum: number, maximum: number) => Schema.Finite.check(Schema.isBetween({ minimum, maximum }))

describe("Black and Scholes", () => {
  it("gives the gamma of the known example", () => {
    // S = 55, K = 60, r = .10, T = .75, σ = .30
    near(BlackScholes.gamma({ spot: 55, strike: 60, years: 0.75, volatility: 0.3, rate: 0.1 }), 0.0278, 5e-5)
  })

  it.each([
    ["no spot", { spot: 0 }],
    ["a strike of 0", { strike: 0 }],
    ["no time left", { years: 0 }],
    ["no volatility", { volatility: 0 }],
    ["nothing known", { spot: Number.NaN }]
  ])("gives nothing for %s, and invents nothing", (_, change) => {
    const terms = { spot: 100, strike: 100, years: 0.5, volatility: 0.2, ...change }
    assert.isNaN(BlackScholes.price(terms, true))
    assert.isNaN(BlackScholes.gamma(terms))
    for (const value of Object.values(BlackScholes.greeks(terms, false))) assert.isNaN(value)
  })

  it.prop(
    "has puts and calls in parity, greeks that are the slopes of the price, and a volatility for every price",
    {
      spot: Positive(50, 150),
      strike: Positive(50, 150),
      years: Positive(0.02, 2),
      volatility: Positive(0.1, 1.5),
      rate: Positive(0, 0.1),
      dividendYield: Positive(0, 0.05)
    },
    (terms) => {
      const { dividendYield, rate, spot, strike, years } = terms
      const [call, put] = [BlackScholes.greeks(terms, true), BlackScholes.greeks(terms, false)]
      const forward = spot * Math.exp(-dividendYield * years) - strike * Math.exp(-rate * years)
      near(call.price - put.price, forward, 1e-9)
      near(call.gamma, put.gamma, 1e-15)
      const step = 1e-5 * spot
      const [up, down] = [spot + step, spot - step].map((spot) => BlackScholes.greeks({ ...terms, spot }, true))
      near((up!.price - down!.price) / (2 * step), call.delta, 1e-5)
      near((up!.delta - down!.delta) / (2 * step), call.gamma, 1e-4)
      if (call.vega > 1e-2) {
        near(ImpliedVolatility.of(call.price, terms, true)!, terms.volatility, 1e-7)
      }
    },
    { arbitrary: { runs: 300 } }
  )
})

describe("an implied volatility", () => {
  const terms = { spot: 100, strike: 80, years: 0.25, rate: 0.05 }

  it("is none below what the option is worth at once, nor above what any volatility gives", () => {
    assert.isUndefined(ImpliedVolatility.of(19, terms, true))
    assert.isUndefined(ImpliedVolatility.of(0, terms, false))
    assert.isUndefined(ImpliedVolatility.of(100.5, terms, true))
    assert.isUndefined(ImpliedVolatility.of(Number.NaN, terms, true))
    assert.isUndefined(ImpliedVolatility.of(1, { ...terms, years: 0 }, true))
  })

  it("is found from nearly nothing to five hundred percent", () => {
    for (const volatility of [0.05, 0.2, 1, 3, 4.9]) {
      const price = BlackScholes.price({ ...terms, strike: 101, volatility }, true)
      near(ImpliedVolatility.of(price, { ...terms, strike: 101 }, true)!, volatility, 1e-9)
    }
  })
})
