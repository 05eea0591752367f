import { assert, describe, it } from "@effect/vitest"
import { Calendar, type Interval, Timeframe } from "@tidemark/core"
import { Schema } from "effect"
import { Calendars } from "../src/index.ts"

const day = 86_400_000
const utc = (text: string): number => Date.parse(text)
const ids = Calendar.CalendarId.literals
const timeframes = Timeframe.all.filter((timeframe) => timeframe !== "1s")
const calendars = ids.map(Calendars.get)

/** Any millisecond from 1970 to 2100, or, every other time, a round quarter of an hour: edges are where mistakes are. */
const Instant = Schema.Struct({
  quarters: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: utc("2100-12-01") / 900_000 })),
  millis: Schema.Literals([0, 0, 1, -1, 59_999])
})
const instantOf = (value: typeof Instant.Type): number => Math.max(0, value.quarters * 900_000 + value.millis)

/** Up to `candles` nominal lengths, so that a case stays small at every timeframe. */
const intervalOf = (from: number, timeframe: Timeframe.Timeframe, candles: number): Interval.Interval => ({
  from,
  to: Math.min(utc("2100-12-31"), from + 1 + Math.round(candles * Timeframe.nominalMillis(timeframe)))
})

const Case = {
  id: Calendar.CalendarId,
  timeframe: Schema.Literals(timeframes),
  start: Instant,
  length: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 3_000 })),
  cut: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100 }))
}

const runs = { arbitrary: { runs: 400 } }

describe("every calendar", () => {
  it.prop(
    "lists opens that ascend, lie inside the interval and are as many as it counts",
    Case,
    ({ id, length, start, timeframe }) => {
      const calendar = Calendars.get(id)
      const interval = intervalOf(instantOf(start), timeframe, length)
      const opens = calendar.openTimes(timeframe, interval)
      assert.strictEqual(calendar.countOpens(timeframe, interval), opens.length)
      let previous = interval.from - 1
      for (const open of opens) {
        assert.isAbove(open, previous)
        previous = open
      }
      assert.isBelow(previous, interval.to)
    },
    runs
  )

  it.prop(
    "lists for an interval what it lists for its two parts",
    Case,
    ({ cut, id, length, start, timeframe }) => {
      const calendar = Calendars.get(id)
      const { from, to } = intervalOf(instantOf(start), timeframe, length)
      const middle = from + Math.floor(((to - from) * cut) / 100)
      const left = middle > from ? calendar.openTimes(timeframe, { from, to: middle }) : []
      const right = middle < to ? calendar.openTimes(timeframe, { from: middle, to }) : []
      assert.deepStrictEqual([...left, ...right], [...calendar.openTimes(timeframe, { from, to })])
    },
    runs
  )

  it.prop(
    "closes each candle by the open of the next one, while it is still a session",
    Case,
    ({ id, length, start, timeframe }) => {
      const calendar = Calendars.get(id)
      const opens = calendar.openTimes(timeframe, intervalOf(instantOf(start), timeframe, Math.min(length, 300)))
      opens.forEach((open, i) => {
        const close = calendar.closeOf(timeframe, open)
        assert.isAbove(close, open)
        if (i + 1 < opens.length) assert.isAtMost(close, opens[i + 1]!)
        assert.isTrue(calendar.isOpen(open))
        assert.isTrue(calendar.isOpen(close - 1))
      })
    },
    runs
  )

  it.prop(
    "finds the open before and after an instant as the list has them",
    Case,
    ({ id, start, timeframe }) => {
      const calendar = Calendars.get(id)
      const instant = instantOf(start)
      const before = calendar.openAtOrBefore(timeframe, instant)
      const after = calendar.openAtOrAfter(timeframe, instant)
      assert.isAtMost(before, instant)
      assert.isAtLeast(after, instant)
      const between = calendar.openTimes(timeframe, { from: before, to: after + 1 })
      assert.deepStrictEqual([...between], before === after ? [before] : [before, after])
    },
    runs
  )

  it.prop(
    "has the same sessions, minutes and open hours",
    Case,
    ({ id, start }) => {
      const calendar = Calendars.get(id)
      const from = instantOf(start)
      const interval = { from, to: from + 9 * day }
      const sessions = calendar.sessions(interval)
      for (const session of sessions) {
        assert.isTrue(session.close > interval.from && session.open < interval.to)
        assert.isTrue(calendar.isOpen(session.open) && calendar.isOpen(session.close - 1))
        assert.strictEqual(calendar.closeOf("1d", session.open), session.close)
      }
      const minutesOfSessions = sessions.flatMap(({ close, open }) =>
        Array.from({ length: (close - open) / 60_000 }, (_, i) => open + i * 60_000)
      )
      assert.deepStrictEqual(
        [...calendar.openTimes("1m", interval)],
        minutesOfSessions.filter((open) => open >= interval.from && open < interval.to)
      )
    },
    { arbitrary: { runs: 60 } }
  )

  it.prop(
    "cuts every longer candle into whole minutes, without gap or overlap",
    { ...Case, timeframe: Schema.Literals(timeframes.filter((timeframe) => timeframe !== "1m")) },
    ({ id, start, timeframe }) => {
      const calendar = Calendars.get(id)
      const first = calendar.openAtOrBefore(timeframe, instantOf(start))
      const second = calendar.openAtOrAfter(timeframe, first + 1)
      const close = calendar.closeOf(timeframe, first)
      const minutes = calendar.openTimes("1m", { from: first, to: second })
      assert.strictEqual(minutes[0], first)
      assert.strictEqual(calendar.closeOf("1m", minutes.at(-1)!), close)
    },
    runs
  )

  it.prop(
    "knows no candle at an instant that is not on the grid",
    Case,
    ({ id, start, timeframe }) => {
      const calendar = Calendars.get(id)
      const instant = instantOf(start)
      if (calendar.openAtOrBefore(timeframe, instant) === instant) return
      assert.throws(() => calendar.closeOf(timeframe, instant), RangeError)
    },
    runs
  )
})

