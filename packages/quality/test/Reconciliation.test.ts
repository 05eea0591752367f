import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { Candles, type Timeframe } from "@tidemark/core"
import { Reconciliation } from "@tidemark/quality"
import { Effect } from "effect"
import { clean } from "./series.ts"

const candlesOf = (symbol: string, timeframe: Timeframe.Timeframe) =>
  Effect.map(clean(5, symbol, timeframe, "2024-03-01", "2024-04-10"), ({ candles }) => candles)

const without = (candles: Candles.Candles, row: number) =>
  Candles.pick(
    candles,
    [...candles.openTime.keys()].filter((i) => i !== row)
  )

describe("candles that shorter ones add up to", () => {
  for (const [symbol, calendar] of [
    ["BTC/USDT", "24/7"],
    // Across a change to daylight saving time, in sessions of six and a half hours.
    ["AAPL", "XNYS"]
  ] as const) {
    for (const timeframe of ["15m", "1h", "4h", "1d"] as const) {
      it.effect(`${symbol} ${timeframe} equal those of its minutes`, () =>
        Effect.gen(function* () {
          const minutes = yield* candlesOf(symbol, "1m")
          const coarse = yield* candlesOf(symbol, timeframe)
          const summed = Reconciliation.aggregate(minutes, "1m", Calendars.get(calendar), timeframe)
          assert.isAbove(Candles.length(coarse), 20)
          assert.deepStrictEqual(Reconciliation.compare(coarse, summed, Reconciliation.exact), {
            compared: Candles.length(coarse),
            differences: [],
            onlyOurs: 0,
            onlyTheirs: 0
          })
        })
      )
    }
  }

  it.effect("are there only where none of them is missing", () =>
    Effect.gen(function* () {
      const minutes = yield* candlesOf("BTC/USDT", "1m")
      const summed = Reconciliation.aggregate(without(minutes, 70), "1m", Calendars.get("24/7"), "1h")
      const hours = yield* candlesOf("BTC/USDT", "1h")
      assert.deepInclude(Reconciliation.compare(hours, summed, Reconciliation.exact), { onlyOurs: 1, differences: [] })
      assert.strictEqual(summed.openTime[1]! - summed.openTime[0]!, 2 * 3_600_000)
    })
  )
})

describe("two series that should be the same", () => {
  it.effect("are compared candle by candle: what differs most is named, what only one has is counted", () =>
    Effect.gen(function* () {
      const ours = yield* candlesOf("BTC/USDT", "1h")
      const high = ours.high.slice()
      const volume = ours.volume.slice()
      high[3] = high[3]! * 1.02
      volume[3] = volume[3]! * 1.001
      volume[9] = volume[9]! * 1.2
      const theirs = without({ ...ours, high, volume }, 5)
      const tolerance = { price: 0.001, volume: 0.1 }
      const { differences, ...counts } = Reconciliation.compare(ours, theirs, tolerance)
      assert.deepStrictEqual(counts, { compared: ours.openTime.length - 1, onlyOurs: 1, onlyTheirs: 0 })
      assert.deepStrictEqual(
        differences.map(({ column, openTime }) => [column, openTime]),
        [
          ["high", ours.openTime[3]!],
          ["volume", ours.openTime[9]!]
        ]
      )
      assert.closeTo(differences[0]!.off, 0.02 / 1.02, 1e-9)
      assert.deepInclude(Reconciliation.compare(theirs, ours, tolerance), { onlyOurs: 0, onlyTheirs: 1 })
      const broken = { ...ours, close: ours.close.map(() => Number.NaN) }
      assert.lengthOf(Reconciliation.compare(ours, broken, tolerance).differences, ours.openTime.length)
    })
  )
})
