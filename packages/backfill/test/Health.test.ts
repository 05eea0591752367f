import { assert, describe, it } from "@effect/vitest"
import { Health } from "@tidemark/backfill"
import { Calendars } from "@tidemark/calendars"
import { Coverage, type Gap, Instrument, type Timeframe } from "@tidemark/core"

const hour = 3_600_000
const at = (text: string) => Date.parse(`${text}Z`)

/** A series that was last asked for at an instant. */
const asked = (to: string | undefined, timeframe: Timeframe.Timeframe, change: Partial<Instrument.Instrument> = {}) => {
  const instrument = new Instrument.Instrument({
    symbol: "AAPL",
    assetClass: "equity",
    calendar: "XNYS",
    sources: [{ source: "yahoo" }],
    active: true,
    ...change
  })
  const fetched = to === undefined ? [] : [{ from: at("2026-01-01T00:00"), to: at(to), rows: 1, at: at(to) }]
  const request = {
    series: { source: "yahoo", symbol: "AAPL", timeframe },
    instrument,
    calendar: Calendars.get(instrument.calendar),
    capabilities: { lagMillis: 0 }
  }
  return { plan: { request }, stored: { coverage: { ...Coverage.none, fetched } } } as unknown as Parameters<
    typeof Health.lagMillis
  >[0]
}

describe("how far a series is behind", () => {
  it("is counted from the close of the first candle that nobody has asked for", () => {
    const crypto = asked("2026-03-02T10:00", "1h", { calendar: "24/7" })
    assert.strictEqual(Health.lagMillis(crypto, at("2026-03-02T10:59")), 0)
    assert.strictEqual(Health.lagMillis(crypto, at("2026-03-02T11:00")), 0)
    assert.strictEqual(Health.lagMillis(crypto, at("2026-03-02T14:00")), 3 * hour)
  })

  it("is nothing while its market is closed, over a long weekend too", () => {
    // Friday evening; Monday, 16 February 2026, is Presidents' Day.
    for (const timeframe of ["1h", "1d"] as const) {
      const friday = asked("2026-02-13T22:00", timeframe)
      assert.strictEqual(Health.lagMillis(friday, at("2026-02-17T14:00")), 0, timeframe)
    }
    // Tuesday's session closes at 21:00 UTC.
    assert.strictEqual(Health.lagMillis(asked("2026-02-13T22:00", "1d"), at("2026-02-18T00:00")), 3 * hour)
  })

  it("is nobody's business where no more is wanted", () => {
    const later = at("2026-06-01T00:00")
    assert.isUndefined(Health.lagMillis(asked(undefined, "1d"), later))
    assert.isUndefined(Health.lagMillis(asked("2026-02-13T22:00", "1d", { active: false }), later))
    const delistedAt = at("2026-02-14T00:00")
    assert.isUndefined(Health.lagMillis(asked("2026-02-13T22:00", "1d", { delistedAt }), later))
  })
})

describe("what of a series is missing", () => {
  it("is what nobody can explain, by cause", () => {
    const gap = (cause: Gap.GapCause, missing: number) => ({ cause, missing }) as Gap.Gap
    const gaps = [
      gap("outage", 9),
      gap("unfetched", 2),
      gap("unexplained", 1),
      gap("unfetched", 3),
      gap("not-wanted", 7)
    ]
    assert.deepStrictEqual(Health.open({ gaps }), { unfetched: 5, unexplained: 1 })
  })
})
