/** The candles look like a market: not a statement about one, but nothing that a chart or an indicator chokes on. */
import { assert, describe, it } from "@effect/vitest"
import { Instrument } from "@tidemark/core"
import { Effect } from "effect"
import * as Chain from "../src/Chain.ts"
import * as Profile from "../src/Profile.ts"
import * as Random from "../src/Random.ts"
import * as Rig from "./Rig.ts"

const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, x) => sum + x, 0) / values.length
const deviation = (values: ArrayLike<number>): number => {
  const m = mean(values)
  return Math.sqrt(mean(Array.from(values, (x) => (x - m) ** 2)))
}
const correlation = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): number => {
  const [meanA, meanB] = [mean(a), mean(b)]
  return mean(a.map((x, i) => (x - meanA) * (b[i]! - meanB))) / (deviation(a) * deviation(b))
}
const returns = (close: ArrayLike<number>): ReadonlyArray<number> =>
  Array.from({ length: close.length - 1 }, (_, i) => Math.log(close[i + 1]! / close[i]!))

describe("statistics", () => {
  it.effect(
    "volatility fits the asset class, and prices stay near their level over 50 years",
    Effect.fnUntraced(function* () {
      const source = yield* Rig.make()
      for (const { from, high, low, symbol, to } of [
        { symbol: "BTC/USDT", low: 0.4, high: 1.3, from: 1_000, to: 1e6 },
        { symbol: "ETH/USDT", low: 0.4, high: 1.3, from: 100, to: 1e5 },
        { symbol: "AAPL", low: 0.12, high: 0.6, from: 30, to: 1_500 },
        { symbol: "^GSPC", low: 0.08, high: 0.4, from: 800, to: 30_000 },
        { symbol: "EUR/USD", low: 0.05, high: 0.2, from: 0.5, to: 2.5 }
      ]) {
        const asked = Rig.request(symbol, "1d", "2016-01-01", "2024-01-01")
        const { close } = yield* Rig.candles(source, asked)
        const annual = deviation(returns(close)) * Math.sqrt(symbol === "BTC/USDT" || symbol === "ETH/USDT" ? 365 : 256)
        assert.isAbove(annual, low, symbol)
        assert.isBelow(annual, high, symbol)
        const sessions = Chain.sessionsUntil(asked.calendar, Rig.now)
        const chain = Chain.make(Profile.make(1, symbol, asked.assetClass))
        const closes = Array.from(sessions.opens, (_, i) => Math.exp(chain.step(sessions, i).logClose))
        assert.isAbove(Math.min(...closes), from, symbol)
        assert.isBelow(Math.max(...closes), to, symbol)
      }
    }),
    60_000
  )

  it("regimes last, differ in volatility and drift, and all come up", () => {
    const { calendar } = Rig.request("BTC/USDT", "1d", 0, 1)
    const sessions = Chain.sessionsUntil(calendar, Rig.now)
    const byRegime: Array<Array<number>> = Chain.regimes.map(() => [])
    let changes = 0
    let previous = -1
    for (const symbol of ["A/USDT", "B/USDT", "C/USDT"]) {
      const chain = Chain.make(Profile.make(1, symbol, "crypto"))
      for (let i = 0; i < sessions.opens.length; i++) {
        const { logClose, logOpen, regime } = chain.step(sessions, i)
        byRegime[regime]!.push(logClose - logOpen)
        if (regime !== previous) changes++
        previous = regime
      }
    }
    const [quiet, rising, falling, crisis] = byRegime as [Array<number>, Array<number>, Array<number>, Array<number>]
    const total = 3 * sessions.opens.length
    for (const values of byRegime) assert.isAbove(values.length, total / 100)
    assert.isBelow(changes, total / 20)
    assert.isBelow(deviation(quiet), deviation(rising))
    assert.isBelow(deviation(rising), deviation(falling))
    assert.isBelow(deviation(falling), deviation(crisis))
    assert.isAbove(mean(rising), 0)
    assert.isBelow(mean(falling), 0)
  })

  it.effect(
    "volume and movement are U-shaped in a session, and go together",
    Effect.fnUntraced(function* () {
      const { close, high, low, open, quoteVolume, trades, volume } = yield* Rig.candles(
        yield* Rig.make(),
        Rig.request("AAPL", "1m", "2023-01-01", "2024-01-01")
      )
      // Full sessions only, so that minute i of the day is row i modulo 390; the first half day is 2023-07-03.
      const days = 120
      const at = (column: Float64Array, from: number, to: number): number =>
        mean(Array.from({ length: days }, (_, d) => mean(column.subarray(d * 390 + from, d * 390 + to))))
      const range = high.map((value, i) => (value - low[i]!) / close[i]!)
      for (const column of [volume, range]) {
        assert.isAbove(at(column, 0, 15), 1.3 * at(column, 180, 210))
        assert.isAbove(at(column, 375, 390), 1.3 * at(column, 180, 210))
      }
      // The middle of the days only, so that it is not the profile that the two have in common.
      const calm = Array.from(volume.keys()).filter((i) => i < days * 390 && i % 390 > 150 && i % 390 < 240)
      const moves = calm.map((i) => Math.abs(Math.log(close[i]! / open[i]!)))
      const volumes = calm.map((i) => volume[i]!)
      assert.isAbove(correlation(moves, volumes), 0.3)
      const odd = Array.from(volume.keys()).filter((i) => {
        const price = quoteVolume![i]! / volume[i]!
        const priced = price > low[i]! * 0.99 && price < high[i]! * 1.01
        return !(volume[i]! > 0 && trades![i]! >= 1 && Number.isInteger(trades![i]!) && priced)
      })
      assert.deepStrictEqual(odd, [])
    })
  )

  it.effect(
    "minutes add up to the volatility of their day, and only session markets gap overnight",
    Effect.fnUntraced(function* () {
      const source = yield* Rig.make()
      const minutes = yield* Rig.candles(source, Rig.request("BTC/USDT", "1m", "2024-01-01", "2024-04-01"))
      const daily = yield* Rig.candles(source, Rig.request("BTC/USDT", "1d", "2023-07-01", "2024-07-01"))
      const ofMinutes = deviation(returns(minutes.close)) * Math.sqrt(1_440)
      const ratio = ofMinutes / deviation(returns(daily.close))
      assert.isAbove(ratio, 0.5)
      assert.isBelow(ratio, 2)
      for (let i = 1; i < minutes.open.length; i++) assert.strictEqual(minutes.open[i], minutes.close[i - 1])
      const stock = yield* Rig.candles(source, Rig.request("AAPL", "1d", "2024-01-01", "2024-07-01"))
      const gaps = Array.from(stock.open.subarray(1), (open, i) => Math.abs(open / stock.close[i]! - 1))
      assert.isAbove(mean(gaps), 0.001)
      assert.isBelow(mean(gaps), 0.03)
    })
  )

  it("numbers are normal, and neighbours have nothing to do with each other", () => {
    for (const key of [0, 1, -1, 123_456]) {
      const values = Array.from({ length: 20_000 }, (_, i) => Random.normal(Random.at(key, i)))
      assert.isBelow(Math.abs(mean(values)), 0.03)
      assert.isBelow(Math.abs(deviation(values) - 1), 0.03)
      assert.isBelow(Math.abs(mean(values.map((x) => x ** 4)) - 3), 0.3)
      assert.isBelow(Math.abs(correlation(values.slice(1), values.slice(0, -1))), 0.03)
      const other = Array.from({ length: 20_000 }, (_, i) => Random.normal(Random.at(key + 1, i)))
      assert.isBelow(Math.abs(correlation(values, other)), 0.03)
    }
    for (const table of [Random.normals, Random.exponentials, Random.lognormals]) {
      assert.strictEqual(table.length, 4_096)
      assert.isTrue(table.every((value, i) => Number.isFinite(value) && (i === 0 || value > table[i - 1]!)))
    }
    assert.isBelow(Math.abs(mean(Random.lognormals) - 1), 0.01)
    assert.isBelow(Math.abs(mean(Random.exponentials) - 2), 0.01)
  })

  it("any symbol gets a level and a tick that suit it", () => {
    for (const symbol of [
      "BTC/USDT",
      "SHIB/USDT",
      "ETH/BTC",
      "AAPL",
      "XYZ",
      "^ABC",
      "EUR/USD",
      "USD/JPY",
      "BTC/USDT:USDT"
    ]) {
      const { annualVolatility, logBase, lot, lotsPerMinute, ticksPerUnit, valueUnit } = Profile.make(
        1,
        symbol,
        Instrument.assetClassOf(symbol)
      )
      const price = Math.exp(logBase)
      assert.isTrue(price > 1e-4 && price < 1e6, symbol)
      assert.isTrue(price * ticksPerUnit >= 1_000 && ticksPerUnit >= 100, symbol)
      assert.isTrue(annualVolatility > 0.05 && annualVolatility < 1, symbol)
      for (const unit of [lot, valueUnit]) assert.isTrue(Number.isInteger(Math.log2(unit)), symbol)
      assert.isAbove(lotsPerMinute, 10, symbol)
    }
    assert.closeTo(Math.exp(Profile.make(1, "ETH/BTC", "crypto").logBase), 2_500 / 40_000, 1e-9)
    assert.closeTo(Math.exp(Profile.make(1, "USD/JPY", "fx").logBase), 125, 1e-9)
  })
})
