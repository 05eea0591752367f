import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { type Calendar, Candles, Regrid } from "@tidemark/core"
import { PointInTime } from "@tidemark/features"
import { StructureRegime } from "@tidemark/regime/structure"
import { candles, hourMillis, isClean, random, start } from "./market.ts"

const { decide, describe: inWords, history } = StructureRegime

const calendar = Calendars.get("24/7")
const dayMillis = 24 * hourMillis
/** When every series below ends. */
const end = start + 400 * dayMillis

type Row = readonly [open: number, high: number, low: number, close: number]

/** Candles of one length, the last of which closes at the end. */
const ending = (millis: number, rows: ReadonlyArray<Row>): Candles.Candles => ({
  openTime: Float64Array.from(rows, (_, i) => end - (rows.length - i) * millis),
  open: Float64Array.from(rows, (row) => row[0]),
  high: Float64Array.from(rows, (row) => row[1]),
  low: Float64Array.from(rows, (row) => row[2]),
  close: Float64Array.from(rows, (row) => row[3]),
  volume: new Float64Array(rows.length)
})

const still = (count: number): ReadonlyArray<Row> => Array.from({ length: count }, () => [100, 101, 99, 100] as const)

/** Closes one after the other. */
const closing = (closes: ReadonlyArray<number>): ReadonlyArray<Row> =>
  closes.map((close) => [close, close + 1, close - 1, close] as const)

interface Given {
  readonly decision?: ReadonlyArray<Row>
  readonly hourly?: ReadonlyArray<Row>
  readonly daily?: ReadonlyArray<Row>
}

const input = ({ daily = still(210), decision = still(60), hourly = still(40) }: Given): StructureRegime.Input => ({
  calendar,
  candles: {
    "4h": ending(4 * hourMillis, decision),
    "1h": ending(hourMillis, hourly),
    "1d": ending(dayMillis, daily)
  }
})

const given = (parts: Given, at = end) => decide(input(parts), at)

/** As if a trend of an hour a step had gone on all the time. */
const trending = closing(Array.from({ length: 60 }, (_, i) => 100 + 2 * i))

