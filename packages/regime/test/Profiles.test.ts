import { assert, describe, it } from "@effect/vitest"
import { MarketRegime, type Regime } from "@tidemark/regime/market"
import { causal } from "../src/market/Causal.ts"
import { classic } from "../src/market/Classic.ts"
import * as Confirmation from "../src/market/Confirmation.ts"
import * as Points from "../src/market/Points.ts"
import { days, daysOf } from "./days.ts"

interface Case {
  readonly rank?: number
  readonly trend?: number
  readonly momentum?: number
  readonly drawdown?: number
  readonly anomaly?: number
}

const points = ({ anomaly = 0, drawdown = 0, momentum = 0, rank = 0.35, trend = 0.3 }: Case): Float64Array => {
  const out = new Float64Array(4)
  Points.fill(Float64Array.of(0.2, rank, trend, momentum, drawdown, anomaly), out)
  return out
}

describe("the points", () => {
  const table: ReadonlyArray<readonly [Case, ReadonlyArray<number>]> = [
    [{}, [1, 0, 0, 0]],
    [{ trend: 0.7 }, [2, 0, 0, 0]],
    [{ trend: 0.6, momentum: 0.6, rank: 0.2 }, [3, 0, 0, 0]],
    [{ trend: 0.61, momentum: 0.51, rank: 0.29 }, [4, 0, 0, 0]],
    [{ rank: 0.3, momentum: 0.5 }, [1, 0, 0, 0]],
    [{ trend: -0.3 }, [0, 1, 0, 0]],
    [{ trend: -0.7, drawdown: 0.11, momentum: -0.6 }, [0, 5, 0, 0]],
    [{ trend: -0.6, drawdown: 0.1, momentum: -0.5 }, [0, 2, 0, 0]],
    [{ trend: -0.3, drawdown: 0.05 }, [0, 1, 0, 0]],
    [{ rank: 0.71, anomaly: -2.1, trend: 0.1 }, [1, 0, 4, 0]],
    [{ rank: 0.7, anomaly: 2, trend: 0.2 }, [1, 0, 0, 0]],
    [{ rank: 0.5, trend: -0.1 }, [0, 1, 1, 2]],
    [{ rank: 0.4, trend: 0 }, [0, 0, 1, 0]],
    [{ rank: 0.6, trend: 0 }, [0, 0, 1, 0]],
    [{ rank: 0.5, trend: 0.2 }, [1, 0, 0, 0]]
  ]
  for (const [given, expected] of table) {
    it(`of ${JSON.stringify(given)} are ${expected.join(", ")}`, () => {
      assert.deepStrictEqual([...points(given)], [...expected])
    })
  }

  it("go to the most of them in the classic profile, of a tie to the first in the order of regimes", () => {
    const decide = (...given: ReadonlyArray<number>) => classic.decide(Float64Array.from(given))
    assert.deepStrictEqual(decide(1, 3, 2, 0), { regime: "bear", confidence: 0.6 })
    assert.deepStrictEqual(decide(2, 2, 2, 2), { regime: "bull", confidence: 0.4 })
    assert.deepStrictEqual(decide(0, 1, 2, 2), { regime: "volatile", confidence: 0.4 })
    assert.deepStrictEqual(decide(0, 5, 0, 0), { regime: "bear", confidence: 1 })
    assert.deepStrictEqual(decide(0, 0, 0, 0), { regime: "bull", confidence: 0 })
  })

  it("go to the highest share of them in the causal profile, and a tie to nobody", () => {
    const decide = (...given: ReadonlyArray<number>) => {
      const scores = Float64Array.from(given)
      return [causal.decide(scores), [...scores]]
    }
    // 2/4 and 2/5: the bear, with its longer list, has to show more.
    assert.deepStrictEqual(decide(2, 2, 1, 0), [{ regime: "bull", confidence: 0.5 - 0.4 }, [0.5, 0.4, 0.25, 0]])
    assert.deepStrictEqual(decide(0, 1, 1, 2), [{ regime: "transitioning", confidence: 0.75 }, [0, 0.2, 0.25, 1]])
    assert.deepStrictEqual(decide(2, 1, 2, 0), [{ regime: "transitioning", confidence: 0 }, [0.5, 0.2, 0.5, 0]])
    assert.deepStrictEqual(decide(0, 0, 0, 0), [{ regime: "transitioning", confidence: 0 }, [0, 0, 0, 0]])
    assert.deepStrictEqual(decide(0, 5, 0, 0), [{ regime: "bear", confidence: 1 }, [0, 1, 0, 0]])
    // A tie for the second place takes nothing from the first but the lead.
    assert.deepStrictEqual(decide(1, 0, 1, 1), [{ regime: "transitioning", confidence: 0.25 }, [0.25, 0, 0.25, 0.5]])
  })
})

