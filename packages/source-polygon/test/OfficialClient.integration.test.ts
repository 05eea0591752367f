/** The provider's own client at the emulator: what it can read, it is spoken to in its language. */
import { assert, describe, it } from "@effect/vitest"
import {
  type DefaultApi,
  GetStocksAggregatesSortEnum,
  GetStocksAggregatesTimespanEnum,
  restClient
} from "@massive.com/client-js"
import { Equity, Emulator } from "@tidemark/emulator"
import { Effect } from "effect"
import { apple, key } from "./answers.ts"
import { emulatorWith } from "./rig.ts"

const asked = <A>(use: (client: DefaultApi) => Promise<A>, options: { key?: string; pagination?: boolean } = {}) =>
  Effect.flatMap(Emulator, ({ url }) =>
    Effect.tryPromise({
      try: () => use(restClient(options.key ?? key, url, { pagination: options.pagination ?? false })),
      catch: (error) => error as { readonly response?: { readonly status: number; readonly data: unknown } }
    })
  )

const minutes = {
  stocksTicker: "AAPL",
  multiplier: 1,
  timespan: GetStocksAggregatesTimespanEnum.Minute,
  from: "2020-08-28",
  to: "2020-08-31",
  adjusted: false,
  sort: GetStocksAggregatesSortEnum.Asc
} as const

const closes = (bars: ReadonlyArray<{ readonly c: number }> | undefined) => (bars ?? []).map(({ c }) => c)

describe("the official client", () => {
  it.live("reads aggregates, and the pages behind their links", () =>
    Effect.gen(function* () {
      const day = (date: string) => Equity.sessionOpen(date)
      const { close } = apple.candles("1m", { from: day("2020-08-28"), to: day("2020-09-01") })
      const first = yield* asked((client) => client.getStocksAggregates({ ...minutes, limit: 500 }))
      assert.strictEqual(first.status, "OK")
      assert.strictEqual(first.resultsCount, 500)
      assert.deepStrictEqual(closes(first.results), Array.from(close.slice(0, 500)))
      assert.isDefined(first.next_url)
      const all = yield* asked((client) => client.getStocksAggregates({ ...minutes, limit: 500 }), { pagination: true })
      // It puts the later page first.
      assert.deepStrictEqual(closes(all.results), [...close.slice(500), ...close.slice(0, 500)])
    }).pipe(Effect.provide(emulatorWith()))
  )

  it.live("reads an empty range as one without results", () =>
    Effect.gen(function* () {
      const found = yield* asked((client) =>
        client.getStocksAggregates({ ...minutes, from: "2020-08-29", to: "2020-08-30" })
      )
      assert.strictEqual(found.resultsCount, 0)
      assert.notProperty(found, "results")
    }).pipe(Effect.provide(emulatorWith()))
  )

  it.live("reads splits, dividends and tickers", () =>
    Effect.gen(function* () {
      const splits = yield* asked((client) => client.listStockSplits({ ticker: "AAPL" }))
      assert.deepInclude(splits.results?.[0], { execution_date: "2020-08-31", split_from: 1, split_to: 4 })
      const dividends = yield* asked((client) => client.listDividends({ ticker: "AAPL", limit: 1 }), {
        pagination: true
      })
      assert.deepStrictEqual(
        dividends.results?.map(({ cash_amount, pay_date }) => [cash_amount, pay_date]),
        [
          [0.82, "2020-08-13"],
          [0.205, undefined]
        ]
      )
      const since = yield* asked((client) => client.listDividends({ ticker: "AAPL", exDividendDateGte: "2020-09-01" }))
      assert.deepStrictEqual(
        since.results?.map((row) => row.ex_dividend_date),
        ["2020-11-06"]
      )
      const tickers = yield* asked((client) => client.listTickers({ active: true }))
      assert.deepStrictEqual(
        tickers.results?.map((row) => [row.ticker, row.market as string, row.active]),
        [["AAPL", "stocks", true]]
      )
      const ticker = yield* asked((client) => client.getTicker({ ticker: "AAPL" }))
      assert.strictEqual(ticker.results?.name, "AAPL Inc.")
      assert.isString((yield* asked((client) => client.getMarketStatus())).serverTime)
    }).pipe(Effect.provide(emulatorWith()))
  )

  it.live("gets its errors for a key that is none, too many requests and an unknown ticker", () =>
    Effect.gen(function* () {
      const refused = yield* Effect.flip(
        asked((client) => client.getStocksAggregates({ ...minutes, limit: 500 }), { key: "bad-key" })
      )
      assert.strictEqual(refused.response?.status, 401)
      assert.deepInclude(refused.response?.data, { status: "ERROR", error: "Unknown API Key" })
      const unknown = yield* Effect.flip(asked((client) => client.getTicker({ ticker: "NOPE" })))
      assert.strictEqual(unknown.response?.status, 404)
      for (let i = 0; i < 3; i++) yield* Effect.exit(asked((client) => client.getMarketStatus()))
      const limited = yield* Effect.flip(asked((client) => client.getMarketStatus()))
      assert.strictEqual(limited.response?.status, 429)
      assert.deepInclude(limited.response?.data, { status: "ERROR" })
    }).pipe(Effect.provide(emulatorWith({ requestsPerMinute: 4, limiterNow: () => 0 })))
  )
})
