import { assert, describe, it } from "@effect/vitest"
import { Instant, OptionChain } from "@tidemark/core"
import * as QuoteFile from "@tidemark/source-cboe/QuoteFile"

const about = { source: "cboe", symbol: "^SPX", file: "_SPX" }
const now = Date.parse("2024-11-21T02:00:00Z")

/** A row and its surroundings as they have been seen; last trades are New York's. */
const row = {
  option: "SPX241220C00200000",
  bid: 5691.1,
  bid_size: 2,
  ask: 5698.4,
  ask_size: 2,
  iv: 4.1223,
  open_interest: 5288,
  volume: 1,
  delta: 1,
  gamma: 0,
  vega: 0.0009,
  theta: 0,
  rho: 0.1767,
  theo: 5694.189,
  change: -19.38,
  last_trade_price: 5689.92,
  last_trade_time: "2024-11-20T12:06:25"
}
const file = (over: object = {}, data: object = {}) =>
  JSON.stringify({
    timestamp: "2024-11-21 01:52:50",
    data: {
      options: [row],
      symbol: "^SPX",
      security_type: "index",
      current_price: 5917.1099,
      last_trade_time: "2024-11-20T16:14:59",
      ...data
    },
    symbol: "_SPX",
    ...over
  })
const decode = (text: string) => QuoteFile.decode(text, about, now)

describe("a file of CBOE", () => {
  it("is a chain of a quarter of an hour before it was made", () => {
    const chain = decode(file()) as OptionChain.OptionChain
    assert.strictEqual(Instant.format(chain.at), "2024-11-21T01:37:50Z")
    assert.strictEqual(chain.spot, 5917.1099)
    const { contracts } = chain
    assert.deepStrictEqual(contracts.root, ["SPX"])
    assert.deepStrictEqual(
      OptionChain.numbers.map((name) => contracts[name][0]),
      [Date.parse("2024-12-20") / 86_400_000, 200, 5691.1, 5698.4, 5689.92, 1, 5288, 4.1223, 1, 0, 100]
    )
  })

  it("keeps account of rows that are no contract", () => {
    const options = [
      row,
      { ...row, option: "NOT-A-SYMBOL" },
      null,
      row,
      { ...row, option: "SPXW241220C00200000", iv: null }
    ]
    const chain = decode(file({}, { options })) as OptionChain.OptionChain
    assert.deepStrictEqual(chain.contracts.root, ["SPX", "SPXW"])
    assert.deepStrictEqual([...chain.contracts.impliedVolatility], [4.1223, Number.NaN])
    assert.deepStrictEqual(chain.unreadable, [
      'contract 2: "NOT-A-SYMBOL" is no name of a contract',
      'contract 3: "null" is no name of a contract',
      "SPX241220C00200000 is there once more"
    ])
  })

  it("without a price of the underlying has none", () => {
    for (const current_price of [0, null, "none"]) {
      assert.isNaN((decode(file({}, { current_price })) as OptionChain.OptionChain).spot)
    }
  })

  const wrong: Readonly<Record<string, readonly [string, RegExp]>> = {
    "is no JSON": ["<html>", /no list of contracts/],
    "has no list": [file({}, { options: {} }), /no list of contracts/],
    "has an empty list": [file({}, { options: [] }), /it has no contracts/],
    "has no contract in its list": [file({}, { options: [1, 2] }), /none of its rows is a contract: contract 1/],
    "has no time": [file({ timestamp: null }), /does not say of which moment/],
    "has a time that is none": [file({ timestamp: "soon" }), /does not say of which moment/],
    "is of the future": [file({ timestamp: "2024-11-21 03:00:00" }), /2024-11-21T02:45Z, which is still to come/],
    "is of another symbol": [file({ symbol: "_VIX" }), /answers for _VIX instead of _SPX/]
  }
  for (const [name, [text, expected]] of Object.entries(wrong))
    it(`that ${name} is refused in words`, () => {
      const said = decode(text)
      if (typeof said !== "string") return assert.fail("a chain")
      assert.match(said, expected)
    })
})
