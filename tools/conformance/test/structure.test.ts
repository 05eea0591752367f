/** Swing structure against what the reference library found, on 24,424 quarters of an hour of EUR/USD. */
import { assert, describe, it } from "@effect/vitest"
import { Candles } from "@tidemark/core"
import { SmcCompat } from "@tidemark/regime/structure"
import * as Data from "./data.ts"

const swingLength = 5
const size = 24_424

const table = (name: string): ReadonlyArray<ReadonlyArray<string>> =>
  Data.text(`structure/${name}`)
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(","))

const recorded = (): Candles.Candles => {
  const rows = table("EURUSD_15M.csv")
  const column = (i: number) => Float64Array.from(rows, (row) => Number(row[i]))
  const timeOf = (text: string) => Date.parse(`${text.replaceAll(".", "-").replace(" ", "T")}Z`)
  return {
    openTime: Float64Array.from(rows, (row) => timeOf(row[0]!)),
    open: column(1),
    high: column(2),
    low: column(3),
    close: column(4),
    volume: column(6)
  }
}

interface Column {
  readonly values: ArrayLike<number>
  /** Which rows have a value. */
  readonly isThere: (row: number) => boolean
  /** The reference keeps it in 32 bits. */
  readonly isSingle?: boolean
}

/** Every row of every column; how many rows have something in the first. */
const assertEqual = (file: string, columns: ReadonlyArray<Column>): number => {
  const expected = table(`${file}.csv`)
  assert.lengthOf(expected, size)
  let count = 0
  for (const [row, texts] of expected.entries()) {
    for (const [i, { isSingle = false, isThere, values }] of columns.entries()) {
      const text = (texts[i] ?? "").trim()
      const rounded = (value: number) => (isSingle ? Math.fround(value) : value)
      const [actual, wanted] = [
        isThere(row) ? rounded(values[row]!) : undefined,
        text === "" ? undefined : rounded(Number(text))
      ]
      // Thousands of comparisons: the assertion is made where it fails.
      if (actual !== wanted) assert.strictEqual(actual, wanted, `${file}, row ${row}, column ${i}`)
    }
    if (columns[0]!.isThere(row)) count++
  }
  return count
}

const notZero = (values: ArrayLike<number>) => (row: number) => values[row] !== 0
const notNaN = (values: ArrayLike<number>) => (row: number) => !Number.isNaN(values[row])

describe.skipIf(Data.isAbsent)(`recorded structure${Data.note}`, () => {
  const candles = Data.isAbsent ? Candles.empty : recorded()
  const swings = SmcCompat.Swings.of(candles, swingLength)
  const breaks = SmcCompat.Breaks.of(candles, swings)

  it("has the swings of the reference, in every row", () => {
    const isThere = notZero(swings.direction)
    const columns = [swings.direction, swings.level].map((values) => ({ values, isThere }))
    assert.strictEqual(assertEqual("swing_highs_lows_result_data", columns), 2_708)
  })

  for (const [joinConsecutive, file, count] of [
    [false, "fvg_result_data", 5_020],
    [true, "fvg_consecutive_result_data", 3_756]
  ] as const) {
    it(`has its fair value gaps, ${joinConsecutive ? "joined" : "each of its own"}, in every row`, () => {
      const gaps = SmcCompat.FairValueGaps.of(candles, { joinConsecutive })
      const isThere = notZero(gaps.direction)
      const columns = [gaps.direction, gaps.top, gaps.bottom, gaps.mitigated].map((values) => ({ values, isThere }))
      assert.strictEqual(assertEqual(file, columns), count)
    })
  }

  it("has its breaks of structure and changes of character, in every row", () => {
    const { bos, broken, choch, level } = breaks
    const columns = [
      { values: bos, isThere: notZero(bos) },
      { values: choch, isThere: notZero(choch) },
      { values: level, isThere: notNaN(level), isSingle: true },
      { values: broken, isThere: notZero(broken) }
    ]
    assert.strictEqual(assertEqual("bos_choch_result_data", columns), 676)
  })

  it("has its order blocks, in every row", () => {
    const { bottom, direction, mitigated, percentage, top, volume } = SmcCompat.OrderBlocks.of(candles, swings)
    const isThere = notZero(direction)
    const columns = [direction, top, bottom, volume, mitigated, percentage].map((values) => ({ values, isThere }))
    assert.strictEqual(assertEqual("ob_result_data", columns), 66)
  })

  it("has its liquidity, in every row", () => {
    const { direction, end, level, swept } = SmcCompat.Liquidity.of(candles, swings)
    const isThere = notZero(direction)
    const columns = [direction, level, end, swept].map((values, i) => ({ values, isThere, isSingle: i === 1 }))
    assert.strictEqual(assertEqual("liquidity_result_data", columns), 498)
  })

  it("has its highs and lows of the previous day, in every row", () => {
    const { brokenHigh, brokenLow, high, low } = SmcCompat.PreviousDay.of(candles)
    const columns = [high, low].map((values) => ({ values, isThere: notNaN(values), isSingle: true }))
    const flags = [brokenHigh, brokenLow].map((values) => ({ values, isThere: () => true }))
    assert.strictEqual(assertEqual("previous_high_low_result_data_1D", [...columns, ...flags]), 24_327)
  })

  it("has 1,098 of its 1,296 breaks before the swings that make them could be known", () => {
    const rows = [...swings.direction.keys()].filter((row) => swings.direction[row] !== 0)
    const broken = rows.map((row, i) => ({ at: breaks.broken[row]!, fourth: rows[i + 2] })).filter(({ at }) => at > 0)
    const early = broken.filter(({ at, fourth }) => at < fourth! + swingLength)
    assert.deepStrictEqual([early.length, broken.length], [1_098, 1_296])
  })
})
