/** The real source through the engine's door, at a provider that behaves. */
import { assert, describe, it } from "@effect/vitest"
import { Candles, Timeframe } from "@tidemark/core"
import { Emulator, Fault } from "@tidemark/emulator"
import { Context, Effect, Layer } from "effect"
import { apple, key, subject } from "./answers.ts"
import { emulatorWith, engineWith, fetched, plain, range, request, sourceAtHand, truth, world } from "./rig.ts"

/** A split, the end of summer time, half a day before it and whole weeks around. */
const autumn = { from: Date.UTC(2020, 7, 17), to: Date.UTC(2020, 11, 28) }

describe("candles of a share", () => {
  it.live("are those of the provider in the prices of their day, in every timeframe", () =>
    Effect.gen(function* () {
      for (const timeframe of Timeframe.standard) {
        const interval = timeframe === "1m" ? { from: Date.UTC(2020, 7, 28), to: Date.UTC(2020, 8, 15) } : autumn
        const { candles, error } = yield* fetched(request({ timeframe, interval }))
        assert.isUndefined(error, error?.message)
        const expected = truth(timeframe, interval)
        assert.isAbove(Candles.length(expected), 15)
        assert.isTrue(Candles.equals(plain(candles), expected), timeframe)
        // An average price is rounded on the wire, the number of trades is not.
        const raw = apple.candles(timeframe, interval)
        assert.deepStrictEqual(candles.trades, raw.trades)
        candles.quoteVolume!.forEach((value, i) => assert.approximately(value / raw.quoteVolume![i]!, 1, 1e-6))
      }
    }).pipe(Effect.provide(world))
  )

  it.live("are asked for with the key in a header and in no URL", () =>
    Effect.gen(function* () {
      const provider = yield* Emulator
      yield* fetched()
      const requests = yield* provider.requests
      assert.isTrue(requests.some(({ query }) => query.has("cursor")))
      assert.isFalse(requests.some(({ path, query }) => `${path}?${query}`.includes(key)))
    }).pipe(Effect.provide(world))
  )
})

describe("splits and dividends", () => {
  it.live("are those of the provider, ascending, and only those of the range", () =>
    Effect.gen(function* () {
      const source = yield* sourceAtHand
      const all = yield* source.actions!(subject, { from: Date.UTC(2020, 0, 1), to: Date.UTC(2021, 0, 1) })
      assert.deepStrictEqual(all, apple.actions)
      const some = yield* source.actions!(subject, { from: Date.UTC(2020, 7, 8), to: Date.UTC(2020, 10, 6) })
      assert.deepStrictEqual(
        some,
        apple.actions.filter(({ _tag }) => _tag === "Split")
      )
    }).pipe(Effect.provide(world))
  )
})

describe("the list of tickers", () => {
  it.live("has the share", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* (yield* sourceAtHand).instruments!, [
        { symbol: "AAPL", sourceSymbol: "AAPL", assetClass: "equity", active: true, quote: "USD" }
      ])
    }).pipe(Effect.provide(world))
  )
})

describe("a link or a redirect to another host", () => {
  it.live("is never followed there: nobody but the provider is asked, or sees the key", () =>
    Effect.gen(function* () {
      const elsewhere = Context.get(yield* Layer.build(emulatorWith()), Emulator)
      const here = Layer.provideMerge(engineWith({ POLYGON_API_KEY: key }), emulatorWith({ nextOrigin: elsewhere.url }))
      yield* Effect.gen(function* () {
        const provider = yield* Emulator
        const { candles, error } = yield* fetched()
        assert.isUndefined(error)
        assert.isTrue(Candles.equals(plain(candles), truth("1h", range)))
        assert.isTrue((yield* provider.requests).some(({ query }) => query.has("cursor")))
        yield* provider.inject(Fault.Redirect({ to: `${elsewhere.url}/v1/marketstatus/now`, times: Infinity }))
        const failed = yield* Effect.flip((yield* sourceAtHand).check!)
        assert.strictEqual(failed.reason._tag, "Unavailable")
      }).pipe(Effect.provide(Layer.fresh(here)))
      assert.strictEqual(yield* elsewhere.requestCount, 0)
    })
  )
})

describe("the key", () => {
  const failureWith = (variables: Readonly<Record<string, string>>) =>
    Effect.gen(function* () {
      const { error } = yield* fetched()
      const checked = yield* Effect.flip((yield* sourceAtHand).check!)
      const asked = yield* (yield* Emulator).requestCount
      return { messages: [error?.message ?? "", checked.message], tag: error?.reason._tag, asked }
    }).pipe(Effect.provide(Layer.provideMerge(engineWith(variables), emulatorWith())))

  it.live("where it is missing, is asked for by the name of its variable, and the provider is left alone", () =>
    Effect.gen(function* () {
      for (const variables of [{}, { POLYGON_API_KEY: "" }] as ReadonlyArray<Record<string, string>>) {
        const { asked, messages, tag } = yield* failureWith(variables)
        assert.strictEqual(tag, "Unauthorized")
        for (const message of messages) assert.include(message, "it needs a key; set POLYGON_API_KEY")
        assert.strictEqual(asked, 0)
      }
    })
  )

  it.live("where the provider does not know it, is doubted by name and asked with only once", () =>
    Effect.gen(function* () {
      const { asked, messages, tag } = yield* failureWith({ POLYGON_API_KEY: "bad-key" })
      assert.strictEqual(tag, "Unauthorized")
      for (const message of messages) assert.include(message, "401 (Unknown API Key; is POLYGON_API_KEY right?)")
      assert.strictEqual(asked, 2)
    })
  )

  it.live("goes by its newer name too", () =>
    Effect.gen(function* () {
      yield* (yield* sourceAtHand).check!
    }).pipe(Effect.provide(Layer.provideMerge(engineWith({ MASSIVE_API_KEY: key }), emulatorWith())))
  )
})
