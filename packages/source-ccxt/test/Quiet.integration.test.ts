/** An exchange of which nothing is known, in a market where nothing has been traded for days. */
import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { Candles, Source } from "@tidemark/core"
import { plugin } from "@tidemark/source-ccxt"
import { LoopbackProvider } from "@tidemark/source-testing"
import { Effect, Layer, Stream } from "effect"
import * as Abilities from "@tidemark/source-ccxt/Abilities"
import * as Library from "@tidemark/source-ccxt/Library"
import * as Weights from "@tidemark/source-ccxt/Weights"
import { hour } from "./answers.ts"

const thisHour = Math.floor(Date.now() / hour) * hour
const lastTrade = thisHour - 50 * hour
const listing = {
  symbol: "BTCUSD",
  status: "TRADING",
  baseAsset: "BTC",
  quoteAsset: "USD",
  isSpotTradingAllowed: true,
  permissions: ["SPOT"],
  orderTypes: [],
  filters: []
}

type Way = "heeds the start" | "ignores the start" | "keeps the newest"

/** Binance's wire format; what is kept begins at `first`. */
const exchange =
  (way: Way, first: number): LoopbackProvider.Respond =>
  (url) => {
    if (url.pathname.endsWith("/exchangeInfo")) return Response.json({ symbols: [listing] })
    const { searchParams } = url
    const limit = Number(searchParams.get("limit"))
    const from = way === "ignores the start" ? first : Math.max(first, Number(searchParams.get("startTime")))
    const rows: Array<ReadonlyArray<number>> = []
    for (let open = Math.ceil(from / hour) * hour; open <= lastTrade; open += hour) {
      rows.push([open, 10, 12, 9, 11, 5, open + hour - 1, 50, 3, 1, 1, 0])
    }
    return Response.json(rows.slice(0, limit))
  }

const request: Source.CandlesRequest = {
  symbol: "BTC/USD",
  assetClass: "crypto",
  calendar: Calendars.get("24/7"),
  timeframe: "1h",
  interval: { from: thisHour - 3_000 * hour, to: thisHour }
}

const asked = (way: Way, first: number) =>
  Effect.gen(function* () {
    const source = yield* plugin.make({ exchange: "binanceus" })
    const result = yield* Effect.result(Stream.runCollect(source.candles(request)))
    return result._tag === "Success"
      ? Candles.concat(result.success.map((page) => page.candles)).openTime.length
      : result.failure.reason._tag
  }).pipe(
    Effect.scoped,
    Effect.provide(LoopbackProvider.layer(exchange(way, first)).pipe(Layer.provide(NodeHttpClient.layerUndici)))
  )

describe("what a request weighs", () => {
  it.live("is what ccxt says, by what is asked", () =>
    Effect.gen(function* () {
      const klines = new URL("https://api.binance.us/api/v3/klines?limit=1")
      assert.strictEqual(Weights.of("nobody")(klines), 1)
      yield* asked("heeds the start", thisHour - 200 * hour)
      const budget = Source.budgetOf(Abilities.of(yield* Library.open("binanceus")))!
      // The list of all markets is heavier.
      const listing = new URL("https://api.binance.us/api/v3/exchangeInfo")
      assert.deepStrictEqual([budget.weightOf!(klines), budget.weightOf!(listing)], [1, 10])
    })
  )
})

describe("an exchange whose newest row is old", () => {
  it.live("that heeds the start is believed: its market is young", () =>
    Effect.map(asked("heeds the start", thisHour - 200 * hour), (rows) => assert.strictEqual(rows, 151))
  )

  it.live("that ignores the start says nothing of the time before its rows", () =>
    Effect.map(asked("ignores the start", thisHour - 200 * hour), (tag) => assert.strictEqual(tag, "RetentionLimit"))
  )

  it.live("that keeps a page of its newest rows says nothing of the time before them either", () =>
    Effect.gen(function* () {
      const { pageSize } = Abilities.of(yield* Library.open("binanceus"))
      const first = lastTrade - (pageSize - 1) * hour
      assert.strictEqual(yield* asked("keeps the newest", first), "RetentionLimit")
    })
  )
})
