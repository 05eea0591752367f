import { assert, describe, it } from "@effect/vitest"
import { Events, Fetch, Policy, SourceHttp } from "@tidemark/backfill"
import { Calendars } from "@tidemark/calendars"
import type { Candles, Source } from "@tidemark/core"
import { Clock, Effect, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"

const minute = 60_000
const calendar = Calendars.get("24/7")
const start = Date.parse("2024-01-01T00:00:00Z")
const series = { source: "test", symbol: "BTC/USDT", timeframe: "1m" } as const
const request: Source.CandlesRequest = {
  symbol: "BTC/USDT",
  assetClass: "crypto",
  calendar,
  timeframe: "1m",
  interval: { from: start, to: start + 10 * minute }
}

describe("fetching while our clock is ahead of the provider's", () => {
  it.effect("takes no candle that has not closed there, and takes it once it has", () =>
    Effect.gen(function* () {
      const aheadMillis = 10_000
      const prices: Array<number> = []
      // Gives what trades now as the price of the last minute, as a provider does of one that is on.
      const source: Source.Source = {
        candles: (asked) =>
          Stream.unwrap(
            Effect.gen(function* () {
              const theirs = (yield* Clock.currentTimeMillis) - aheadMillis
              const counter = yield* SourceHttp.RequestCounter
              counter.clockAheadMillis = aheadMillis
              const openTime = calendar.openTimes("1m", asked.interval)
              const close = openTime.map((open) => Math.min(theirs, open + minute))
              const candles: Candles.Candles = { openTime, open: close, high: close, low: close, close, volume: close }
              return Stream.make({ interval: asked.interval, candles })
            })
          )
      }
      yield* TestClock.setTime(request.interval.to + 2_000)
      const fetching = yield* Fetch.fetch({
        source,
        series,
        request,
        onPage: (page) => Effect.sync(() => void prices.push(page.candles.close.at(-1)!))
      }).pipe(Effect.forkChild)
      yield* TestClock.adjust(5_000)
      assert.deepStrictEqual(prices, [])
      yield* TestClock.adjust(60_000)
      yield* Fiber.join(fetching)
      assert.deepStrictEqual(prices, [request.interval.to])
    }).pipe(
      Effect.provide(Events.Events.layer),
      Effect.provide(Layer.succeed(Policy.Policy, { ...Policy.defaults, retries: 10, backoffMillis: 1_000 }))
    )
  )
})
