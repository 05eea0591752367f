/** Recorded files of others, through the file source. */
import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { type Calendar, Candles, Instant, type Timeframe } from "@tidemark/core"
import { plugin } from "@tidemark/source-file"
import { Effect, Option, Schema, Stream } from "effect"
import { HttpClient, HttpClientError } from "effect/http"
import * as Data from "./data.ts"

const noNetwork = HttpClient.make((request) =>
  Effect.fail(new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request }) }))
)

const read = Effect.fnUntraced(function* (file: string, calendar: Calendar.CalendarId, timeframe: Timeframe.Timeframe) {
  const config = yield* Schema.decodeUnknownEffect(plugin.config)({ path: Data.path(file) })
  const source = yield* plugin.make(config).pipe(Effect.provideService(HttpClient.HttpClient, noNetwork))
  const subject = { symbol: "X", assetClass: "equity", calendar: Calendars.get(calendar) } as const
  const extent = Option.getOrThrow(yield* source.extent!(subject, timeframe))
  const request = { ...subject, timeframe, interval: { from: extent.first, to: extent.end! } }
  return Candles.concat((yield* Stream.runCollect(source.candles(request))).map((page) => page.candles))
})

describe.skipIf(Data.isAbsent)(`recorded files${Data.note}`, () => {
  it.live("the S&P 500 is 5,105 days, each on the open of its session", () =>
    Effect.gen(function* () {
      const candles = yield* read("regimes/sp500-2000.csv", "XNYS", "1d")
      assert.strictEqual(Candles.length(candles), 5_105)
      const { interval, sessions } = yield* Effect.sync(() => {
        const span = { from: candles.openTime[0]!, to: candles.openTime.at(-1)! + 1 }
        return { interval: span, sessions: Calendars.get("XNYS").openTimes("1d", span) }
      })
      assert.deepStrictEqual(candles.openTime, sessions)
      assert.strictEqual(Instant.format(interval.from), "2000-01-03T14:30Z")
      assert.strictEqual(candles.close[0], 1455.219971)
    })
  )

  it.live("an archive CSV without a header is read by position", () =>
    Effect.gen(function* () {
      const candles = yield* read("binance/ADABTC-1m-2021-11-27.csv", "24/7", "1m")
      assert.strictEqual(Candles.length(candles), 10)
      assert.strictEqual(candles.openTime[0], 1_637_971_200_000)
      assert.strictEqual(candles.high[1], 0.0000286)
      assert.strictEqual(candles.trades![0], 79)
      assert.strictEqual(candles.quoteVolume![0], 1.03547608)
    })
  )

  it.live("24,424 quarter hours of EUR/USD are on the grid of the 24/5 calendar", () =>
    Effect.gen(function* () {
      const candles = yield* read("structure/EURUSD_15M.csv", "24/5", "15m")
      assert.strictEqual(Candles.length(candles), 24_424)
      assert.strictEqual(candles.open[0], 0.97312)
      assert.isUndefined(Candles.invalidity(candles, { from: candles.openTime[0]!, to: candles.openTime.at(-1)! + 1 }))
    })
  )
})
