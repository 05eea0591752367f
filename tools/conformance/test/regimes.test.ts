/** Regimes of the S&P 500 and the Nasdaq 100, and what is known of them. */
import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { Candles, Interval } from "@tidemark/core"
import { Annual } from "@tidemark/features"
import * as PointInTime from "@tidemark/features/PointInTime"
import * as Performance from "@tidemark/regime/Performance"
import * as Transitions from "@tidemark/regime/Transitions"
import { JumpModel, Labels } from "@tidemark/regime/jump"
import { Description, indicators, MarketRegime, Regime } from "@tidemark/regime/market"
import * as Data from "./data.ts"

const calendar = Calendars.get("XNYS")
const barsPerYear = Annual.barsPerYear(calendar, "1d")
const openOf = (date: string) => calendar.openAtOrAfter("1d", Date.parse(`${date}T00:00:00Z`))

/** Days of a table: the named columns, in the order of candles; closes alone stand for all prices. */
const days = (file: string, columns: ReadonlyArray<number>): Candles.Candles => {
  const rows = Data.text(file)
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.split(","))
  const [open, high, low, close, volume] = columns.map((i) => Float64Array.from(rows, (row) => Number(row[i] ?? 0)))
  return {
    openTime: Float64Array.from(rows, (row) => openOf(row[0]!)),
    open: open!,
    high: high!,
    low: low!,
    close: close!,
    volume: volume!
  }
}

/** As many as are asked for, the same every time, all over the rows. */
const cutsOf = (size: number, count: number): ReadonlyArray<number> =>
  Array.from({ length: count }, (_, i) => Math.floor(((i * 0.618_033_988_75) % 1) * (size + 1)))

