import { assert, describe, it } from "@effect/vitest"
import type { Gamma } from "@tidemark/core"
import { BlackScholes, Exposure, Kept } from "@tidemark/gamma"
import { Schema } from "effect"
import { at, chainOf, type Contract, Contracts, distinct, newYork, today } from "./chains.ts"

const recomputed = { method: "recomputed", calendar: newYork } as const

const of = (rows: ReadonlyArray<Contract>, options: Partial<Kept.Options> = {}): Exposure.Exposure =>
  Exposure.of(Kept.of(chainOf(rows), { ...recomputed, ...options }))

/** Dollars: far from the money a rounded logarithm is squared and raised to a power. */
const nothing = 1e-9

const near = (actual: number, expected: number, scale = Math.abs(expected)): void =>
  assert.isAtMost(Math.abs(actual - expected), 1e-12 * scale + nothing, `${actual} is not ${expected}`)

/** Counts that are not 0. */
const fates = (rows: ReadonlyArray<Contract>, options: Partial<Kept.Options> = {}): Partial<Gamma.Accounting> =>
  Object.fromEntries(Object.entries(of(rows, options).accounting).filter(([, count]) => count > 0))

describe("the exposure of a contract", () => {
  it("is gamma × open interest × multiplier × S² × 0.01, positive for a call and negative for a put", () => {
    // 2024-06-03 to 2024-07-03: 22 weekdays.
    const gamma = BlackScholes.gamma({ spot: 100, strike: 105, years: 22 / 262, volatility: 0.25 })
    const contract = { strike: 105, volatility: 0.25, openInterest: 40, multiplier: 10 }
    const expected = gamma * 40 * 10 * 100 * 100 * 0.01
    near(of([contract]).net, expected)
    near(of([{ ...contract, side: "put" }]).net, -expected)
    const exposure = of([contract, { ...contract, side: "put", openInterest: 10 }])
    near(exposure.call, expected)
    near(exposure.put, -expected / 4)
    near(exposure.net, (expected * 3) / 4)
    near(exposure.gross, (expected * 5) / 4)
    assert.deepStrictEqual([exposure.at, exposure.today, exposure.spot], [at, today, 100])
  })

  it("counts with the rates of the conventions", () => {
    const conventions = { rate: 0.1, dividendYield: 0.04, dayCount: "days/365" } as const
    const terms = { spot: 100, strike: 105, years: 30 / 365, volatility: 0.2 }
    const gamma = BlackScholes.gamma({ ...terms, rate: 0.1, dividendYield: 0.04 })
    near(of([{ strike: 105 }], { conventions }).net, gamma * 10 * 100 * 100)
  })

  it("is by the provider's gamma where that is asked for, whatever its volatility", () => {
    near(of([{ gamma: 0.0123, volatility: 0 }], { method: "vendor" }).net, 0.0123 * 10 * 100 * 100)
  })

  it("is by the volatility that quotes imply where that is asked for, whatever the provider computed", () => {
    const terms = { spot: 100, strike: 105, years: 22 / 262, volatility: 0.3 }
    const price = BlackScholes.price(terms, true)
    const contract = { strike: 105, bid: price - 0.02, ask: price + 0.02, volatility: 0, gamma: 0 }
    const { net } = of([contract], { method: "implied" })
    assert.approximately(net / (BlackScholes.gamma(terms) * 10 * 100 * 100), 1, 1e-9)
  })

  it("is at the spot that is given, before that of the chain", () => {
    near(of([{}], { spot: 110 }).net, Exposure.of(Kept.of(chainOf([{}], { spot: 110 }), recomputed)).net)
  })
})

