import { assert, describe, it } from "@effect/vitest"
import { Instant, OccSymbol } from "@tidemark/core"
import { Emulator, Equity, Fault, OptionMarket } from "@tidemark/emulator"
import { Effect } from "effect"

const now = Date.parse("2024-06-18T18:30:00Z")
const share = Equity.synthetic({ symbol: "SPY" })
const index = Equity.synthetic({ symbol: "^SPX" })

describe("the options of a share", () => {
  const market = OptionMarket.make(share, now)!

  it("are priced from its newest minute that has closed", () => {
    const minute = share.candles("1m", { from: now - 60_000, to: now })
    assert.strictEqual(market.at, now)
    assert.approximately(market.spot, minute.close[0]!, 1e-4)
  })

  it("expire on sessions of this week, the next three, and third Fridays", () => {
    assert.deepStrictEqual(
      market.expiries.map((day) => Instant.formatDate(day * 86_400_000)),
      ["2024-06-21", "2024-06-28", "2024-07-05", "2024-07-12", "2024-07-19", "2024-08-16", "2024-09-20"]
    )
  })

  it("have names that say what they are, and bids below asks", () => {
    for (const { ask, bid, name, symbol } of market.quotes) {
      assert.deepStrictEqual(OccSymbol.decode(name), symbol)
      assert.isTrue(bid >= 0 && bid < ask, name)
    }
    assert.strictEqual(new Set(market.quotes.map(({ name }) => name)).size, market.quotes.length)
  })

  it("are the same whenever they are asked for, and after the close those of the close", () => {
    assert.deepStrictEqual(OptionMarket.make(share, now), market)
    const evening = OptionMarket.make(share, Date.parse("2024-06-18T23:00:00Z"))!
    assert.strictEqual(Instant.format(evening.at), "2024-06-18T20:00Z")
  })

  it("of an index have weeklies with a root of their own", () => {
    const roots = new Map(OptionMarket.make(index, now)!.quotes.map(({ symbol }) => [symbol.expiry, symbol.root]))
    assert.deepStrictEqual([...roots.values()], ["SPX", "SPXW", "SPXW", "SPXW", "SPX", "SPX", "SPX"])
  })
})

const world = Emulator.layer({ datasets: [], equities: [share, index], now: () => now })
const get = Effect.fnUntraced(function* (path: string, headers: Readonly<Record<string, string>> = {}) {
  const { url } = yield* Emulator
  const response = yield* Effect.promise(() => fetch(`${url}${path}`, { headers }))
  return { status: response.status, text: yield* Effect.promise(() => response.text()) }
})
const cboe = "/api/global/delayed_quotes/options"

describe("CBOE", () => {
  it.live(
    "shows a quarter of an hour ago, in a file that says its own time in UTC and that of trades in New York's",
    () =>
      Effect.gen(function* () {
        const { data, ...about } = JSON.parse((yield* get(`${cboe}/_SPX.json`)).text)
        const before = OptionMarket.make(index, now - 15 * 60_000)!
        assert.deepStrictEqual(about, { timestamp: "2024-06-18 18:30:00", symbol: "_SPX" })
        assert.strictEqual(data.symbol, "^SPX")
        assert.strictEqual(data.current_price, before.spot)
        assert.strictEqual(data.last_trade_time, "2024-06-18T14:15:00")
        assert.deepStrictEqual(
          data.options.map(({ option }: { option: string }) => option),
          before.quotes.map(({ name }) => name)
        )
      }).pipe(Effect.provide(world))
  )

  it.live("has a file of a symbol or a 403 in XML", () =>
    Effect.gen(function* () {
      const { status, text } = yield* get(`${cboe}/NOPE.json`)
      assert.strictEqual(status, 403)
      assert.include(text, "<Code>AccessDenied</Code>")
    }).pipe(Effect.provide(world))
  )

  it.live("may go wrong in its rows", () =>
    Effect.gen(function* () {
      const { inject } = yield* Emulator
      yield* inject(Fault.Empty(), Fault.NonArray(), Fault.Duplicates(), Fault.WrongTypes(), Fault.RateLimited())
      const options = () => Effect.map(get(`${cboe}/SPY.json`), ({ text }) => JSON.parse(text).data.options)
      assert.deepStrictEqual(yield* options(), [])
      assert.deepStrictEqual(yield* options(), {})
      const twice = yield* options()
      assert.strictEqual(twice[0].option, twice[1].option)
      assert.strictEqual((yield* options())[0].bid, "abc")
      assert.strictEqual((yield* get(`${cboe}/SPY.json`)).status, 429)
    }).pipe(Effect.provide(world))
  )
})

