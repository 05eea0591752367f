import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { type Calendar, Instant } from "@tidemark/core"
import { Slots } from "@tidemark/gamma/history"
import { Schema } from "effect"

const at = (text: string): number => Date.parse(text)
const newYork = Calendars.get("XNYS")
const always = Calendars.get("24/7")
const moments = (calendar: Calendar.Calendar, from: string, to: string) =>
  Slots.of(calendar, { from: at(from), to: at(to) }).map((slot) => Instant.format(slot.at))

describe("the slots of a session", () => {
  it("are at 9:45, 11:45, 13:45 and 15:45 of a whole day in New York, in summer and winter", () => {
    assert.deepStrictEqual(moments(newYork, "2024-06-03", "2024-06-04"), [
      "2024-06-03T13:45Z",
      "2024-06-03T15:45Z",
      "2024-06-03T17:45Z",
      "2024-06-03T19:45Z"
    ])
    assert.deepStrictEqual(moments(newYork, "2024-01-08T16:00Z", "2024-01-08T18:45Z"), ["2024-01-08T16:45Z"])
  })

  it("are four of half a day too, and none of a holiday or a weekend", () => {
    assert.deepStrictEqual(moments(newYork, "2024-11-28", "2024-12-02"), [
      "2024-11-29T14:45Z",
      "2024-11-29T15:45Z",
      "2024-11-29T16:45Z",
      "2024-11-29T17:45Z"
    ])
  })

  it("are four of every day around the clock", () => {
    assert.deepStrictEqual(moments(always, "2024-06-08", "2024-06-09"), [
      "2024-06-08T00:15Z",
      "2024-06-08T08:05Z",
      "2024-06-08T15:55Z",
      "2024-06-08T23:45Z"
    ])
  })

  const Moment = Schema.Int.check(Schema.isBetween({ minimum: at("2019-01-01"), maximum: at("2025-01-01") }))
  for (const calendar of [newYork, always]) {
    it.prop(
      `of ${calendar.id} share out the days of sessions from their opens on: a moment lies in the one that is nearest`,
      [Moment],
      ([moment]) => {
        const near = Slots.of(calendar, { from: moment - 20 * 86_400_000, to: moment + 20 * 86_400_000 })
        for (const [i, { from }] of near.entries()) if (i > 0) assert.isAtLeast(from, near[i - 1]!.to)
        const own = near.filter(({ from, to }) => moment >= from && moment < to)
        assert.deepStrictEqual(Slots.at(calendar, moment), own[0])
        const date = new Intl.DateTimeFormat("en-CA", { timeZone: calendar.timeZone }).format(moment)
        const session = calendar
          .sessions({ from: moment - 86_400_000, to: moment + 86_400_000 })
          .find((one) => one.date === date && one.open <= moment)
        assert.deepStrictEqual(
          own.map((slot) => slot.session),
          session === undefined ? [] : [session.date]
        )
        for (const other of near) {
          if (own[0] === undefined || other.session !== own[0].session) continue
          assert.isAtLeast(Math.abs(other.at - moment), Math.abs(own[0].at - moment))
        }
      },
      { arbitrary: { runs: 200 } }
    )
  }
})
