import { assert, describe, it } from "@effect/vitest"
import { Universe } from "@tidemark/runtime"
import { Effect } from "effect"

const auto = { symbols: [], source: "auto" }
const symbolsOf = (instruments: ReadonlyArray<{ readonly symbol: string }>) => instruments.map(({ symbol }) => symbol)

describe("Universe", () => {
  it.effect("is the built-in list while the user's is empty, and the user's active symbols after that", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(symbolsOf(yield* Universe.resolve(auto, [])), ["BTC/USDT", "ETH/USDT", "AAPL", "SPY"])
      const own = yield* Effect.forEach(
        [{ symbol: "SOL/USDT" }, { symbol: "XRP/USDT", active: false }],
        Universe.fromEntry
      )
      assert.deepStrictEqual(symbolsOf(yield* Universe.resolve(auto, own)), ["SOL/USDT"])
      assert.deepStrictEqual(symbolsOf(yield* Universe.resolve({ ...auto, symbols: ["xrp/usdt"] }, own)), ["XRP/USDT"])
    })
  )

  it.effect("gives the built-in symbols a synthetic fallback, and the user's none", () =>
    Effect.gen(function* () {
      for (const instrument of Universe.builtIn) assert.strictEqual(instrument.sources.at(-1)!.source, "synthetic")
      const own = yield* Universe.fromEntry({ symbol: "SOL/USDT" })
      assert.deepStrictEqual(own.sources, [{ source: "binance" }])
      const share = yield* Universe.fromEntry({ symbol: "MSFT" })
      assert.deepStrictEqual(share.sources, [{ source: "yahoo" }])
    })
  )

  it.effect("one named source replaces the list, and keeps that source's own symbol", () =>
    Effect.gen(function* () {
      const own = yield* Universe.fromEntry({
        symbol: "SOL/USDT",
        sources: ["synthetic", { source: "binance", symbol: "SOLUSDTX" }]
      })
      const [chosen] = yield* Universe.resolve({ symbols: [], source: "binance" }, [own])
      assert.deepStrictEqual(chosen!.sources, [{ source: "binance", symbol: "SOLUSDTX" }])
    })
  )

  it.effect("an unknown symbol needs a source; a misspelt one is pointed out", () =>
    Effect.gen(function* () {
      const resolve = (symbol: string, source = "auto") => Universe.resolve({ symbols: [symbol], source }, [])
      assert.include((yield* Effect.flip(resolve("BTCUSDT"))).message, "Did you mean BTC/USDT?")
      for (const [symbol, add, source] of [
        ["DOGE/USDT", "symbols add DOGE/USDT;", "binance"],
        ["MSFT", "symbols add MSFT;", "yahoo"],
        ["^GSPC", "symbols add ^GSPC;", "yahoo"],
        ["EUR/USD", "symbols add EUR/USD --sources yahoo;", "yahoo"]
      ] as const) {
        const { message } = yield* Effect.flip(resolve(symbol))
        assert.include(message, add)
        assert.isTrue(message.endsWith(`--source ${source}`), message)
      }
      assert.include((yield* Effect.flip(resolve("what is this"))).message, "is no symbol")
      assert.deepStrictEqual(symbolsOf(yield* resolve("DOGE/USDT", "binance")), ["DOGE/USDT"])
    })
  )

  it.effect("fills in what follows from a symbol, and asks for what does not", () =>
    Effect.gen(function* () {
      const index = yield* Universe.fromEntry({ symbol: "^GSPC", sources: ["file:x.csv"], listed: "1990-01-02" })
      assert.deepInclude(index, { assetClass: "index", calendar: "XNYS", listedAt: Date.parse("1990-01-02") })
      const fx = yield* Universe.fromEntry({ symbol: "EUR/USD", sources: ["synthetic"] })
      assert.deepInclude(fx, { assetClass: "fx", calendar: "24/5" })
      assert.include((yield* Effect.flip(Universe.fromEntry({ symbol: "GBP/USD" }))).message, "name its sources")
      const bad = Universe.fromEntry({ symbol: "MSFT", sources: ["synthetic"], listed: "2020-02-30" })
      assert.include((yield* Effect.flip(bad)).message, "2020-02-30")
    })
  )
})
