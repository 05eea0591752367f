import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { Candles, type Gamma } from "@tidemark/core"
import { Model, Traps } from "@tidemark/gamma"
import { Result, Schema } from "effect"
import { prices, random, until } from "../prices.ts"

const start = Date.parse("2024-01-02")
const dayMillis = 86_400_000
const annual = 252

/** Solves the normal equations by elimination: another way to the same, for inputs that are far from collinear. */
const normalEquations = (rows: ReadonlyArray<ReadonlyArray<number>>, y: ReadonlyArray<number>): Array<number> => {
  const width = rows[0]!.length
  const m = Array.from({ length: width }, (_, i) => [
    ...Array.from({ length: width }, (_, j) => rows.reduce((sum, row) => sum + row[i]! * row[j]!, 0)),
    rows.reduce((sum, row, k) => sum + row[i]! * y[k]!, 0)
  ])
  for (let i = 0; i < width; i++) {
    const pivot = m.slice(i).reduce((best, row, k) => (Math.abs(row[i]!) > Math.abs(m[best]![i]!) ? k + i : best), i)
    ;[m[i], m[pivot]] = [m[pivot]!, m[i]!]
    for (let k = 0; k < width; k++) {
      if (k === i) continue
      const factor = m[k]![i]! / m[i]![i]!
      for (let j = i; j <= width; j++) m[k]![j]! -= factor * m[i]![j]!
    }
  }
  return m.map((row, i) => row[width]! / row[i]!)
}

const dailyOf = (close: ReadonlyArray<number>, missing = 0): Traps.Market.Daily => ({
  candles: { ...Candles.empty, close: Float64Array.from(close) },
  missing
})

describe("the inputs of the model", () => {
  const next = random(5)
  const closes = Array.from({ length: 80 }, () => 90 + 20 * next())
  const inputs = Model.Inputs.of(dailyOf(closes), annual)

  it("are five figures of the last sixty closes", () => {
    const last = closes.at(-1)!
    const volatility = (n: number) => {
      const returns = closes.slice(-n).map((close, i) => Math.log(close / closes.at(-n - 1 + i)!))
      const middle = returns.reduce((sum, value) => sum + value, 0) / n
      return Math.sqrt((annual * returns.reduce((sum, value) => sum + (value - middle) ** 2, 0)) / (n - 1))
    }
    const expected = [
      last / (closes.slice(-20).reduce((sum, close) => sum + close, 0) / 20) - 1,
      Math.log(volatility(20)),
      last / Math.max(...closes.slice(-60)) - 1,
      last / closes.at(-2)! - 1,
      Math.log(volatility(5))
    ]
    assert.isFalse("why" in inputs)
    for (const [i, value] of expected.entries()) assert.approximately((inputs as Float64Array)[i]!, value, 1e-12)
    assert.deepStrictEqual(Model.Inputs.of(dailyOf(closes.slice(20)), annual), inputs)
  })

  it.each([
    ["too few closes", dailyOf(closes.slice(21)), "the inputs need 60 daily closes, there are 59"],
    ["a day that is missing at the end", dailyOf(closes, 1), "the last daily candle is missing"],
    ["days that are missing at the end", dailyOf(closes, 2), "the last 2 daily candles are missing"],
    ["a close of 0", dailyOf([...closes, 0]), "a daily close is no price"],
    [
      "prices that stand still",
      dailyOf([...closes, ...Array<number>(6).fill(100)]),
      "daily returns did not vary, so that their volatility has no logarithm"
    ],
    [
      "prices that rise by the same each day",
      dailyOf(Array.from({ length: 60 }, (_, i) => 100 * 1.01 ** i)),
      "daily returns did not vary, so that their volatility has no logarithm"
    ]
  ])("are none with %s", (_, daily, why) => {
    assert.deepStrictEqual(Model.Inputs.of(daily, annual), { why })
  })
})

const of = { symbol: "^GSPC", source: "cboe", fittedOn: "chain-observed", fittedAt: start } as const

/** Rows of a market of which the exposure follows from its inputs, but for some noise. */
const rowsOf = (
  count: number,
  noise: number,
  seed = 9
): ReadonlyArray<Model.Fit.Row & { readonly x: ReadonlyArray<number> }> => {
  const next = random(seed)
  return Array.from({ length: count }, (_, i) => {
    const x = [0.1 * (next() - 0.5), -2 + next(), -0.2 * next(), 0.04 * (next() - 0.5), -2 + 1.5 * next()]
    const y = 0.4 + 12 * x[0]! - 1.1 * x[1]! + 6 * x[2]! + 20 * x[3]! - 0.2 * x[4]! + noise * (next() - 0.5)
    return { at: start + i * dayMillis, inputs: Float64Array.from(x), netGex: 1e9 * Math.sinh(y), x }
  })
}
const fitted = (rows: ReadonlyArray<Model.Fit.Row>): Gamma.Model => Result.getOrThrow(Model.Fit.fit(rows, of))
const failureOf = (rows: ReadonlyArray<Model.Fit.Row>): string => {
  const result = Model.Fit.fit(rows, of)
  assert.isTrue(Result.isFailure(result))
  return Result.isFailure(result) ? result.failure : ""
}

