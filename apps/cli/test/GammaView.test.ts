import { assert, describe, it } from "@effect/vitest"
import { Gamma } from "@tidemark/core"
import * as GammaView from "../src/view/GammaView.ts"

const row = (change: Partial<Gamma.Snapshot>): Gamma.Snapshot => ({
  symbol: "SPY",
  source: "yahoo",
  at: Date.parse("2024-06-10T13:45Z"),
  method: "model",
  origin: "modelled",
  session: "2024-06-10",
  hours: "session",
  spot: 540,
  spotAt: null,
  ...Gamma.unknown,
  netGex: 1e9,
  makerState: "long_gamma",
  accounting: null,
  conventions: "",
  model: "m1",
  reason: null,
  ...change
})

const model: Gamma.Model = {
  id: "m1",
  symbol: "SPY",
  fittedOn: "chain-observed",
  source: "cboe",
  from: Date.parse("2024-01-02"),
  to: Date.parse("2024-06-01"),
  rows: 400,
  coefficients: [1],
  rSquared: 0.4321,
  lowest: -40e9,
  highest: 60e9,
  fittedAt: 0
}

describe("rows of a model", () => {
  it("say what it was fitted on, in words and as JSON, the newest that has one", () => {
    const rows = [row({ model: "m0" }), row({}), row({ origin: "chain-observed", method: "recomputed", model: null })]
    const told = "Model m1: fitted on 400 snapshots (chain-observed) from 2024-01-02 to 2024-06-01, R² 0.43"
    assert.include(GammaView.toText(rows, [model]), told)
    assert.notInclude(GammaView.toText(rows, []), "fitted on")
    assert.deepStrictEqual(
      GammaView.toJson(rows, [model]).map(({ fitted }) => fitted),
      [
        null,
        {
          fitted_on: "chain-observed",
          source: "cboe",
          from: "2024-01-02T00:00Z",
          to: "2024-06-01T00:00Z",
          rows: 400,
          r_squared: 0.4321
        },
        null
      ]
    )
  })

  it("say when their price was made, where that is long before them", () => {
    const told = (before: number) => {
      const one = row({})
      return GammaView.details({ ...one, spotAt: one.at - before }).join("\n")
    }
    assert.include(told(4 * 86_400_000), "The spot is the last price that is stored before it, of 2024-06-06T13:45Z")
    assert.notInclude(told(60_000), "The spot is")
    assert.notInclude(GammaView.details(row({ spotAt: null })).join("\n"), "The spot is")
  })

  it("name it, or say that there is none", () => {
    assert.include(GammaView.details(row({})).join("\n"), "Estimated from prices by m1")
    const without = GammaView.details(row({ model: null, netGex: null })).join("\n")
    assert.include(without, "no model could be fitted")
    assert.notInclude(without, "null")
  })
})
