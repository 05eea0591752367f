/** Option chains: an expiration a request, the cookie and the crumb before them, and every fault on the way. */
import { assert, describe, it } from "@effect/vitest"
import * as Fetch from "@tidemark/backfill/Fetch"
import { OccSymbol, OptionChain } from "@tidemark/core"
import { Emulator, Equity, Fault, FaultCases, OptionMarket } from "@tidemark/emulator"
import { Effect, Layer } from "effect"
import { inspect } from "node:util"
import { apple, cookie, crumb, provider, subject } from "./answers.ts"
import { engine, sourceAtHand } from "./rig.ts"

const now = Date.parse("2024-06-18T18:30:00Z")
const index = Equity.synthetic({ symbol: "^SPX" })
const market = OptionMarket.make(apple, now)!

const world = Layer.provideMerge(
  engine,
  Emulator.layer({ datasets: [], equities: [apple, index], providers: [provider], now: () => now })
)

const source = Effect.orDie(sourceAtHand)
const chainOf = (symbol = "AAPL") =>
  Effect.flatMap(source, (yahoo) => Fetch.patiently(yahoo.optionChain!({ ...subject, symbol })))

const namesOf = ({ contracts }: OptionChain.OptionChain) =>
  contracts.root.map((root, i) =>
    OccSymbol.encode({
      root,
      expiry: contracts.expiry[i]!,
      strike: contracts.strike[i]!,
      isCall: contracts.isCall[i] === 1
    })
  )

/** Every contract is one of the market's, with its figures. */
const honest = (chain: OptionChain.OptionChain) => {
  const told = new Map(market.quotes.map((quote) => [quote.name, quote]))
  const names = namesOf(chain)
  assert.strictEqual(new Set(names).size, names.length)
  for (const [i, name] of names.entries()) {
    assert.strictEqual(chain.contracts.openInterest[i], told.get(name)?.openInterest, name)
    assert.strictEqual(chain.contracts.ask[i], told.get(name)?.ask, name)
  }
}

describe("a chain of Yahoo", () => {
  it.live("is the whole market, without greeks, and volatilities as they are told", () =>
    Effect.gen(function* () {
      const { requests } = yield* Emulator
      const chain = yield* chainOf()
      const { contracts } = chain
      honest(chain)
      assert.strictEqual(OptionChain.length(contracts), market.quotes.length)
      assert.deepStrictEqual(chain.unreadable, [])
      assert.strictEqual(chain.at, market.at)
      assert.strictEqual(chain.spot, market.spot)
      assert.isTrue(contracts.gamma.every(Number.isNaN) && contracts.delta.every(Number.isNaN))
      assert.isTrue(contracts.impliedVolatility.includes(0.00001))
      assert.isTrue(contracts.volume.some(Number.isNaN))
      const asked = (yield* requests).filter(({ path }) => path.startsWith("/v7/"))
      assert.deepStrictEqual(
        asked.map(({ query }) => query.get("date") ?? "nearest"),
        ["nearest", ...market.expiries.slice(1).map((day) => String(day * 86_400))]
      )
    }).pipe(Effect.provide(world))
  )

  it.live("of an index has the roots of its contracts", () =>
    Effect.gen(function* () {
      const yahoo = yield* source
      const chain = yield* yahoo.optionChain!({ ...subject, symbol: "^SPX", assetClass: "index" })
      assert.deepStrictEqual([...new Set(chain.contracts.root)].toSorted(), ["SPX", "SPXW"])
      const other = yield* yahoo.optionChain!({ ...subject, symbol: "^GSPC", assetClass: "index" })
      assert.deepStrictEqual(other, { ...chain, symbol: "^GSPC" })
    }).pipe(Effect.provide(world))
  )

  it.live("of a symbol that there is not says so, and writes nothing to the console", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(chainOf("NOPE"))
      assert.strictEqual(error.reason._tag, "NotListed")
      assert.include(error.message, "yahoo NOPE: unknown symbol")
    }).pipe(Effect.provide(world))
  )

  it.live("tells of an expiration that is listed without contracts, twice", () =>
    Effect.gen(function* () {
      const path = "/v7/finance/options/"
      yield* (yield* Emulator).inject(Fault.Empty({ match: { path, after: 2 }, times: 2 }))
      const chain = yield* chainOf()
      honest(chain)
      assert.deepStrictEqual(chain.unreadable, ["the expiration 2024-07-05 is listed without contracts"])
      assert.notInclude([...chain.contracts.expiry], market.expiries[2])
    }).pipe(Effect.provide(world))
  )

  it.live("goes on with a new crumb where the old one has ended", () =>
    Effect.gen(function* () {
      const path = "/v7/finance/options/"
      yield* (yield* Emulator).inject(Fault.ServerError({ status: 401, match: { path, after: 3 } }))
      honest(yield* chainOf())
    }).pipe(Effect.provide(world))
  )
})

const cases = FaultCases.ofChains({ "a ban": { fault: Fault.Banned, always: "Unavailable" } }, [
  { name: "403", fault: (o) => Fault.ServerError({ status: 403, ...o }), always: "Unauthorized", once: "Unauthorized" },
  { name: "another expiration than was asked for", fault: Fault.RepeatedPage, always: "Malformed" }
])
const path = "/v7/finance/options/AAPL"
const secret = (...shown: ReadonlyArray<unknown>) => {
  const text = shown.map((each) => `${inspect(each, { depth: 20, showHidden: true })} ${JSON.stringify(each)}`).join()
  for (const planted of [cookie, crumb]) assert.notInclude(text, planted)
}

describe.concurrent("a fault in a chain of Yahoo that passes costs nothing but time", () => {
  for (const { always, fault, name, once } of cases) {
    // A refusal in the middle may be that of a crumb that has ended; the first one is told.
    it.live(once === undefined ? name : `${name}: ${once}`, () =>
      Effect.gen(function* () {
        yield* (yield* Emulator).inject(fault({ match: { path, after: once === undefined ? 2 : 0 } }))
        const result = yield* Effect.result(chainOf())
        secret(result)
        if (result._tag === "Failure")
          return assert.strictEqual(result.failure.reason._tag, once, result.failure.message)
        assert.isUndefined(once)
        honest(result.success)
        const missing = market.quotes.length - OptionChain.length(result.success.contracts)
        // The first call and the first put of one expiration.
        assert.strictEqual(missing, always === "fewer" ? 2 : 0)
      }).pipe(Effect.provide(world))
    )
  }
})

describe.concurrent("a fault in a chain of Yahoo that stays ends in a clear answer", () => {
  for (const { always, fault, name } of cases) {
    it.live(`${name}: ${always}`, () =>
      Effect.gen(function* () {
        const { inject, requestCount } = yield* Emulator
        yield* inject(fault({ match: { path }, times: Infinity }))
        const result = yield* Effect.result(chainOf())
        secret(result)
        assert.isBelow(yield* requestCount, 40)
        if (result._tag === "Failure") {
          assert.strictEqual(result.failure.reason._tag, always, result.failure.message)
          assert.include(result.failure.message, "yahoo AAPL")
          return
        }
        honest(result.success)
        const missing = market.quotes.length - OptionChain.length(result.success.contracts)
        assert.strictEqual(missing, always === "fewer" ? 2 * market.expiries.length : 0)
        assert.include(["all", "fewer"], always)
      }).pipe(Effect.provide(world))
    )
  }
})
