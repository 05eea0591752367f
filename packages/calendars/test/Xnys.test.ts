import { assert, describe, it } from "@effect/vitest"
import type { Timeframe } from "@tidemark/core"
import { Calendars } from "../src/index.ts"

const calendar = Calendars.get("XNYS")
const iso = (instant: number): string => new Date(instant).toISOString().slice(0, 16)
const interval = (from: string, to: string) => ({ from: Date.parse(`${from}Z`), to: Date.parse(`${to}Z`) })
const dates = (from: string, to: string): Array<string> =>
  calendar.sessions(interval(`${from}T00:00`, `${to}T23:59`)).map((session) => session.date)
const hours = (date: string): Array<string> =>
  calendar
    .sessions(interval(`${date}T00:00`, `${date}T23:59`))
    .flatMap((session) => [iso(session.open).slice(11), iso(session.close).slice(11)])
const opens = (timeframe: Timeframe.Timeframe, from: string, to: string): Array<string> =>
  [...calendar.openTimes(timeframe, interval(from, to))].map(iso)

const winter = ["14:30", "21:00"]
const summer = ["13:30", "20:00"]

describe("XNYS sessions", () => {
  it("follow New York's clocks through the weeks in which they change", () => {
    assert.deepStrictEqual(hours("2024-03-08"), winter)
    assert.deepStrictEqual(hours("2024-03-11"), summer)
    assert.deepStrictEqual(hours("2024-11-01"), summer)
    assert.deepStrictEqual(hours("2024-11-04"), winter)
    // The energy crisis: daylight saving from January 1974.
    assert.deepStrictEqual(hours("1974-01-04"), winter)
    assert.deepStrictEqual(hours("1974-01-07"), summer)
    // Changes of the law: April to October before 2007, and still the last Sunday of April in 1986.
    assert.deepStrictEqual(hours("2006-03-31"), winter)
    assert.deepStrictEqual(hours("2006-04-03"), summer)
    assert.deepStrictEqual(hours("1986-04-25"), winter)
    assert.deepStrictEqual(hours("2099-07-01"), summer)
  })

  it("are short before holidays", () => {
    const cases: ReadonlyArray<readonly [string, string]> = [
      ["1990-12-24", "19:00"],
      ["1992-11-27", "19:00"],
      ["1993-11-26", "18:00"],
      ["1997-12-26", "18:00"],
      ["1999-12-31", "18:00"],
      ["2002-07-05", "17:00"],
      ["2012-07-03", "17:00"],
      ["2013-07-03", "17:00"],
      ["2015-11-27", "18:00"],
      ["2015-12-24", "18:00"],
      ["2024-07-03", "17:00"]
    ]
    for (const [date, close] of cases) assert.strictEqual(hours(date)[1], close, date)
    // No half day: Wednesday before 2013, Friday July 5 since, and the Friday before a Saturday.
    for (const date of ["1996-07-03", "2019-07-05", "2020-07-02", "1991-11-29"]) {
      assert.include(["20:00", "21:00"], hours(date)[1], date)
    }
  })

  it("are not held on holidays", () => {
    assert.deepStrictEqual(dates("2024-03-25", "2024-04-01"), [
      "2024-03-25",
      "2024-03-26",
      "2024-03-27",
      "2024-03-28",
      "2024-04-01"
    ])
    const goodFridays = ["1970-03-27", "2000-04-21", "2038-04-23"]
    const sinceSomeYear = ["1998-01-19", "2022-06-20", "2024-06-19", "2027-06-18"]
    const movedOrNot = [
      "1970-02-23",
      "1971-02-15",
      "1971-05-31",
      "2020-07-03",
      "2021-12-24",
      "2022-12-26",
      "2023-01-02"
    ]
    const elections = ["1972-11-07", "1976-11-02", "1980-11-04"]
    const closed = [...goodFridays, ...sinceSomeYear, ...movedOrNot, ...elections]
    for (const date of closed) assert.deepStrictEqual(dates(date, date), [], date)
    const open = ["1997-01-20", "2021-06-18", "2021-12-31", "1984-11-06", "1970-05-25", "2011-12-30"]
    for (const date of open) assert.deepStrictEqual(dates(date, date), [date])
  })

  it("were not held on days that no rule foretells", () => {
    assert.deepStrictEqual(dates("2001-09-10", "2001-09-17"), ["2001-09-10", "2001-09-17"])
    assert.deepStrictEqual(dates("2012-10-26", "2012-10-31"), ["2012-10-26", "2012-10-31"])
    const closed = ["1972-12-28", "1973-01-25", "1977-07-14", "1985-09-27", "1994-04-27", "2004-06-11"]
    for (const date of [...closed, "2007-01-02", "2018-12-05", "2025-01-09"]) {
      assert.deepStrictEqual(dates(date, date), [], date)
    }
  })

  it("number 250 in 2023, two of them short", () => {
    const year = interval("2023-01-01T00:00", "2024-01-01T00:00")
    assert.strictEqual(calendar.countOpens("1d", year), 250)
    assert.strictEqual(calendar.countOpens("1m", year), 250 * 390 - 2 * 180)
  })
})

