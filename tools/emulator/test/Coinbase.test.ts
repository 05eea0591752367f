import { assert, describe, it } from "@effect/vitest"
import { DateTime, Effect } from "effect"
import { Emulator, Fault } from "@tidemark/emulator"
import { client, get, hour, hourly, start } from "./Wire.ts"

const now = start + 1_200 * hour + hour / 2
const serving = Effect.provide(
  Emulator.layer({
    datasets: [hourly({ rows: 1_500, symbol: "BTC/USD", without: [12, 13] })],
    now: () => now
  }),
  { local: true }
)
const seconds = (row: number) => (start + row * hour) / 1_000
const at = (row: number) => DateTime.formatIso(DateTime.makeUnsafe(start + row * hour))
const path = "/products/BTC-USD/candles"
const candles = Effect.fnUntraced(function* (query: string, host = "/api.exchange.coinbase.com") {
  const { text } = yield* get(`${host}${path}?granularity=3600${query}`)
  return JSON.parse(text) as ReadonlyArray<ReadonlyArray<number>>
})
const opens = (rows: ReadonlyArray<ReadonlyArray<number>>) => rows.map((row) => row[0])

it.layer(client)("Coinbase", (it) => {
  describe("candles", () => {
    it.effect("come newest first, start and end included, without the times that had no trades", () =>
      Effect.gen(function* () {
        const rows = yield* candles(`&start=${at(10)}&end=${at(15)}`)
        assert.deepStrictEqual(opens(rows), [15, 14, 11, 10].map(seconds))
        assert.deepStrictEqual(rows.at(-1), [seconds(10), 109.12345678, 112.5, 110, 111, 10.1])
      }).pipe(serving)
    )

    it.effect("are the newest where nothing is asked, the unfinished one too, with the host or without", () =>
      Effect.gen(function* () {
        const rows = yield* candles("", "")
        assert.lengthOf(rows, 300)
        assert.strictEqual(rows[0]![0], seconds(1_200))
      }).pipe(serving)
    )

    it.effect("are 300 at most: more is refused", () =>
      Effect.gen(function* () {
        assert.lengthOf(yield* candles(`&start=${at(100)}&end=${at(399)}`), 300)
        const { status, text } = yield* get(`${path}?granularity=3600&start=${at(100)}&end=${at(401)}`)
        assert.strictEqual(status, 400)
        assert.include(text, "exceeds 300")
      }).pipe(serving)
    )

    it.effect("of an unknown product are a 404", () =>
      Effect.gen(function* () {
        const { status, text } = yield* get("/products/NO-PE/candles?granularity=3600")
        assert.strictEqual(status, 404)
        assert.deepStrictEqual(JSON.parse(text), { message: "NotFound" })
      }).pipe(serving)
    )

    it.effect("repeat a page by fault", () =>
      Effect.gen(function* () {
        const provider = yield* Emulator
        const page = yield* candles(`&start=${at(20)}&end=${at(25)}`)
        yield* provider.inject(Fault.RepeatedPage())
        assert.deepStrictEqual(yield* candles(`&start=${at(26)}&end=${at(30)}`), page)
      }).pipe(serving)
    )
  })

  describe("faults of the provider", () => {
    it.effect("are a 429, or a status with its page", () =>
      Effect.gen(function* () {
        const provider = yield* Emulator
        yield* provider.inject(Fault.RateLimited({ retryAfterSeconds: 3 }), Fault.ServerError({ status: 503 }))
        const limited = yield* get("/time")
        assert.strictEqual(limited.status, 429)
        assert.strictEqual(limited.headers["retry-after"], "3")
        assert.strictEqual((yield* get("/time")).status, 503)
      }).pipe(serving)
    )
  })
})