describe.skipIf(Data.isAbsent)(`market regimes of the S&P 500, 2000 to 2020${Data.note}`, () => {
  const sp500 = () => days("regimes/sp500-2000.csv", [1, 2, 3, 4, 6])
  const of = (profile: MarketRegime.ProfileId, rows = sp500()) =>
    new MarketRegime.Run({ profile, barsPerYear }).push(rows)
  const columnOf = (batch: MarketRegime.Batch, name: (typeof indicators)[number]) =>
    batch.indicators[indicators.indexOf(name)]!

  const labelledIn = (batch: MarketRegime.Batch) =>
    batch.regimes.flatMap((regime, row) => (regime === null ? [] : [row]))

  it("classic has the faults that it is known for", () => {
    const batch = of("classic")
    const labelled = labelledIn(batch)
    assert.deepStrictEqual([batch.regimes.length, labelled.length, labelled[0]], [5_105, 5_046, 59])
    const trend = columnOf(batch, "trend_strength")
    assert.lengthOf(
      labelled.filter((row) => Math.abs(trend[row]!) > 0.6),
      0
    )
    const ties = labelled.filter((row) => {
      const points = batch.scores.map((column) => column[row]!)
      return points.filter((value) => value === Math.max(...points)).length > 1
    })
    // 22 %, all of which go to the first in the order of regimes.
    assert.lengthOf(ties, 1_128)
    const { close } = sp500()
    const mean = (row: number, n: number) => {
      let sum = 0
      for (let i = row - n + 1; i <= row; i++) sum += close[i]! / close[i - 1]! - 1
      return sum / n
    }
    const isFalling = (row: number) => mean(row, 5) < 0 && mean(row, 20) < 0
    const bullish = (batch: MarketRegime.Batch) =>
      labelledIn(batch).filter((row) => columnOf(batch, "momentum_score")[row]! > 0.5 && isFalling(row))
    assert.lengthOf(bullish(batch), 1_129)
    assert.lengthOf(bullish(of("causal")), 0)
  })

  it("causal has a steep trend on every third day", () => {
    const batch = of("causal")
    const trend = columnOf(batch, "trend_strength")
    const labelled = labelledIn(batch)
    assert.deepStrictEqual([labelled.length, labelled[0]], [5_026, 79])
    assert.lengthOf(
      labelled.filter((row) => Math.abs(trend[row]!) > 0.6),
      1_762
    )
  })

  for (const profile of ["classic", "causal"] as const) {
    it(`${profile} does not look ahead, at 200 cuts`, () => {
      const rows = sp500()
      const facts = (end: number) => {
        const batch = of(profile, Candles.slice(rows, 0, end))
        return Array.from(batch.openTime, (_, row) => ({
          knownAfter: row + 1,
          regime: batch.regimes[row],
          confirmed: batch.confirmed[row],
          figures: [batch.confidence, batch.inputHash, ...batch.scores, ...batch.indicators].map(
            (column) => column[row]
          )
        }))
      }
      assert.isUndefined(PointInTime.leak(5_105, facts, cutsOf(5_105, 200)))
    })

    it(`${profile} is the same by 7, 30 and 60 days and all at once`, () => {
      const rows = sp500()
      const whole = of(profile, rows)
      for (const length of [7, 30, 60]) {
        let run = new MarketRegime.Run({ profile, barsPerYear })
        for (let from = 0; from < 5_105; from += length) {
          const to = Math.min(5_105, from + length)
          const batch = run.push(Candles.slice(rows, from, to))
          run = new MarketRegime.Run(JSON.parse(JSON.stringify(run.save())) as MarketRegime.Saved)
          assert.deepStrictEqual(batch.regimes, whole.regimes.slice(from, to))
          assert.deepStrictEqual(batch.confirmed, whole.confirmed.slice(from, to))
          assert.deepStrictEqual(batch.confidence, whole.confidence.slice(from, to))
          assert.deepStrictEqual(batch.inputHash, whole.inputHash.slice(from, to))
          for (const [i, column] of batch.indicators.entries())
            assert.deepStrictEqual(column, whole.indicators[i]!.slice(from, to))
        }
      }
    })
  }

  it("the crashes of 2008 and 2020 are bear markets, and calm years bull markets", () => {
    const batch = of("causal")
    const on = (date: string) => batch.openTime.indexOf(openOf(date))
    const confirmed = ["2008-10-10", "2009-03-09", "2020-03-16", "2013-05-20", "2017-10-02"].map(
      (date) => batch.confirmed[on(date)]
    )
    assert.deepStrictEqual(confirmed, ["bear", "bear", "bear", "bull", "bull"])
    assert.strictEqual(
      Description.of(batch, on("2008-10-10")),
      "Bear with confidence 0.25 (confirmed): trend −0.83, momentum −2.43, volatility 62.8 % a year, " +
        "which is at 98.3 % of the last 60 days, 42.4 % below the high, volume 2.2 deviations above its mean."
    )
  })

  it("every return belongs to the regime of the day before, and bear markets swing more than twice as much", () => {
    const batch = of("causal")
    const { close } = sp500()
    const { bear, bull, transitioning, volatile } = Performance.byRegime(Regime.all, {
      close,
      regimes: batch.regimes,
      barsPerYear
    })
    // The last day has no return yet.
    assert.deepStrictEqual([bull.count, bear.count, volatile.count, transitioning.count], [2_565, 1_331, 639, 490])
    assert.isAbove(bear.volatility! / bull.volatility!, 2)
    const { count, share, switches } = Transitions.of(Regime.all, batch.regimes)
    assert.deepStrictEqual([count, switches], [5_026, 741])
    assert.closeTo(
      Regime.all.reduce((sum, regime) => sum + share[regime]!, 0),
      1,
      1e-12
    )
    assert.strictEqual(Transitions.of(Regime.all, batch.confirmed).switches, 140)
  })
})

