import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Dataset, Emulator } from "@tidemark/emulator"
import { client, errorCode, get, hour, hours, hourly, rowsOf, start } from "./Wire.ts"

const wire = it.layer(client)

wire("Binance", (it) => {
  describe("klines", () => {
    const now = start + 1_200 * hour + hour / 2
    const serving = Effect.provide(Emulator.layer({ datasets: [hourly({ rows: 1_500 })], now: () => now }), {
      local: true
    })
    const klines = (query: string) => get(`/api/v3/klines?symbol=BTCUSDT&interval=1h${query}`)
    const opens = (query: string) => Effect.map(klines(query), (answer) => rowsOf(answer).map((row) => row[0]))

    it.effect("startTime alone gives the oldest from there, ascending", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* opens(`&startTime=${start + 10 * hour}&limit=3`), hours(10, 3))
      }).pipe(serving)
    )

    it.effect("endTime alone gives the newest up to it, ascending", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* opens(`&endTime=${start + 10 * hour}&limit=3`), hours(8, 3))
      }).pipe(serving)
    )

    it.effect("both give the oldest from the start, capped by the limit", () =>
      Effect.gen(function* () {
        const range = `&startTime=${start + 10 * hour}&endTime=${start + 20 * hour}`
        assert.deepStrictEqual(yield* opens(`${range}&limit=4`), hours(10, 4))
        assert.deepStrictEqual(yield* opens(range), hours(10, 11))
      }).pipe(serving)
    )

    it.effect("neither gives the newest, the last of them unfinished", () =>
      Effect.gen(function* () {
        const rows = rowsOf(yield* klines("&limit=2"))
        assert.deepStrictEqual(
          rows.map((row) => row[0]),
          hours(1_199, 2)
        )
        assert.isBelow(Number(rows[0]![6]), now)
        assert.strictEqual(rows[1]![6], start + 1_201 * hour - 1)
        assert.isAbove(Number(rows[1]![6]), now)
      }).pipe(serving)
    )

    it.effect("endTime is inclusive and compared with open times", () =>
      Effect.gen(function* () {
        const from = `&startTime=${start}`
        assert.deepStrictEqual(yield* opens(`${from}&endTime=${start + 2 * hour}`), hours(0, 3))
        assert.deepStrictEqual(yield* opens(`${from}&endTime=${start + 2 * hour - 1}`), hours(0, 2))
        assert.deepStrictEqual(yield* opens(`&startTime=${start + 1}&limit=1`), hours(1, 1))
      }).pipe(serving)
    )

    it.effect("a page has 500 rows unless asked for more, and 1000 at most", () =>
      Effect.gen(function* () {
        const from = `&startTime=${start}`
        assert.strictEqual((yield* opens(from)).length, 500)
        assert.deepStrictEqual(yield* opens(`${from}&limit=5000`), hours(0, 1_000))
      }).pipe(serving)
    )

    it.effect("a start before the listing gives the first candles, a range before it none", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* opens("&startTime=0&limit=1"), hours(0, 1))
        assert.deepStrictEqual(yield* opens(`&startTime=0&endTime=${start - 1}`), [])
        assert.deepStrictEqual(yield* opens(`&endTime=${start - 1}`), [])
      }).pipe(serving)
    )

    it.effect("pages that follow one another hold every row once", () =>
      Effect.gen(function* () {
        const all: Array<number> = []
        for (let from = start; ;) {
          const page = (yield* opens(`&startTime=${from}&limit=700`)) as Array<number>
          if (page.length === 0) break
          all.push(...page)
          from = page.at(-1)! + 1
        }
        assert.deepStrictEqual(all, hours(0, 1_201))
      }).pipe(serving)
    )

    it.effect("what is asked wrongly is refused with Binance's code", () =>
      Effect.gen(function* () {
        const code = (path: string) => Effect.map(get(path), (answer) => [answer.status, errorCode(answer)])
        const path = "/api/v3/klines"
        assert.deepStrictEqual(yield* code(`${path}?interval=1h`), [400, -1102])
        assert.deepStrictEqual(yield* code(`${path}?symbol=BTCUSDT`), [400, -1102])
        assert.deepStrictEqual(yield* code(`${path}?symbol=btcusdt&interval=1h`), [400, -1100])
        assert.deepStrictEqual(yield* code(`${path}?symbol=NOPEUSDT&interval=1h`), [400, -1121])
        assert.deepStrictEqual(yield* code(`${path}?symbol=BTCUSDT&interval=7h`), [400, -1120])
        assert.deepStrictEqual(yield* code(`${path}?symbol=BTCUSDT&interval=1m`), [400, -1120])
        assert.deepStrictEqual(yield* code(`${path}?symbol=BTCUSDT&interval=1h&startTime=x`), [400, -1100])
        assert.deepStrictEqual(yield* code(`${path}?symbol=BTCUSDT&interval=1h&limit=0`), [400, -1130])
      }).pipe(serving)
    )

    it.effect("gaps in the data are gaps on the wire", () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* opens(`&startTime=${start}&limit=4`), [...hours(0, 2), ...hours(5, 2)])
      }).pipe(Effect.provide(Emulator.layer({ datasets: [hourly({ rows: 10, without: [2, 3, 4] })] }), { local: true }))
    )
  })

  it.effect("exchangeInfo lists symbols and limits, and can be asked for some of them", () =>
    Effect.gen(function* () {
      const info = (query: string) =>
        Effect.map(get(`/api/v3/exchangeInfo${query}`), (answer) => JSON.parse(answer.text))
      const symbols = (body: { symbols: ReadonlyArray<{ symbol: string }> }) => body.symbols.map(({ symbol }) => symbol)
      const all = yield* info("")
      assert.deepStrictEqual(symbols(all), ["BTCUSDT", "ETHUSDT"])
      assert.strictEqual(all.symbols[0].baseAsset, "BTC")
      assert.strictEqual(all.symbols[0].quoteAsset, "USDT")
      assert.strictEqual(all.symbols[0].status, "TRADING")
      assert.strictEqual(all.symbols[1].status, "BREAK")
      assert.deepStrictEqual(all.rateLimits[0], {
        rateLimitType: "REQUEST_WEIGHT",
        interval: "MINUTE",
        intervalNum: 1,
        limit: 6000
      })
      assert.deepStrictEqual(symbols(yield* info("?symbol=ETHUSDT")), ["ETHUSDT"])
      assert.deepStrictEqual(symbols(yield* info(`?symbols=${encodeURIComponent('["BTCUSDT"]')}`)), ["BTCUSDT"])
      assert.strictEqual((yield* info("?symbol=NOPE")).code, -1121)
      assert.strictEqual((yield* info("?symbols=NOPE")).code, -1100)
    }).pipe(
      Effect.provide(
        Emulator.layer({
          datasets: [hourly({ rows: 1 }), hourly({ rows: 1, symbol: "ETH/USDT", status: "BREAK" })]
        }),
        { local: true }
      )
    )
  )

  it.effect("time is the emulator's, ping is empty, another path is a page", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* get("/api/v3/time")).text, `{"serverTime":${start}}`)
      const ping = yield* get("/api/v3/ping")
      assert.strictEqual(ping.text, "{}")
      assert.strictEqual(ping.headers["content-type"], "application/json;charset=UTF-8")
      for (const path of ["/api/v3/nope", "/nope"]) {
        const unknown = yield* get(path)
        assert.strictEqual(unknown.status, 404)
        assert.include(unknown.text, "<html>")
      }
    }).pipe(Effect.provide(Emulator.layer({ datasets: [], now: () => start }), { local: true }))
  )

  describe("weight", () => {
    it.effect("each request costs what the headers then say", () =>
      Effect.gen(function* () {
        const emulator = yield* Emulator
        const used = (path: string) =>
          Effect.map(get(path), ({ headers }) => {
            assert.strictEqual(headers["x-mbx-used-weight"], headers["x-mbx-used-weight-1m"])
            return Number(headers["x-mbx-used-weight-1m"])
          })
        assert.strictEqual(yield* used("/api/v3/klines?symbol=BTCUSDT&interval=1h"), 2)
        assert.strictEqual(yield* used("/api/v3/exchangeInfo"), 22)
        assert.strictEqual(yield* used("/api/v3/time"), 23)
        assert.strictEqual(yield* used("/api/v3/ping"), 24)
        assert.strictEqual(yield* emulator.usedWeight, 24)
      }).pipe(Effect.provide(Emulator.layer({ datasets: [hourly({ rows: 1 })] }), { local: true }))
    )

    it.effect("too much is refused until the window ends, and going on asking is a ban", () => {
      let now = start + 50_500
      const options = { datasets: [], weightLimit: 3, banAfter: 2, banMillis: 90_000, now: () => now }
      return Effect.gen(function* () {
        const emulator = yield* Emulator
        const ping = Effect.map(get("/api/v3/ping"), (answer) => [answer.status, answer.headers["retry-after"]])
        for (let i = 0; i < 3; i++) assert.deepStrictEqual(yield* ping, [200, undefined])
        const limited = yield* get("/api/v3/ping")
        assert.deepStrictEqual([limited.status, limited.headers["retry-after"]], [429, "10"])
        assert.strictEqual(errorCode(limited), -1003)
        assert.strictEqual(limited.headers["x-mbx-used-weight-1m"], "4")

        now = start + 60_000
        assert.deepStrictEqual(yield* ping, [200, undefined])
        assert.strictEqual(yield* emulator.usedWeight, 1)

        now += 1_000
        for (let i = 0; i < 2; i++) yield* ping
        for (let i = 0; i < 2; i++) assert.deepStrictEqual(yield* ping, [429, "59"])
        assert.deepStrictEqual(yield* ping, [418, "90"])
        now += 89_001
        assert.deepStrictEqual(yield* ping, [418, "1"])
        now += 999
        assert.deepStrictEqual(yield* ping, [200, undefined])
      }).pipe(Effect.provide(Emulator.layer(options), { local: true }))
    })
  })

  it.effect("a dataset without rows has a symbol and no candles", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* get("/api/v3/klines?symbol=BTCUSDT&interval=1h")).text, "[]")
    }).pipe(
      Effect.provide(
        Emulator.layer({ datasets: [Dataset.fromKlinesJson(["[]"], { symbol: "BTC/USDT", interval: "1h" })] }),
        { local: true }
      )
    )
  )
})
