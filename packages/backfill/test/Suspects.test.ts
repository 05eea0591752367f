import { assert, describe, it } from "@effect/vitest"
import { Verify } from "@tidemark/backfill"
import { Calendars } from "@tidemark/calendars"
import { type CandleStore, Coverage, Interval } from "@tidemark/core"
import { Months } from "@tidemark/quality"
import { Schema } from "effect"

const calendar = Calendars.get("XNYS")
const span: Interval.Interval = { from: Date.parse("2024-01-10T00:00Z"), to: Date.parse("2024-06-20T00:00Z") }
const opens = [...calendar.openTimes("30m", span)]
const series = { source: "test", symbol: "AAPL", timeframe: "30m" } as const

/** As the store counts. */
const tallies = (rows: ReadonlyArray<number>): ReadonlyArray<CandleStore.Tally> =>
  [...Map.groupBy(rows, (open) => Months.months({ from: open, to: open + 1 })[0]!.month)].map(([month, all]) => ({
    series,
    month,
    rows: all.length,
    offsets: all.reduce((sum, open) => sum + (open - month) / 1_000, 0)
  }))

const holesAt = (at: number, length: number) => {
  const to = Math.min(opens.length - 1, at + length)
  return { from: opens[at]!, to: opens[to]! }
}

const index = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: opens.length - 2 }))

describe("the months that are suspect", () => {
  it.prop(
    "are those in which a row is gone, doubled or moved, and no others, whatever is known to be missing",
    {
      holes: Schema.Array(Schema.Tuple([index, Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 80 }))])).check(
        Schema.isMaxLength(4)
      ),
      gone: index,
      doubled: index
    },
    ({ doubled, gone, holes }) => {
      const empty = Interval.normalize(holes.map(([at, length]) => holesAt(at, length)))
      const coverage: Coverage.Coverage = {
        fetched: [{ ...span, rows: 0, at: 0 }],
        empty: empty.map((run) => ({
          ...run,
          opens: calendar.countOpens("30m", run),
          confirmations: 3,
          firstAt: 0,
          lastAt: 0
        })),
        stale: [],
        streamed: [],
        pruned: []
      }
      const sound = opens.filter((open) => !empty.some((run) => Interval.contains(run, open)))
      const suspects = (rows: ReadonlyArray<number>) => Verify.suspects(calendar, "30m", coverage, tallies(rows))
      assert.deepStrictEqual(suspects(sound), [])
      const [a, b] = [sound[gone % sound.length]!, sound[doubled % sound.length]!]
      const monthsOf = (...changed: ReadonlyArray<number>) =>
        Interval.normalize(changed.map((open) => Months.months({ from: open, to: open + 1 })[0]!.whole))
      assert.deepStrictEqual(suspects(sound.filter((open) => open !== a)), monthsOf(a))
      // One too many and one too few: the count is as it should be.
      if (a !== b) assert.deepStrictEqual(suspects([...sound.filter((open) => open !== a), b]), monthsOf(a, b))
      assert.deepStrictEqual(suspects(sound.map((open) => (open === a ? open + 1 : open))), monthsOf(a))
    },
    { arbitrary: { runs: 200 } }
  )

  it("are also those that the ledger does not know", () => {
    assert.deepStrictEqual(Verify.suspects(calendar, "30m", Coverage.none, []), [])
    const [first] = opens
    assert.lengthOf(Verify.suspects(calendar, "30m", Coverage.none, tallies([first!])), 1)
  })
})
