import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { Candles, type Source } from "@tidemark/core"
import { plugin } from "@tidemark/source-yahoo"
import * as Chart from "@tidemark/source-yahoo/Chart"
import { layer, LoopbackProvider } from "@tidemark/source-testing/LoopbackProvider"
import { Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import { before, respond, split } from "./answers.ts"

const aapl: Source.Subject = { symbol: "AAPL", assetClass: "equity", calendar: Calendars.get("XNYS") }

/** Now, for the provider. */
const now = { at: 0 }
const setNow = (at: number) =>
  Effect.andThen(
    TestClock.setTime(at),
    Effect.sync(() => {
      now.at = at
    })
  )

const source = plugin.make({})

it.layer(layer((url) => respond(now.at)(url)))("Yahoo", (it) => {
  it.effect("tells dividends in the shares of their day, whatever range is asked for", () =>
    Effect.gen(function* () {
      yield* setNow(Date.UTC(2021, 5, 1))
      const yahoo = yield* source
      const found = yield* yahoo.actions!(aapl, { from: Date.UTC(2020, 0, 1), to: Date.UTC(2020, 8, 15) })
      assert.deepStrictEqual(
        found.map((action) => ({ ...action })),
        [before, split].map((action) => ({ ...action }))
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
      yield* setNow(Date.UTC(2024, 1, 1))
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
      yield* setNow(Date.UTC(2024, 1, 1))
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

describe("a chart", () => {
  const { calendar } = aapl
  const range = { from: Date.UTC(2024, 0, 2), to: Date.UTC(2024, 0, 6) }
  const opens = [...calendar.openTimes("1d", range)].map((open) => open / 1_000)
  const chartOf = (rows: ReadonlyArray<readonly [time: number, price: number | null, volume?: number | null]>) => ({
    timestamp: rows.map(([time]) => time),
    indicators: {
      quote: [
        {
          ...Object.fromEntries(["open", "high", "low", "close"].map((name) => [name, rows.map(([, price]) => price)])),
          volume: rows.map(([, price, volume]) => (volume === undefined ? (price === null ? null : 5) : volume))
        }
      ]
    }
  })
  const decode = (chart: unknown) => Chart.decode(chart, { calendar, interval: "1d", range })

  it("without prices in a row has no candle there; with some of them neither", () => {
    const decoded = decode(
      chartOf([
        [opens[0]!, 10],
        [opens[1]!, null],
        [opens[2]!, 12]
      ])
    ) as Candles.Candles
    assert.deepStrictEqual([...decoded.open], [10, 12])
    const half = decode(
      chartOf([
        [opens[0]!, null, 7],
        [opens[1]!, 11]
      ])
    ) as Candles.Candles
    assert.deepStrictEqual([...half.openTime], [opens[1]! * 1_000])
    assert.match(
      String(
        decode(
          chartOf([
            [opens[1]!, 10],
            [opens[0]!, 10]
          ])
        )
      ),
      /comes after/
    )
    assert.match(
      String(decode({ ...chartOf([[opens[0]!, 10]]), timestamp: [opens[0]!, opens[1]!] })),
      /different lengths/
    )
    assert.strictEqual(Candles.length(decode({ meta: {}, indicators: { quote: [{}] } }) as Candles.Candles), 0)
  })

  it("takes the row of a session that is on for that session", () => {
    const decoded = decode(
      chartOf([
        [opens[0]!, 10],
        [opens[1]! + 3_600, 11]
      ])
    ) as Candles.Candles
    assert.deepStrictEqual([...decoded.openTime], [opens[0]! * 1_000, opens[1]! * 1_000])
  })
})
