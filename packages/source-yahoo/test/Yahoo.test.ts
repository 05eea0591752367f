import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { Candles, type Source } from "@tidemark/core"
import { plugin } from "@tidemark/source-yahoo"
import * as Chart from "@tidemark/source-yahoo/Chart"
import { layer, LoopbackProvider } from "@tidemark/source-testing/LoopbackProvider"
import { Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import { chart } from "./provider.ts"

const seconds = (text: string) => Date.parse(text) / 1_000

/** As of 2021: the dividend of before the split is told in the shares of after it. */
const events = {
  dividends: {
    a: { date: seconds("2020-08-07T13:30:00Z"), amount: 0.205 },
    b: { date: seconds("2020-11-06T14:30:00Z"), amount: 0.205 }
  },
  splits: { c: { date: seconds("2020-08-31T13:30:00Z"), numerator: 4, denominator: 1, splitRatio: "4:1" } }
}

const aapl: Source.Subject = { symbol: "AAPL", assetClass: "equity", calendar: Calendars.get("XNYS") }

const source = plugin.make({})

it.layer(layer((url) => chart(url, events)))("Yahoo", (it) => {
  it.effect("tells dividends in the shares of their day, whatever range is asked for", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2021, 5, 1))
      const yahoo = yield* source
      const found = yield* yahoo.actions!(aapl, { from: Date.UTC(2020, 0, 1), to: Date.UTC(2020, 8, 15) })
      assert.deepStrictEqual(
        found.map((action) => ({ ...action })),
        [
          { _tag: "Dividend", exDate: "2020-08-07", amount: 0.82, currency: "USD" },
          { _tag: "Split", exDate: "2020-08-31", from: 1, to: 4 }
        ]
      )
    })
  )

  it.effect("does not ask for what Yahoo no longer keeps", () =>
    Effect.gen(function* () {
      const provider = yield* LoopbackProvider
      yield* provider.reset
      const now = Date.UTC(2024, 5, 3)
      yield* TestClock.setTime(now)
      const yahoo = yield* source
      const interval = { from: now - 90 * 86_400_000, to: now - 80 * 86_400_000 }
      const error = yield* Effect.flip(Stream.runDrain(yahoo.candles({ ...aapl, timeframe: "1m", interval })))
      assert.strictEqual(error.reason._tag, "RetentionLimit")
      assert.lengthOf(provider.asked(), 0)
    })
  )

  it.effect("puts hours and days together for what Yahoo does not have", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2024, 1, 1))
      const yahoo = yield* source
      const interval = { from: Date.UTC(2024, 0, 8), to: Date.UTC(2024, 0, 13) }
      for (const [timeframe, count] of [
        ["4h", 10],
        ["1w", 1]
      ] as const) {
        const pages = yield* Stream.runCollect(yahoo.candles({ ...aapl, timeframe, interval }))
        const candles = Candles.concat(pages.map((page) => page.candles))
        assert.deepStrictEqual(candles.openTime, aapl.calendar.openTimes(timeframe, interval))
        assert.strictEqual(Candles.length(candles), count)
      }
    })
  )

  it.effect("writes symbols as Yahoo does", () =>
    Effect.gen(function* () {
      const provider = yield* LoopbackProvider
      yield* TestClock.setTime(Date.UTC(2024, 1, 1))
      const yahoo = yield* source
      const interval = { from: Date.UTC(2024, 0, 8), to: Date.UTC(2024, 0, 9) }
      const asked = Effect.fnUntraced(function* (
        symbol: string,
        assetClass: Source.Subject["assetClass"],
        calendar: "24/7" | "24/5" | "XNYS"
      ) {
        yield* provider.reset
        const request = { symbol, assetClass, calendar: Calendars.get(calendar), timeframe: "1h", interval } as const
        yield* Effect.exit(Stream.runDrain(yahoo.candles(request)))
        return provider.asked()[0]!.pathname.split("/").at(-1)
      })
      assert.strictEqual(yield* asked("BTC/USD", "crypto", "24/7"), "BTC-USD")
      assert.strictEqual(yield* asked("EUR/USD", "fx", "24/5"), "EURUSD%3DX")
      assert.strictEqual(yield* asked("^GSPC", "index", "XNYS"), "%5EGSPC")
      assert.strictEqual(yield* asked("BRK.B", "equity", "XNYS"), "BRK-B")
    })
  )
})

describe("quotes", () => {
  const quote = (day: number, price: number | null) => ({
    date: new Date(Date.UTC(2024, 0, day)),
    open: price,
    high: price,
    low: price,
    close: price,
    volume: price === null ? null : 5
  })

  it("without prices are no candles; with some of them make no sense", () => {
    const decoded = Chart.decode([quote(2, 10), quote(3, null), quote(4, 12)]) as Candles.Candles
    assert.deepStrictEqual([...decoded.open], [10, 12])
    assert.strictEqual(Chart.decode([{ ...quote(2, 10), close: null }]), "quote 0 has only some of its prices")
    assert.strictEqual(Chart.decode([quote(3, 10), quote(2, 10)]), "quote 1 is not after the one before")
  })
})