/** Sums over the last `n`, as they are written in a book. */
const over = (values: ReadonlyArray<number>, at: number, n: number) => {
  const window = values.slice(at - n + 1, at + 1)
  assert.lengthOf(window, n)
  const mean = window.reduce((sum, value) => sum + value, 0) / n
  return { mean, sd: Math.sqrt(window.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1)) }
}

const measured = (profile: MarketRegime.ProfileId, rows = days(300, 17)) => {
  const { indicators } = new MarketRegime.Run({ profile, barsPerYear: 365.25 }).push(rows)
  return (row: number) => indicators.map((column) => column[row]!)
}

describe("the indicators", () => {
  const close = [...days(300, 17).close]
  const volume = close.map((_, i) => 1_000 + ((i * 7919) % 613))
  const rows = daysOf(close, volume)

  it("of the classic profile have their definitions, worked out here step by step", () => {
    const r = close.map((value, i) => value / (close[i - 1] ?? Number.NaN) - 1)
    const V = (t: number) => over(r, t, 20).sd
    for (const t of [79, 150, 299]) {
      const last = Array.from({ length: 60 }, (_, i) => t - i).filter((i) => i >= 20)
      const expected = [
        V(t) * Math.sqrt(252),
        last.filter((i) => V(i) < V(t)).length / 60,
        0.5 * (close[t]! / close[t - 59]! - 1 + (over(close, t, 20).mean / over(close, t, 50).mean - 1)),
        over(r, t, 5).mean / over(r, t, 20).mean,
        Math.abs(close[t]! / Math.max(...close.slice(t - 59, t + 1)) - 1),
        (volume[t]! - over(volume, t, 60).mean) / over(volume, t, 60).sd
      ]
      for (const [i, value] of measured("classic", rows)(t).entries())
        assert.closeTo(value, expected[i]!, 1e-9, `${t} ${i}`)
    }
  })

  it("of the causal profile have their definitions, worked out here step by step", () => {
    const r = close.map((value, i) => Math.log(value / (close[i - 1] ?? Number.NaN)))
    const V = (t: number) => over(r, t, 20).sd
    const logs = volume.map(Math.log)
    for (const t of [80, 150, 299]) {
      const before = Array.from({ length: 60 }, (_, i) => V(t - 1 - i))
      const s60 = over(r, t, 60).sd
      const rise = Math.log(close[t]! / close[t - 60]!) / (s60 * Math.sqrt(60))
      const lead = Math.log(over(close, t, 20).mean / over(close, t, 50).mean) / (s60 * Math.sqrt(15))
      const m20 = over(r, t, 20).mean
      const momentum = over(r, t, 5).mean / Math.max(Math.abs(m20), (0.1 * V(t)) / Math.sqrt(20))
      const expected = [
        V(t) * Math.sqrt(365.25),
        before.filter((value) => value < V(t)).length / 60,
        Math.tanh((rise + lead) / 2),
        Math.max(-3, Math.min(3, momentum)),
        1 - close[t]! / Math.max(...close.slice(Math.max(0, t - 251), t + 1)),
        (logs[t]! - over(logs, t, 60).mean) / over(logs, t, 60).sd
      ]
      for (const [i, value] of measured("causal", rows)(t).entries())
        assert.closeTo(value, expected[i]!, 1e-9, `${t} ${i}`)
    }
  })

  it("of the causal profile take the z-score of volatility for that of volume where there is none", () => {
    const r = close.map((value, i) => Math.log(value / (close[i - 1] ?? Number.NaN)))
    const V = close.map((_, t) => (t < 20 ? Number.NaN : over(r, t, 20).sd))
    for (const t of [79, 200]) {
      const { mean, sd } = over(V, t, 60)
      assert.closeTo(measured("causal", daysOf(close))(t)[5]!, (V[t]! - mean) / sd, 1e-9)
    }
  })

  it("of drawdown remember a high for as long as they say: 60 days in the classic profile, 252 in the causal", () => {
    const peaked = daysOf(close.map((_, i) => (i === 20 ? 200 : 100 + (i % 3))))
    const from = (profile: MarketRegime.ProfileId, row: number) => measured(profile, peaked)(row)[4]!
    assert.closeTo(from("classic", 79), 1 - 101 / 200, 1e-12)
    assert.closeTo(from("classic", 80), 0, 1e-12)
    assert.closeTo(from("causal", 271), 1 - 101 / 200, 1e-12)
    assert.closeTo(from("causal", 272), 0, 1e-12)
  })

  it("rank a volatility that was there before by half: of days that come again every 20, all are the same", () => {
    // Powers of two have exact logarithms here, so that the same 20 returns in another order have the same deviation.
    const swinging = daysOf(Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? 64 : 128)))
    const at = measured("causal", swinging)
    assert.deepStrictEqual(
      [79, 80, 199].map((row) => at(row)[1]),
      [0.5, 0.5, 0.5]
    )
    // Strictly smaller ones are counted in the classic profile: none is.
    assert.strictEqual(measured("classic", swinging)(199)[1], 0)
  })

  it("of falling prices speak for the bulls in the classic profile alone", () => {
    // Down by 2 % and 1 % by turns, and the last week faster.
    const falling = Array.from({ length: 120 }, (_, i) => (i >= 115 ? 0.97 : i % 2 === 0 ? 0.99 : 0.98))
    let price = 1_000
    const rows = daysOf(falling.map((factor) => (price *= factor)))
    assert.isAbove(measured("classic", rows)(119)[3]!, 0.5)
    assert.isBelow(measured("causal", rows)(119)[3]!, -0.5)
    const bull = (profile: MarketRegime.ProfileId) =>
      new MarketRegime.Run({ profile, barsPerYear: 252 }).push(rows).scores[0]![119]
    assert.deepStrictEqual([bull("classic"), bull("causal")], [1, 0])
  })

  it("of momentum are 0 where nothing has moved for 20 days, and never beyond 3", () => {
    const halted = daysOf([...close.slice(0, 100), ...Array.from({ length: 25 }, () => close[99]!)])
    for (const profile of ["classic", "causal"] as const) assert.strictEqual(measured(profile, halted)(124)[3], 0)
    const momentum = close.slice(79).map((_, i) => measured("causal", rows)(79 + i)[3]!)
    assert.strictEqual(Math.max(...momentum.map(Math.abs)), 3)
  })
})

describe("a regime", () => {
  const after = (given: ReadonlyArray<Regime.Regime | null>) =>
    given.reduce(Confirmation.next, Confirmation.none).confirmed

  it("is confirmed by its fifth day running, and stays so until another is", () => {
    assert.isNull(after(["bull", "bull", "bull", "bull"]))
    assert.strictEqual(after(["bull", "bull", "bull", "bull", "bull"]), "bull")
    assert.strictEqual(after(["bull", "bull", "bull", "bull", "bull", "bear", "bear", "bear", "bear"]), "bull")
    assert.strictEqual(after([...Array.from({ length: 9 }, () => "bull" as const), "bear", "bull", "bear"]), "bull")
  })

  it("is not confirmed over a day without one", () => {
    assert.isNull(after(["bull", "bull", "bull", null, "bull", "bull"]))
    assert.isNull(after(["bull", "bull", "bull", "bull", null, "bull"]))
    assert.strictEqual(after(["bull", "bull", "bull", "bull", "bull", null, "bear"]), "bull")
  })
})
