import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { Candles, Instant, Regrid, type Timeframe } from "@tidemark/core"

const xnys = Calendars.get("XNYS")
const at = (text: string) => Date.parse(text)

/** Bars at these times, the i-th with the price i + 1 and 10 trades. */
const bars = (...times: ReadonlyArray<string>): Candles.Candles => {
  const out = Candles.allocate(times.length, { trades: true })
  for (const [i, time] of times.entries()) {
    out.openTime[i] = at(time)
    for (const column of [out.open, out.high, out.low, out.close]) column[i] = i + 1
    out.volume[i] = 1
    out.trades![i] = 10
  }
  return out
}

const grid = (timeframe: Timeframe.Timeframe, of: Candles.Candles, as: Regrid.BarTime) => {
  const out = Regrid.toGrid(xnys, timeframe, of, as)
  return Array.from(out.openTime, (time, i) => [
    Instant.format(time),
    out.open[i],
    out.high[i],
    out.low[i],
    out.close[i],
    out.volume[i],
    out.trades![i]
  ])
}

describe("bars on a session grid", () => {
  it("half hours become the hours of a session that begins at half past nine", () => {
    const half = bars(
      "2024-01-03T14:00:00Z", // before the opening
      "2024-01-03T14:30:00Z",
      "2024-01-03T15:00:00Z",
      "2024-01-03T15:30:00Z",
      "2024-01-03T20:30:00Z",
      "2024-01-03T21:00:00Z" // after the close
    )
    assert.deepStrictEqual(grid("1h", half, "instant"), [
      ["2024-01-03T14:30Z", 2, 3, 2, 3, 2, 20],
      ["2024-01-03T15:30Z", 4, 4, 4, 4, 1, 10],
      ["2024-01-03T20:30Z", 5, 5, 5, 5, 1, 10]
    ])
  })

  it("a day told as New York's midnight is the session of that day, in summer and in winter", () => {
    const days = bars("2024-01-02T05:00:00Z", "2024-07-01T04:00:00Z", "2024-07-02T04:00:00Z")
    assert.deepStrictEqual(
      grid("1d", days, "day").map(([open]) => open),
      ["2024-01-02T14:30Z", "2024-07-01T13:30Z", "2024-07-02T13:30Z"]
    )
  })

  it("days become the week that opens with its first session", () => {
    // Monday 2024-01-15 was a holiday.
    const days = bars("2024-01-12T05:00:00Z", "2024-01-16T05:00:00Z", "2024-01-17T05:00:00Z")
    assert.deepStrictEqual(grid("1w", days, "day"), [
      ["2024-01-08T14:30Z", 1, 1, 1, 1, 1, 10],
      ["2024-01-16T14:30Z", 2, 3, 2, 3, 2, 20]
    ])
  })

  it("a day without a session is no candle", () => {
    assert.deepStrictEqual(grid("1d", bars("2024-01-13T05:00:00Z"), "day"), [])
  })
})
