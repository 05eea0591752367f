import { assert, describe, it } from "@effect/vitest"
import { Instant, OccSymbol } from "@tidemark/core"
import { Schema } from "effect"

const shown = (text: string) => {
  const found = OccSymbol.decode(text)
  return found === undefined
    ? undefined
    : `${found.root} ${Instant.formatDate(found.expiry * 86_400_000)} ${found.isCall ? "call" : "put"} ${found.strike}`
}

describe("a contract's name", () => {
  const cases: Readonly<Record<string, string | undefined>> = {
    SPY240621C00450000: "SPY 2024-06-21 call 450",
    SPXW240108P04700000: "SPXW 2024-01-08 put 4700",
    "SPXW  240108P04700000": "SPXW 2024-01-08 put 4700",
    A240621C00132500: "A 2024-06-21 call 132.5",
    // Adjusted after a split; flexible; weeklies of an index.
    AAPL1140621P00645710: "AAPL1 2014-06-21 put 645.71",
    "2SPX241220C05000000": "2SPX 2024-12-20 call 5000",
    RUTW221212C01455000: "RUTW 2022-12-12 call 1455",
    "BRK.B240621C00300000": "BRK.B 2024-06-21 call 300",
    SPX240229C05000000: "SPX 2024-02-29 call 5000",
    SPX230229C05000000: undefined,
    SPX241301C05000000: undefined,
    SPX240621X05000000: undefined,
    SPX240621C00000000: undefined,
    SPX240621C5000: undefined,
    "240621C05000000": undefined,
    spx240621C05000000: undefined,
    TOOLONG240621C05000000: undefined,
    "": undefined
  }
  for (const [text, expected] of Object.entries(cases))
    it(`"${text}" is ${expected ?? "none"}`, () => assert.strictEqual(shown(text), expected))

  it.prop(
    "that was written is read again",
    [
      Schema.Literals(["SPXW", "A", "AAPL1", "2SPX"]),
      Schema.Int.check(Schema.isBetween({ minimum: 10_957, maximum: 47_481 })),
      Schema.Boolean,
      Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 99_999_999 }))
    ],
    ([root, expiry, isCall, thousandths]) => {
      const symbol = { root, expiry, isCall, strike: thousandths / 1_000 }
      assert.deepStrictEqual(OccSymbol.decode(OccSymbol.encode(symbol)), symbol)
    }
  )
})

describe("a date", () => {
  it("is the day that the calendar says, over four centuries, and none that does not exist", () => {
    for (let day = Date.parse("1900-01-01"); day < Date.parse("2300-01-01"); day += 86_400_000) {
      const text = Instant.formatDate(day)
      if (OccSymbol.dayOf(text) !== day / 86_400_000) assert.fail(text)
    }
    for (const text of ["2023-02-29", "2100-02-29", "2024-04-31", "2024-13-01", "2024-00-10", "2024-01-00", "24-01-01"])
      assert.isUndefined(OccSymbol.dayOf(text), text)
  })
})
