import { assert, describe, it } from "@effect/vitest"
import { Instant } from "@tidemark/core"
import { Option } from "effect"

const utc = (text: string) => Date.parse(text)

describe("Instant", () => {
  it("reads dates and times, UTC unless they say otherwise", () => {
    const cases = {
      "2020-01-31": "2020-01-31T00:00:00Z",
      "2020-02-29": "2020-02-29T00:00:00Z",
      "2020-06-28T02:00Z": "2020-06-28T02:00:00Z",
      "2020-06-28T02:00": "2020-06-28T02:00:00Z",
      "2020-06-28 02:00:30": "2020-06-28T02:00:30Z",
      "2020-06-28T02:00:00.250Z": "2020-06-28T02:00:00.250Z",
      "2020-06-28T02:00:00+02:00": "2020-06-28T00:00:00Z"
    }
    for (const [text, expected] of Object.entries(cases)) {
      assert.deepStrictEqual(Instant.parse(text), Option.some(utc(expected)), text)
    }
  })

  it("never rolls a date that does not exist over to one that does", () => {
    for (const text of ["2023-02-29", "2023-02-30", "2023-13-01", "2023-00-10", "2023-04-31", "2020-01-01T24:30Z"]) {
      assert.deepStrictEqual(Instant.parse(text), Option.none(), text)
    }
  })

  it("refuses what is no date", () => {
    for (const text of ["", "yesterday", "2020", "01/02/2020", "20200101", "1577836800000", "2020-1-1"]) {
      assert.deepStrictEqual(Instant.parse(text), Option.none(), text)
    }
  })

  it("is written as short as it can be read again", () => {
    for (const text of ["2020-06-28T02:00Z", "2020-06-28T02:00:30Z", "2020-06-28T02:00:30.250Z", "1969-12-31T23:59Z"]) {
      assert.strictEqual(Instant.format(utc(text)), text)
      assert.deepStrictEqual(Instant.parse(text), Option.some(utc(text)))
    }
    assert.strictEqual(Instant.formatDate(utc("2020-06-28T23:59:59Z")), "2020-06-28")
  })
})