describe("a fit of the model", () => {
  it("finds the coefficients that exposures were made of", () => {
    const model = fitted(rowsOf(100, 0))
    for (const [i, value] of [0.4, 12, -1.1, 6, 20, -0.2].entries()) {
      assert.approximately(model.coefficients[i]!, value, 1e-10)
    }
    assert.approximately(model.rSquared, 1, 1e-12)
    assert.deepStrictEqual([model.from, model.to, model.rows], [start, start + 99 * dayMillis, 100])
  })

  it("is that of the normal equations", () => {
    const rows = rowsOf(200, 3)
    const model = fitted(rows)
    const y = rows.map(({ netGex }) => Math.asinh(netGex! / 1e9))
    const beta = normalEquations(
      rows.map(({ x }) => [1, ...x]),
      y
    )
    for (const [i, value] of beta.entries()) assert.approximately(model.coefficients[i]!, value, 1e-9)
    const middle = y.reduce((sum, value) => sum + value, 0) / y.length
    const left = rows.map(({ x }, i) => y[i]! - [1, ...x].reduce((sum, value, j) => sum + value * beta[j]!, 0))
    const squares = (values: ReadonlyArray<number>) => values.reduce((sum, value) => sum + value * value, 0)
    assert.approximately(model.rSquared, 1 - squares(left) / squares(y.map((value) => value - middle)), 1e-9)
    assert.isBelow(model.rSquared, 0.95)
  })

  it("has an id that is the same for the same fit, and another for any other", () => {
    const model = fitted(rowsOf(100, 1))
    assert.match(model.id, /^[0-9a-f]{16}$/)
    assert.strictEqual(fitted(rowsOf(100, 1)).id, model.id)
    assert.notStrictEqual(fitted(rowsOf(101, 1)).id, model.id)
    const other = Result.getOrThrow(Model.Fit.fit(rowsOf(100, 1), { ...of, symbol: "SPY" }))
    assert.notStrictEqual(other.id, model.id)
  })

  it("needs sixty rows that can be used, and says what the others lack", () => {
    const rows = rowsOf(60, 1)
    assert.strictEqual(fitted(rows).rows, 60)
    const poor = [
      { ...rows[0]!, netGex: null },
      { ...rows[1]!, inputs: { why: "the last daily candle is missing" } },
      ...rows.slice(2)
    ]
    assert.strictEqual(
      failureOf(poor),
      "A model of the net exposure of ^GSPC at cboe needs 60 sessions with a snapshot of a chain and daily candles before it, there are 58 of 60 (left out, 1: without a net exposure; 1: the last daily candle is missing). Keep more chains, or fetch more daily candles."
    )
  })

  it("fails where an input follows from the others, and names it", () => {
    const change = (f: (x: Float64Array) => void) =>
      rowsOf(100, 1).map((row) => {
        const inputs = Float64Array.from(row.x)
        f(inputs)
        return { ...row, inputs }
      })
    assert.include(failureOf(change((x) => (x[2] = 0))), "the input close/max60-1 follows from")
    assert.include(
      failureOf(change((x) => (x[1] = -1.7))),
      "the input ln(rv20) follows from a constant and close/sma20-1"
    )
    assert.include(failureOf(change((x) => (x[4] = 3 * x[1]! - 2 * x[0]! + 5))), "the input ln(rv5) follows from")
  })

  it("fails where the exposure never changes", () => {
    assert.include(
      failureOf(rowsOf(100, 1).map((row) => ({ ...row, netGex: 3e9 }))),
      "the exposure is the same in all 100 sessions"
    )
  })

  it.prop(
    "leaves nothing that an input could still tell",
    { seed: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1e6 })) },
    ({ seed }) => {
      const rows = rowsOf(80, 5, seed)
      const { coefficients } = fitted(rows)
      const left = rows.map(
        ({ netGex, x }) =>
          Math.asinh(netGex! / 1e9) - [1, ...x].reduce((sum, value, i) => sum + value * coefficients[i]!, 0)
      )
      for (let i = 0; i < 6; i++) {
        assert.approximately(
          left.reduce((sum, value, row) => sum + value * [1, ...rows[row]!.x][i]!, 0),
          0,
          1e-9
        )
      }
    },
    { arbitrary: { runs: 50 } }
  )
})

