import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Emulator, Fault } from "@tidemark/emulator"
import { client, get, hour, hourly, start } from "./Wire.ts"

type Row = ReadonlyArray<string | number>
interface Body {
  readonly error: ReadonlyArray<string>
  readonly result?: { readonly XXBTZUSD: ReadonlyArray<Row>; readonly last: number }
}

const now = start + 1_200 * hour + hour / 2
const serving = Effect.provide(
  Emulator.layer({ datasets: [hourly({ rows: 1_500, symbol: "BTC/USD" })], now: () => now }),
  { local: true }
)
const seconds = (row: number) => (start + row * hour) / 1_000
const ohlc = Effect.fnUntraced(function* (query: string, host = "/api.kraken.com") {
  const { text } = yield* get(`${host}/0/public/OHLC?${query}`)
  return JSON.parse(text) as Body
})
const opens = (body: Body) => (body.result?.XXBTZUSD ?? []).map((row) => row[0])

it.layer(client)("Kraken", (it) => {
  describe("OHLC", () => {
    it.effect("has the newest 720 rows whatever the start, and one unfinished", () =>
      Effect.gen(function* () {
        for (const since of ["", "&since=0", `&since=${seconds(100)}`]) {
          const body = yield* ohlc(`pair=XXBTZUSD&interval=60${since}`)
          assert.lengthOf(opens(body), 721)
          assert.strictEqual(opens(body)[0], seconds(480))
          assert.strictEqual(opens(body).at(-1), seconds(1_200))
          assert.strictEqual(body.result?.last, seconds(1_199))
        }
      }).pipe(serving)
    )

    it.effect("leaves out the start itself, and goes by the alternative name and without the host too", () =>
      Effect.gen(function* () {
        const body = yield* ohlc(`pair=XBTUSD&interval=60&since=${seconds(1_198)}`, "")
        assert.deepStrictEqual(opens(body), [seconds(1_199), seconds(1_200)])
      }).pipe(serving)
    )

    it.effect("writes prices as text in rows of eight", () =>
      Effect.gen(function* () {
        const body = yield* ohlc(`pair=XXBTZUSD&interval=60&since=${seconds(1_199)}`)
        const [time, open, high, low, close, vwap, volume, count] = body.result!.XXBTZUSD[0]!
        assert.strictEqual(time, seconds(1_200))
        for (const text of [open, high, low, close, vwap, volume]) assert.isString(text)
        assert.strictEqual(Number(open), 1_300)
        assert.isNumber(count)
      }).pipe(serving)
    )

    it.effect("refuses in a 200", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* ohlc("pair=NOPE&interval=60"), { error: ["EQuery:Unknown asset pair"] })
        assert.deepStrictEqual(yield* ohlc("pair=XXBTZUSD&interval=7"), { error: ["EGeneral:Invalid arguments"] })
      }).pipe(serving)
    )

    it.effect("applies the faults of its data, and no others to its pairs", () =>
      Effect.gen(function* () {
        const provider = yield* Emulator
        yield* provider.inject(Fault.Duplicates())
        yield* get("/0/public/AssetPairs")
        assert.isAbove(opens(yield* ohlc("pair=XXBTZUSD&interval=60")).length, 721)
        yield* provider.inject(Fault.IgnoredStartTime({ rows: "oldest" }))
        assert.strictEqual(opens(yield* ohlc("pair=XXBTZUSD&interval=60&since=0"))[0], seconds(0))
      }).pipe(serving)
    )
  })

  describe("faults of the provider", () => {
    it.effect("are a 429, for a ban too, or the proxy's page", () =>
      Effect.gen(function* () {
        const provider = yield* Emulator
        yield* provider.inject(Fault.Banned({ retryAfterSeconds: 9 }), Fault.ServerError({ status: 520 }))
        const banned = yield* get("/0/public/Time")
        assert.strictEqual(banned.status, 429)
        assert.strictEqual(banned.headers["retry-after"], "9")
        const down = yield* get("/0/public/Time")
        assert.strictEqual(down.status, 520)
        assert.include(down.text, "<html>")
      }).pipe(serving)
    )
  })
})