describe("Massive's snapshot of options", () => {
  it.live("has pages of at most 250 contracts, and greeks where they are worth telling", () =>
    Effect.gen(function* () {
      const market = OptionMarket.make(share, now)!
      const names: Array<string> = []
      const rows: Array<{ details: { ticker: string }; implied_volatility?: number }> = []
      let path: string | undefined = "/v3/snapshot/options/SPY?limit=250"
      while (path !== undefined) {
        const page = JSON.parse((yield* get(path, { authorization: "Bearer any" })).text)
        assert.isAtMost(page.results.length, 250)
        rows.push(...page.results)
        const next: URL | undefined = page.next_url && new URL(page.next_url)
        path = next && `${next.pathname}${next.search}`
      }
      names.push(...rows.map(({ details }) => details.ticker))
      assert.deepStrictEqual(
        names,
        market.quotes.map(({ name }) => `O:${name}`)
      )
      assert.isTrue(rows.some((row) => row.implied_volatility === undefined))
      assert.isTrue(rows.some((row) => row.implied_volatility !== undefined))
    }).pipe(Effect.provide(world))
  )

  it.live("of a ticker that there is not is empty", () =>
    Effect.gen(function* () {
      const { text } = yield* get("/v3/snapshot/options/NOPE", { authorization: "Bearer any" })
      assert.deepStrictEqual(JSON.parse(text).results, [])
    }).pipe(Effect.provide(world))
  )
})

describe("Yahoo's options", () => {
  const path = "/v7/finance/options"
  const crumb = Effect.gen(function* () {
    const { url } = yield* Emulator
    const page = yield* Effect.promise(() => fetch(`${url}/quote/SPY`))
    const cookie = page.headers
      .getSetCookie()
      .find((each) => each.startsWith("A3="))!
      .split(";", 1)[0]!
    return { cookie, crumb: (yield* get("/v1/test/getcrumb", { cookie })).text }
  })

  it.live("want a cookie and a crumb, and are told an expiration at a time", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* get(`${path}/SPY`)).status, 401)
      const secret = yield* crumb
      const ask = (query: string) =>
        Effect.map(get(`${path}/${query}crumb=${secret.crumb}`, { cookie: secret.cookie }), ({ text }) =>
          JSON.parse(text)
        )
      const market = OptionMarket.make(share, now)!
      const [nearest] = (yield* ask("SPY?")).optionChain.result
      assert.deepStrictEqual(
        nearest.expirationDates,
        market.expiries.map((day) => day * 86_400)
      )
      assert.strictEqual(nearest.options[0].expirationDate, nearest.expirationDates[0])
      const [second] = (yield* ask(`SPY?date=${nearest.expirationDates[1]}&`)).optionChain.result
      const { calls, puts } = second.options[0]
      const quotes = market.quotes.filter(({ symbol }) => symbol.expiry === market.expiries[1])
      assert.strictEqual(calls.length + puts.length, quotes.length)
      assert.isTrue([...calls, ...puts].some((row) => row.impliedVolatility === 0.00001))
      assert.deepStrictEqual((yield* ask("NOPE?")).optionChain.result, [])
      assert.deepStrictEqual((yield* ask("SPY?date=86400&")).optionChain.result[0].options[0].calls, [])
    }).pipe(Effect.provide(world))
  )
})
