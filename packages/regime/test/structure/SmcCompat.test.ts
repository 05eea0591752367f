import { assert, describe, it } from "@effect/vitest"
import { SmcCompat } from "@tidemark/regime/structure"
import { candles, of, path } from "./market.ts"

const { Breaks, FairValueGaps, Liquidity, OrderBlocks, PreviousDay, Swings } = SmcCompat

/** Rows and values where a column is not zero. */
const entries = (column: ArrayLike<number>) =>
  Array.from(column, (value, row) => [row, value] as const).filter(([, value]) => value !== 0)

const zigzag = (turns: ReadonlyArray<number>) =>
  path(turns.flatMap((to, i) => (i === 0 ? [to] : steps(turns[i - 1]!, to))))

/** Four steps from one price to another. */
const steps = (from: number, to: number) => [1, 2, 3, 4].map((i) => from + ((to - from) * i) / 4)

describe("swings of the reference", () => {
  it("are the highest and the lowest around, with artificial ones at both ends", () => {
    const found = Swings.of(zigzag([100, 110, 104, 120, 108]), 2)
    assert.deepStrictEqual(entries(found.direction), [
      [0, -1],
      [4, 1],
      [8, -1],
      [12, 1],
      [16, -1]
    ])
    assert.deepStrictEqual(
      [found.level[0], found.level[4], found.level[8], found.level[16]],
      [99.75, 110.25, 103.75, 107.75]
    )
    assert.isNaN(found.level[5])
  })

  it("are the highest of those without a low between, the earlier of two alike", () => {
    // Two tops alike, of two candles each; only with one candle on each side is there a low between them.
    const rows = path([100, 101, 102, 103, 104, 105, 104.5, 104.25, 105, 104, 103, 102, 101, 100, 99])
    assert.deepStrictEqual(entries(Swings.of(rows, 1).direction).slice(1, -1), [
      [1, -1],
      [5, 1],
      [7, -1],
      [8, 1]
    ])
    assert.deepStrictEqual(entries(Swings.of(rows, 2).direction).slice(1, -1), [[5, 1]])
  })
})

describe("fair value gaps of the reference", () => {
  it("lie between the first and the third candle, until one comes back", () => {
    // EUR/USD, 2022-10-10 04:15 to 05:00.
    const rows = of([
      [0.97435, 0.97455, 0.97383, 0.9741],
      [0.9741, 0.97482, 0.97396, 0.97473],
      [0.97473, 0.97533, 0.9746, 0.97504],
      [0.97505, 0.97507, 0.97456, 0.97461]
    ])
    const found = FairValueGaps.of(rows)
    assert.deepStrictEqual(entries(found.direction), [[1, 1]])
    assert.deepStrictEqual([found.top[1], found.bottom[1], found.mitigated[1]], [0.9746, 0.97455, 3])
  })

  it("that follow one another are one, in the last of them, where that is asked for", () => {
    const rows = path([100, 99, 97, 95, 93, 92.5, 92, 95, 99])
    const [plain, joined] = [FairValueGaps.of(rows), FairValueGaps.of(rows, { joinConsecutive: true })]
    assert.deepStrictEqual(entries(plain.direction).slice(0, 4), [
      [1, -1],
      [2, -1],
      [3, -1],
      [4, -1]
    ])
    assert.deepStrictEqual(entries(joined.direction)[0], [4, -1])
    assert.deepStrictEqual([plain.top[3], plain.bottom[3]], [96.75, 95.25])
    assert.deepStrictEqual([joined.top[4], joined.bottom[4], joined.mitigated[4]], [99.75, 93.25, 7])
  })
})

describe("breaks of the reference", () => {
  it("stand at the second of four swings, with the first close beyond", () => {
    const rows = zigzag([100, 110, 104, 120, 108])
    const found = Breaks.of(rows, Swings.of(rows, 2))
    assert.deepStrictEqual(entries(found.bos), [[4, 1]])
    assert.deepStrictEqual([found.level[4], found.broken[4]], [110.25, 10])
  })

  it("are changes of character where the lower low comes first", () => {
    const rows = zigzag([110, 100, 106, 96, 112, 104])
    const found = Breaks.of(rows, Swings.of(rows, 2))
    assert.deepStrictEqual([entries(found.bos), entries(found.choch)], [[[4, -1]], [[8, 1]]])
    assert.deepStrictEqual([found.broken[4], found.broken[8]], [11, 15])
  })
})

