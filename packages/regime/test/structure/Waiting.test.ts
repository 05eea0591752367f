import { assert, describe, it } from "@effect/vitest"
import { Waiting } from "../../src/structure/Waiting.ts"
import { Range } from "../../src/structure/pit/Range.ts"
import { candles, random } from "./market.ts"

describe("things that wait for a price", () => {
  it("come out the highest first, whatever order they were added in", () => {
    const next = random(1)
    const waiting = new Waiting<number>()
    const there: Array<number> = []
    for (let i = 0; i < 5_000; i++) {
      if (next() < 0.6 || there.length === 0) {
        const price = Math.floor(next() * 100)
        there.push(price)
        waiting.add(price, price)
      } else {
        const highest = Math.max(...there)
        assert.strictEqual(waiting.next, highest)
        assert.strictEqual(waiting.take(), highest)
        there.splice(there.indexOf(highest), 1)
      }
    }
    while (there.length > 0) there.splice(there.indexOf(waiting.take()), 1)
    assert.strictEqual(waiting.next, -Infinity)
  })
})

describe("the range of the last candles", () => {
  it("is that of as many as there may be, and no more", () => {
    const { close, high, low, open } = candles(500, 3)
    for (const size of [1, 7, 40]) {
      const range = new Range(size)
      for (let row = 0; row < 500; row++) {
        range.push({ row, open: open[row]!, high: high[row]!, low: low[row]!, close: close[row]! })
        const from = Math.max(0, row - size + 1)
        const expected = Math.max(...high.subarray(from, row + 1)) - Math.min(...low.subarray(from, row + 1))
        assert.strictEqual(range.value, expected, `${size} candles, row ${row}`)
      }
    }
  })
})
