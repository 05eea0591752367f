import { assert, describe, it } from "@effect/vitest"
import { Candles } from "@tidemark/core"
import { Schema } from "effect"
import * as KlineBytes from "../src/KlineBytes.ts"
import * as Klines from "../src/Klines.ts"

const bytes = (text: string) => new TextEncoder().encode(text)
const digits = (max: number) => Schema.String.check(Schema.isPattern(new RegExp(`^[0-9]{1,${max}}$`)))

/** Decimal texts as exchanges write them, short and long, with zeros on both sides. */
const Decimal = Schema.Struct({ whole: digits(12), fraction: digits(12), has: Schema.Boolean })
const text = ({ fraction, has, whole }: typeof Decimal.Type) => (has ? `"${whole}.${fraction}"` : `"${whole}"`)

describe("Klines", () => {
  it.prop(
    "reads from bytes exactly what it reads by way of JSON",
    { values: Schema.Array(Decimal).check(Schema.isMinLength(8), Schema.isMaxLength(80)) },
    ({ values }) => {
      const rows = Array.from({ length: Math.floor(values.length / 8) }, (_, i) => {
        const [o, h, l, c, v, q, tb, tq] = values.slice(i * 8, i * 8 + 8).map(text)
        return `[${i * 60_000},${o},${h},${l},${c},${v},${i * 60_000 + 59_999},${q},${i},${tb},${tq},"0"]`
      })
      const body = `[${rows.join(",")}]`
      const slow = Klines.decodeText(body)
      const fast = Klines.decode(bytes(body))
      assert.isNotString(slow)
      assert.isNotString(fast)
      if (typeof slow === "string" || typeof fast === "string") return
      assert.isTrue(Candles.equals(fast.candles, slow.candles))
      assert.deepStrictEqual([...fast.closeTime], [...slow.closeTime])
    },
    { arbitrary: { runs: 500 } }
  )

  const row = '[0,"1.0","2.0","0.5","1.5","7",59999,"7.5",3,"1","1","0"]'

  it("takes the plain form without going through JSON", () => {
    assert.isDefined(KlineBytes.read(bytes(`[${row},${row}]`), 10))
    // Below and above 2^53 as digits, and the digits of 2^53 itself.
    for (const long of ["27174569.16633405", "97174569.16633405", "9007199254740992", "9007199254740993.5"]) {
      const read = KlineBytes.read(bytes(`[${row.replace("7.5", long)}]`), 10)
      assert.strictEqual(read!.candles.quoteVolume![0], Number(long))
    }
  })

  it("leaves every deviation from the plain form to JSON, and refuses what is no candle", () => {
    const deviations = {
      [`[${row}`]: "not JSON",
      [`[${row},]`]: "not JSON",
      [`[${row}]x`]: "not JSON",
      [`[[0,1,"2","0.5","1.5","7",59999,"7.5",3,"1","1","0"]]`]: "wrong type",
      [`[[0,"","2","0.5","1.5","7",59999,"7.5",3,"1","1","0"]]`]: "wrong type",
      [`[["0","1","2","0.5","1.5","7",59999,"7.5",3,"1","1","0"]]`]: "wrong type",
      [`[[0,"1"]]`]: "not a candle",
      "{}": "not a list",
      "<html>": "HTML"
    }
    for (const [body, message] of Object.entries(deviations)) {
      assert.isUndefined(KlineBytes.read(bytes(body), 10), body)
      assert.include(Klines.decode(bytes(body)), message, body)
    }
  })

  it("reads what is JSON but not plain all the same: white space, signs, exponents, long numbers", () => {
    const unusual = [
      `[ ${row} ]`,
      '[[0,"-1.0","2","-3","1.5","7",59999,"7.5",3,"1","1","0"]]',
      '[[0,"1e3","2e3","1","1.5","7",59999,"7.5",3,"1","1","0"]]',
      '[[0,"1.00000000000000000001","2","1","1.5","12345678901234567890.5",59999,"7.5",3,"1","1","0"]]'
    ]
    for (const body of unusual) {
      const fast = Klines.decode(bytes(body))
      const slow = Klines.decodeText(body)
      assert.isNotString(fast, body)
      if (typeof slow === "string" || typeof fast === "string") return assert.fail(body)
      assert.isTrue(Candles.equals(fast.candles, slow.candles), body)
    }
  })

  it("an empty list is an answer without candles", () => {
    const empty = Klines.decode(bytes("[]"))
    assert.isNotString(empty)
    if (typeof empty !== "string") assert.strictEqual(Candles.length(empty.candles), 0)
  })
})
