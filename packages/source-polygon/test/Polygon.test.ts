import { assert, it } from "@effect/vitest"
import { type CorporateAction, Source } from "@tidemark/core"
import { plugin } from "@tidemark/source-polygon"
import { layer, LoopbackProvider, type Respond } from "@tidemark/source-testing/LoopbackProvider"
import { Effect, Schema, Stream } from "effect"
import { respond as emulated, subject } from "./answers.ts"

const list = (url: URL, rows: ReadonlyArray<object>): Response => {
  const at = Number(url.searchParams.get("cursor") ?? 0)
  const next = new URL(url)
  next.searchParams.set("cursor", String(at + 1))
  // As the provider does: absolute, and here with a key and a host that must not be followed.
  next.searchParams.set("apiKey", "of-somebody")
  next.host = "elsewhere.example"
  return Response.json({
    status: "OK",
    request_id: "r",
    results: rows.slice(at, at + 1),
    ...(at + 1 < rows.length ? { next_url: next.href } : {})
  })
}

const splits = [{ execution_date: "2020-08-31", split_from: 1, split_to: 4, ticker: "AAPL" }]
const dividends = [
  { cash_amount: 0.205, currency: "USD", ex_dividend_date: "2020-11-06", pay_date: "2020-11-12", ticker: "AAPL" },
  { cash_amount: 0.82, ex_dividend_date: "2020-08-07", ticker: "AAPL" }
]
const tickers = [
  { ticker: "AAPL", market: "stocks", active: true, currency_name: "usd" },
  { ticker: "X:BTCUSD", market: "crypto", base_currency_symbol: "BTC", currency_symbol: "USD" },
  { ticker: "I:SPX", market: "indices", active: true },
  { ticker: "WHAT", market: "otc-of-a-kind" }
]

const aggregates = emulated(Date.UTC(2024, 0, 1))

const respond: Respond = (url) => {
  if (url.pathname.endsWith("/splits")) return list(url, splits)
  if (url.pathname.endsWith("/dividends")) return list(url, dividends)
  return url.pathname.endsWith("/tickers") ? list(url, tickers) : aggregates(url)
}

const interval = { from: Date.UTC(2020, 0, 1), to: Date.UTC(2021, 0, 1) }

const sourceOf = (config: object) =>
  Effect.flatMap(Effect.orDie(Schema.decodeUnknownEffect(plugin.config)(config)), (decoded) => plugin.make(decoded))

it.layer(layer(respond))("Massive (Polygon)", (it) => {
  it.effect("without a key says which variable to set, and asks nothing", () =>
    Effect.gen(function* () {
      const provider = yield* LoopbackProvider
      yield* provider.reset
      const source = yield* sourceOf({})
      const request = { ...subject, timeframe: "1d" as const, interval }
      for (const work of [
        source.check!,
        Stream.runDrain(source.candles(request)),
        source.actions!(subject, interval)
      ]) {
        const error = yield* Effect.flip(
          Effect.asVoid(work as Effect.Effect<unknown, Effect.Error<typeof source.check>>)
        )
        assert.include(error!.message, "POLYGON_API_KEY")
      }
      assert.lengthOf(provider.asked(), 0)
    })
  )

  it.effect("gives splits and dividends in the order of their dates, page after page, on its own host", () =>
    Effect.gen(function* () {
      const provider = yield* LoopbackProvider
      yield* provider.reset
      const source = yield* sourceOf({ apiKey: "k" })
      const found: ReadonlyArray<CorporateAction.CorporateAction> = yield* source.actions!(subject, interval)
      assert.deepStrictEqual(
        found.map((action) => ({ ...action })),
        [
          { _tag: "Dividend", exDate: "2020-08-07", amount: 0.82 },
          { _tag: "Split", exDate: "2020-08-31", from: 1, to: 4 },
          { _tag: "Dividend", exDate: "2020-11-06", amount: 0.205, currency: "USD", paid: "2020-11-12" }
        ]
      )
      const asked = provider.asked()
      assert.deepStrictEqual([...new Set(asked.map((url) => url.host))], ["api.massive.com"])
      assert.isTrue(asked.every((url) => !url.href.includes("of-somebody")))
      assert.include(asked[0]!.search, "execution_date.gte=2020-01-01&execution_date.lte=2020-12-31")
    })
  )

  it.effect("lists what it has classes for", () =>
    Effect.gen(function* () {
      const source = yield* sourceOf({ apiKey: "k" })
      assert.deepStrictEqual(
        (yield* source.instruments!).map(({ assetClass, quote, sourceSymbol, symbol }) => [
          symbol,
          sourceSymbol,
          assetClass,
          quote
        ]),
        [
          ["AAPL", "AAPL", "equity", "USD"],
          ["BTC/USD", "X:BTCUSD", "crypto", "USD"],
          ["^SPX", "I:SPX", "index", undefined]
        ]
      )
    })
  )

  it.effect("asks for raw prices, and no more base bars than the provider counts", () =>
    Effect.gen(function* () {
      const provider = yield* LoopbackProvider
      yield* provider.reset
      const source = yield* sourceOf({ apiKey: "k", plan: "paid" })
      yield* Stream.runDrain(source.candles({ ...subject, timeframe: "1h", interval }))
      for (const url of provider.asked()) {
        const [from, to] = url.pathname.split("/").slice(-2).map(Number)
        if (!url.searchParams.has("cursor")) assert.strictEqual(url.searchParams.get("adjusted"), "false")
        assert.isAtMost((to! - from!) / 60_000, 50_000)
      }
    })
  )

  it.effect("the plan decides the budget and how far back it reaches", () =>
    Effect.gen(function* () {
      const of = (plan: string) =>
        Effect.flatMap(Schema.decodeUnknownEffect(plugin.config)({ plan }), (config) =>
          Source.configured(plugin, config)
        )
      const free = (yield* of("free")).capabilities
      assert.strictEqual(Source.budgetOf(free)?.limit, 5)
      assert.strictEqual(free.historyMillis!["1m"], 2 * 365 * 86_400_000)
      assert.isUndefined((yield* of("paid")).capabilities.historyMillis)
    })
  )
})
