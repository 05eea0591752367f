/** Option chains page after page, what plans leave out, and every fault on the way. */
import { assert, describe, it } from "@effect/vitest"
import * as Fetch from "@tidemark/backfill/Fetch"
import { OccSymbol, OptionChain } from "@tidemark/core"
import { Emulator, Equity, Fault, FaultCases, Massive, OptionMarket } from "@tidemark/emulator"
import * as Snapshot from "@tidemark/source-polygon/Snapshot"
import { Effect, Layer } from "effect"
import { inspect } from "node:util"
import { apple, key, subject, terms } from "./answers.ts"
import { engineWith, sourceAtHand } from "./rig.ts"

const now = Date.parse("2024-06-18T18:30:00Z")
const index = Equity.synthetic({ symbol: "^SPX" })
const market = OptionMarket.make(apple, now)!

const world = Layer.provideMerge(
  engineWith({ POLYGON_API_KEY: key }),
  Emulator.layer({
    datasets: [],
    equities: [apple, index],
    providers: [Massive.providerWith(terms)],
    now: () => now
  })
)

const source = Effect.orDie(sourceAtHand)
const chainOf = (symbol = "AAPL") =>
  Effect.flatMap(source, (massive) => Fetch.patiently(massive.optionChain!({ ...subject, symbol })))

/** Every contract is one of the market's, with its figures. */
const honest = ({ contracts }: OptionChain.OptionChain) => {
  const told = new Map(market.quotes.map((quote) => [quote.name, quote]))
  const names = contracts.root.map((root, i) =>
    OccSymbol.encode({
      root,
      expiry: contracts.expiry[i]!,
      strike: contracts.strike[i]!,
      isCall: contracts.isCall[i] === 1
    })
  )
  assert.strictEqual(new Set(names).size, names.length)
  for (const [i, name] of names.entries()) {
    const quote = told.get(name)
    const isTold = Math.abs(quote!.delta) <= 0.999
    assert.strictEqual(contracts.openInterest[i], quote?.openInterest, name)
    assert.deepStrictEqual(contracts.gamma[i], isTold ? quote!.gamma : Number.NaN, name)
    assert.deepStrictEqual(contracts.delta[i], isTold ? quote!.delta : Number.NaN, name)
    assert.deepStrictEqual(contracts.impliedVolatility[i], isTold ? quote!.volatility : Number.NaN, name)
  }
}

describe("a chain of Massive", () => {
  it.live("is the whole market, page after page, without figures where none are told", () =>
    Effect.gen(function* () {
      const { requests } = yield* Emulator
      const chain = yield* chainOf()
      honest(chain)
      assert.strictEqual(OptionChain.length(chain.contracts), market.quotes.length)
      assert.deepStrictEqual(chain.unreadable, [])
      assert.strictEqual(chain.at, market.at)
      assert.strictEqual(chain.spot, market.spot)
      assert.isTrue(chain.contracts.gamma.some(Number.isNaN))
      assert.strictEqual((yield* requests).length, Math.ceil(market.quotes.length / 100))
    }).pipe(Effect.provide(world))
  )

  it.live("of an index has its value as spot", () =>
    Effect.gen(function* () {
      const { requests } = yield* Emulator
      const massive = yield* source
      const chain = yield* massive.optionChain!({ ...subject, symbol: "^SPX", assetClass: "index" })
      assert.strictEqual(chain.spot, OptionMarket.make(index, now)!.spot)
      assert.deepStrictEqual([...new Set(chain.contracts.root)].toSorted(), ["SPX", "SPXW"])
      assert.strictEqual((yield* requests)[0]?.path, "/v3/snapshot/options/I%3ASPX")
      const other = yield* massive.optionChain!({ ...subject, symbol: "^GSPC", assetClass: "index" })
      assert.deepStrictEqual(other, { ...chain, symbol: "^GSPC" })
    }).pipe(Effect.provide(world))
  )

  it.live("of a symbol that there is not says so", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(chainOf("NOPE"))).reason._tag, "NotListed")
    }).pipe(Effect.provide(world))
  )
})

