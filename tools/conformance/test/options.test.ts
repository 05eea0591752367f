/** Prices and greeks of options against those of another library: 101 rows of py_vollib. */
import { assert, describe, it } from "@effect/vitest"
import { BlackScholes, ImpliedVolatility } from "@tidemark/gamma"
import * as Data from "./data.ts"

interface Table {
  readonly columns: ReadonlyArray<string>
  readonly data: ReadonlyArray<ReadonlyArray<number>>
}

/** Their columns, by side and by what we call them. */
const names = {
  call: { price: "bs_call", delta: "CD", gamma: "CG", theta: "CT", vega: "CV", rho: "CR" },
  put: { price: "bs_put", delta: "PD", gamma: "PG", theta: "PT", vega: "PV", rho: "PR" }
} as const

const tolerance = 1e-6

describe.skipIf(Data.isAbsent)(`options of py_vollib${Data.note}`, () => {
  it("have our prices and greeks to 1e-6, and their volatility is found again", () => {
    const { columns, data } = JSON.parse(Data.text("options/py_vollib-101.json")) as Table
    const of = (row: ReadonlyArray<number>, name: string): number => row[columns.indexOf(name)]!
    assert.lengthOf(data, 101)
    let furthest = 0
    for (const row of data) {
      const terms = {
        spot: of(row, "S"),
        strike: of(row, "K"),
        years: of(row, "t"),
        volatility: of(row, "v"),
        rate: of(row, "R")
      }
      for (const side of ["call", "put"] as const) {
        const greeks = BlackScholes.greeks(terms, side === "call")
        for (const [name, column] of Object.entries(names[side])) {
          const expected = of(row, column)
          // Theirs have ten digits.
          const miss = Math.abs(greeks[name as keyof BlackScholes.Greeks] - expected) / Math.max(1, Math.abs(expected))
          furthest = Math.max(furthest, miss)
          assert.isAtMost(miss, tolerance, `${side} ${name} of ${JSON.stringify(terms)}`)
        }
      }
      const { price, vega } = BlackScholes.greeks(terms, true)
      if (vega > 1) {
        assert.approximately(ImpliedVolatility.of(price, terms, true)!, terms.volatility, 1e-6)
      }
    }
    assert.isAbove(furthest, 0)
  })
})