describe("order blocks of the reference", () => {
  it("are the lowest candle since the swing that was crossed, and count volume", () => {
    const rows = zigzag([100, 110, 104, 120, 90])
    const { bottom, direction, mitigated, percentage, top, volume } = OrderBlocks.of(rows, Swings.of(rows, 2))
    // The low of 8 is that of 9, which opens where it closed: the later one.
    assert.deepStrictEqual(entries(direction)[0], [9, 1])
    assert.deepStrictEqual([top[9], bottom[9], volume[9], percentage[9]], [108.25, 103.75, 30, 50])
    assert.strictEqual(mitigated[9], 14)
  })
})

describe("liquidity of the reference", () => {
  it("is swings within 1 % of the range, and the candle beyond them", () => {
    const rows = zigzag([100, 110, 104, 110.05, 103, 112, 108])
    const found = Liquidity.of(rows, Swings.of(rows, 2))
    assert.deepStrictEqual(entries(found.direction), [[4, 1]])
    assert.closeTo(found.level[4]!, 110.275, 1e-12)
    assert.deepStrictEqual([found.end[4], found.swept[4]], [12, 20])
  })
})

describe("the previous day of the reference", () => {
  it("is told from the candle after midnight on, and broken until the day has ended", () => {
    const rows = candles(80, 4)
    const found = PreviousDay.of(rows)
    assert.isNaN(found.high[24])
    assert.strictEqual(found.high[25], Math.max(...rows.high.subarray(0, 24)))
    assert.strictEqual(found.low[48], Math.min(...rows.low.subarray(0, 24)))
    assert.strictEqual(found.low[49], Math.min(...rows.low.subarray(24, 48)))
    const first = rows.high.findIndex((high, row) => row >= 49 && high > found.high[49]!)
    const expected = Array.from({ length: 24 }, (_, i) => (first >= 0 && 49 + i >= first ? 1 : 0))
    assert.deepStrictEqual([...found.brokenHigh.subarray(49, 73)], expected)
  })
})

describe("the reference's rules", () => {
  const all = (rows: ReturnType<typeof candles>) => {
    const swings = Swings.of(rows, 5)
    return {
      swings,
      gaps: FairValueGaps.of(rows),
      joined: FairValueGaps.of(rows, { joinConsecutive: true }),
      breaks: Breaks.of(rows, swings),
      blocks: OrderBlocks.of(rows, swings),
      liquidity: Liquidity.of(rows, swings),
      previous: PreviousDay.of(rows)
    }
  }

  it("find nothing in no candle, one candle and prices that stand still", () => {
    for (const rows of [of([]), of([[1, 2, 0.5, 1.5]]), of(Array.from({ length: 9 }, () => [5, 5, 5, 5]))]) {
      const { blocks, breaks, gaps, liquidity, swings } = all(rows)
      for (const column of [swings, gaps, blocks, liquidity].map(({ direction }) => direction)) {
        assert.isTrue(column.every((value) => value === 0))
      }
      assert.isTrue([breaks.bos, breaks.choch].every((column) => column.every((value) => value === 0)))
    }
  })

  it("never have a value that is infinite, nor one where there is nothing, whatever the prices are", () => {
    const rows = candles(300, 8)
    rows.high[50] = Number.NaN
    rows.close[120] = Infinity
    rows.low[200] = -Infinity
    rows.volume[60] = Number.NaN
    const { blocks, breaks, gaps, joined, liquidity, previous, swings } = all(rows)
    for (const { direction, ...columns } of [swings, gaps, joined, blocks, liquidity]) {
      for (const column of Object.values(columns) as ReadonlyArray<ArrayLike<number>>) {
        for (let row = 0; row < 300; row++) {
          if (direction[row] !== 0) assert.isTrue(Number.isFinite(column[row]))
          else assert.isTrue(Number.isNaN(column[row]) || column[row] === 0)
        }
      }
      assert.isTrue(direction.some((value) => value !== 0))
    }
    assert.isTrue([...breaks.level, ...previous.high, ...previous.low].every((value) => Math.abs(value) !== Infinity))
  })
})