describe("what becomes of contracts", () => {
  it.each<[string, Contract, keyof Gamma.Accounting]>([
    ["a strike of 0", { strike: 0 }, "malformed"],
    ["no strike", { strike: Number.NaN }, "malformed"],
    ["no expiry", { expiry: Number.NaN }, "malformed"],
    ["an expiry that is no date", { expiry: 19_900.5 }, "malformed"],
    ["a multiplier of 0", { multiplier: 0 }, "malformed"],
    ["an expiry of yesterday", { days: -1 }, "expired"],
    ["no open interest", { openInterest: Number.NaN }, "noOpenInterest"],
    ["an open interest of 0", { openInterest: 0 }, "noOpenInterest"],
    ["a volatility of 0", { volatility: 0 }, "noVolatility"],
    ["a volatility of 999 %", { volatility: 9.99 }, "noVolatility"],
    ["a volatility of nearly nothing", { volatility: 1e-5 }, "noVolatility"],
    ["no volatility", { volatility: Number.NaN }, "noVolatility"],
    ["the lowest volatility", { volatility: 1e-4 }, "kept"],
    ["the highest volatility", { volatility: 5 }, "kept"],
    ["an expiry of today", { days: 0 }, "kept"]
  ])("is told of %s", (_, contract, fate) => {
    assert.deepStrictEqual(fates([contract]), { contracts: 1, [fate]: 1 })
  })

  it("is the first that is true of them, and adds up", () => {
    const nothing = { strike: 0, days: -1, openInterest: 0, volatility: 0 }
    assert.deepStrictEqual(fates([nothing, nothing]), { contracts: 2, malformed: 2 })
    const old = { days: -1, openInterest: 0, volatility: 0 }
    assert.deepStrictEqual(fates([old, old]), { contracts: 2, expired: 1, duplicates: 1 })
    assert.deepStrictEqual(fates([{ openInterest: 0, volatility: 0 }]), { contracts: 1, noOpenInterest: 1 })
    const noSpot = { spot: Number.NaN }
    assert.deepStrictEqual(fates([{ volatility: 0 }, { strike: 90 }], noSpot), {
      contracts: 2,
      noVolatility: 1,
      noSpot: 1
    })
  })

  it("is that the first counts where a contract comes twice; one of another root is another", () => {
    const twice = [{ openInterest: 10 }, { side: "put", openInterest: 10 }, { openInterest: 500 }] as const
    const exposure = of(twice)
    assert.strictEqual(exposure.accounting.duplicates, 1)
    near(exposure.net, 0, exposure.gross)
    const roots = of([
      { root: "SPX", openInterest: 3 },
      { root: "SPXW", openInterest: 4 }
    ])
    assert.strictEqual(roots.accounting.kept, 2)
    assert.deepStrictEqual([...roots.cells.callOpenInterest], [7])
  })

  it("is told of quotes that cross: among those that are kept", () => {
    const rows = [
      { bid: 2, ask: 1 },
      { strike: 101, bid: 2, ask: 1, openInterest: 0 },
      { strike: 102, bid: 1, ask: 2 }
    ]
    assert.deepStrictEqual(fates(rows), { contracts: 3, kept: 2, noOpenInterest: 1, crossed: 1 })
  })

  it.each<[string, Contract]>([
    ["that cross", { bid: 2.2, ask: 2 }],
    ["without a bid", { bid: 0, ask: 2 }],
    ["without an ask", { bid: 2, ask: Number.NaN }],
    ["that are not there", {}],
    ["below what the option is worth at once", { strike: 80, bid: 19, ask: 19.2 }]
  ])("is that there is no implied volatility in quotes %s", (_, contract) => {
    assert.deepStrictEqual(fates([contract], { method: "implied" }), { contracts: 1, noVolatility: 1 })
    const noSpot = fates([{ bid: 1, ask: 2 }], { method: "implied", spot: Number.NaN })
    assert.deepStrictEqual(noSpot, { contracts: 1, noSpot: 1 })
  })

  it.each([0, Number.NaN, -0.01])("is that there is no exposure by a provider's gamma of %s", (gamma) => {
    assert.deepStrictEqual(fates([{ gamma }], { method: "vendor" }), { contracts: 1, noVolatility: 1 })
  })

  it("is nothing known where none is kept", () => {
    for (const rows of [[], [{ openInterest: 0 }]]) {
      const { call, cells, gross, net, put } = of(rows)
      for (const sum of [net, call, put, gross]) assert.isNaN(sum)
      assert.lengthOf(cells.strike, 0)
    }
  })

  it.prop(
    "adds up to all contracts, whatever they hold",
    {
      rows: Schema.Array(
        Schema.Struct({
          days: Schema.Literals(["-400", "-1", "0", "1", "30", "NaN"]),
          strike: Schema.Literals(["-1", "0", "90", "100", "Infinity"]),
          side: Schema.Literals(["call", "put"]),
          openInterest: Schema.Literals(["-5", "0", "3", "NaN"]),
          volatility: Schema.Literals(["0", "1e-5", "0.2", "9.99"]),
          bid: Schema.Literals(["0", "1", "3"]),
          ask: Schema.Literals(["0", "2"])
        })
      ),
      method: Schema.Literals(["recomputed", "implied", "vendor"]),
      spot: Schema.Literals(["100", "NaN", "0"])
    },
    ({ method, rows, spot }) => {
      const contracts = rows.map(({ side, ...texts }) => ({
        side,
        days: Number(texts.days),
        strike: Number(texts.strike),
        openInterest: Number(texts.openInterest),
        volatility: Number(texts.volatility),
        bid: Number(texts.bid),
        ask: Number(texts.ask)
      }))
      const { contracts: all, crossed, ...rest } = of(contracts, { method, spot: Number(spot) }).accounting
      assert.strictEqual(all, rows.length)
      assert.strictEqual(
        Object.values(rest).reduce((sum, count) => sum + count, 0),
        all
      )
      assert.isAtMost(crossed, rest.kept)
    }
  )
})

