import { assert, describe, it } from "@effect/vitest"
import { Overlap } from "@tidemark/backfill"
import { Calendars } from "@tidemark/calendars"
import { Interval, type Timeframe } from "@tidemark/core"
import { Schema } from "effect"

const minute = 60_000

const fixture = (calendarId: "24/7" | "XNYS", timeframe: Timeframe.Timeframe, from: string, to: string) => {
  const calendar = Calendars.get(calendarId)
  const extent = { from: Date.parse(from), to: Date.parse(to) }
  return { calendar, timeframe, extent, opens: [...calendar.openTimes(timeframe, extent)] }
}

const markets = [
  fixture("24/7", "1m", "2024-01-01", "2024-01-08"),
  fixture("24/7", "1d", "2020-01-01", "2024-01-01"),
  // Over nights, weekends and a change to daylight saving time.
  fixture("XNYS", "30m", "2024-01-01", "2024-06-01")
]

const Holes = Schema.Array(
  Schema.Tuple([
    Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_300 })),
    Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 30 }))
  ])
).check(Schema.isMinLength(1), Schema.isMaxLength(12))

describe("what another source is asked for", () => {
  it.prop(
    "is each gap and up to a hundred candles of the calendar on either side, never beyond the series",
    { holes: Holes },
    ({ holes }) => {
      for (const { opens, ...where } of markets) {
        const { calendar, extent, timeframe } = where
        const gaps = Interval.normalize(
          holes.map(([at, length]) => ({
            from: opens[at]!,
            to: calendar.closeOf(timeframe, opens[Math.min(opens.length - 1, at + length - 1)]!)
          }))
        )
        const windows = Overlap.windows(where, gaps)
        assert.lengthOf(windows, gaps.length)
        for (const [i, gap] of gaps.entries()) {
          const window = windows[i]!
          assert.isTrue(window.from <= gap.from && window.to >= gap.to && Interval.covers([extent], window))
          const left = calendar.countOpens(timeframe, { from: window.from, to: gap.from })
          const right = calendar.countOpens(timeframe, { from: gap.to, to: window.to })
          const before = calendar.countOpens(timeframe, { from: extent.from, to: gap.from })
          const after = calendar.countOpens(timeframe, { from: gap.to, to: extent.to })
          assert.deepStrictEqual(
            [left, right],
            [Math.min(Overlap.opensAround, before), Math.min(Overlap.opensAround, after)]
          )
        }
      }
    }
  )

  it("is less around each where there are very many, so that comparing stays within bounds", () => {
    const where = markets[0]!
    const { calendar, extent } = where
    const of = (every: number, until: number) => {
      const gaps = Array.from({ length: Math.floor(until / every) - 1 }, (_, i) => {
        const from = extent.from + (i + 1) * every * minute
        return { from, to: from + minute }
      })
      const wide = { ...where, extent: { from: extent.from, to: extent.from + until * minute } }
      const windows = Interval.normalize(Overlap.windows(wide, gaps))
      const asked = windows.reduce((sum, window) => sum + calendar.countOpens("1m", window), 0)
      return { around: asked - gaps.length, gaps: gaps.length, windows: windows.length }
    }
    // Far apart: each has the same, and all of them as much as there is to spend.
    const far = of(1_000, 400_000)
    assert.deepStrictEqual(far, { around: 399 * 2 * 25, gaps: 399, windows: 399 })
    // What lies between two is shared.
    const near = of(150, 1_500)
    assert.deepStrictEqual(near, { around: 100 + 1_201 + 100 - 9, gaps: 9, windows: 1 })
    // Never fewer than say something.
    assert.strictEqual(of(1_000, 1_000_000).around, 999 * 2 * Overlap.fewestAround)
  })
})
