import { assert, describe, it } from "@effect/vitest"
import type { Timeframe } from "@tidemark/core"
import { Calendars } from "../src/index.ts"

const calendar = Calendars.get("24/5")
const iso = (instant: number): string => new Date(instant).toISOString().slice(0, 16)
const interval = (from: string, to: string) => ({ from: Date.parse(`${from}Z`), to: Date.parse(`${to}Z`) })
const opens = (timeframe: Timeframe.Timeframe, from: string, to: string): Array<string> =>
  [...calendar.openTimes(timeframe, interval(from, to))].map(iso)

describe("24/5", () => {
  it("closes on Friday and opens on Sunday at 17:00 New York, an hour apart in UTC over the year", () => {
    const weekends: ReadonlyArray<readonly [friday: string, sunday: string]> = [
      ["2024-01-05T22:00", "2024-01-07T22:00"],
      ["2024-03-08T22:00", "2024-03-10T21:00"],
      ["2024-07-05T21:00", "2024-07-07T21:00"],
      ["2024-11-01T21:00", "2024-11-03T22:00"]
    ]
    for (const [friday, sunday] of weekends) {
      assert.isTrue(calendar.isOpen(Date.parse(`${friday}Z`) - 1))
      assert.isFalse(calendar.isOpen(Date.parse(`${friday}Z`)))
      assert.isFalse(calendar.isOpen(Date.parse(`${sunday}Z`) - 1))
      assert.isTrue(calendar.isOpen(Date.parse(`${sunday}Z`)))
      assert.strictEqual(iso(calendar.openAtOrAfter("1m", Date.parse(`${friday}Z`))), sunday)
    }
  })

  it("dates a session by the day on which it closes", () => {
    const sessions = calendar.sessions(interval("2024-07-05T20:00", "2024-07-08T21:00"))
    assert.deepStrictEqual(
      sessions.map(({ date, open, close }) => [date, iso(open), iso(close)]),
      [
        ["2024-07-05", "2024-07-04T21:00", "2024-07-05T21:00"],
        ["2024-07-08", "2024-07-07T21:00", "2024-07-08T21:00"]
      ]
    )
  })

  it("cuts sessions of 24 hours from 17:00, and weeks from Sunday evening to Friday", () => {
    assert.deepStrictEqual(opens("8h", "2024-07-07T00:00", "2024-07-08T21:00"), [
      "2024-07-07T21:00",
      "2024-07-08T05:00",
      "2024-07-08T13:00"
    ])
    assert.deepStrictEqual(opens("1w", "2024-07-01T00:00", "2024-07-15T00:00"), [
      "2024-07-07T21:00",
      "2024-07-14T21:00"
    ])
    assert.strictEqual(iso(calendar.closeOf("1w", Date.parse("2024-07-07T21:00Z"))), "2024-07-12T21:00")
  })

  it("counts the Sunday evening before a month's first Monday to that month", () => {
    // 2024-07-01 is a Monday: its session opens on Sunday, 30 June.
    assert.strictEqual(iso(calendar.openAtOrBefore("1M", Date.parse("2024-07-15T00:00Z"))), "2024-06-30T21:00")
    assert.strictEqual(iso(calendar.closeOf("1M", Date.parse("2024-06-30T21:00Z"))), "2024-07-31T21:00")
  })
})
