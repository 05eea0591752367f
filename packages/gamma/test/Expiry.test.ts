import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import * as Day from "@tidemark/calendars/Day"
import { Expiry } from "@tidemark/gamma"
import { newYork } from "./chains.ts"

const moment = (instant: string, calendar = newYork) => Expiry.at(calendar, Date.parse(instant))

const isExpired = (instant: string, root: string, expiry: Day.Day): boolean => moment(instant).isExpired(root, expiry)

describe("a moment", () => {
  it("has the date of the exchange, and the session that it lies in or the last one before", () => {
    // 20:30 in New York.
    const evening = moment("2022-12-13T01:30:00Z")
    assert.strictEqual(evening.today, Day.make(2022, 12, 12))
    assert.strictEqual(evening.session, "2022-12-12")
    const night = moment("2022-12-13T09:00:00Z")
    assert.strictEqual(night.today, Day.make(2022, 12, 13))
    assert.strictEqual(night.session, "2022-12-12")
    assert.strictEqual(moment("2022-12-13T14:30:00Z").session, "2022-12-13")
    assert.strictEqual(moment("2022-12-11T15:00:00Z").session, "2022-12-09")
    assert.strictEqual(moment("2022-12-13T01:30:00Z", Calendars.get("24/7")).today, Day.make(2022, 12, 13))
    assert.throws(() => moment("2150-01-01T00:00:00Z"), RangeError)
  })
})

describe("a contract", () => {
  const [thursday, friday] = [Day.make(2024, 6, 20), Day.make(2024, 6, 21)]

  it("ends with the session of its date", () => {
    assert.isFalse(isExpired("2024-06-20T19:59:59.999Z", "SPY", thursday))
    assert.isTrue(isExpired("2024-06-20T20:00:00Z", "SPY", thursday))
    assert.isTrue(isExpired("2024-06-21T04:00:00Z", "SPY", thursday))
    assert.isFalse(isExpired("2024-06-20T20:00:00Z", "SPY", friday))
    // A short day: the market closes at 13:00.
    assert.isTrue(isExpired("2024-11-29T18:00:00Z", "SPY", Day.make(2024, 11, 29)))
    assert.isFalse(isExpired("2024-11-29T17:59:00Z", "SPY", Day.make(2024, 11, 29)))
  })

  it("ends with the session before where there is none on its date", () => {
    const saturday = Day.make(2024, 6, 22)
    assert.isFalse(isExpired("2024-06-21T19:00:00Z", "SPY", saturday))
    assert.isTrue(isExpired("2024-06-21T20:00:00Z", "SPY", saturday))
    // Good Friday.
    const goodFriday = Day.make(2025, 4, 18)
    assert.isFalse(isExpired("2025-04-17T19:00:00Z", "SPY", goodFriday))
    assert.isTrue(isExpired("2025-04-17T20:00:00Z", "SPY", goodFriday))
    assert.isFalse(isExpired("2025-04-17T20:00:00Z", "SPY", Day.make(2025, 4, 21)))
  })

  it("that settles by opening prices ends as the session of the third Friday opens", () => {
    const third = Day.make(2024, 6, 21)
    for (const root of ["SPX", "RUT", "NDX"]) {
      assert.isFalse(isExpired("2024-06-21T13:29:00Z", root, third))
      assert.isTrue(isExpired("2024-06-21T13:30:00Z", root, third))
      // Another Friday.
      assert.isFalse(isExpired("2024-06-28T15:00:00Z", root, Day.make(2024, 6, 28)))
    }
    for (const root of ["SPXW", "RUTW", "SPY"]) assert.isFalse(isExpired("2024-06-21T15:00:00Z", root, third))
    // The market is closed on the third Friday: they settle on Thursday, written either way.
    for (const day of [17, 18]) {
      assert.isTrue(isExpired("2025-04-17T15:00:00Z", "SPX", Day.make(2025, 4, day)))
      assert.isFalse(isExpired("2025-04-17T15:00:00Z", "SPXW", Day.make(2025, 4, day)))
    }
    // All of VIX do, and they end on Wednesdays.
    assert.isTrue(isExpired("2024-06-18T13:30:00Z", "VIX", Day.make(2024, 6, 18)))
  })

  it("of a market that never closes ends with the UTC day", () => {
    const crypto = Calendars.get("24/7")
    assert.isFalse(moment("2024-06-20T23:59:00Z", crypto).isExpired("BTC", thursday))
    assert.isTrue(moment("2024-06-21T00:00:00Z", crypto).isExpired("BTC", thursday))
  })
})
