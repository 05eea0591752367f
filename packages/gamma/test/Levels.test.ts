import { assert, describe, it } from "@effect/vitest"
import { Exposure, Kept, Levels } from "@tidemark/gamma"
import { chainOf, type Contract, Contracts, distinct, newYork, today } from "./chains.ts"

const keep = (rows: ReadonlyArray<Contract>): Kept.Kept =>
  Kept.of(chainOf(rows), { method: "recomputed", calendar: newYork })

const exposureOf = (rows: ReadonlyArray<Contract>): Exposure.Exposure => Exposure.of(keep(rows))

const put = "put" as const

describe("walls", () => {
  it("are the strikes of the largest exposure, of calls at or above the spot and of puts at or below it", () => {
    const { call, put: below } = Levels.walls(
      exposureOf([
        { strike: 99, openInterest: 1000 },
        { strike: 102, openInterest: 10 },
        { strike: 104, openInterest: 90 },
        { strike: 101, side: put, openInterest: 1000 },
        { strike: 97, side: put, openInterest: 90 },
        { strike: 98, side: put, openInterest: 10 }
      ])
    )
    assert.strictEqual(call!.strike, 104)
    assert.isAbove(call!.exposure, 0)
    assert.strictEqual(below!.strike, 97)
    assert.isBelow(below!.exposure, 0)
  })

  it("add up what expires on several dates, and count the spot's own strike", () => {
    const exposure = exposureOf([
      { strike: 100, days: 30, openInterest: 60 },
      { strike: 100, days: 37, openInterest: 60 },
      { strike: 101, days: 30, openInterest: 90 },
      { strike: 100, side: put }
    ])
    const { call, put: below } = Levels.walls(exposure)
    assert.strictEqual(call!.strike, 100)
    assert.approximately(call!.exposure, exposure.cells.call[0]! + exposure.cells.call[2]!, 1e-9)
    assert.strictEqual(below!.strike, 100)
  })

  it("are none where there is nothing on their side", () => {
    const { call, put: below } = Levels.walls(exposureOf([{ strike: 99 }, { strike: 101, side: put }]))
    assert.isUndefined(call)
    assert.isUndefined(below)
  })

  it("are nearest to the spot where several are as large", () => {
    const cells = {
      ...exposureOf([{ strike: 110 }, { strike: 120 }, { strike: 105 }]).cells,
      call: Float64Array.of(5, 5, 5)
    }
    assert.strictEqual(Levels.walls({ cells, spot: 100 }).call!.strike, 105)
  })
})

describe("max pain", () => {
  it.prop(
    "is the strike where the contracts of an expiry pay out least, the lowest of several",
    { rows: Contracts },
    (input) => {
      const rows = distinct(input.rows.map((row) => ({ ...row, days: row.days % 3 })))
      const { cells } = exposureOf(rows)
      for (const day of new Set(rows.map(({ days }) => days))) {
        const those = rows.filter(({ days }) => days === day)
        const pain = (k: number): number =>
          those.reduce(
            (sum, { openInterest, side, strike }) =>
              sum + openInterest * Math.max(side === "call" ? k - strike : strike - k, 0),
            0
          )
        const strikes = those.map(({ strike }) => strike).sort((a, b) => a - b)
        const least = Math.min(...strikes.map(pain))
        assert.strictEqual(
          Levels.maxPain(cells, today + day),
          strikes.find((strike) => pain(strike) === least)
        )
      }
    }
  )

  it("is none where nothing expires then", () => {
    assert.isUndefined(Levels.maxPain(exposureOf([{ days: 30 }]).cells, today + 1))
  })
})

describe("the expected move", () => {
  it("is one standard deviation by the volatility at the strike next to the spot, the mean of calls and puts", () => {
    const kept = keep([
      { days: 4, strike: 90, volatility: 0.9 },
      { days: 4, strike: 99, volatility: 0.3 },
      { days: 4, strike: 99, side: put, volatility: 0.5 },
      { days: 4, strike: 98, side: put, volatility: 0.8 },
      { days: 30, strike: 100, volatility: 0.1 }
    ])
    assert.strictEqual(Levels.nearestExpiry(kept), today + 4)
    const { atmVolatility, expectedMove } = Levels.expectedMove(kept, today + 4)!
    assert.approximately(atmVolatility, 0.4, 1e-15)
    assert.approximately(expectedMove, 100 * 0.4 * Math.sqrt(4 / 262), 1e-12)
  })

  it("is by the side that there is, and by the lower strike of two that are as near", () => {
    const rows = [
      { days: 0, strike: 101, volatility: 0.7 },
      { days: 0, strike: 99, side: put, volatility: 0.2 }
    ]
    for (const contracts of [rows, rows.toReversed()]) {
      const { atmVolatility, expectedMove } = Levels.expectedMove(keep(contracts), today)!
      assert.strictEqual(atmVolatility, 0.2)
      assert.approximately(expectedMove, 100 * 0.2 * Math.sqrt(1 / 262), 1e-12)
    }
  })

  it("is none without contracts, and none without a volatility", () => {
    assert.isUndefined(Levels.nearestExpiry(keep([])))
    const vendor = Kept.of(chainOf([{ days: 3, volatility: 0 }]), { method: "vendor", calendar: newYork })
    assert.isUndefined(Levels.expectedMove(vendor, today + 3))
  })
})

describe("gross exposure by days", () => {
  it("is that of today, of 1 to 5, of 6 to 14 and of more days", () => {
    const days = [0, 1, 5, 6, 14, 15]
    const { cells, today: from } = exposureOf(days.map((day) => ({ days: day, side: day % 2 === 0 ? put : "call" })))
    const of = (...at: ReadonlyArray<number>): number =>
      at.reduce((sum, i) => sum + Math.abs(cells.call[i]! + cells.put[i]!), 0)
    const parts = Levels.grossByDays({ cells, today: from })
    assert.deepStrictEqual(parts, { today: of(0), within5: of(1, 2), within14: of(3, 4), later: of(5) })
  })

  it.prop("adds up to the whole", { rows: Contracts }, ({ rows }) => {
    const exposure = exposureOf(distinct(rows))
    const { later, today: now, within14, within5 } = Levels.grossByDays(exposure)
    assert.approximately(now + within5 + within14 + later, exposure.gross, 1e-12 * exposure.gross)
  })
})
