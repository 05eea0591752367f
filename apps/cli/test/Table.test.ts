import { assert, describe, it } from "@effect/vitest"
import { count } from "../src/view/Format.ts"
import { render } from "../src/view/Table.ts"

const lines = (...args: Parameters<typeof render>): ReadonlyArray<string> => render(...args).split("\n")

describe("A table", () => {
  it("has columns as wide as their widest cell, and no blanks at the end of a line", () => {
    assert.deepStrictEqual(
      lines(
        ["symbol", "rows", ""],
        [
          ["BTC/USDT", "7", "x"],
          ["A", "12,345", ""]
        ]
      ),
      ["symbol    rows", "BTC/USDT  7       x", "A         12,345"]
    )
  })

  it("aligns the columns it is told to the right", () => {
    assert.deepStrictEqual(lines(["rows", "of"], [["7", "A"]], { right: [0] }), ["rows  of", "   7  A"])
  })

  it("takes two columns for what is wide, and none for what is not seen", () => {
    assert.deepStrictEqual(
      lines(
        ["file", "rows"],
        [
          ["歴史.csv", "1"],
          ["e\u0301t\u00E9.csv", "2"],
          ["✓ ◐ ✗ ·", "3"]
        ]
      ),
      ["file      rows", "歴史.csv  1", "e\u0301t\u00E9.csv   2", "✓ ◐ ✗ ·   3"]
    )
  })

  it("keeps a cell on its line, and a terminal from acting on it", () => {
    assert.deepStrictEqual(lines(["a\tb", "c"], [["\u001B[31mx\r\ny", "z"]]), ["a b       c", " [31mx y  z"])
  })
})

describe("A figure", () => {
  it("has a comma at every thousand", () => {
    assert.deepStrictEqual(
      [0, 12, 999.5, 1_234, -123, -1_234, 123_456, 1_234_567, Number.MAX_SAFE_INTEGER].map(count),
      ["0", "12", "1,000", "1,234", "-123", "-1,234", "123,456", "1,234,567", "9,007,199,254,740,991"]
    )
  })
})