describe("cells", () => {
  it("ascend by expiry and strike, and hold both sides", () => {
    const { cells } = of([
      { days: 30, strike: 110, openInterest: 1 },
      { days: 30, strike: 90, side: "put", openInterest: 2 },
      { days: 2, strike: 100, openInterest: 3 },
      { days: 30, strike: 90, openInterest: 4 }
    ])
    assert.deepStrictEqual([...cells.expiry], [today + 2, today + 30, today + 30])
    assert.deepStrictEqual([...cells.strike], [100, 90, 110])
    assert.deepStrictEqual([...cells.callOpenInterest], [3, 4, 1])
    assert.deepStrictEqual([...cells.putOpenInterest], [0, 2, 0])
    near(cells.call[1]!, -2 * cells.put[1]!)
  })
})

describe("an exposure", () => {
  it.prop("is the sum of its cells, and of plain sums over the contracts", { rows: Contracts }, ({ rows }) => {
    const exposure = of(distinct(rows))
    const { cells, gross } = exposure
    near(Exposure.total(cells.call) + Exposure.total(cells.put), exposure.net, gross)
    near(exposure.call - exposure.put, gross)
    assert.isTrue(cells.put.every((put) => put <= 0))
    let plain = 0
    for (const { days, openInterest, side, strike, volatility } of distinct(rows)) {
      let weekdays = 0
      for (let day = 0; day < days; day++) if (day % 7 < 5) weekdays++
      const terms = { spot: 100, strike, volatility, years: Math.max(1, weekdays) / 262 }
      plain += (side === "call" ? 1 : -1) * BlackScholes.gamma(terms) * openInterest * 100 * 100
    }
    near(exposure.net, plain, gross)
  })

  it.prop("does not hang on the order of the contracts", { rows: Contracts }, ({ rows }) => {
    const one = of(distinct(rows))
    const other = of(distinct(rows).toReversed())
    near(other.net, one.net, one.gross)
    assert.deepStrictEqual(other.accounting, one.accounting)
    assert.deepStrictEqual(other.cells.strike, one.cells.strike)
  })

  it.prop("grows with the open interest", { rows: Contracts }, ({ rows }) => {
    const one = of(distinct(rows))
    const triple = of(distinct(rows).map((row) => ({ ...row, openInterest: row.openInterest * 3 })))
    near(triple.net, 3 * one.net, triple.gross)
    near(triple.gross, 3 * one.gross)
  })

  it.prop("turns its sign where calls are puts and puts are calls", { rows: Contracts }, ({ rows }) => {
    const one = of(distinct(rows))
    const turned = of(distinct(rows).map((row) => ({ ...row, side: row.side === "call" ? "put" : "call" })))
    near(turned.net, -one.net, one.gross)
    near(turned.call, -one.put, one.gross)
  })
})
