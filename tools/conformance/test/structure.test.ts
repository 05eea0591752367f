/** Swing structure against what the reference library found, on 24,424 quarters of an hour of EUR/USD. */
import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { Candles, Regrid } from "@tidemark/core"
import { PointInTime } from "@tidemark/features"
import { SmcCompat, SmcPit, StructureRegime } from "@tidemark/regime/structure"
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

  const cuts = () => Array.from({ length: 200 }, (_, i) => Math.floor((i * 7_919 + 101) % size))

  it("point in time is the same with and without the future, at 200 cuts", () => {
    const compute = (end: number) => SmcPit.events(Candles.slice(candles, 0, end))
    assert.isUndefined(PointInTime.leak(size, compute, cuts()))
  })

  it("of the reference is not: it is found to look ahead at the first cuts", () => {
    const compute = (end: number) => {
      const known = Candles.slice(candles, 0, end)
      const marked = SmcCompat.Swings.of(known, swingLength)
      const { bos, choch } = SmcCompat.Breaks.of(known, marked)
      return Array.from({ length: end }, (_, row) => ({ knownAfter: row + 1, bos: bos[row], choch: choch[row] }))
    }
    assert.isDefined(PointInTime.leak(size, compute, cuts().slice(0, 3)))
  })

  it("point in time comes to the reference's in the end: all its swings and gaps, and its breaks but for closes at a level", () => {
    const events = SmcPit.events(candles)
    const count = (kind: SmcPit.Event["kind"]) => events.filter((event) => event.kind === kind).length
    assert.deepStrictEqual([count("fair-value-gap"), count("fair-value-gap-mitigated")], [5_020, 4_983])
    const replaced = events.filter((event) => event.kind === "swing" && event.replaces !== null).length
    // Without the artificial swings of the first and the last row.
    assert.strictEqual(count("swing") - replaced, 2_708 - 2)

    const standing = new Map<number, SmcPit.Break>()
    for (const event of events) {
      if (event.kind === "break") standing.set(event.row, event)
      if (event.kind === "break-superseded") standing.delete(event.row)
    }
    let same = 0
    for (let row = 0; row < size; row++) {
      const sign = breaks.bos[row]! + breaks.choch[row]!
      if (sign === 0) continue
      const event = standing.get(row)
      standing.delete(row)
      if (event?.broken === breaks.broken[row]) same++
      else {
        // In 32 bits a level can lie on the other side of a close that is the same price.
        assert.strictEqual(Math.fround(candles.close[breaks.broken[row]!]!), breaks.level[row], `row ${row}`)
      }
    }
    assert.deepStrictEqual([same, standing.size], [1_108, 1])
  })

  it("as a regime is the same with and without the future, at 200 cuts", () => {
    const calendar = Calendars.get("24/5")
    const from = candles.openTime[0]!
    const grid = (timeframe: StructureRegime.Timeframe, until: number) => {
      const known = Candles.within(candles, { from, to: until })
      const all = Regrid.toGrid(calendar, timeframe, known, "instant")
      // What has not closed yet is not there.
      return Candles.slice(all, 0, all.openTime.findLastIndex((open) => calendar.closeOf(timeframe, open) <= until) + 1)
    }
    const compute = (end: number) => {
      const until = candles.openTime[end - 1] === undefined ? from : candles.openTime[end - 1]! + 900_000
      const known = { "4h": grid("4h", until), "1h": grid("1h", until), "1d": grid("1d", until) }
      const regimes = StructureRegime.history({ calendar, candles: known }, { from, to: until })
      // Known with the candle that closes then, or the first after a time without one.
      return regimes.map((regime) => ({
        knownAfter: Candles.lowerBound(candles.openTime, regime.at - 900_000) + 1,
        regime
      }))
    }
    const whole = compute(size).map(({ regime }) => regime)
    const count = (label: StructureRegime.Label) => whole.filter((regime) => regime.label === label).length
    assert.deepStrictEqual(StructureRegime.labels.map(count), [1_088, 268, 123, 53])
    assert.isUndefined(PointInTime.leak(size, compute, cuts()))
  })
})
