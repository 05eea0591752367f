import { assert, describe, it } from "@effect/vitest"
import { Candles } from "@tidemark/core"
import { Candidacy, Reconciliation } from "@tidemark/quality"
import { Effect } from "effect"
import { clean } from "./series.ts"

const tolerance = 0.001
const hours = Effect.map(clean(5, "BTC/USDT", "1h", "2024-03-01", "2024-03-08"), ({ candles }) => candles)

/** The rows from `first` on in another scale. */
const scaled = (candles: Candles.Candles, factor: number, first = 0): Candles.Candles => {
  const scale = (column: Float64Array) => column.map((value, i) => (i < first ? value : value * factor))
  return {
    ...candles,
    open: scale(candles.open),
    high: scale(candles.high),
    low: scale(candles.low),
    close: scale(candles.close)
  }
}

const verdict = (has: number, ours: Candles.Candles, theirs: Candles.Candles) =>
  Candidacy.judge(has, Candidacy.overlapOf(ours, theirs, tolerance), tolerance)

describe("whether another source could stand in", () => {
  it.effect("is decided by the prices of the candles that both have, whatever each counts as volume", () =>
    Effect.gen(function* () {
      const ours = yield* hours
      const theirs = { ...scaled(ours, 1.0002), volume: ours.volume.map((volume) => volume / 10) }
      const overlap = Candidacy.overlapOf(ours, theirs, tolerance)
      assert.deepInclude(overlap, { compared: 168, lacking: 0, differing: 0 })
      assert.closeTo(overlap.medianOff, 0.0002, 1e-6)
      assert.closeTo(overlap.medianVolumeOff, 0.9, 1e-9)
      assert.strictEqual(verdict(3, ours, theirs), "offered")
      assert.strictEqual(verdict(3, ours, scaled(ours, 1.013)), "differs")
    })
  )

  it.effect("is refused where a part of the prices is in another scale, though most agree", () =>
    Effect.gen(function* () {
      const ours = yield* hours
      const half = scaled(ours, 0.5, 130)
      assert.strictEqual(Candidacy.overlapOf(ours, half, tolerance).medianOff, 0)
      assert.strictEqual(verdict(3, ours, half), "differs")
      // A quote or two that only one of them has is no other scale.
      assert.strictEqual(verdict(3, ours, scaled(ours, 0.5, 155)), "offered")
    })
  )

  it.effect("is not said where they have hardly a candle in common", () =>
    Effect.gen(function* () {
      const ours = yield* hours
      assert.strictEqual(verdict(3, ours, Candles.slice(ours, 0, 19)), "uncompared")
      assert.strictEqual(verdict(3, ours, Candles.slice(ours, 0, 20)), "offered")
      assert.strictEqual(verdict(3, ours, Candles.empty), "uncompared")
    })
  )
})

describe("that another source has none either", () => {
  it.effect("says something only where it has nearly all candles around", () =>
    Effect.gen(function* () {
      const ours = yield* hours
      assert.strictEqual(verdict(0, ours, ours), "empty")
      assert.strictEqual(verdict(0, ours, Candles.slice(ours, 0, 152)), "empty")
      assert.strictEqual(verdict(0, ours, Candles.slice(ours, 0, 151)), "unproven")
      assert.strictEqual(verdict(0, Candles.empty, Candles.empty), "unproven")
    })
  )
})

describe("how far apart two series are", () => {
  it("is told of the price that is furthest off, and of volume, for each candle that both have", () => {
    const column = (...values: ReadonlyArray<number>) => new Float64Array(values)
    const flat = (openTime: Float64Array, high: Float64Array, volume: Float64Array): Candles.Candles => {
      const ones = openTime.map(() => 1)
      return { openTime, open: ones, high, low: ones, close: ones, volume }
    }
    const ours = flat(column(1, 2, 3, 5), column(4, 1, 1, 1), column(10, 10, 10, 10))
    const theirs = flat(column(1, 3, 4, 5), column(3, 1, 1, Number.NaN), column(5, 10, 1, 10))
    assert.deepStrictEqual(Reconciliation.distances(ours, theirs), {
      price: column(0.25, 0, Infinity),
      volume: column(0.5, 0, 0)
    })
    assert.strictEqual(Reconciliation.median(column(5, 1, 3)), 3)
    assert.strictEqual(Reconciliation.median(column(4, 1, 3, 2)), 2.5)
    assert.strictEqual(Reconciliation.median(column()), 0)
  })

  it("is compared after both are adjusted alike, where one comes adjusted", () => {
    const { basisOf } = Reconciliation
    assert.strictEqual(basisOf("equity", "none", "splits").adjust, "splits")
    assert.strictEqual(basisOf("equity", "splits-and-dividends", "none").adjust, "all")
    assert.strictEqual(basisOf("equity", "splits", "splits").adjust, "none")
    assert.strictEqual(basisOf("crypto", "none", "splits").adjust, "none")
  })
})
