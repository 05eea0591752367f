import { assert, describe, it } from "@effect/vitest"
import type { Timeframe } from "@tidemark/core"
import { Calendars } from "../src/index.ts"

const calendar = Calendars.get("24/7")
const iso = (instant: number): string => new Date(instant).toISOString().slice(0, 16)
const opens = (timeframe: Timeframe.Timeframe, from: string, to: string): Array<string> =>
  [...calendar.openTimes(timeframe, { from: Date.parse(from), to: Date.parse(to) })].map(iso)

describe("24/7", () => {
  it("cuts the UTC day into intraday candles", () => {
    assert.deepStrictEqual(opens("8h", "2024-03-10T01:00Z", "2024-03-11T00:00Z"), [
      "2024-03-10T08:00",
      "2024-03-10T16:00"
    ])
    assert.deepStrictEqual(opens("12h", "2024-03-10T00:00Z", "2024-03-11T00:00Z"), [
      "2024-03-10T00:00",
      "2024-03-10T12:00"
    ])
    assert.strictEqual(opens("1m", "2024-03-10T00:00Z", "2024-03-11T00:00Z").length, 1_440)
  })

  it("opens weeks on Monday and months on the first, 00:00 UTC", () => {
    assert.deepStrictEqual(opens("1w", "2023-12-31T00:00Z", "2024-01-09T00:00Z"), [
      "2024-01-01T00:00",
      "2024-01-08T00:00"
    ])
    assert.deepStrictEqual(opens("1M", "2023-11-02T00:00Z", "2024-03-02T00:00Z"), [
      "2023-12-01T00:00",
      "2024-01-01T00:00",
      "2024-02-01T00:00",
      "2024-03-01T00:00"
    ])
    assert.strictEqual(iso(calendar.closeOf("1M", Date.parse("2024-02-01T00:00Z"))), "2024-03-01T00:00")
    assert.strictEqual(iso(calendar.closeOf("1w", Date.parse("2024-01-01T00:00Z"))), "2024-01-08T00:00")
  })

  it("has every UTC day as a session", () => {
    const sessions = calendar.sessions({ from: Date.parse("2024-02-28T23:59Z"), to: Date.parse("2024-03-01T00:00Z") })
    assert.deepStrictEqual(
      sessions.map(({ date, open, close }) => [date, iso(open), iso(close)]),
      [
        ["2024-02-28", "2024-02-28T00:00", "2024-02-29T00:00"],
        ["2024-02-29", "2024-02-29T00:00", "2024-03-01T00:00"]
      ]
    )
  })
})
