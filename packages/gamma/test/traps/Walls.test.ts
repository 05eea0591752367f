import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import * as Day from "@tidemark/calendars/Day"
import * as Expiries from "../../src/traps/Expiries.ts"
import * as Walls from "../../src/traps/Walls.ts"
import { newYork } from "../chains.ts"
import { type Cell, exposureOf } from "./scene.ts"

describe("a percentile", () => {
  it("is interpolated as numpy does", () => {
    // numpy.percentile([1, 2, 3, 4], 80) = 3.4
    assert.approximately(Walls.percentile(Float64Array.of(1, 2, 3, 4), 80), 3.4, 1e-12)
    assert.strictEqual(Walls.percentile(Float64Array.of(7), 80), 7)
    assert.strictEqual(Walls.percentile(Float64Array.of(1, 2, 3, 4, 5, 6), 80), 5)
  })
})

describe("a wall that traps are told by", () => {
  // By strike 1, 10.5, 9, 8, 2 and 12: the percentile is 10.5.
  const calls: ReadonlyArray<Cell> = [
    [3, 95, 1],
    [3, 101, 6],
    [9, 101, 4.5],
    [3, 103, 9],
    [3, 105, 8],
    [3, 110, 2],
    [3, 120, 6],
    [20, 120, 6]
  ]

  it("is the nearest strike that much gamma lies on, summed over expiries", () => {
    const wall = Walls.of(exposureOf(calls)).call!
    assert.strictEqual(wall.strike, 101)
    assert.approximately(wall.size, 10.5, 1e-12)
    assert.approximately(wall.distance, 0.01, 1e-12)
    assert.approximately(wall.near, 6 / 10.5, 1e-12)
    assert.approximately(wall.later, 4.5 / 10.5, 1e-12)
  })

  it("is not a nearer strike with little", () => {
    // 101 has 6 left: the percentile is the 9 of 103.
    assert.strictEqual(Walls.of(exposureOf(calls.filter(([days]) => days !== 9))).call!.strike, 103)
  })

  it("counts strikes in the money for what much is, and none of them as a wall", () => {
    assert.isUndefined(Walls.of(exposureOf([...calls, [3, 90, 1e3], [3, 80, 1e3]])).call)
  })

  it("may lie at the spot, for calls as for puts", () => {
    const at = exposureOf([
      [3, 100, 1],
      [3, 100, -1]
    ])
    assert.strictEqual(Walls.of(at).call!.distance, 0)
    assert.strictEqual(Walls.of(at).put!.distance, 0)
  })

  it("of puts lies below, and has no sign", () => {
    const wall = Walls.of(
      exposureOf([
        [3, 97, -5],
        [15, 97, -5],
        [3, 104, -9]
      ])
    ).put!
    assert.deepStrictEqual([wall.strike, wall.size, wall.near, wall.later], [97, 10, 0.5, 0])
  })

  it("is none where there are no contracts of its kind", () => {
    assert.isUndefined(Walls.of(exposureOf([])).call)
    assert.isUndefined(Walls.of(exposureOf(calls)).put)
  })
})

describe("a monthly expiry", () => {
  const next = (
    year: number,
    month: number,
    day: number,
    cells: ReadonlyArray<Cell> = [[0, 100, 1]],
    calendar = newYork
  ) => {
    const today = Day.make(year, month, day)
    const { cells: columns } = exposureOf(cells)
    const expiry = Float64Array.from(cells, ([days]) => today + days)
    return Day.format(Expiries.monthly(calendar, { today, cells: { ...columns, expiry } }))
  }

  it("is the third Friday, that of next month once it is over", () => {
    assert.strictEqual(next(2024, 2, 1), "2024-02-16")
    assert.strictEqual(next(2024, 2, 16), "2024-02-16")
    assert.strictEqual(next(2024, 2, 17), "2024-03-15")
    assert.strictEqual(next(2024, 2, 16, [[3, 100, 1]]), "2024-03-15")
    assert.strictEqual(next(2023, 12, 31), "2024-01-19")
  })

  it("is the Thursday before a holiday: Good Friday of 2025, Juneteenth of 2026", () => {
    assert.strictEqual(next(2025, 4, 1), "2025-04-17")
    assert.strictEqual(next(2025, 4, 18), "2025-05-16")
    assert.strictEqual(next(2026, 6, 10), "2026-06-18")
  })

  it("is the last Friday of a month where the market never closes, holidays or not", () => {
    const always = (year: number, month: number, day: number, days = 0) =>
      next(year, month, day, [[days, 100, 1]], Calendars.get("24/7"))
    assert.strictEqual(always(2024, 2, 1), "2024-02-23")
    assert.strictEqual(always(2024, 2, 17), "2024-02-23")
    assert.strictEqual(always(2024, 2, 23), "2024-02-23")
    assert.strictEqual(always(2024, 2, 23, 1), "2024-03-29")
    assert.strictEqual(always(2023, 12, 30), "2024-01-26")
  })
})

describe("a magnet", () => {
  it("is stronger the nearer its expiry", () => {
    const strength = (today: Day.Day, expiry: Day.Day) =>
      Expiries.callMagnet(newYork, { ...exposureOf([[0, 102, 1e9, 1e4]]), today, cells: cellsAt(expiry) }, 102).strength
    const cellsAt = (expiry: Day.Day) => ({
      ...exposureOf([[0, 102, 1e9, 1e4]]).cells,
      expiry: Float64Array.of(expiry)
    })
    const friday = Day.make(2024, 3, 15)
    for (const [days, expected] of [
      [0, 4],
      [7, 4],
      [8, 3],
      [14, 3],
      [15, 2.4],
      [21, 2.4],
      [22, 2]
    ] as const) {
      assert.approximately(strength(friday - days, friday), expected, 1e-12)
    }
    assert.strictEqual(strength(friday - 7, friday - 1), 0)
  })
})