describe("the structure regime", () => {
  it("is consolidation where nothing is found and the trend is weak", () => {
    const regime = given({})
    assert.deepInclude(regime, { label: "consolidation", adx: 0, close: 100, missing: [], at: end, knownAt: end })
    assert.strictEqual(regime.openTime, end - 4 * hourMillis)
    assert.strictEqual(
      inWords(regime),
      "consolidation: no order block, fair value gap or break of structure; ADX 0.0; neutral bias, 0 % above a flat EMA 200"
    )
  })

  it("is wide where the last candles break out, or the trend is strong", () => {
    const broken = given({ decision: [...still(60), [100, 103, 99, 100]] })
    assert.deepInclude(broken, { label: "wide_structure", orderBlock: null, fairValueGap: null })
    assert.deepInclude(broken.breakOfStructure, { direction: "bullish", level: 101 })
    const strong = given({ hourly: trending })
    assert.deepInclude(strong, { label: "wide_structure", breakOfStructure: null, adx: 100, minusDi: 0 })
  })

  it("is tight with an order block or a fair value gap, whatever else there is", () => {
    const block = given({
      decision: [...still(60), [100, 100.5, 97, 97.25], [97.25, 104, 97.25, 103]],
      hourly: trending
    })
    assert.deepInclude(block, { label: "tight_smc", fairValueGap: null })
    assert.isNotNull(block.orderBlock)
    assert.isNotNull(block.breakOfStructure)
    const gap = given({ decision: [...still(60), [100, 103, 100, 103], [103, 104, 101.25, 104]] })
    assert.deepInclude(gap, { label: "tight_smc", orderBlock: null })
    assert.strictEqual(
      inWords(gap),
      "tight_smc: bullish fair value gap 101 to 101.25 of 2025-02-03T16:00Z; bullish break of structure: 2025-02-03T16:00Z went beyond 101; ADX 0.0; neutral bias, 0 % above a flat EMA 200"
    )
  })

  it("leans by the last daily close against its average, which rises, falls or lies flat", () => {
    const bias = (closes: ReadonlyArray<number>) => given({ daily: closing(closes) }).bias
    const flat = Array.from({ length: 209 }, () => 100)
    // One close in 201 parts moves the average by 2/201 of itself.
    assert.deepInclude(bias([...flat, 100.1]), { direction: "neutral", slope: "flat", close: 100.1 })
    assert.deepInclude(bias([...flat, 100.5]), { direction: "bullish", slope: "flat", ema: 100 + 1 / 201 })
    assert.deepInclude(bias([...flat, 99.5]), { direction: "bearish", slope: "flat" })
    assert.deepInclude(bias([...flat, 130]), { direction: "bullish", slope: "up" })
    assert.deepInclude(bias([...flat, 70]), { direction: "bearish", slope: "down" })
    const { change, distance } = bias([...flat, 130])!
    assert.closeTo(distance, 130 / (100 + 60 / 201) - 1, 1e-12)
    assert.closeTo(change!, 0.6 / 201, 1e-12)
  })

  it("is no data, with what is missing in figures", () => {
    const sentences = (parts: Given, at?: number) => {
      const { label, missing } = given(parts, at)
      return [label, ...missing.map(({ text, timeframe }) => `${timeframe}: ${text}`)]
    }
    assert.deepStrictEqual(sentences({ decision: still(49) }), ["no_data", "4h: structure needs 50 4h candles, has 49"])
    assert.deepStrictEqual(sentences({ decision: still(50) }), ["consolidation"])
    assert.deepStrictEqual(sentences({ hourly: still(27) }), ["no_data", "1h: ADX 14 needs 28 1h candles, has 27"])
    assert.deepStrictEqual(sentences({ hourly: still(28) }), ["consolidation"])
    assert.deepStrictEqual(sentences({ decision: [], hourly: [], daily: [] }), [
      "no_data",
      "4h: structure needs 50 4h candles, has 0",
      "4h: the 4h candle of 2025-02-03T20:00Z is missing",
      "1h: ADX 14 needs 28 1h candles, has 0",
      "1d: EMA 200 needs 200 daily candles, has 0"
    ])
    assert.deepStrictEqual(sentences({}, end + 4 * hourMillis), [
      "no_data",
      "4h: the 4h candle of 2025-02-04T00:00Z is missing, the last is of 2025-02-03T20:00Z",
      "1h: the 1h candle of 2025-02-04T03:00Z is missing, the last is of 2025-02-03T23:00Z"
    ])
    assert.match(inWords(given({ decision: still(49) })), /^no_data: structure needs 50 4h candles, has 49; ADX 0\.0; /)
  })

  it("has a label without a bias, and says why there is none", () => {
    const young = given({ daily: still(143) })
    assert.deepInclude(young, { label: "consolidation", bias: null })
    assert.deepStrictEqual(young.missing, [
      { timeframe: "1d", text: "EMA 200 needs 200 daily candles, has 143", isFetchable: true }
    ])
    const older = given({ daily: still(202) })
    assert.deepInclude(older.bias, { direction: "neutral", slope: null, change: null })
    assert.strictEqual(older.missing[0]?.text, "the slope of EMA 200 needs 203 daily candles, has 202")
    const late = input({})
    const ended = { ...late, candles: { ...late.candles, "1d": Candles.slice(late.candles["1d"], 0, 209) } }
    assert.deepStrictEqual(
      decide(ended, end).missing.map(({ text }) => text),
      ["the 1d candle of 2025-02-03T00:00Z is missing, the last is of 2025-02-02T00:00Z"]
    )
  })

  it("of an hour without a trade is that of the hours before, as long as the candle had one", () => {
    const { candles: all } = input({})
    const hours = (count: number) => ({
      calendar,
      candles: { ...all, "1h": Candles.slice(all["1h"], 0, 40 - count) }
    })
    assert.deepInclude(decide(hours(3), end), { label: "consolidation", adx: 0 })
    assert.deepInclude(decide(hours(4), end), { label: "no_data", adx: null })
  })

  it("has no number that is none, whatever the prices are", () => {
    const zero = (count: number): ReadonlyArray<Row> => Array.from({ length: count }, () => [0, 0, 0, 0] as const)
    const nothing = given({ decision: zero(60), hourly: zero(40), daily: zero(210) })
    assert.isTrue(isClean(nothing))
    assert.deepInclude(nothing, { label: "consolidation", bias: null })
    assert.deepStrictEqual(nothing.missing, [
      { timeframe: "1d", text: "EMA 200 is not above zero", isFetchable: false }
    ])
    const broken: Row = [100, Number.NaN, 99, Infinity]
    const holes = given({ decision: [...still(60), broken], hourly: [...still(20), broken, ...still(30), broken] })
    assert.isTrue(isClean(holes))
    assert.strictEqual(holes.label, "no_data")
    assert.include(holes.missing[0]?.text, "the 4h candle of 2025-02-03T20:00Z is missing")
  })

  it("goes with a hash of all that was known for it, and of nothing else", () => {
    const whole = input({})
    const changed = (timeframe: StructureRegime.Timeframe, row: number): StructureRegime.Input => {
      const close = whole.candles[timeframe].close.slice()
      close[row]! += 0.01
      return { calendar, candles: { ...whole.candles, [timeframe]: { ...whole.candles[timeframe], close } } }
    }
    const before = end - dayMillis
    const hash = (of: StructureRegime.Input, at: number) => decide(of, at).inputHash
    for (const timeframe of StructureRegime.timeframes) {
      assert.notStrictEqual(hash(changed(timeframe, 0), before), hash(whole, before))
      const last = Candles.length(whole.candles[timeframe]) - 1
      assert.notStrictEqual(hash(changed(timeframe, last), end), hash(whole, end))
      assert.strictEqual(hash(changed(timeframe, last), before), hash(whole, before))
    }
  })
})

const days = 230
const hours = candles(days * 24, 21)

