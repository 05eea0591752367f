import { assert, describe, it } from "@effect/vitest"
import { Candles } from "@tidemark/core"
import { Schema } from "effect"
import * as ArchiveCsv from "../src/ArchiveCsv.ts"

const bytes = (text: string) => new TextEncoder().encode(text)
const candlesOf = (text: string): Candles.Candles => {
  const decoded = ArchiveCsv.decode(bytes(text))
  if (typeof decoded === "string") throw new Error(decoded)
  return decoded
}

// Rows as they stand in files of 2017, 2023 and 2025.
const lateClose =
  "1504713540000,4603.74000000,4619.43000000,4603.74000000,4619.43000000,0.27733300,1504713600000,1277.13769335,2,0.02349700,108.54274671,11146.71897399"
const cutShort =
  "1679661540000,28080.00000000,28080.00000000,28080.00000000,28080.00000000,0.00000000,1679661581646,0.00000000,0,0.00000000,0.00000000,0"
const inMicroseconds =
  "1735689600000000,93576.0,93610.93,93537.5,93610.93,8.21827,1735689659999999,768978.0,2631,3.95,369757.3,0"
const header =
  "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"

describe("ArchiveCsv", () => {
  it("reads rows of every time: close late or cut short, a last column of anything, microseconds", () => {
    const candles = candlesOf(`${lateClose}\n${cutShort}\n${inMicroseconds}\n`)
    assert.deepStrictEqual([...candles.openTime], [1_504_713_540_000, 1_679_661_540_000, 1_735_689_600_000])
    assert.deepStrictEqual([...candles.close], [4_619.43, 28_080, 93_610.93])
    assert.deepStrictEqual([...candles.volume], [0.277333, 0, 8.21827])
    assert.deepStrictEqual([...candles.quoteVolume!], [1_277.13769335, 0, 768_978])
    assert.deepStrictEqual([...candles.trades!], [2, 0, 2_631])
  })

  it("reads the same with a header or without, with either line end, with or without the last one", () => {
    const rows = [lateClose, cutShort]
    const plain = candlesOf(`${rows.join("\n")}\n`)
    for (const text of [
      rows.join("\n"),
      `${header}\n${rows.join("\n")}`,
      `${rows.join("\r\n")}\r\n`,
      `${header}\r\n${rows.join("\r\n")}\r\n`
    ]) {
      assert.isTrue(Candles.equals(candlesOf(text), plain), JSON.stringify(text))
    }
    for (const text of ["", header, `${header}\n`]) assert.strictEqual(Candles.length(candlesOf(text)), 0)
  })

  it("says which row is none, and gives nothing of such a file", () => {
    const fields = lateClose.split(",")
    const wrong = (column: number, text: string) => `${cutShort}\n${fields.with(column, text).join(",")}\n${cutShort}`
    assert.strictEqual(ArchiveCsv.decode(bytes(wrong(4, "n/a"))), "row 2 has no number in field 5")
    assert.strictEqual(ArchiveCsv.decode(bytes(wrong(5, "-1"))), "row 2 has no number in field 6")
    assert.strictEqual(ArchiveCsv.decode(bytes(wrong(0, ""))), "row 2 has no number in field 1")
    assert.strictEqual(
      ArchiveCsv.decode(bytes(`${cutShort}\n${fields.slice(1).join(",")}`)),
      "row 2 has 11 fields instead of 12"
    )
    assert.strictEqual(ArchiveCsv.decode(bytes(`${cutShort}\n\n${cutShort}`)), "row 2 has 1 fields instead of 12")
    assert.strictEqual(ArchiveCsv.decode(bytes("<html>\n<body>")), "row 1 has 1 fields instead of 12")
  })

  const Decimal = Schema.String.check(Schema.isPattern(/^[0-9]{1,12}(\.[0-9]{1,12})?$/))
  const Row = Schema.Array(Decimal).check(Schema.isMinLength(7), Schema.isMaxLength(7))

  it.prop(
    "reads every decimal as the number nearest to it",
    { rows: Schema.Array(Row).check(Schema.isMinLength(1), Schema.isMaxLength(40)) },
    ({ rows }) => {
      const text = rows.map(([o, h, l, c, v, q, t], i) => `${i}000,${o},${h},${l},${c},${v},${i}999,${q},7,${t},1,0`)
      const candles = candlesOf(text.join("\n"))
      const columns = [candles.open, candles.high, candles.low, candles.close, candles.volume, candles.quoteVolume!]
      rows.forEach((row, i) => {
        columns.forEach((column, at) => assert.strictEqual(column[i], Number(row[at])))
      })
    }
  )
})
