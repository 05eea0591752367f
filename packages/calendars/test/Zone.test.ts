import { assert, describe, it } from "@effect/vitest"
import { DateTime, Schema } from "effect"
import {
  easter,
  format,
  lastWeekday,
  make as makeDay,
  millisPerDay,
  nthWeekday,
  toParts,
  weekday,
  weekIndex
} from "../src/Day.ts"
import { make as makeZone, newYork } from "../src/Zone.ts"

const first = makeDay(1969, 1, 1)
const last = makeDay(2101, 12, 31)
const zones = {
  "America/New_York": newYork(),
  "Europe/London": makeZone("Europe/London", first, last),
  "Asia/Kolkata": makeZone("Asia/Kolkata", first, last),
  "Australia/Sydney": makeZone("Australia/Sydney", first, last)
}

const Day = Schema.Int.check(Schema.isBetween({ minimum: first, maximum: last }))

describe("Zone", () => {
  it.prop(
    "agrees with Effect's own conversion of wall time",
    {
      name: Schema.Literals(Object.keys(zones) as Array<keyof typeof zones>),
      day: Day,
      minute: Schema.Int.check(Schema.isBetween({ minimum: -420, maximum: 1_439 }))
    },
    ({ day, minute, name }) => {
      const wall = DateTime.makeUnsafe(day * millisPerDay + minute * 60_000)
      const expected = DateTime.makeZonedUnsafe(wall, { timeZone: name, adjustForTimeZone: true })
      assert.strictEqual(zones[name].toUtc(day, minute), DateTime.toEpochMillis(expected))
    },
    { arbitrary: { runs: 2_000 } }
  )

  it("takes the offset before a change for times that it skips or repeats", () => {
    const skipped = newYork().toUtc(makeDay(2024, 3, 10), 2 * 60 + 30)
    assert.strictEqual(skipped, Date.parse("2024-03-10T07:30Z"))
    const repeated = newYork().toUtc(makeDay(2024, 11, 3), 60 + 30)
    assert.strictEqual(repeated, Date.parse("2024-11-03T05:30Z"))
  })
})

describe("Day", () => {
  it.prop("reads and writes dates as the platform does", { day: Day }, ({ day }) => {
    const date = new Date(day * millisPerDay)
    const { dayOfMonth, month, year } = toParts(day)
    assert.strictEqual(format(day), date.toISOString().slice(0, 10))
    assert.strictEqual(makeDay(year, month, dayOfMonth), day)
    assert.strictEqual((weekday(day) + 1) % 7, date.getUTCDay())
  })

  it("begins weeks on Monday", () => {
    assert.strictEqual(weekIndex(makeDay(2024, 6, 30)) + 1, weekIndex(makeDay(2024, 7, 1)))
    assert.strictEqual(weekIndex(makeDay(2024, 7, 1)), weekIndex(makeDay(2024, 7, 7)))
  })

  it("finds movable days", () => {
    const easters = ["1970-03-29", "1981-04-19", "2008-03-23", "2038-04-25", "2024-03-31", "2100-03-28"]
    assert.deepStrictEqual(
      easters.map((text) => format(easter(Number(text.slice(0, 4))))),
      easters
    )
    assert.strictEqual(format(nthWeekday(2024, 11, 4, 3)), "2024-11-28")
    assert.strictEqual(format(nthWeekday(2024, 9, 1, 0)), "2024-09-02")
    assert.strictEqual(format(lastWeekday(2024, 5, 0)), "2024-05-27")
    assert.strictEqual(format(lastWeekday(2024, 12, 1)), "2024-12-31")
  })
})
