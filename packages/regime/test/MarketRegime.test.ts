import { assert, describe, it } from "@effect/vitest"
import { Candles } from "@tidemark/core"
import * as PointInTime from "@tidemark/features/PointInTime"
import { Description, indicators, MarketRegime, Regime } from "@tidemark/regime/market"
import { Effect, Schema } from "effect"
import { days, daysOf } from "./days.ts"

const size = 500
const profiles = ["classic", "causal"] as const
const options = (profile: MarketRegime.ProfileId) => ({ profile, barsPerYear: 365.25 })
const all = (rows: Candles.Candles, profile: MarketRegime.ProfileId = "causal") =>
  new MarketRegime.Run(options(profile)).push(rows)

/** A day's regime is known once its candle is there. */
const factsOf = (batch: MarketRegime.Batch) =>
  Array.from(batch.openTime, (open, row) => ({
    knownAfter: row + 1,
    open,
    regime: batch.regimes[row],
    confirmed: batch.confirmed[row],
    confidence: batch.confidence[row],
    scores: batch.scores.map((column) => column[row]),
    indicators: batch.indicators.map((column) => column[row]),
    anomalyOf: batch.anomalyOf[row],
    hash: batch.inputHash[row],
    reason: batch.reasons[row],
    description: Description.of(batch, row)
  }))

/** Every row has all of its figures and no reason, or a reason and nothing else. */
const assertWhole = (batch: MarketRegime.Batch) => {
  for (const [row, regime] of batch.regimes.entries()) {
    const figures = [batch.confidence, ...batch.scores, ...batch.indicators].map((column) => column[row]!)
    if (regime === null) {
      assert.isString(batch.reasons[row])
      assert.isTrue(figures.every(Number.isNaN))
      assert.isNull(batch.confirmed[row])
      assert.isNull(batch.anomalyOf[row])
    } else {
      assert.isNull(batch.reasons[row])
      assert.isTrue(figures.every(Number.isFinite), `row ${row}: ${figures.join()}`)
      assert.include(["volume", "volatility-proxy", "none"], batch.anomalyOf[row])
    }
  }
}

const Row = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: size }))
const Seed = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))