describe("XNYS candles", () => {
  it("are counted from the open of the session", () => {
    assert.deepStrictEqual(
      opens("1h", "2024-07-02T00:00", "2024-07-03T00:00").map((open) => open.slice(11)),
      ["13:30", "14:30", "15:30", "16:30", "17:30", "18:30", "19:30"]
    )
    assert.strictEqual(iso(calendar.closeOf("1h", Date.parse("2024-07-02T19:30Z"))), "2024-07-02T20:00")
    assert.deepStrictEqual(opens("4h", "2024-07-02T00:00", "2024-07-04T00:00"), [
      "2024-07-02T13:30",
      "2024-07-02T17:30",
      "2024-07-03T13:30"
    ])
    assert.strictEqual(iso(calendar.closeOf("4h", Date.parse("2024-07-02T17:30Z"))), "2024-07-02T20:00")
    assert.strictEqual(iso(calendar.closeOf("4h", Date.parse("2024-07-03T13:30Z"))), "2024-07-03T17:00")
  })

  it("of a day, a week and a month open and close with their sessions", () => {
    assert.strictEqual(iso(calendar.closeOf("1d", Date.parse("2024-07-03T13:30Z"))), "2024-07-03T17:00")
    // Good Friday shortens the last week of March 2024, Easter does not touch Monday.
    assert.deepStrictEqual(opens("1w", "2024-03-20T00:00", "2024-04-02T00:00"), [
      "2024-03-25T13:30",
      "2024-04-01T13:30"
    ])
    assert.strictEqual(iso(calendar.closeOf("1w", Date.parse("2024-03-25T13:30Z"))), "2024-03-28T20:00")
    // A week whose Monday is a holiday opens on Tuesday.
    assert.strictEqual(iso(calendar.openAtOrAfter("1w", Date.parse("2024-05-26T00:00Z"))), "2024-05-28T13:30")
    // A month opens in winter time and closes in summer time.
    assert.strictEqual(iso(calendar.closeOf("1M", Date.parse("2024-03-01T14:30Z"))), "2024-03-28T20:00")
  })

  it("overnight: the last one before, the first one after", () => {
    const midnight = Date.parse("2024-07-06T04:00Z")
    assert.strictEqual(iso(calendar.openAtOrBefore("15m", midnight)), "2024-07-05T19:45")
    assert.strictEqual(iso(calendar.openAtOrAfter("15m", midnight)), "2024-07-08T13:30")
    assert.isFalse(calendar.isOpen(Date.parse("2024-07-05T20:00Z")))
    assert.isTrue(calendar.isOpen(Date.parse("2024-07-05T19:59Z")))
  })
})
