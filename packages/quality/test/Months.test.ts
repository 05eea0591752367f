import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import type { Gap } from "@tidemark/core"
import { Months } from "@tidemark/quality"

const hour = 3_600_000
const day = 24 * hour
const january = Date.parse("2024-01-01T00:00:00Z")
const february = Date.parse("2024-02-01T00:00:00Z")

const gap = (cause: Gap.GapCause, from: number, missing: number): Gap.Gap => ({
  series: { source: "binance", symbol: "BTC/USDT", timeframe: "1h" },
  interval: { from, to: from + missing * hour },
  missing,
  cause,
  evidence: [],
  attempts: 0,
  nextAction: ""
})

const summarize = (...gaps: ReadonlyArray<Gap.Gap>) =>
  Months.summarize({
    calendar: Calendars.get("24/7"),
    timeframe: "1h",
    wanted: [{ from: january, to: february + day }],
    gaps,
    anomalies: [{ interval: { from: february, to: february + hour } }]
  })

describe("The months of a series", () => {
  it("tell apart what nobody asked for, what was asked for in vain and what nobody can explain", () => {
    assert.deepStrictEqual(
      summarize(
        gap("unfetched", january, 5),
        gap("source-failure", january + day, 4),
        gap("unexplained", january + 2 * day, 3),
        gap("outage", january + 3 * day, 2),
        // Into the next month.
        gap("unfetched", february - 6 * hour, 7)
      ),
      [
        {
          month: january,
          expected: 744,
          actual: 744 - 20,
          open: { unfetched: 11, "source-failure": 4, unexplained: 3 },
          hasAnomalies: false
        },
        {
          month: february,
          expected: 24,
          actual: 23,
          open: { unfetched: 1, "source-failure": 0, unexplained: 0 },
          hasAnomalies: true
        }
      ]
    )
  })
})
