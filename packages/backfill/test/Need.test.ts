import { assert, describe, it } from "@effect/vitest"
import { Need } from "@tidemark/backfill"
import { Calendars } from "@tidemark/calendars"
import { CorporateAction, Coverage, type Instrument, type Interval, type Timeframe } from "@tidemark/core"

const utc = (text: string) => Date.parse(`${text}Z`)
const now = utc("2024-06-12T10:30")

const seriesOf = (timeframe: Timeframe.Timeframe) => ({ source: "test", symbol: "X", timeframe })

const holding = (
  timeframe: Timeframe.Timeframe,
  runs: ReadonlyArray<readonly [string, string]>,
  keptFrom?: string,
  empty: ReadonlyArray<Interval.Interval> = []
): Need.Holding => ({
  series: seriesOf(timeframe),
  coverage: {
    ...Coverage.none,
    fetched: runs.map(([from, to]) => ({ from: utc(from), to: utc(to), rows: 1, at: 0 })),
    empty: empty.map((run) => ({ ...run, opens: 1, confirmations: 3, firstAt: 0, lastAt: 0 }))
  },
  keptFrom: keptFrom === undefined ? undefined : utc(keptFrom)
})

const holdings = (
  id: Instrument.Instrument["calendar"],
  all: ReadonlyArray<Need.Holding>,
  extra: Partial<Need.Holdings> = {}
): Need.Holdings => ({ calendar: Calendars.get(id), all, applied: "none", actions: [], now, ...extra })

const goes = (from: string, to: string) => [{ from: utc(from), to: utc(to) }]
const words = (needs: ReadonlyArray<Need.Need>) => needs.map((need) => need.words)

describe("the last of its kind", () => {
  const minutes = holding("1m", [["2022-01-01T00:00", "2024-06-12T00:00"]], "2023-06-12T00:00")
  const old = goes("2022-01-01T00:00", "2023-06-12T00:00")
  const last = (...others: ReadonlyArray<Need.Holding>) =>
    Need.last(holdings("24/7", [minutes, ...others]), seriesOf("1m"), old)

  it("is needed where nothing coarser is stored, with the range that it is the last of", () => {
    assert.deepStrictEqual(last(), [
      {
        series: seriesOf("1m"),
        interval: old[0]!,
        words:
          "1m of X from 2022-01-01T00:00Z to 2023-06-12T00:00Z is all there is; no coarser timeframe is stored of it"
      }
    ])
    const half = last(holding("1h", [["2022-01-01T00:00", "2022-07-01T00:00"]]))
    assert.deepStrictEqual(
      half.map(({ interval }) => interval),
      goes("2022-07-01T00:00", "2023-06-12T00:00")
    )
  })

  it("is not needed where coarser candles tell of all of it, together if need be", () => {
    assert.deepStrictEqual(last(holding("1d", [["2022-01-01T00:00", "2024-06-12T00:00"]])), [])
    assert.deepStrictEqual(
      last(
        holding("1h", [["2022-01-01T00:00", "2022-07-01T00:00"]]),
        holding("1d", [["2022-07-01T00:00", "2024-06-12T00:00"]])
      ),
      []
    )
  })

  it("a piece of a candle at the end of what is coarser is not missing from it, a whole candle is", () => {
    // Minutes begin in the middle of a day, days with the next.
    const begun = holding("1m", [["2022-01-01T10:00", "2024-06-12T00:00"]])
    const days = (from: string) => holding("1d", [[from, "2024-06-12T00:00"]])
    const needs = (from: string) =>
      Need.last(holdings("24/7", [begun, days(from)]), seriesOf("1m"), goes("2022-01-01T10:00", "2023-01-01T00:00"))
    assert.deepStrictEqual(needs("2022-01-02T00:00"), [])
    assert.lengthOf(needs("2022-01-03T00:00"), 1)
  })

  it("finer candles tell of it too, if they stay", () => {
    const days = seriesOf("1d")
    const day = holding("1d", [["2022-01-01T00:00", "2024-06-12T00:00"]], "2023-06-12T00:00")
    const finer = (keptFrom?: string) => holding("1h", [["2022-01-01T00:00", "2024-06-12T00:00"]], keptFrom)
    assert.deepStrictEqual(Need.last(holdings("24/7", [day, finer()]), days, old), [])
    assert.lengthOf(Need.last(holdings("24/7", [day, finer("2024-01-01T00:00")]), days, old), 1)
  })

  it("of a share, nights and weekends are nobody's", () => {
    const all = [
      holding("1m", [["2022-01-03T14:30", "2024-06-12T00:00"]]),
      holding("1d", [["2022-01-03T14:30", "2022-12-30T21:00"]])
    ]
    const needs = Need.last(holdings("XNYS", all), seriesOf("1m"), goes("2022-01-03T14:30", "2023-01-03T14:30"))
    assert.deepStrictEqual(needs, [])
  })
})

describe("closes before dividends", () => {
  const dividend = (exDate: string) => new CorporateAction.Dividend({ exDate, amount: 0.2 })
  // A Tuesday and a Wednesday.
  const actions = [dividend("2022-03-08"), dividend("2023-11-08")]
  const days = holding("1d", [["2022-01-03T14:30", "2024-06-11T20:00"]], "2023-06-12T13:30")
  const old = goes("2022-01-03T14:30", "2023-06-12T13:30")
  const closes = (other: Need.Holding, extra: Partial<Need.Holdings> = {}) =>
    Need.closes(holdings("XNYS", [days, other], { actions, ...extra }), seriesOf("1d"), old)
  const weeks = holding("1w", [["2022-01-03T14:30", "2024-06-10T13:30"]])

  it("are needed by weeks that stay, where only the days have them", () => {
    assert.deepStrictEqual(words(closes(weeks)), [
      "adjusting test X 1w for dividends needs the close of 2022-03-07, which only its 1d has"
    ])
    assert.deepStrictEqual(closes(weeks)[0]!.series, seriesOf("1d"))
    // On a Monday, the week before it ends with the close that is needed.
    assert.deepStrictEqual(closes(weeks, { actions: [dividend("2022-03-07")] }), [])
  })

  it("are not needed by a series that has them itself, that goes too, or whose source has applied them", () => {
    const hours = (keptFrom?: string, empty: ReadonlyArray<Interval.Interval> = []) =>
      holding("1h", [["2022-01-03T14:30", "2024-06-11T20:00"]], keptFrom, empty)
    assert.deepStrictEqual(closes(hours()), [])
    assert.deepStrictEqual(closes(hours("2023-06-12T13:30")), [])
    assert.deepStrictEqual(closes(weeks, { applied: "splits-and-dividends" }), [])
    assert.lengthOf(closes(weeks, { applied: "splits" }), 1)
    assert.deepStrictEqual(closes(weeks, { actions: [] }), [])
    // The last hour of that session is missing.
    const hole = { from: utc("2022-03-07T20:30"), to: utc("2022-03-07T21:00") }
    assert.lengthOf(closes(hours(undefined, [hole])), 1)
  })

  it("are asked of the days alone, and everything that is needed is found together", () => {
    assert.deepStrictEqual(Need.closes(holdings("XNYS", [days, weeks], { actions }), seriesOf("1h"), old), [])
    const found = Need.find(holdings("XNYS", [days, weeks], { actions }), seriesOf("1d"), old)
    assert.lengthOf(found, 1)
    assert.deepStrictEqual(Need.find(holdings("XNYS", [days], { actions }), seriesOf("1d"), []), [])
    assert.lengthOf(Need.find(holdings("XNYS", [days], { actions }), seriesOf("1d"), old), 1)
  })
})