describe("an estimate without a chain", () => {
  const market = prices("XNYS", start, 150, 21)
  const read = Traps.Market.reader(market)
  const at = Date.parse("2024-05-15T17:00Z")
  const model: Gamma.Model = {
    id: "0123456789abcdef",
    symbol: "^GSPC",
    fittedOn: "synthetic",
    source: "synthetic",
    from: start,
    to: start + 90 * dayMillis,
    rows: 100,
    coefficients: [0.4, 12, -1.1, 6, 20, -0.2],
    rSquared: 0.5,
    lowest: -40e9,
    highest: 60e9,
    fittedAt: start
  }
  const estimate = (market: Traps.Market.Market, other: Partial<Gamma.Model> = {}): Gamma.Snapshot =>
    Model.Estimate.of({
      symbol: model.symbol,
      model: Result.succeed({ ...model, ...other }),
      source: "yahoo",
      session: "2024-05-15",
      market,
      barsPerYear: annual
    })

  it("says why there is none where no model could be fitted", () => {
    const snapshot = Model.Estimate.of({
      symbol: "^GSPC",
      model: Result.fail("a model needs 60 sessions, there are 12"),
      source: "yahoo",
      session: "2024-05-15",
      market: read(at),
      barsPerYear: annual
    })
    assert.deepStrictEqual([snapshot.netGex, snapshot.makerState, snapshot.model], [null, null, null])
    assert.match(snapshot.reason!, /a model needs 60 sessions, there are 12; there is no option chain/)
    assert.strictEqual(snapshot.spot, read(at).price)
  })

  it("is the model's, of the inputs of its moment", () => {
    const snapshot = estimate(read(at))
    const x = Model.Inputs.of(read(at).daily, annual) as Float64Array
    const linear = 0.4 + 12 * x[0]! - 1.1 * x[1]! + 6 * x[2]! + 20 * x[3]! - 0.2 * x[4]!
    assert.approximately(snapshot.netGex! / 1e9, Math.sinh(linear), 1e-9)
    assert.strictEqual(snapshot.makerState, snapshot.netGex! > 0 ? "long_gamma" : "short_gamma")
    assert.deepStrictEqual(
      [snapshot.method, snapshot.origin, snapshot.model, snapshot.source, snapshot.at, snapshot.spot, snapshot.spotAt],
      ["model", "modelled", model.id, "yahoo", at, read(at).price, at]
    )
    assert.strictEqual(
      snapshot.conventions,
      "inputs=close/sma20-1,ln(rv20),close/max60-1,return,ln(rv5) annual=252 fitted-on=synthetic"
    )
    assert.strictEqual(estimate(read(at), { coefficients: [-50, 0, 0, 0, 0, 0] }).makerState, "short_gamma")
  })

  it("knows nothing that only a chain can show", () => {
    const { callGex, callWall, flip, flips, gross5, grossGex, maxPain, putWall, reason } = estimate(read(at))
    assert.deepStrictEqual([callGex, callWall, flip, gross5, grossGex, maxPain, putWall], Array(7).fill(null))
    assert.deepStrictEqual(flips, [])
    assert.include(reason!, "there is no option chain")
  })

  it("is none without inputs, and no more than what was seen in the fit, and says so", () => {
    const early = estimate(read(start + 30 * dayMillis))
    assert.deepStrictEqual([early.netGex, early.makerState], [null, null])
    assert.include(early.reason!, "the inputs need 60 daily closes")
    const large = estimate(read(at), { coefficients: [1e4, 0, 0, 0, 0, 0] })
    assert.deepStrictEqual([large.netGex, large.makerState], [model.highest, "long_gamma"])
    assert.include(large.reason!, "it would be more than any number, and the highest that was seen is told")
    const low = estimate(read(at), { coefficients: [-50, 0, 0, 0, 0, 0], lowest: -7e9 })
    assert.deepStrictEqual([low.netGex, low.makerState], [-7e9, "short_gamma"])
    assert.include(low.reason!, "the lowest that was seen is told")
    assert.notInclude(estimate(read(at)).reason!, "unlike those of the fit")
  })

  it("makes a signal that says what cannot be looked at", () => {
    const signal = Traps.Signals.of({
      snapshot: estimate(read(at)),
      exposure: undefined,
      previous: undefined,
      market: read(at),
      calendar: Calendars.get("XNYS")
    })
    assert.strictEqual(signal.origin, "modelled")
    assert.include(signal.reasons.join("\n"), "could not be decided: there is no option chain.")
  })

  it.prop(
    "is what anybody could have known: candles that close later change nothing",
    { hours: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 150 * 24 })) },
    ({ hours }) => {
      const at = start + hours * 3_600_000
      assert.deepStrictEqual(estimate(read(at)), estimate(Traps.Market.reader(until(market, at))(at)))
    },
    { arbitrary: { runs: 40 } }
  )
})
