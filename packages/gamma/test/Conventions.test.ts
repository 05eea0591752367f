import { assert, describe, it } from "@effect/vitest"
import * as Day from "@tidemark/calendars/Day"
import { Conventions } from "@tidemark/gamma"
import { Schema } from "effect"

const years = (today: Day.Day, expiry: Day.Day): number => Conventions.yearsBetween("weekdays/262", today, expiry)

const days = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

describe("the years to an expiry", () => {
  const [friday, saturday, monday] = [Day.make(2022, 12, 16), Day.make(2022, 12, 17), Day.make(2022, 12, 19)]

  it("are weekdays, of which today counts and the expiry does not", () => {
    assert.strictEqual(years(Day.make(2022, 12, 12), friday), 4 / 262)
    assert.strictEqual(years(friday, monday), 1 / 262)
    assert.strictEqual(years(friday, Day.make(2022, 12, 20)), 2 / 262)
    // numpy.busday_count("2022-12-12", "2024-12-20"): holidays count.
    assert.strictEqual(years(Day.make(2022, 12, 12), Day.make(2024, 12, 20)), 529 / 262)
  })

  it("are never less than one day: what expires today has one", () => {
    assert.strictEqual(years(friday, friday), 1 / 262)
    assert.strictEqual(years(saturday, monday), 1 / 262)
    assert.strictEqual(Conventions.yearsBetween("days/365", friday, friday), 1 / 365)
  })

  it("are all days of a market that never closes", () => {
    assert.strictEqual(Conventions.standard("24/7").dayCount, "days/365")
    assert.strictEqual(Conventions.standard("XNYS").dayCount, "weekdays/262")
    assert.strictEqual(Conventions.yearsBetween("days/365", friday, monday), 3 / 365)
  })

  it.prop("are those of a plain count from day to day", { today: days(-800, 30_000), more: days(1, 900) }, (input) => {
    const { more, today } = input
    let count = 0
    for (let day = today; day < today + more; day++) if (Day.weekday(day) < 5) count++
    assert.strictEqual(years(today, today + more), Math.max(1, count) / 262)
  })
})

describe("conventions", () => {
  it("are told in words with every row", () => {
    assert.strictEqual(
      Conventions.describe(Conventions.standard("XNYS")),
      "rate=0 dividendYield=0 years=weekdays/262 sameDay=1 settledAtOpen=SPX,RUT,NDX,VIX volatility=0.0001..5 profile=60@0.8..1.2"
    )
    assert.include(Conventions.describe({ rate: 0.05, dividendYield: 0.01, dayCount: "days/365" }), "rate=0.05 ")
  })
})