describe("the market regime", () => {
  for (const profile of profiles) {
    it.effect.prop(
      `${profile} is the same with and without the future`,
      { seed: Seed, cut: Row },
      ({ cut, seed }) =>
        Effect.sync(() => {
          const rows = days(size, seed)
          const facts = (end: number) => factsOf(all(Candles.slice(rows, 0, end), profile))
          assert.isUndefined(PointInTime.leak(size, facts, [cut]))
        }),
      { arbitrary: { runs: 200 } }
    )

    it.effect.prop(
      `${profile} does not depend on the batches that days come in, nor on having been saved between them`,
      { seed: Seed, cuts: Schema.Array(Row) },
      ({ cuts, seed }) =>
        Effect.sync(() => {
          const rows = days(size, seed)
          assert.deepStrictEqual(
            inBatches(rows, profile, [...cuts.toSorted((a, b) => a - b), size]),
            factsOf(all(rows, profile))
          )
        }),
      { arbitrary: { runs: 60 } }
    )

    it(`${profile} is the same by the day, by 7, 30 and 60 days, and all at once`, () => {
      const rows = days(size, 5)
      const whole = factsOf(all(rows, profile))
      for (const length of [1, 7, 30, 60]) {
        const ends = Array.from({ length: Math.ceil(size / length) }, (_, i) => Math.min(size, (i + 1) * length))
        assert.deepStrictEqual(inBatches(rows, profile, ends), whole, `by ${length}`)
      }
    })

    it(`${profile} finds all four`, () => {
      const found = new Set([1, 2, 3].flatMap((seed) => [...all(days(size, seed), profile).regimes]))
      for (const regime of Regime.all) assert(found.has(regime), regime)
    })
  }

  const inBatches = (rows: Candles.Candles, profile: MarketRegime.ProfileId, ends: ReadonlyArray<number>) => {
    let saved: MarketRegime.Saved | undefined
    let from = 0
    return ends.flatMap((end) => {
      const run = new MarketRegime.Run(saved ?? options(profile))
      const facts = factsOf(run.push(Candles.slice(rows, from, end)))
      saved = JSON.parse(JSON.stringify(run.save())) as MarketRegime.Saved
      const before = from
      from = end
      return facts.map((fact) => ({ ...fact, knownAfter: fact.knownAfter + before }))
    })
  }

  it("that looks ahead is found out: by one day, or by a rank in the whole sample", () => {
    const rows = days(size, 11)
    const early = (end: number) => {
      const batch = all(Candles.slice(rows, 0, end))
      return factsOf({ ...batch, regimes: batch.regimes.map((regime, row) => batch.regimes[row + 1] ?? regime) })
    }
    const ranked = (end: number) => {
      const batch = all(Candles.slice(rows, 0, end))
      const rank = batch.indicators[0]!.map((value) => batch.indicators[0]!.filter((other) => other < value).length)
      return factsOf({ ...batch, indicators: [rank, ...batch.indicators.slice(1)] })
    }
    const cuts = Array.from({ length: 200 }, (_, i) => 2 * i + 101)
    assert.isDefined(PointInTime.leak(size, early, cuts))
    assert.deepInclude(PointInTime.leak(size, ranked, cuts), { cut: 101 })
  })

  it("goes on from a window of the past that is as long as it looks back", () => {
    const rows = days(size, 21)
    const whole = all(rows)
    // 252 days of the past, and five until what is confirmed has been seen again.
    const late = all(Candles.slice(rows, 200, size))
    const figures = ({ confidence, indicators, regimes }: MarketRegime.Batch, row: number) => [
      regimes[row],
      confidence[row],
      ...indicators.map((column) => column[row])
    ]
    for (let row = 200 + 251; row < size; row++) assert.deepStrictEqual(figures(late, row - 200), figures(whole, row))
  })

  it("is skipped until there are days enough, and says how many there are", () => {
    const causal = all(days(120, 1))
    assert.strictEqual(causal.reasons[40], "needs 80 daily candles, has 41")
    assert.deepStrictEqual([causal.regimes[78], causal.reasons[79]], [null, null])
    assert.isString(causal.regimes[79])
    const classic = all(days(120, 1), "classic")
    assert.strictEqual(classic.reasons[0], "needs 60 daily candles, has 1")
    assert.deepStrictEqual([classic.regimes[58], classic.reasons[59]], [null, null])
    const resumed = new MarketRegime.Run({ ...options("causal"), beginning: "gap" }).push(days(80, 1))
    assert.strictEqual(resumed.reasons[0], "needs 80 daily candles, has 1 since a gap")
    assert.isNull(resumed.reasons[79])
    assert.strictEqual(Description.of(causal, 40), "Skipped: needs 80 daily candles, has 41.")
    for (const batch of [causal, classic, resumed, all(days(1, 1)), all(Candles.empty)]) assertWhole(batch)
  })

  it("of prices that stand still is none, and says why; afterwards there is one again", () => {
    const closes = [...days(200, 4).close, ...Array.from({ length: 100 }, () => 50), ...days(100, 6).close]
    for (const profile of profiles) {
      const batch = all(daysOf(closes), profile)
      assertWhole(batch)
      assert.strictEqual(batch.reasons[290], "its last 59 returns do not vary")
      assert.isString(batch.regimes[200])
      assert.isString(batch.regimes[330])
      const still = all(daysOf(Array.from({ length: 300 }, () => 7)), profile)
      assertWhole(still)
      assert.isTrue(still.regimes.every((regime) => regime === null))
      // Up by the same share every day: what varies is rounding.
      const steady = all(daysOf(Array.from({ length: 300 }, (_, i) => 7 * 1.001 ** i)), profile)
      assert.isTrue(steady.regimes.every((regime) => regime === null))
    }
  })

  it("without volume goes by volatility; by nothing where it has been the rule to have volume", () => {
    const { close } = days(200, 9)
    const volumes = [0, 1_000, Number.NaN, Infinity]
    for (const volume of volumes) {
      const rows = { ...daysOf(close), volume: new Float64Array(200).fill(volume) }
      const [causal, classic] = [all(rows), all(rows, "classic")]
      for (const batch of [causal, classic]) assertWhole(batch)
      assert.isTrue(causal.anomalyOf.slice(79).every((of) => of === "volatility-proxy"))
      assert.isTrue(classic.anomalyOf.slice(59).every((of) => of === "none"))
      assert.isTrue(classic.indicators[5]!.subarray(59).every((value) => value === 0))
      assert.include(Description.of(causal, 199), "volatility, for want of volume, ")
      assert.include(Description.of(classic, 199), "no volume to compare")
    }
    // A single day without volume, for as long as it is in the window.
    const traded = Array.from({ length: 200 }, (_, i) => (i === 100 ? 0 : 1_000 + (i % 7)))
    const { anomalyOf } = all(daysOf(close, traded))
    assert.deepStrictEqual(
      [99, 100, 159, 160].map((row) => anomalyOf[row]),
      ["volume", "volatility-proxy", "volatility-proxy", "volume"]
    )
  })

  it("does not go on over a candle that is none", () => {
    const rows = days(400, 8)
    for (const broken of [Number.NaN, Infinity, 0, -1]) {
      for (const profile of profiles) {
        const close = rows.close.slice()
        close[150] = broken
        const batch = all({ ...rows, close }, profile)
        assertWhole(batch)
        assert.strictEqual(batch.reasons[150], "it has no prices above 0")
        assert.match(batch.reasons[151]!, /^needs \d0 daily candles, has 1 since a candle without prices$/)
        const after = factsOf(all(Candles.slice(rows, 151, 400), profile)).slice(80)
        const same = factsOf(batch).slice(231)
        assert.deepStrictEqual(
          same.map(({ hash, regime, ...fact }) => [fact.open, hash, regime, fact.confirmed]),
          after.map(({ hash, regime, ...fact }) => [fact.open, hash, regime, fact.confirmed])
        )
      }
    }
    const none = all({ ...rows, close: new Float64Array(400).fill(Number.NaN) })
    assert.isTrue(none.regimes.every((regime) => regime === null))
    const wild = days(400, 8)
    for (let i = 0; i < 400; i++) wild.close[i] = i % 2 === 0 ? 1e-300 : 1e307
    wild.open.set(wild.close)
    wild.high.set(wild.close)
    wild.low.set(wild.close)
    for (const profile of profiles) assertWhole(all(wild, profile))
    assert.strictEqual(all(wild, "classic").reasons[100], "one of its last 59 returns is no finite number")
  })

  it("is confirmed when it has been there for five days running", () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const { confirmed, regimes } = all(days(size, seed))
      let last: Regime.Regime | null = null
      for (let row = 79; row < size; row++) {
        const five = regimes.slice(row - 4, row + 1)
        if (five.every((regime) => regime !== null && regime === regimes[row])) last = regimes[row]!
        assert.strictEqual(confirmed[row], last, `${seed}: ${row}`)
      }
    }
  })

  it("is that of one share after a split, whose past is told in new shares", () => {
    const rows = { ...days(300, 13), volume: Float64Array.from({ length: 300 }, (_, i) => 1_000 + ((i * 7_919) % 613)) }
    const factor = 0.25
    const split = (from: number, column: Float64Array, by: number) =>
      column.map((value, i) => (i < from ? value : value * by))
    const [run, plain] = [new MarketRegime.Run(options("causal")), all(rows)]
    run.push(Candles.slice(rows, 0, 200))
    run.split(factor)
    const raw = {
      openTime: rows.openTime,
      open: split(200, rows.open, factor),
      high: split(200, rows.high, factor),
      low: split(200, rows.low, factor),
      close: split(200, rows.close, factor),
      volume: split(200, rows.volume, 1 / factor)
    }
    const after = run.push(Candles.slice(raw, 200, 300))
    assert.deepStrictEqual(after.regimes, plain.regimes.slice(200))
    for (const [i, column] of after.indicators.entries()) {
      for (const [row, value] of column.entries()) assert.closeTo(value, plain.indicators[i]![200 + row]!, 1e-9)
    }
    assert.notDeepEqual(all(raw).regimes.slice(200), plain.regimes.slice(200))
  })

  it("goes with a hash of the candles it follows from, which a change in any of them changes", () => {
    const rows = days(200, 9)
    const { inputHash } = all(rows)
    assert.strictEqual(new Set(inputHash).size, 200)
    const volume = rows.volume.slice()
    volume[40] = volume[40]! + 1
    const changed = all({ ...rows, volume }).inputHash
    assert.deepStrictEqual(changed.slice(0, 40), inputHash.slice(0, 40))
    assert.isTrue(changed.slice(40).every((hash, i) => hash !== inputHash[40 + i]))
  })

  it("is told in words, with its figures", () => {
    const batch = all(days(size, 2))
    const row = batch.regimes.findIndex((regime, i) => regime === "bear" && batch.confirmed[i] === "bear")
    const [volatility, rank, trend, momentum, drawdown, anomaly] = indicators.map((_, i) => batch.indicators[i]![row]!)
    const words = Description.of(batch, row).replaceAll("−", "-")
    assert.match(words, /^Bear with confidence \d\.\d\d \(confirmed\): trend /)
    assert.include(words, `trend ${trend! < 0 ? "" : "+"}${trend!.toFixed(2)}`)
    assert.include(words, `momentum ${momentum! < 0 ? "" : "+"}${momentum!.toFixed(2)}`)
    assert.include(words, `volatility ${(100 * volatility!).toFixed(1)} % a year`)
    assert.include(words, `at ${(100 * rank!).toFixed(1)} % of the last 60 days`)
    assert.include(words, `${(100 * drawdown!).toFixed(1)} % below the high`)
    assert.include(words, `${Math.abs(anomaly!).toFixed(1)} deviations`)
  })
})
