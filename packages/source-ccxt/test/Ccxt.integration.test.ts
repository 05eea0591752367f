import { assert, describe, it } from "@effect/vitest"
import { SourceRegistry } from "@tidemark/backfill"
import { Candles, Source } from "@tidemark/core"
import { Dataset, Emulator, Fault } from "@tidemark/emulator"
import { plugin } from "@tidemark/source-ccxt"
import { Effect, Layer, Stream } from "effect"
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { hour, market } from "./answers.ts"
import { dataset, engine, fetched, range, request, sourceOf, truth } from "./rig.ts"

const serving = (datasets: ReadonlyArray<Dataset.Dataset>) =>
  Effect.provide(Layer.provideMerge(engine, Emulator.layer({ datasets })), { local: true })

const thisHour = range.to

describe("a source of the registry", () => {
  it.live("asks the exchange's own host and paths, behind the URL that stands in for it", () =>
    Effect.gen(function* () {
      const provider = yield* Emulator
      yield* fetched("kraken")
      yield* fetched("coinbaseexchange")
      const paths = (yield* provider.requests).map((each) => each.path)
      assert.deepStrictEqual(paths, [
        "/api.kraken.com/0/public/AssetPairs",
        "/api.kraken.com/0/public/OHLC",
        "/api.exchange.coinbase.com/products",
        ...Array.from({ length: 3 }, () => "/api.exchange.coinbase.com/products/BTC-USD/candles")
      ])
    }).pipe(serving([dataset]))
  )

  it.live("loads the markets once, for everyone who asks at the same time", () =>
    Effect.gen(function* () {
      const provider = yield* Emulator
      const source = yield* sourceOf("kraken")
      yield* Effect.forEach(
        ["BTC/USD", "ETH/USD", "ETH/EUR"],
        (symbol) => Stream.runDrain(source.candles(request({ symbol }))),
        { concurrency: "unbounded" }
      )
      const paths = (yield* provider.requests).map((each) => each.path)
      assert.lengthOf(
        paths.filter((path) => path.endsWith("/AssetPairs")),
        1
      )
      assert.lengthOf(
        paths.filter((path) => path.endsWith("/OHLC")),
        3
      )
    }).pipe(
      serving(["BTC/USD", "ETH/USD", "ETH/EUR"].map((symbol) => market(symbol, "1h", thisHour - 700 * hour, thisHour)))
    )
  )

  it.live("loads them anew after a failure", () =>
    Effect.gen(function* () {
      const provider = yield* Emulator
      yield* provider.inject(Fault.ServerError({ status: 500 }))
      const source = yield* sourceOf("kraken")
      const error = yield* Effect.flip(Stream.runDrain(source.candles(request())))
      assert.strictEqual(error.reason._tag, "Unavailable")
      assert.isAbove((yield* Stream.runCollect(source.candles(request()))).length, 0)
    }).pipe(serving([dataset]))
  )

  it.live("takes the exchange's own symbol where the instrument names it", () =>
    Effect.gen(function* () {
      for (const [exchange, sourceSymbol] of [
        ["kraken", "XXBTZUSD"],
        ["coinbaseexchange", "BTC-USD"],
        ["kraken", "BTC/USD"]
      ] as const) {
        const { candles, error } = yield* fetched(exchange, request({ symbol: "XBT/USD", sourceSymbol }))
        assert.isUndefined(error)
        assert.isTrue(Candles.equals(candles, truth(dataset, range)))
      }
    }).pipe(serving([dataset]))
  )

  it.live("does not list what the exchange does not have, and asks for no candles of it", () =>
    Effect.gen(function* () {
      const provider = yield* Emulator
      const { error } = yield* fetched("kraken", request({ symbol: "NOPE/USD" }))
      assert.strictEqual(error?.reason._tag, "NotListed")
      assert.strictEqual(yield* provider.requestCount, 1)
    }).pipe(serving([dataset]))
  )

  it.live("checks with the time, and lists the spot pairs", () =>
    Effect.gen(function* () {
      const provider = yield* Emulator
      for (const exchange of ["kraken", "coinbaseexchange"]) {
        const source: Source.Source = yield* sourceOf(exchange)
        yield* source.check!
        const own = exchange === "kraken" ? "XXBTZUSD" : "BTC-USD"
        assert.deepStrictEqual(yield* source.instruments!, [
          { symbol: "BTC/USD", sourceSymbol: own, assetClass: "crypto", active: true, quote: "USD" }
        ])
      }
      yield* provider.inject(Fault.Html())
      const error = yield* Effect.flip((yield* sourceOf("kraken")).check!)
      assert.strictEqual(error.reason._tag, "Malformed")
    }).pipe(serving([dataset]))
  )

  it.live("slows down when Kraken says so in a 200", () =>
    Effect.gen(function* () {
      const source = yield* sourceOf("kraken")
      yield* source.check!
      const error = yield* Effect.flip(source.check!)
      assert.strictEqual(error.reason._tag, "RateLimited")
    }).pipe(
      Effect.provide(Layer.provideMerge(engine, Emulator.layer({ datasets: [dataset], weightLimit: 1 })), {
        local: true
      })
    )
  )
})

