/** Chains through the engine's door, and every fault that the emulator knows on the way. */
import { assert, describe, it } from "@effect/vitest"
import { Instant, OptionChain } from "@tidemark/core"
import { Emulator, Fault, FaultCases } from "@tidemark/emulator"
import { Effect, Stream } from "effect"
import { index, marketOf, share, spx, spy } from "./answers.ts"
import { chainOf, now, sourceAtHand, world } from "./rig.ts"

const whole = marketOf(share, now)

const honest = ({ contracts }: OptionChain.OptionChain) => {
  const told = new Map(whole.quotes.map(({ name, ...quote }) => [name, quote]))
  const names = contracts.root.map((root, i) => {
    const expiry = Instant.formatDate(contracts.expiry[i]! * 86_400_000)
      .slice(2)
      .replaceAll("-", "")
    const strike = String(Math.round(contracts.strike[i]! * 1_000)).padStart(8, "0")
    return `${root}${expiry}${contracts.isCall[i] === 1 ? "C" : "P"}${strike}`
  })
  assert.strictEqual(new Set(names).size, names.length)
  for (const [i, name] of names.entries()) {
    assert.strictEqual(contracts.openInterest[i], told.get(name)?.openInterest, name)
    assert.strictEqual(contracts.gamma[i], told.get(name)?.gamma, name)
  }
}

describe("a chain of CBOE", () => {
  it.live("is what the market was a quarter of an hour ago, value for value", () =>
    Effect.gen(function* () {
      const chain = yield* chainOf(spx)
      const { at, quotes, spot } = marketOf(index, now)
      const { contracts } = chain
      assert.strictEqual(chain.at, at)
      assert.strictEqual(Instant.format(chain.at), "2024-06-18T18:15Z")
      assert.strictEqual(chain.spot, spot)
      assert.deepStrictEqual(chain.unreadable, [])
      assert.deepStrictEqual(
        contracts.root,
        quotes.map(({ symbol }) => symbol.root)
      )
      const column = (of: (quote: (typeof quotes)[number]) => number) => Float64Array.from(quotes, of)
      assert.deepStrictEqual(
        contracts.expiry,
        column(({ symbol }) => symbol.expiry)
      )
      assert.deepStrictEqual(
        contracts.strike,
        column(({ symbol }) => symbol.strike)
      )
      assert.deepStrictEqual(
        [...contracts.isCall],
        quotes.map(({ symbol }) => (symbol.isCall ? 1 : 0))
      )
      assert.deepStrictEqual(
        contracts.bid,
        column(({ bid }) => bid)
      )
      assert.deepStrictEqual(
        contracts.ask,
        column(({ ask }) => ask)
      )
      assert.deepStrictEqual(
        contracts.last,
        column(({ last, volume }) => (volume === 0 ? 0 : last))
      )
      assert.deepStrictEqual(
        contracts.volume,
        column(({ volume }) => volume)
      )
      assert.deepStrictEqual(
        contracts.openInterest,
        column(({ openInterest }) => openInterest)
      )
      assert.deepStrictEqual(
        contracts.impliedVolatility,
        column(({ volatility }) => volatility)
      )
      assert.deepStrictEqual(
        contracts.delta,
        column(({ delta }) => delta)
      )
      assert.deepStrictEqual(
        contracts.gamma,
        column(({ gamma }) => gamma)
      )
    }).pipe(Effect.provide(world))
  )

  it.live("is one request, of a file that is named after the symbol", () =>
    Effect.gen(function* () {
      const { requests } = yield* Emulator
      yield* chainOf(spx)
      yield* chainOf({ ...spx, symbol: "^GSPC" })
      yield* chainOf(spy)
      yield* chainOf({ ...spy, symbol: "S&P", sourceSymbol: "_SPX" })
      assert.deepStrictEqual(
        (yield* requests).map(({ path }) => path.split("/").at(-1)),
        ["_SPX.json", "_SPX.json", "SPY.json", "_SPX.json"]
      )
    }).pipe(Effect.provide(world))
  )

  it.live("of a symbol that there is not says so, and a refusal of the network is another matter", () =>
    Effect.gen(function* () {
      const { inject } = yield* Emulator
      const unknown = yield* Effect.flip(chainOf({ ...spy, symbol: "NOPE" }))
      assert.strictEqual(
        unknown.message,
        "cboe NOPE: CBOE has no options of NOPE; an index begins with ^, as ^GSPC does"
      )
      yield* inject(Fault.ServerError({ status: 403 }))
      assert.strictEqual((yield* Effect.flip(chainOf(spy))).reason._tag, "Unauthorized")
    }).pipe(Effect.provide(world))
  )

  it.live("is all that there is: candles are refused without a request", () =>
    Effect.gen(function* () {
      const source = yield* Effect.orDie(sourceAtHand)
      const request = { ...spy, timeframe: "1d", interval: { from: now - 86_400_000, to: now } } as const
      const error = yield* Effect.flip(Stream.runDrain(source.candles(request)))
      assert.include(error.message, "CBOE has no candles here, it serves option chains only")
      assert.strictEqual(yield* (yield* Emulator).requestCount, 0)
    }).pipe(Effect.provide(world))
  )
})

const cases = FaultCases.ofChains(
  // The network knows no ban: it refuses.
  { "a ban": { fault: Fault.Banned, always: "Unauthorized", once: "Unauthorized" } },
  [{ name: "404", fault: (o) => Fault.ServerError({ status: 404, ...o }), always: "NotListed", once: "NotListed" }]
)
const path = "/api/global/delayed_quotes/options/SPY.json"

describe.concurrent("a fault of CBOE that passes costs nothing but time", () => {
  for (const { always, fault, name, once } of cases) {
    it.live(once === undefined ? name : `${name}: ${once}`, () =>
      Effect.gen(function* () {
        yield* (yield* Emulator).inject(fault({ match: { path } }))
        const result = yield* Effect.result(chainOf(spy))
        if (result._tag === "Failure")
          return assert.strictEqual(result.failure.reason._tag, once, result.failure.message)
        assert.isUndefined(once)
        honest(result.success)
        const missing = whole.quotes.length - OptionChain.length(result.success.contracts)
        assert.strictEqual(missing, always === "fewer" ? 1 : 0)
      }).pipe(Effect.provide(world))
    )
  }
})

describe.concurrent("a fault of CBOE that stays ends in a clear answer", () => {
  for (const { always, fault, name } of cases) {
    it.live(`${name}: ${always}`, () =>
      Effect.gen(function* () {
        const { inject, requestCount } = yield* Emulator
        yield* inject(fault({ match: { path }, times: Infinity }))
        const result = yield* Effect.result(chainOf(spy))
        assert.isBelow(yield* requestCount, 5)
        if (result._tag === "Failure") {
          assert.strictEqual(result.failure.reason._tag, always, result.failure.message)
          assert.include(result.failure.message, "cboe SPY")
          return
        }
        honest(result.success)
        assert.include(["all", "fewer"], always)
        const missing = whole.quotes.length - OptionChain.length(result.success.contracts)
        assert.strictEqual(missing, always === "fewer" ? 1 : 0)
      }).pipe(Effect.provide(world))
    )
  }
})
