import { assert, describe, it } from "@effect/vitest"
import { Retention } from "@tidemark/backfill"
import { Calendars } from "@tidemark/calendars"
import { Calendar, Timeframe } from "@tidemark/core"
import { Schema } from "effect"

const dayMillis = 86_400_000
const utc = (text: string) => Date.parse(text)
const termOf = (timeframe: Timeframe.Timeframe, settings: Retention.Settings = {}, symbol = "BTC/USDT") =>
  Retention.termOf(settings, { symbol, timeframe })

describe("Retention", () => {
  it("keeps minutes a year, up to hours two, and longer candles forever; others as the one that is nearest", () => {
    assert.deepStrictEqual(
      Timeframe.all.map((timeframe) => [timeframe, termOf(timeframe)]),
      [
        ["1s", "12 months"],
        ["1m", "12 months"],
        ["3m", "12 months"],
        ["5m", "12 months"],
        ["15m", "24 months"],
        ["30m", "24 months"],
        ["1h", "24 months"],
        // As near to an hour as to four: the longer.
        ["2h", "forever"],
        ["4h", "forever"],
        ["6h", "forever"],
        ["8h", "forever"],
        ["12h", "forever"],
        ["1d", "forever"],
        ["1w", "forever"],
        ["1M", "forever"]
      ]
    )
  })

  it("what is said of a symbol counts before what is said of all, and of a timeframe before the one that is nearest", () => {
    const settings: Retention.Settings = {
      "1m": "6 months",
      "1d": "10 years",
      symbols: { "BTC/USDT": { "1m": "forever", "1M": "9 years" } }
    }
    assert.strictEqual(termOf("1m", settings), "forever")
    assert.strictEqual(termOf("1m", settings, "ETH/USDT"), "6 months")
    assert.strictEqual(termOf("1s", settings), "forever")
    assert.strictEqual(termOf("1s", settings, "ETH/USDT"), "6 months")
    assert.strictEqual(termOf("12h", settings), "10 years")
    assert.strictEqual(termOf("1M", settings), "9 years")
    assert.strictEqual(termOf("5m", settings), "12 months")
  })

  it("months are those of the calendar, and what is kept begins with a day", () => {
    const cutoff = (term: Retention.Term, now: string, timeframe: Timeframe.Timeframe = "1m") =>
      Retention.cutoff(term, Calendars.get("24/7"), timeframe, utc(now))
    assert.strictEqual(cutoff("12 months", "2024-02-29T13:37Z"), utc("2023-02-28T00:00Z"))
    assert.strictEqual(cutoff("1 month", "2023-03-31T00:00Z"), utc("2023-02-28T00:00Z"))
    assert.strictEqual(cutoff("90 days", "2024-06-12T23:59Z"), utc("2024-03-14T00:00Z"))
    assert.strictEqual(cutoff("2 years", "2024-06-12T10:30Z"), utc("2022-06-12T00:00Z"))
    assert.strictEqual(cutoff("8 weeks", "2024-06-12T10:30Z"), utc("2024-04-17T00:00Z"))
    assert.strictEqual(cutoff("8 weeks", "2024-06-13T10:30Z"), utc("2024-04-18T00:00Z"))
    assert.strictEqual(cutoff("12 months", "2024-06-13T10:30Z"), utc("2023-06-13T00:00Z"))
    // A Wednesday: its week is kept whole.
    assert.strictEqual(cutoff("8 weeks", "2024-06-12T10:30Z", "1w"), utc("2024-04-15T00:00Z"))
    assert.isUndefined(cutoff("forever", "2024-06-12T10:30Z"))
    assert.isUndefined(cutoff("900 years", "2024-06-12T10:30Z"))
    const share = Retention.cutoff("1 day", Calendars.get("XNYS"), "1m", utc("2024-06-10T10:30Z"))
    // A Sunday: nothing of Friday is kept, and Monday is kept from its open.
    assert.strictEqual(share, utc("2024-06-10T13:30Z"))
  })

  it.prop(
    "every candle before the cut was over when the first day began, the first one kept was not, and time only goes on",
    {
      id: Calendar.CalendarId,
      timeframe: Timeframe.Timeframe,
      amount: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 400 })),
      unit: Schema.Literals(["day", "week", "month"]),
      minute: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 60 * 24 * 900 })),
      later: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 60 * 24 * 3 }))
    },
    ({ amount, id, later, minute, timeframe, unit }) => {
      const calendar = Calendars.get(id)
      const now = utc("2024-01-15T00:00Z") + minute * 60_000
      const at = (instant: number) => Retention.cutoff(`${amount} ${unit}s`, calendar, timeframe, instant)!
      const cut = at(now)
      const day = Math.ceil(cut / dayMillis) * dayMillis
      assert.strictEqual(calendar.openAtOrAfter(timeframe, cut), cut, "it is an open")
      const before = calendar.openAtOrBefore(timeframe, cut - 1)
      const close = calendar.closeOf(timeframe, cut)
      // The day that is kept from lies behind the close of the last that goes, and before that of the first that stays.
      const since =
        unit === "month" ? undefined : (Math.floor(now / dayMillis) - amount * (unit === "week" ? 7 : 1)) * dayMillis
      if (since !== undefined) {
        assert.isAtMost(calendar.closeOf(timeframe, before), since)
        assert.isAbove(close, since)
      } else assert.isAtLeast(day, cut)
      assert.isAtLeast(at(now + later * 60_000), cut)
    },
    { arbitrary: { runs: 400 } }
  )

  it("takes the words that it names, and no others", () => {
    const isTerm = Schema.is(Retention.Term)
    for (const word of ["forever", "1 day", "90 days", "8 weeks", "1 month", "12 months", "2 years"]) {
      assert.isTrue(isTerm(word), word)
    }
    for (const word of [
      "",
      "0 days",
      "ever",
      "12",
      "12months",
      "-1 days",
      "1.5 years",
      "12 moons",
      "12 months ",
      "Forever"
    ]) {
      assert.isFalse(isTerm(word), word)
    }
  })
})