describe("what Kraken no longer keeps", () => {
  it.live("is beyond its retention, not empty, and never asked for", () =>
    Effect.gen(function* () {
      const provider = yield* Emulator
      const interval = { from: thisHour - 2_000 * hour, to: thisHour - 1_500 * hour }
      const { error, pages } = yield* fetched("kraken", request({ interval }))
      assert.lengthOf(pages, 0)
      if (error?.reason._tag !== "RetentionLimit") return assert.fail(String(error))
      assert.include([thisHour - 720 * hour, thisHour - 719 * hour], error.reason.earliest)
      assert.strictEqual(yield* provider.requestCount, 0)
    }).pipe(serving([dataset]))
  )

  it.live("is served up to the last row that it has", () =>
    Effect.gen(function* () {
      const interval = { from: thisHour - 717 * hour, to: thisHour }
      const { candles, error } = yield* fetched("kraken", request({ interval }))
      assert.isUndefined(error)
      assert.isTrue(Candles.equals(candles, truth(dataset, interval)))
    }).pipe(serving([dataset]))
  )

  const young = market("BTC/USD", "1h", thisHour - 100 * hour, thisHour + 100 * hour)
  it.live("leaves a young market alone: nothing is before its first candle", () =>
    Effect.gen(function* () {
      const { candles, error } = yield* fetched("kraken")
      assert.isUndefined(error)
      assert.isTrue(Candles.equals(candles, truth(young, range)))
    }).pipe(serving([young]))
  )
})

describe("times without trades", () => {
  const full = truth(dataset, range)
  const kept = Array.from(full.openTime, (_, i) => i).filter((i) => i > 320 && i % 7 !== 0 && !(i > 400 && i < 420))
  const sparse = Dataset.fromCandles({ symbol: "BTC/USD", interval: "1h", candles: Candles.pick(full, kept) })

  for (const exchange of ["kraken", "coinbaseexchange"]) {
    it.live(`are left out as ${exchange} leaves them out, and every candle comes`, () =>
      Effect.gen(function* () {
        const { candles, error, pages } = yield* fetched(exchange)
        assert.isUndefined(error)
        assert.isTrue(Candles.equals(candles, Candles.pick(full, kept)))
        assert.strictEqual(pages.at(-1)?.interval.to, range.to)
      }).pipe(serving([sparse]))
    )
  }
})

describe("an exchange that ccxt does not have", () => {
  const refusal = (exchange: string) =>
    Effect.flatMap(SourceRegistry.SourceRegistry, (registry) =>
      Effect.map(Effect.flip(registry.check(`ccxt:${exchange}`)), (error) => error.message)
    )

  it.live("is a mistake in the name, with a guess at the right one", () =>
    Effect.gen(function* () {
      assert.match(yield* refusal("krakn"), /no exchange "krakn"\. Did you mean kraken\?.*among them kraken/)
      assert.notInclude(yield* refusal("zzzzzzzzzz"), "Did you mean")
      assert.include(yield* refusal("../base/Exchange"), "no exchange")
      assert.include(yield* refusal("Kraken"), "Did you mean kraken?")
    }).pipe(serving([dataset]))
  )
})

describe("capabilities", () => {
  it.effect("are those of the exchange", () =>
    Effect.gen(function* () {
      const kraken = yield* plugin.capabilitiesOf!({ exchange: "kraken" })
      assert.deepStrictEqual(kraken.timeframes, ["1m", "5m", "15m", "30m", "1h", "4h", "1d"])
      assert.strictEqual(kraken.pageSize, 720)
      assert.include(
        kraken.hosts.map(({ name }) => name),
        "api.kraken.com"
      )
      assert.deepInclude(Source.budgetOf(kraken), { limit: 1, windowMillis: 1_000 })
      assert.strictEqual(kraken.historyMillis?.["1h"], 700 * hour)
      const coinbase = yield* plugin.capabilitiesOf!({ exchange: "coinbaseexchange" })
      assert.deepStrictEqual(
        coinbase.hosts.map(({ name }) => name),
        ["api.exchange.coinbase.com"]
      )
      assert.strictEqual(coinbase.pageSize, 300)
      assert.deepInclude(Source.budgetOf(coinbase), { limit: 10, windowMillis: 1_000 })
      assert.isUndefined(coinbase.historyMillis)
      const binance = yield* plugin.capabilitiesOf!({ exchange: "binance" })
      assert.include(binance.timeframes, "1s")
      assert.include(
        binance.hosts.map(({ name }) => name),
        "api.binance.com"
      )
    })
  )
})

describe("loading", () => {
  /** What a program prints, and the files of ccxt that it loads. */
  const run = (...program: ReadonlyArray<string>) => {
    const hooks = `import { registerHooks } from "node:module"
      registerHooks({ load(url, context, next) {
        if (url.includes("/node_modules/ccxt/")) console.log("ccxt", url.split("/node_modules/ccxt/")[1])
        return next(url, context)
      } })`
    const { status, stderr, stdout } = spawnSync(
      process.execPath,
      ["--import", `data:text/javascript,${encodeURIComponent(hooks)}`, ...program],
      { cwd: import.meta.dirname, encoding: "utf8" }
    )
    assert.strictEqual(status, 0, stderr)
    const loaded = stdout.split("\n").flatMap((line) => (line.startsWith("ccxt ") ? [line.slice("ccxt ".length)] : []))
    return { stdout, loaded }
  }

  it("of the plugin loads nothing of ccxt, and of an exchange its class alone", () => {
    const plugin = `import { plugin } from "@tidemark/source-ccxt"; import { Effect } from "effect";`
    const evaluated = (program: string) => run("--input-type=module", "-e", program).loaded
    assert.deepStrictEqual(evaluated(plugin), [])
    const loaded = evaluated(`${plugin} await Effect.runPromise(plugin.capabilitiesOf({ exchange: "kraken" }))`)
    assert.deepStrictEqual(
      loaded.filter((file) => /^js\/(src\/)?[a-z0-9]+\.js$/.test(file)),
      ["js/src/kraken.js"]
    )
  })

  it("of the program's help loads nothing of ccxt", () => {
    const { loaded, stdout } = run(fileURLToPath(new URL("../../../apps/cli/src/bin.js", import.meta.url)), "--help")
    assert.include(stdout, "backfill")
    assert.deepStrictEqual(loaded, [])
  })
})
