import { assert, describe, it } from "@effect/vitest"
import { ChainRows, OptionChain } from "@tidemark/core"

const row: ChainRows.Row = { label: "SPY", root: "SPY", expiry: 19_895, strike: 450, isCall: true }

describe("rows", () => {
  it("become columns of one length, with NaN where nothing is said and 100 shares where no size is", () => {
    const { contracts, unreadable } = ChainRows.collect([
      { ...row, bid: 1.25, ask: "1.5", volume: 0, impliedVolatility: 1e-5, multiplier: 10 },
      { ...row, isCall: false, root: "SPY1", bid: null, ask: "N/A", last: "" }
    ])
    assert.deepStrictEqual(unreadable, [])
    assert.deepStrictEqual(contracts.root, ["SPY", "SPY1"])
    assert.deepStrictEqual([...contracts.isCall], [1, 0])
    assert.deepStrictEqual([...contracts.bid], [1.25, Number.NaN])
    assert.deepStrictEqual([...contracts.ask], [1.5, Number.NaN])
    assert.deepStrictEqual([...contracts.last], [Number.NaN, Number.NaN])
    assert.deepStrictEqual([...contracts.volume], [0, Number.NaN])
    assert.deepStrictEqual([...contracts.impliedVolatility], [1e-5, Number.NaN])
    assert.deepStrictEqual([...contracts.multiplier], [10, 100])
    for (const name of OptionChain.numbers) assert.strictEqual(contracts[name].length, 2)
  })

  it("that are no contract are told in words, and none is lost", () => {
    const { contracts, unreadable } = ChainRows.collect([
      row,
      "row 2 is empty",
      { ...row, strike: 0 },
      { ...row, strike: Number.NaN },
      { ...row, expiry: Number.NaN },
      { ...row, gamma: "x".repeat(200) },
      { ...row, delta: {} },
      { ...row, name: "SPY240621C00450000", bid: "none" },
      { ...row, name: "SPY240621C00450000" }
    ])
    assert.strictEqual(OptionChain.length(contracts), 2)
    assert.deepStrictEqual(unreadable, [
      "row 2 is empty",
      "SPY has the strike 0",
      "SPY has the strike NaN",
      "SPY has no date of expiration",
      `SPY has no number as gamma: "${"x".repeat(60)}…"`,
      'SPY has no number as delta: "{}"',
      "SPY is SPY240621C00450000 once more"
    ])
    assert.strictEqual(ChainRows.summary(unreadable).split(";").length, 4)
    assert.include(ChainRows.summary(unreadable), "and 4 more")
  })
})