describe("a snapshot", () => {
  const row = {
    details: { ticker: "O:AAPL230616C00150000", shares_per_contract: 100 },
    day: { close: 29, volume: 8 },
    open_interest: 8133,
    underlying_asset: { price: 159.9606, last_updated: 1_651_254_263_172_000_000 }
  }
  const quoted = { ...row, last_quote: { bid: 28.9, ask: 29.25, last_updated: 1_651_254_260_800_000_000 } }
  const older = { ...quoted, last_quote: { bid: 1, ask: 2, last_updated: 1_651_254_200_000_000_000 } }

  it("is of the moment of its newest quote", () => {
    assert.strictEqual(Snapshot.read([older, quoted, row, older]).at, 1651254260800)
  })

  it("of a plan without quotes is of the last trade, or of the price of the underlying", () => {
    const traded = { ...row, last_trade: { price: 29.25, sip_timestamp: 1_651_254_250_000_000_000 } }
    assert.strictEqual(Snapshot.read([row, traded]).at, 1651254250000)
    assert.strictEqual(Snapshot.read([row]).at, 1651254263172)
    assert.isNaN(Snapshot.read([{ ...row, underlying_asset: { ticker: "AAPL" } }]).at)
  })

  it("has the last trade as last price, and the close of the day without one", () => {
    const [first, second] = Snapshot.read([row, { ...row, last_trade: { price: 29.5 } }]).rows
    assert.strictEqual((first as { last: unknown }).last, 29)
    assert.strictEqual((second as { last: unknown }).last, 29.5)
  })
})

const cases = FaultCases.ofChains(
  {
    "a ban": { fault: Fault.Banned, always: "Unauthorized", once: "Unauthorized" },
    // The ticker is known, so it has no options; asked twice before that is said.
    "200 without candles": { always: "NotListed" }
  },
  [{ name: "a repeated page", fault: Fault.RepeatedPage, always: "Malformed" }]
)
const path = "/v3/snapshot/options/AAPL"
const secret = (shown: unknown) =>
  assert.notInclude(`${inspect(shown, { depth: 20, showHidden: true })} ${JSON.stringify(shown)}`, key)

describe.concurrent("a fault in a chain of Massive that passes costs nothing but time", () => {
  for (const { always, fault, name, once } of cases) {
    it.live(once === undefined ? name : `${name}: ${once}`, () =>
      Effect.gen(function* () {
        yield* (yield* Emulator).inject(fault({ match: { path, after: 2 } }))
        const result = yield* Effect.result(chainOf())
        secret(result)
        if (result._tag === "Failure")
          return assert.strictEqual(result.failure.reason._tag, once, result.failure.message)
        assert.isUndefined(once)
        honest(result.success)
        const missing = market.quotes.length - OptionChain.length(result.success.contracts)
        assert.strictEqual(missing, always === "fewer" ? 1 : 0)
      }).pipe(Effect.provide(world))
    )
  }
})

describe.concurrent("a fault in a chain of Massive that stays ends in a clear answer", () => {
  for (const { always, fault, name } of cases) {
    it.live(`${name}: ${always}`, () =>
      Effect.gen(function* () {
        const { inject, requestCount } = yield* Emulator
        yield* inject(fault({ match: { path }, times: Infinity }))
        const result = yield* Effect.result(chainOf())
        secret(result)
        assert.isBelow(yield* requestCount, 15)
        if (result._tag === "Failure") {
          assert.strictEqual(result.failure.reason._tag, always, result.failure.message)
          assert.include(result.failure.message, "polygon AAPL")
          return
        }
        honest(result.success)
        assert.include(["all", "fewer"], always)
        const missing = market.quotes.length - OptionChain.length(result.success.contracts)
        assert.strictEqual(missing, always === "fewer" ? Math.ceil(market.quotes.length / 100) : 0)
      }).pipe(Effect.provide(world))
    )
  }
})
