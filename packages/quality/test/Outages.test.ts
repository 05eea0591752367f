import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { Interval, type Outage, type Timeframe } from "@tidemark/core"
import { Outages } from "@tidemark/quality"
import { Schema } from "effect"

const calendar = Calendars.get("24/7")
const minute = 60_000
const at = (text: string) => Date.parse(`${text}:00Z`)

const known = (from: string, to: string): Outage.Outage => ({
  venue: "v",
  from: at(from),
  to: at(to),
  origin: "known",
  evidence: "it was announced"
})

/** What is explained of a run, as text. */
const explained = (
  timeframe: Timeframe.Timeframe,
  run: readonly [string, string],
  ...outages: ReadonlyArray<Outage.Outage>
) =>
  Outages.explain(calendar, timeframe, { from: at(run[0]), to: at(run[1]) }, outages).map(
    ({ interval, outage }) => `${outage === undefined ? "?" : "outage"} ${Interval.format(interval)}`
  )

describe("an outage", () => {
  const down = known("2020-06-28T02:00", "2020-06-28T05:30")

  it("explains the candles that lie in it from open to close, and no other", () => {
    assert.deepStrictEqual(explained("1h", ["2020-06-28T02:00", "2020-06-28T05:00"], down), [
      "outage 2020-06-28T02:00Z → 2020-06-28T05:00Z"
    ])
    // The candle of five o'clock had half an hour to trade in.
    assert.deepStrictEqual(explained("1h", ["2020-06-28T01:00", "2020-06-28T07:00"], down), [
      "? 2020-06-28T01:00Z → 2020-06-28T02:00Z",
      "outage 2020-06-28T02:00Z → 2020-06-28T05:00Z",
      "? 2020-06-28T05:00Z → 2020-06-28T07:00Z"
    ])
    assert.deepStrictEqual(explained("1d", ["2020-06-28T00:00", "2020-06-29T00:00"], down), [
      "? 2020-06-28T00:00Z → 2020-06-29T00:00Z"
    ])
  })

  it("that another has explained already explains nothing twice", () => {
    assert.deepStrictEqual(
      explained("1m", ["2020-06-28T02:00", "2020-06-28T06:00"], down, known("2020-06-28T05:00", "2020-06-28T05:45")),
      [
        "outage 2020-06-28T02:00Z → 2020-06-28T05:30Z",
        "outage 2020-06-28T05:30Z → 2020-06-28T05:45Z",
        "? 2020-06-28T05:45Z → 2020-06-28T06:00Z"
      ]
    )
  })

  const Span = Schema.Tuple([
    Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 300 })),
    Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 90 }))
  ])
  it.prop(
    "parts are the run again, candle for candle",
    { run: Span, outages: Schema.Array(Span).check(Schema.isMaxLength(5)) },
    ({ outages, run }) => {
      const toInterval = ([from, length]: typeof Span.Type) => ({ from: from * minute, to: (from + length) * minute })
      const whole = toInterval(run)
      const parts = Outages.explain(
        calendar,
        "1m",
        whole,
        outages.map((span) => ({ ...toInterval(span), venue: "v", origin: "known", evidence: "" }))
      )
      assert.deepStrictEqual(Interval.normalize(parts.map(({ interval }) => interval)), [whole])
      assert.strictEqual(
        parts.reduce((sum, { interval }) => sum + calendar.countOpens("1m", interval), 0),
        run[1]
      )
      const covered = Interval.intersection(Interval.normalize(outages.map(toInterval)), [whole])
      const said = Interval.normalize(
        parts.filter(({ outage }) => outage !== undefined).map(({ interval }) => interval)
      )
      assert.deepStrictEqual(said, covered)
    }
  )
})

describe("symbols that vanish at once", () => {
  const hours = (from: number, to: number) => [{ from: from * 60 * minute, to: to * 60 * minute }]
  const witness = (symbol: string, empty: Interval.IntervalSet, fetched = hours(0, 100)): Outages.Witness => ({
    symbol,
    fetched,
    empty
  })
  const shown = (...witnesses: ReadonlyArray<Outages.Witness>) =>
    Outages.infer("v", witnesses).map(({ evidence, from, to }) => [from / 60 / minute, to / 60 / minute, evidence])

  it("are an outage where most of them do", () => {
    assert.deepStrictEqual(
      shown(witness("A", hours(10, 14)), witness("B", hours(10, 13)), witness("C", hours(10, 13))),
      [[10, 13, "3 of 3 symbols of v have no candle then"]]
    )
    const five = ["B", "C", "D", "E"].map((symbol) => witness(symbol, hours(10, 12)))
    assert.deepStrictEqual(shown(witness("A", []), ...five), [[10, 12, "4 of 5 symbols of v have no candle then"]])
  })

  it("prove nothing where few are asked, or a good part goes on", () => {
    assert.deepStrictEqual(shown(witness("A", hours(10, 14)), witness("B", hours(10, 14))), [])
    assert.deepStrictEqual(shown(witness("A", []), witness("B", hours(1, 2)), witness("C", hours(1, 2))), [])
    // Those that were not asked for that time are no witnesses.
    assert.deepStrictEqual(
      shown(witness("A", hours(10, 11)), witness("B", hours(10, 11)), witness("C", hours(10, 11), hours(50, 60))),
      []
    )
  })
})
