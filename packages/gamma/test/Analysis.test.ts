import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { Gamma } from "@tidemark/core"
import { Analysis, BlackScholes, Exposure, Kept } from "@tidemark/gamma"
import { at, chainOf, type Contract, newYork } from "./chains.ts"

const recomputed = { method: "recomputed", calendar: newYork } as const

const of = (rows: ReadonlyArray<Contract>, options: Partial<Analysis.Options> = {}): Analysis.Analysis =>
  Analysis.of(chainOf(rows), { ...recomputed, ...options })

const put = "put" as const

const rows: ReadonlyArray<Contract> = [
  { days: 0, strike: 100, openInterest: 3 },
  { days: 4, strike: 95, side: put, openInterest: 40 },
  { days: 4, strike: 103, openInterest: 30, bid: 2, ask: 1 },
  { days: 11, strike: 97, side: put, openInterest: 50 },
  { days: 46, strike: 108, openInterest: 200 },
  { days: 46, strike: 92, side: put, openInterest: 180 }
]

describe("the snapshot of a chain", () => {
  it("says all that follows from it", () => {
    const { exposure, profile, snapshot } = of(rows)
    assert.deepInclude(snapshot, {
      symbol: "SPY",
      source: "test",
      at,
      method: "recomputed",
      origin: "chain-observed",
      session: "2024-06-03",
      spot: 100,
      spotAt: at,
      netGex: exposure!.net,
      callGex: exposure!.call,
      putGex: exposure!.put,
      grossGex: exposure!.gross,
      flip: profile!.crossings[0]!,
      flips: profile!.crossings,
      nearestExpiry: "2024-06-03",
      maxPain: 100,
      atmVolatility: 0.2,
      expectedMove: 100 * 0.2 * Math.sqrt(1 / 262),
      callOpenInterest: 233,
      putOpenInterest: 270,
      accounting: exposure!.accounting,
      model: null,
      reason: null
    } satisfies Partial<Gamma.Snapshot>)
    assert.strictEqual(snapshot.accounting!.crossed, 1)
    assert.isAtLeast(snapshot.flips.length, 1)
    const parts = [snapshot.grossToday, snapshot.gross5, snapshot.gross14, snapshot.grossLater]
    for (const part of parts) assert.isAbove(part!, 0)
    assert.approximately(
      parts.reduce<number>((sum, part) => sum + part!, 0),
      snapshot.grossGex!,
      1e-9
    )
    assert.strictEqual(snapshot.callWall, 108)
    assert.strictEqual(snapshot.putWall, 92)
    assert.strictEqual(snapshot.putWallGex, exposure!.cells.put[4])
    assert.match(snapshot.conventions, /^rate=0 dividendYield=0 years=weekdays\/262 /)
  })

  it("has makers long gamma above 0 and short of it otherwise", () => {
    assert.strictEqual(of([{}]).snapshot.makerState, "long_gamma")
    assert.strictEqual(of([{ side: put }]).snapshot.makerState, "short_gamma")
    assert.strictEqual(of([{}, { side: put }]).snapshot.netGex, 0)
    assert.strictEqual(of([{}, { side: put }]).snapshot.makerState, "short_gamma")
  })

  it("of a market that never closes counts all days, and its session is the UTC day", () => {
    const { exposure, snapshot } = of([{ days: 0 }, { days: 20 }, { days: -1 }], { calendar: Calendars.get("24/7") })
    assert.strictEqual(snapshot.session, "2024-06-03")
    assert.deepInclude(snapshot.accounting!, { kept: 2, expired: 1 })
    assert.include(snapshot.conventions, "years=days/365")
    const gamma = BlackScholes.gamma({ spot: 100, strike: 100, volatility: 0.2, years: 20 / 365 })
    assert.approximately(exposure!.cells.call[1]!, gamma * 10 * 100 * 100, 1e-9)
  })

  it("says what it does not know, and why", () => {
    const { snapshot } = of([{ strike: 99 }])
    assert.isNull(snapshot.flip)
    assert.deepStrictEqual(snapshot.flips, [])
    assert.isNull(snapshot.callWall)
    assert.isNull(snapshot.callWallGex)
    assert.strictEqual(
      snapshot.reason,
      "the exposure does not change its sign from 80 to 120; no calls at or above the spot; no puts at or below the spot"
    )
    const vendor = of([{ volatility: 0 }, { side: put, strike: 99 }], { method: "vendor" })
    assert.isNotNull(vendor.snapshot.netGex)
    assert.isDefined(vendor.profile)
    const bare = of([{ volatility: 0 }], { method: "vendor" })
    assert.isUndefined(bare.profile)
    assert.isNull(bare.snapshot.expectedMove)
    assert.match(bare.snapshot.reason!, /^no volatility to price contracts at other spots/)
  })

  it("tells how it is known: what was simulated stays so, whoever computed its gammas", () => {
    const origin = (method: Analysis.Options["method"], provenance: "observed" | "synthetic") =>
      Analysis.of(chainOf([{}], { provenance }), { ...recomputed, method }).snapshot.origin
    assert.strictEqual(origin("recomputed", "observed"), "chain-observed")
    assert.strictEqual(origin("implied", "observed"), "chain-observed")
    assert.strictEqual(origin("vendor", "observed"), "vendor-reported")
    assert.strictEqual(origin("recomputed", "synthetic"), "synthetic")
    assert.strictEqual(origin("vendor", "synthetic"), "synthetic")
  })

  it("has the walls that traps are told by beside the largest", () => {
    // Near the spot more than the 80th percentile, farther off the most of all.
    const contracts = [
      ...Array.from({ length: 8 }, (_, i) => ({ strike: 102 + i, openInterest: 1 })),
      { strike: 101, openInterest: 100 },
      { strike: 105.5, openInterest: 1_000 },
      { strike: 99, side: "put" as const, openInterest: 50 }
    ]
    assert.deepInclude(of(contracts).snapshot, { callWall: 105.5, trapCallWall: 101, putWall: 99, trapPutWall: 99 })
    assert.deepInclude(of(contracts.slice(0, 10)).snapshot, { trapCallWall: 101, putWall: null, trapPutWall: null })
  })

  it("is at the spot that is given, of the time that it was made", () => {
    const given = of(rows, { spot: 98, spotAt: at - 60_000 })
    assert.strictEqual(given.snapshot.spot, 98)
    assert.strictEqual(given.snapshot.spotAt, at - 60_000)
    assert.strictEqual(given.snapshot.netGex, Exposure.of(Kept.of(chainOf(rows, { spot: 98 }), recomputed)).net)
    assert.isNull(of(rows, { spot: 98 }).snapshot.spotAt)
  })
})

