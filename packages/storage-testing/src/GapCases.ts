/** What every storage does with gaps and outages, as cases of its contract. */
import { assert, type Vitest } from "@effect/vitest"
import { type Gap, GapLedger, type Outage, type Series } from "@tidemark/core"
import { Query } from "@tidemark/storage"
import { Effect } from "effect"

const hour = 3_600_000
const start = 1_577_836_800_000

let count = 0
const fresh = (): Series.Series => ({ source: "contract", symbol: `GAP${count++}`, timeframe: "1h" })

const gap = (series: Series.Series, from: number, to: number, extra: Partial<Gap.Gap> = {}): Gap.Gap => ({
  series,
  interval: { from: start + from * hour, to: start + to * hour },
  missing: to - from,
  cause: "unexplained",
  evidence: ["asked 3 times", 'it said "nothing"'],
  attempts: 3,
  nextAction: "ask again",
  ...extra
})

const listed = (series: Series.Series) =>
  Effect.flatMap(GapLedger.GapLedger, (ledger) =>
    Effect.map(ledger.list, (all) => all.filter((one) => one.series.symbol === series.symbol))
  )

export const cases = (it: Vitest.MethodsNonLive<GapLedger.GapLedger | Query.Query>): void => {
  it.effect("G01 the gaps of a series take the place of those that were recorded, and keep since when", () =>
    Effect.gen(function* () {
      const ledger = yield* GapLedger.GapLedger
      const [series, other] = [fresh(), fresh()]
      const [a, b] = [gap(series, 0, 4), gap(series, 10, 12, { cause: "outage" })]
      yield* ledger.record(
        [
          { series, gaps: [b, a] },
          { series: other, gaps: [gap(other, 0, 1)] }
        ],
        1_000
      )
      assert.deepStrictEqual(yield* listed(series), [
        { ...a, detectedAt: 1_000, checkedAt: 1_000 },
        { ...b, detectedAt: 1_000, checkedAt: 1_000 }
      ])
      // Half of it has been filled; another part has a cause now, which is news.
      const [left, explained] = [gap(series, 2, 4), gap(series, 10, 12, { cause: "unexplained" })]
      yield* ledger.record([{ series, gaps: [left, explained] }], 2_000)
      assert.deepStrictEqual(yield* listed(series), [
        { ...left, detectedAt: 1_000, checkedAt: 2_000 },
        { ...explained, detectedAt: 2_000, checkedAt: 2_000 }
      ])
      yield* ledger.record([{ series, gaps: [] }], 3_000)
      assert.deepStrictEqual(yield* listed(series), [])
      assert.lengthOf(yield* listed(other), 1)
      const rows = yield* (yield* Query.Query).run(
        `SELECT cause, missing, attempts FROM data_gaps WHERE symbol = '${other.symbol}'`
      )
      assert.deepStrictEqual(
        rows.map((row) => [row["cause"], Number(row["missing"]), row["attempts"]]),
        [["unexplained", 1, 3]]
      )
    })
  )

  it.effect("G02 the outages of a venue take the place of those that were found, and venues do not mix", () =>
    Effect.gen(function* () {
      const ledger = yield* GapLedger.GapLedger
      const outage = (venue: string, from: number): Outage.Outage => ({
        venue,
        from: start + from * hour,
        to: start + (from + 1) * hour,
        origin: "inferred",
        evidence: `4 of 4 symbols of ${venue}`
      })
      const found = (venue: string) => Effect.map(ledger.outages, (all) => all.filter((one) => one.venue === venue))
      const [one, two] = [`venue-${count++}`, `venue-${count++}`]
      yield* ledger.recordOutages(one, [outage(one, 5), outage(one, 0)], 1_000)
      yield* ledger.recordOutages(two, [outage(two, 0)], 1_000)
      assert.deepStrictEqual(yield* found(one), [outage(one, 0), outage(one, 5)])
      yield* ledger.recordOutages(one, [outage(one, 7)], 2_000)
      assert.deepStrictEqual(yield* found(one), [outage(one, 7)])
      assert.deepStrictEqual(yield* found(two), [outage(two, 0)])
      yield* ledger.recordOutages(one, [], 3_000)
      assert.deepStrictEqual(yield* found(one), [])
    })
  )
}
