import { assert, describe, it } from "@effect/vitest"
import { BlackScholes, Exposure, Kept, Profile, Repricing } from "@tidemark/gamma"
import { Schema } from "effect"
import { chainOf, type Contract, Contracts, distinct, newYork } from "./chains.ts"

const keep = (rows: ReadonlyArray<Contract>, options: Partial<Kept.Options> = {}): Kept.Kept =>
  Kept.of(chainOf(rows), { method: "recomputed", calendar: newYork, ...options })

/** Contract by contract, with the formula. */
const plain = ({ columns, conventions }: Kept.Kept, spot: number): number => {
  let sum = 0
  for (const [i, strike] of columns.strike.entries()) {
    const terms = { spot, strike, years: columns.years[i]!, volatility: columns.volatility[i]!, ...conventions }
    sum += BlackScholes.gamma(terms) * columns.shares[i]! * spot * spot * 0.01
  }
  return sum
}

const gross = (kept: Kept.Kept): number => Exposure.of(kept).gross

describe("a profile", () => {
  it("is of 60 spots from 0.8 to 1.2 times that of the chain", () => {
    const { spot } = Profile.of(keep([{}]))!
    assert.lengthOf(spot, 60)
    assert.strictEqual(spot[0], 80)
    assert.approximately(spot[59]!, 120, 1e-12)
    for (let i = 1; i < 60; i++) assert.approximately(spot[i]! - spot[i - 1]!, 40 / 59, 1e-12)
  })

  it.prop(
    "is what the formula gives contract by contract, with any rates",
    {
      rows: Contracts,
      rate: Schema.Literals([0, 0.05]),
      dividendYield: Schema.Literals([0, 0.02])
    },
    ({ dividendYield, rate, rows }) => {
      const kept = keep(distinct(rows), { conventions: { rate, dividendYield, dayCount: "weekdays/262" } })
      const { net, spot } = Profile.of(kept)!
      for (const [i, at] of spot.entries()) {
        const scale = Math.abs(
          plain({ ...kept, columns: { ...kept.columns, shares: kept.columns.shares.map(Math.abs) } }, at)
        )
        assert.isAtMost(Math.abs(net[i]! - plain(kept, at)), 1e-11 * scale + 1e-9)
      }
    },
    { arbitrary: { runs: 40 } }
  )

  it.prop(
    "prices the call and the put of one strike and volatility at once, and is what each by itself adds up to",
    { rows: Contracts },
    ({ rows }) => {
      const both = distinct(rows.map((row) => ({ ...row, side: "call" as const }))).flatMap((row, i) => [
        row,
        { ...row, side: "put" as const, openInterest: 1 + ((7 * i) % 5_000) }
      ])
      const kept = keep(both)
      assert.lengthOf(Profile.termsOf(kept).a, both.length / 2)
      const { net, spot } = Profile.of(kept)!
      const each = Repricing.termsOf(kept.columns, kept.conventions)
      const size = { ...each, c: each.c.map(Math.abs) }
      for (const [i, at] of spot.entries()) {
        assert.isAtMost(Math.abs(net[i]! - Repricing.net(each, at)), 1e-12 * Repricing.net(size, at) + 1e-300)
      }
    }
  )

  it("prices neighbours by themselves of which strike, expiry or volatility differ", () => {
    const put = { side: "put" as const, openInterest: 7 }
    for (const other of [{ strike: 101 }, { days: 31 }, { volatility: 0.21 }]) {
      const kept = keep([{}, { ...put, ...other }])
      assert.lengthOf(Profile.termsOf(kept).a, 2)
      const { net, spot } = Profile.of(kept)!
      assert.approximately(net[20]!, plain(kept, spot[20]!), 1e-9 * gross(kept))
    }
    assert.lengthOf(Profile.termsOf(keep([{}, put])).a, 1)
  })

  it.prop("has the net exposure at the chain's own spot", { rows: Contracts }, ({ rows }) => {
    const kept = keep(distinct(rows))
    assert.approximately(Repricing.net(Profile.termsOf(kept), 100), Exposure.of(kept).net, 1e-12 * gross(kept))
  })

  it.prop(
    "crosses zero between points of both signs, and nearly where the formula does",
    {
      rows: Schema.Array(
        Schema.Struct({
          days: Schema.Int.check(Schema.isBetween({ minimum: 60, maximum: 300 })),
          strike: Schema.Int.check(Schema.isBetween({ minimum: 85, maximum: 115 })),
          side: Schema.Literals(["call", "put"]),
          openInterest: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 })),
          volatility: Schema.Finite.check(Schema.isBetween({ minimum: 0.2, maximum: 0.6 }))
        })
      ).check(Schema.isMinLength(2), Schema.isMaxLength(20))
    },
    ({ rows }) => {
      const kept = keep(distinct(rows))
      const { crossings, net, spot } = Profile.of(kept)!
      const changes = [...net.keys()].filter((i) => i > 0 && net[i - 1]! * net[i]! < 0)
      assert.lengthOf(crossings, changes.length)
      for (const [n, i] of changes.entries()) {
        const at = crossings[n]!
        assert.isTrue(at > spot[i - 1]! && at < spot[i]!)
        // Straight lines: the error is that of the curve over one step.
        assert.isAtMost(Math.abs(plain(kept, at)), 0.005 * gross(kept))
      }
    }
  )

  it("crosses where calls above and puts below outweigh each other", () => {
    const { crossings } = Profile.of(
      keep([
        { strike: 105, volatility: 0.2 },
        { strike: 95, side: "put", volatility: 0.2 }
      ])
    )!
    assert.lengthOf(crossings, 1)
    // d1 of both is the same size where ln S is the mean of ln K, less σ²T/2.
    const exact = Math.sqrt(105 * 95) * Math.exp((-0.2 * 0.2 * 22) / 262 / 2)
    assert.approximately(crossings[0]!, exact, 0.01)
  })

  it("is by the volatility of its method", () => {
    const terms = { strike: 100, years: 22 / 262 }
    const price = BlackScholes.price({ ...terms, spot: 100, volatility: 0.4 }, true)
    const row = { bid: price, ask: price, volatility: 0.2, gamma: 1 }
    const at = (method: Kept.Method) => Repricing.net(Profile.termsOf(keep([row], { method })), 90)
    const gamma = (volatility: number) => BlackScholes.gamma({ ...terms, spot: 90, volatility })
    assert.approximately(at("implied") / at("recomputed"), gamma(0.4) / gamma(0.2), 1e-9)
    assert.strictEqual(at("vendor"), at("recomputed"))
  })

  it("of a provider's gammas leaves out contracts without a volatility, and is none where none has one", () => {
    const some = keep([{ volatility: 0, openInterest: 7 }, { strike: 110 }], { method: "vendor" })
    assert.strictEqual(some.accounting.kept, 2)
    assert.deepStrictEqual(Profile.of(some)!.net, Profile.of(keep([{ strike: 110 }]))!.net)
    assert.isUndefined(Profile.of(keep([{ volatility: 0 }], { method: "vendor" })))
    assert.isUndefined(Profile.of(keep([])))
  })
})

describe("crossings", () => {
  const of = (...net: ReadonlyArray<number>) => Profile.crossings(Float64Array.from(net.keys()), Float64Array.from(net))

  it("are all of them, ascending, on straight lines between the points", () => {
    assert.deepStrictEqual(of(-1, 1, 3, -1), [0.5, 2.75])
    assert.deepStrictEqual(of(1, 2, 3), [])
    assert.deepStrictEqual(of(), [])
  })

  it("are at an exact zero once, and in the middle of several", () => {
    assert.deepStrictEqual(of(-1, 0, 1), [1])
    assert.deepStrictEqual(of(-1, 0, 0, 0, 2), [2])
  })

  it("are not where the sign stays, nor where nothing is on one side", () => {
    assert.deepStrictEqual(of(1, 0, 1), [])
    assert.deepStrictEqual(of(0, 0, 1, 0), [])
    assert.deepStrictEqual(of(0, 0), [])
  })
})