describe("Calendars", () => {
  it("gives one calendar an id", () => {
    for (const id of ids) {
      assert.strictEqual(Calendars.get(id).id, id)
      assert.strictEqual(Calendars.get(id), Calendars.get(id))
    }
  })

  it("refuses years that it does not know instead of guessing", () => {
    for (const calendar of calendars) {
      for (const instant of [utc("1960-01-01"), utc("2150-01-01"), NaN, Infinity, -Infinity]) {
        assert.throws(() => calendar.isOpen(instant), RangeError)
        assert.throws(() => calendar.openAtOrBefore("1h", instant), RangeError)
        assert.throws(() => calendar.openAtOrAfter("1d", instant), RangeError)
        assert.throws(() => calendar.closeOf("1m", instant), RangeError)
      }
      const beyond = { from: 0, to: Number.MAX_SAFE_INTEGER }
      assert.throws(() => calendar.countOpens("1m", beyond), RangeError)
      assert.throws(() => calendar.openTimes("1m", beyond), RangeError)
      assert.throws(() => calendar.sessions(beyond), RangeError)
    }
  })

  it("answers at both ends of 1970 to 2100, whole weeks and months included", () => {
    const whole = { from: 0, to: utc("2101-01-01") }
    for (const calendar of calendars) {
      for (const timeframe of timeframes) {
        assert.isAtLeast(calendar.countOpens(timeframe, whole), 1_571)
        assert.isBelow(calendar.openAtOrBefore(timeframe, whole.from), whole.from + 1)
        assert.isAtLeast(calendar.openAtOrAfter(timeframe, whole.to), whole.to)
      }
    }
    const week = Calendars.get("XNYS").openAtOrBefore("1w", utc("1970-01-01"))
    assert.strictEqual(week, utc("1969-12-29T14:30Z"))
  })

  it("gives nothing for an interval without an open", () => {
    const saturday = { from: utc("2024-07-06T00:00Z"), to: utc("2024-07-07T00:00Z") }
    for (const id of ["XNYS", "24/5"] as const) {
      const calendar = Calendars.get(id)
      assert.strictEqual(calendar.sessions(saturday).length, 0)
      assert.strictEqual(calendar.openTimes("1m", saturday).length, 0)
      assert.strictEqual(calendar.countOpens("1m", saturday), 0)
    }
  })

  it("counts the candles of 300 symbols in eight timeframes without building them", () => {
    const year: Interval.Interval = { from: utc("2023-03-01T10:17Z"), to: utc("2024-03-01T10:17Z") }
    const countAll = (calendar: Calendar.Calendar): number => {
      let sum = 0
      for (let symbol = 0; symbol < 300; symbol++) {
        for (const timeframe of Timeframe.standard) sum += calendar.countOpens(timeframe, year)
      }
      return sum
    }
    for (const calendar of calendars) countAll(calendar)
    const started = performance.now()
    for (const calendar of calendars) countAll(calendar)
    // Some milliseconds; building the columns instead takes seconds.
    assert.isBelow(performance.now() - started, 300)
  })
})
