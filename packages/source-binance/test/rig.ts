/** The source over real HTTP to the emulator, at the emulator's time. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Calendars } from "@tidemark/calendars"
import { Candles, type Interval, type Source } from "@tidemark/core"
import { Dataset, Emulator } from "@tidemark/emulator"
import { plugin } from "@tidemark/source-binance"
import { Clock, Effect, Layer, Stream } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"

export const minute = 60_000
export const day = 1_440 * minute

/** Every host is the emulator. */
export const client = Layer.effect(
  HttpClient.HttpClient,
  Effect.gen(function* () {
    const { url: emulator } = yield* Emulator
    const inner = yield* HttpClient.HttpClient
    return HttpClient.make((request, url) =>
      inner.execute(HttpClientRequest.setUrl(request, new URL(`${emulator}${url.pathname}${url.search}`)))
    )
  })
).pipe(Layer.provide(NodeHttpClient.layerUndici))

export const at = (text: string) => Date.parse(text.length > 10 ? text : `${text}T00:00:00Z`)
export const between = (from: string, to: string): Interval.Interval => ({ from: at(from), to: at(to) })

/** A market that began to trade in the afternoon of 2023-11-20. */
export const listedAt = at("2023-11-20T15:07:00Z")
export const dataset = Dataset.cheap({
  symbol: "BTCUSDT",
  interval: "1m",
  from: at("2023-01-01"),
  to: at("2100-01-01"),
  listedAt
})
/** Now, for us and for the provider: January's monthly file is there, February's is not yet. */
export const now = at("2024-03-02T12:30:00Z")

export const request = (
  interval: Interval.Interval,
  extra: Partial<Source.CandlesRequest> = {}
): Source.CandlesRequest => ({
  symbol: "BTC/USDT",
  assetClass: "crypto",
  calendar: Calendars.get("24/7"),
  timeframe: "1m",
  interval,
  ...extra
})

const atNow = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.flatMap(Clock.Clock, (real) =>
    Effect.provideService(effect, Clock.Clock, {
      sleep: (duration) => real.sleep(duration),
      currentTimeMillisUnsafe: () => now,
      currentTimeMillis: Effect.succeed(now),
      currentTimeNanosUnsafe: () => real.currentTimeNanosUnsafe(),
      currentTimeNanos: real.currentTimeNanos,
      monotonicTimeNanosUnsafe: () => real.monotonicTimeNanosUnsafe(),
      monotonicTimeNanos: real.monotonicTimeNanos
    })
  )

export const source = (archive: "on" | "off" = "on") => plugin.make({ archive, outages: "on" })

/** All pages of a range, and what stopped them, if anything did. */
export const fetched = Effect.fnUntraced(function* (of: Source.Source, asked: Source.CandlesRequest) {
  const pages: Array<Source.CandlePage> = []
  const result = yield* Effect.result(
    Stream.runForEach(of.candles(asked), (page) => Effect.sync(() => void pages.push(page)))
  )
  return {
    candles: Candles.concat(pages.map((page) => page.candles)),
    pages,
    files: pages.flatMap((page) => page.files ?? []),
    error: result._tag === "Failure" ? result.failure : undefined
  }
}, atNow)