/** What there is of hours, as candles of all three lengths that have closed. */
const closed = (of: Calendar.Calendar, count: number): StructureRegime.Input["candles"] => {
  const known = Candles.slice(hours, 0, count)
  const now = start + count * hourMillis
  const grid = (timeframe: StructureRegime.Timeframe) => {
    const all = Regrid.toGrid(of, timeframe, known, "instant")
    const size = Candles.length(all)
    const isOpen = size > 0 && of.closeOf(timeframe, all.openTime[size - 1]!) > now
    return Candles.slice(all, 0, isOpen ? size - 1 : size)
  }
  return { "4h": grid("4h"), "1h": grid("1h"), "1d": grid("1d") }
}

const factsOf = (regimes: ReadonlyArray<StructureRegime.StructureRegime>) =>
  regimes.map((regime) => ({ knownAfter: (regime.at - start) / hourMillis, regime }))

/** Some in the days in which there is little yet, some when all is there. */
const cuts = () => {
  const next = random(5)
  return [
    ...Array.from({ length: 100 }, () => Math.floor(next() * 20 * 24)),
    ...Array.from({ length: 120 }, () => 195 * 24 + Math.floor(next() * (days - 195) * 24))
  ]
}

describe("the history of the structure regime", () => {
  const range = (count: number, from = start) => ({ from, to: start + count * hourMillis })

  it("is the same with and without the future", () => {
    const seen = new Map<string, number>()
    const compute = (count: number) => {
      const regimes = history({ calendar, candles: closed(calendar, count) }, range(count))
      for (const { label } of regimes) seen.set(label, (seen.get(label) ?? 0) + 1)
      return factsOf(regimes)
    }
    const early = cuts().filter((cut) => cut < 20 * 24)
    assert.isUndefined(PointInTime.leak(25 * 24, compute, early))
    const late = cuts().filter((cut) => cut > 20 * 24)
    const lateFrom = start + 195 * dayMillis
    const computeLate = (count: number) =>
      factsOf(history({ calendar, candles: closed(calendar, count) }, range(count, lateFrom)))
    assert.isUndefined(PointInTime.leak(days * 24, computeLate, late))
    assert.includeMembers([...seen.keys()], ["no_data", "tight_smc"])
    assert.isNotNull(computeLate(days * 24).at(-1)?.regime.bias)
  })

  it("that knows a day before it has closed is found to look ahead", () => {
    const eager: Calendar.Calendar = {
      ...calendar,
      closeOf: (timeframe, open) => (timeframe === "1d" ? open + 1 : calendar.closeOf(timeframe, open))
    }
    const from = start + 199 * dayMillis
    const compute = (count: number) =>
      // The days that have closed, and decisions by one that has not.
      factsOf(history({ calendar: eager, candles: closed(calendar, count) }, range(count, from)))
    const late = cuts().filter((cut) => cut > 200 * 24)
    assert.isDefined(PointInTime.leak(days * 24, compute, late))
  })

  it("is, at every close, the decision at that time, though later candles are there", () => {
    const whole = { calendar, candles: closed(calendar, days * 24) }
    const all = history(whole, range(days * 24, start + 1))
    assert.lengthOf(all, days * 6)
    assert.deepStrictEqual([all[0]!.at, all.at(-1)!.at], [start + 4 * hourMillis, start + days * dayMillis])
    for (const row of [0, 12, 13, 700, 1_200, 1_379]) assert.deepStrictEqual(all[row], decide(whole, all[row]!.at))
    const between = decide(whole, all[700]!.at + hourMillis)
    assert.deepStrictEqual(
      [between.openTime, between.knownAt, between.orderBlock],
      [all[700]!.openTime, all[700]!.at, all[700]!.orderBlock]
    )
    assert.isTrue(isClean(all))
  })

  it("has a row for a candle that is missing, and none outside of what was asked", () => {
    const all = closed(calendar, 40 * 24)
    const rows = Array.from(all["4h"].openTime.keys()).filter((row) => row !== 150)
    const whole = { calendar, candles: { ...all, "4h": Candles.pick(all["4h"], rows) } }
    const at = start + 151 * 4 * hourMillis
    const found = history(whole, { from: at - 4 * hourMillis, to: at + 4 * hourMillis })
    assert.deepStrictEqual(
      found.map(({ label }) => label === "no_data"),
      [false, true, false]
    )
    assert.deepInclude(found[1], { at, close: null, orderBlock: null, breakOfStructure: null })
    assert.lengthOf(history(whole, { from: at + 1, to: at + 2 }), 0)
    assert.lengthOf(history(whole, { from: at, to: at - 1 }), 0)
  })

  it("keeps to the sessions of a market that closes", () => {
    const xnys = Calendars.get("XNYS")
    const whole = { calendar: xnys, candles: closed(xnys, days * 24) }
    const [first, second] = history(whole, { from: start + 60 * dayMillis, to: start + 61 * dayMillis })
    // 2024-03-01: 9:30 to 13:30 and to 16:00 in New York.
    assert.deepStrictEqual(
      [first!.openTime, first!.at, second!.at].map((time) => (time - start - 60 * dayMillis) / hourMillis),
      [14.5, 18.5, 21]
    )
    assert.isNotNull(second!.adx)
  })
})