describe.skipIf(Data.isAbsent)(`the jump model of the Nasdaq 100${Data.note}`, () => {
  const ndx = () => days("regimes/NDX.csv", [1, 1, 1, 1, 9])
  // Closes since October 1985 are the past that the first day of the training follows from.
  const training = Interval.make(openOf("2007-01-01"), openOf("2022-01-01"))
  const fit = (seed?: number): JumpModel.Model => {
    const model = JumpModel.fit(ndx(), { interval: training, seed })
    assert(typeof model !== "string", String(model))
    return model
  }
  const factsOf = ({ features, inputHash, labels, lead }: Labels.Batch) =>
    labels.map((label, row) => ({
      knownAfter: row + 1,
      label,
      figures: [lead, inputHash, ...features].map((column) => column[row])
    }))

  it("has the centroid of the bull market that is expected, and 18 switches in training", () => {
    const { centroids, training } = fit()
    const expected = [0.154342, -0.296901, 0.157169, 0.296358, -0.31877, 0.274053, 0.336652, -0.245783, 0.336974]
    for (const [i, value] of expected.entries()) assert.closeTo(centroids.bull[i]!, value, 1e-6, `feature ${i}`)
    assert.deepInclude(training, { from: openOf("2007-01-03"), to: openOf("2021-12-31"), days: 3_777, switches: 18 })
    assert.closeTo(training.cost, 12_478.4361008, 1e-6)
  })

  it("comes out the same wherever the search begins", () => {
    const model = fit()
    for (const seed of [2, 3, 4, 5, 6]) {
      const { centroids, training } = fit(seed)
      assert.closeTo(training.cost, model.training.cost, 1e-8)
      for (const label of JumpModel.all) {
        for (const [i, value] of centroids[label].entries()) assert.closeTo(value, model.centroids[label][i]!, 1e-12)
      }
    }
  })

  it("tells its labels day by day, which never change, at 200 cuts", () => {
    const model = fit()
    const rows = ndx()
    const facts = (end: number) => factsOf(new Labels.Run({ model }).push(Candles.slice(rows, 0, end)))
    assert.isUndefined(PointInTime.leak(9_827, facts, cutsOf(9_827, 200)))
  })

  it("tells the same labels in one step a day, from what is saved", () => {
    const model = JSON.parse(JSON.stringify(fit())) as JumpModel.Model
    const rows = ndx()
    const whole = factsOf(new Labels.Run({ model }).push(rows))
    const from = Candles.lowerBound(rows.openTime, training.to)
    let run = new Labels.Run({ model })
    run.push(Candles.slice(rows, 0, from))
    for (let row = from; row < 9_827; row++) {
      run = new Labels.Run(JSON.parse(JSON.stringify(run.save())) as Labels.Saved)
      const [fact] = factsOf(run.push(Candles.slice(rows, row, row + 1)))
      assert.deepStrictEqual(fact, { ...whole[row]!, knownAfter: 1 })
    }
  })

  it("changes its mind on known days, and more often than the path that knows the future", () => {
    const rows = ndx()
    const { labels } = new Labels.Run({ model: fit() }).push(rows)
    const changes = labels.flatMap((label, row) =>
      row > 180 && label !== labels[row - 1]
        ? [`${new Date(rows.openTime[row]!).toISOString().slice(0, 10)} ${label}`]
        : []
    )
    assert.deepStrictEqual(changes.slice(-4), [
      "2022-01-21 bear",
      "2023-02-03 bull",
      "2024-08-07 bear",
      "2024-08-19 bull"
    ])
    const inTraining = labels.slice(
      Candles.lowerBound(rows.openTime, training.from),
      Candles.lowerBound(rows.openTime, training.to)
    )
    // More than the 18 of the path that knows the future: this is what could have been known.
    assert.strictEqual(Transitions.of(JumpModel.all, inTraining).switches, 32)
    const { bear, bull } = Performance.byRegime(JumpModel.all, { close: rows.close, regimes: labels, barsPerYear })
    assert.isAbove(bull.sharpe!, bear.sharpe!)
    assert.isAbove(bear.volatility!, 1.5 * bull.volatility!)
  })
})