describe("a chain of which nothing can be used", () => {
  const nothing = { ...Gamma.unknown, spot: 100 }

  it.each<[string, ReadonlyArray<Contract>, string]>([
    ["an empty one", [], "the chain has no contracts"],
    [
      "one without open interest",
      [{ openInterest: 0 }, { strike: 101, openInterest: 0 }],
      "none of the 2 contracts can be used: 2 without open interest"
    ],
    [
      "one of all that can be wrong",
      [{ strike: 0 }, { days: -1 }, { days: -1 }, { volatility: 0 }, { volatility: 9.99, strike: 101 }],
      "none of the 5 contracts can be used: 1 malformed, 1 twice in the chain, 1 expired, 2 without a usable volatility"
    ]
  ])("has nothing invented for it: %s", (_, contracts, reason) => {
    const { exposure, profile, snapshot } = of(contracts)
    assert.deepInclude(snapshot, { ...nothing, reason })
    assert.strictEqual(snapshot.accounting!.contracts, contracts.length)
    assert.isUndefined(exposure)
    assert.isUndefined(profile)
  })

  it("has no figures without the price of the underlying", () => {
    const { snapshot } = Analysis.of(chainOf(rows, { spot: Number.NaN }), recomputed)
    assert.deepInclude(snapshot, {
      ...nothing,
      spot: null,
      spotAt: null,
      reason: "none of the 6 contracts can be used: 6 without a price of the underlying"
    })
    assert.deepInclude(snapshot.accounting!, { kept: 0, noSpot: 6, crossed: 0 })
  })

  it("says what could not be read, and that a provider gave no gammas", () => {
    const unreadable = ["row 2: no strike", "row 3: no strike"]
    const reason = (contracts: ReadonlyArray<Contract>) =>
      Analysis.of(chainOf(contracts, { unreadable }), { ...recomputed, method: "vendor" }).snapshot.reason
    assert.strictEqual(reason([]), "the chain has no contracts; 2 rows of it could not be read")
    assert.strictEqual(
      reason([{ gamma: 0 }]),
      "none of the 1 contracts can be used: 1 without a gamma; 2 rows of it could not be read"
    )
  })
})

describe("the distance to the flip", () => {
  it("is a share of the spot, negative below the flip, and none where there is none", () => {
    assert.strictEqual(Gamma.distanceToFlip({ spot: 100, flip: 98 }), 0.02)
    assert.strictEqual(Gamma.distanceToFlip({ spot: 100, flip: 105 }), -0.05)
    assert.isNull(Gamma.distanceToFlip({ spot: 100, flip: null }))
    assert.isNull(Gamma.distanceToFlip({ spot: null, flip: 100 }))
  })
})

describe("what is open of contracts without a volatility", () => {
  it("pays as well as any: max pain and open interest count it, exposures do not", () => {
    const priced: ReadonlyArray<Contract> = [
      { days: 4, strike: 95, side: put, openInterest: 10 },
      { days: 4, strike: 105, openInterest: 10 }
    ]
    const deep: Contract = { days: 4, strike: 80, openInterest: 500, volatility: 0 }
    const [without, whole] = [of(priced).snapshot, of([...priced, deep]).snapshot]
    assert.deepStrictEqual([without.maxPain, whole.maxPain], [95, 80])
    assert.deepStrictEqual([whole.callOpenInterest, whole.putOpenInterest], [510, 10])
    assert.deepStrictEqual([whole.netGex, whole.callWall], [without.netGex, without.callWall])
    assert.deepInclude(whole.accounting!, { kept: 2, noVolatility: 1 })
  })
})

describe("the hours of a snapshot", () => {
  it("are those of a session from its open to midnight in New York, and outside before, on weekends and on holidays", () => {
    const hoursAt = (text: string) => {
      const { hours, session } = Analysis.of(chainOf(rows, { at: Date.parse(text) }), recomputed).snapshot
      return [session, hours]
    }
    assert.deepStrictEqual(hoursAt("2024-06-03T13:29:59Z"), ["2024-05-31", "outside"])
    assert.deepStrictEqual(hoursAt("2024-06-03T13:30:00Z"), ["2024-06-03", "session"])
    assert.deepStrictEqual(hoursAt("2024-06-04T03:59:59Z"), ["2024-06-03", "session"])
    assert.deepStrictEqual(hoursAt("2024-06-04T04:00:00Z"), ["2024-06-03", "outside"])
    assert.deepStrictEqual(hoursAt("2024-06-01T15:00:00Z"), ["2024-05-31", "outside"])
    assert.deepStrictEqual(hoursAt("2024-06-19T15:00:00Z"), ["2024-06-18", "outside"])
  })
})
