import { assert, it } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import { HttpClient } from "effect/http"
import { Emulator, Fault } from "@tidemark/emulator"
import { client, errorCode, get, hour, hourly, hours, rowsOf, start, until, type Row } from "./Wire.ts"

const now = start + 1_000 * hour
const klinesFrom = (first: number, limit = 6) =>
  get(`/api/v3/klines?symbol=BTCUSDT&interval=1h&startTime=${start + first * hour}&limit=${limit}`)
const klines = klinesFrom(0)
const opens = (rows: ReadonlyArray<Row>) => rows.map((row) => row[0])

/** The answer that the fault spoils; the next one has to be right again. */
const spoilt = Effect.fnUntraced(function* (fault: Fault.Fault) {
  const emulator = yield* Emulator
  yield* emulator.inject(fault)
  const answer = yield* klines
  assert.deepStrictEqual(opens(rowsOf(yield* klines)), hours(0, 6))
  return answer
})

/** How the request ends, and whether it was refused or broken off. */
const broken = Effect.fnUntraced(function* (fault: Fault.Fault) {
  const emulator = yield* Emulator
  yield* emulator.inject(fault)
  const exit = yield* Effect.exit(klines)
  assert.isTrue(Exit.isFailure(exit))
  assert.deepStrictEqual(opens(rowsOf(yield* klines)), hours(0, 6))
})

it.layer(client, { excludeTestServices: true })("Fault", (it) => {
  const serving = Effect.provide(Emulator.layer({ datasets: [hourly({ rows: 1_000 })], now: () => now }), {
    local: true
  })

  it.effect("RateLimited is a 429, with Retry-After only where it is given", () =>
    Effect.gen(function* () {
      const bare = yield* spoilt(Fault.RateLimited())
      assert.deepStrictEqual([bare.status, bare.headers["retry-after"], errorCode(bare)], [429, undefined, -1003])
      const timed = yield* spoilt(Fault.RateLimited({ retryAfterSeconds: 3 }))
      assert.deepStrictEqual([timed.status, timed.headers["retry-after"]], [429, "3"])
      assert.isString(timed.headers["x-mbx-used-weight-1m"])
    }).pipe(serving)
  )

  it.effect("Banned is a 418 with Retry-After", () =>
    Effect.gen(function* () {
      const answer = yield* spoilt(Fault.Banned({ retryAfterSeconds: 7 }))
      assert.deepStrictEqual([answer.status, answer.headers["retry-after"], errorCode(answer)], [418, "7", -1003])
      assert.include(answer.text, `banned until ${now + 7_000}`)
    }).pipe(serving)
  )

  it.effect("ServerError has the provider's body for the status, or the one given", () =>
    Effect.gen(function* () {
      const answers = [500, 503, 504].map((status) =>
        Effect.map(spoilt(Fault.ServerError({ status })), (answer) => [answer.status, errorCode(answer)])
      )
      assert.deepStrictEqual(yield* Effect.all(answers), [
        [500, -1000],
        [503, -1008],
        [504, -1007]
      ])
      const gateway = yield* spoilt(Fault.ServerError({ status: 502 }))
      assert.strictEqual(gateway.status, 502)
      assert.include(gateway.text, "502 Bad Gateway")
      assert.strictEqual((yield* spoilt(Fault.ServerError({ body: "down" }))).text, "down")
    }).pipe(serving)
  )

  for (const after of ["nothing", "headers", 40] as const) {
    it.effect(`Stall after ${after} never ends, and giving up closes the connection`, () =>
      Effect.gen(function* () {
        const emulator = yield* Emulator
        yield* emulator.inject(Fault.Stall({ after }))
        const scoped = HttpClient.withScope(yield* HttpClient.HttpClient)
        const ping = scoped.get(`${emulator.url}/api/v3/ping`)
        const status = Effect.scoped(Effect.map(ping, (response) => response.status))
        const headers = yield* Effect.timeoutOption(status, 300)
        assert.strictEqual(headers._tag, after === "nothing" ? "None" : "Some")
        yield* until(emulator.inFlight, 0)

        yield* emulator.inject(Fault.Stall({ after }))
        const fiber = yield* Effect.forkChild(klines)
        yield* until(emulator.inFlight, 1)
        yield* Fiber.interrupt(fiber)
        yield* until(emulator.inFlight, 0)
      }).pipe(serving)
    )
  }

  it.effect("Truncate ends the connection before the promised length", () => broken(Fault.Truncate()).pipe(serving))

  it.effect("Truncate of the JSON is a complete answer that can't be parsed", () =>
    Effect.gen(function* () {
      const { status, text } = yield* spoilt(Fault.Truncate({ variant: "json" }))
      assert.strictEqual(status, 200)
      assert.isTrue(text.startsWith(`[[${start},`))
      assert.throws(() => JSON.parse(text))
    }).pipe(serving)
  )

  it.effect("Reset ends the connection before any byte", () => broken(Fault.Reset()).pipe(serving))

  it.effect("Html, EmptyBody, Empty and NonArray are a 200 without candles", () =>
    Effect.gen(function* () {
      const html = yield* spoilt(Fault.Html())
      assert.deepStrictEqual([html.status, html.headers["content-type"]], [200, "text/html"])
      assert.include(html.text, "<html>")
      for (const [fault, text] of [
        [Fault.EmptyBody(), ""],
        [Fault.Empty(), "[]"],
        [Fault.NonArray(), "{}"]
      ] as const) {
        const answer = yield* spoilt(fault)
        assert.deepStrictEqual([answer.status, answer.text], [200, text])
      }
    }).pipe(serving)
  )

  it.effect("Duplicates and OutOfOrder send the right candles too often or in disorder", () =>
    Effect.gen(function* () {
      const expected = hours(0, 6)
      const twice = opens(rowsOf(yield* spoilt(Fault.Duplicates())))
      assert.deepStrictEqual([...new Set(twice)], expected)
      assert.strictEqual(twice.length, 8)
      const shuffled = opens(rowsOf(yield* spoilt(Fault.OutOfOrder())))
      assert.notDeepEqual(shuffled, expected)
      assert.deepStrictEqual(shuffled.map(Number).toSorted(), expected)
    }).pipe(serving)
  )

  it.effect("RepeatedPage sends the previous page again, whatever is asked", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator
      yield* klinesFrom(20)
      yield* emulator.inject(Fault.RepeatedPage({ times: 2 }))
      for (let i = 0; i < 2; i++) assert.deepStrictEqual(opens(rowsOf(yield* klinesFrom(26))), hours(20, 6))
      assert.deepStrictEqual(opens(rowsOf(yield* klinesFrom(26))), hours(26, 6))
    }).pipe(serving)
  )

  it.effect("IgnoredStartTime sends the newest or the oldest instead", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator
      yield* emulator.inject(Fault.IgnoredStartTime(), Fault.IgnoredStartTime({ rows: "oldest" }))
      assert.deepStrictEqual(opens(rowsOf(yield* klinesFrom(26))), hours(994, 6))
      assert.deepStrictEqual(opens(rowsOf(yield* klinesFrom(26))), hours(0, 6))
    }).pipe(serving)
  )

  it.effect("UnfinishedLast lets the last candle close in the future", () =>
    Effect.gen(function* () {
      const rows = rowsOf(yield* spoilt(Fault.UnfinishedLast()))
      assert.isAbove(Number(rows.at(-1)![6]), now)
      assert.isBelow(Number(rows.at(-2)![6]), now)
    }).pipe(serving)
  )

  it.effect("WrongTypes puts numbers, nulls or words where prices belong", () =>
    Effect.gen(function* () {
      const prices = (as: "number" | "null" | "text") =>
        Effect.map(spoilt(Fault.WrongTypes({ as })), (answer) => rowsOf(answer)[0]!.slice(1, 5))
      assert.deepStrictEqual(yield* prices("number"), [100, 102.5, 99.12345678, 101])
      assert.deepStrictEqual(yield* prices("null"), [null, null, null, null])
      assert.deepStrictEqual(yield* prices("text"), ["abc", "abc", "abc", "abc"])
    }).pipe(serving)
  )

  it.effect("NegativeVolume, HighBelowLow and OffGrid are candles that can't be", () =>
    Effect.gen(function* () {
      assert.isBelow(Number(rowsOf(yield* spoilt(Fault.NegativeVolume()))[0]![5]), 0)
      const [, , high, low] = rowsOf(yield* spoilt(Fault.HighBelowLow()))[0]!
      assert.isBelow(Number(high), Number(low))
      const late = opens(rowsOf(yield* spoilt(Fault.OffGrid())))
      assert.deepStrictEqual(
        late,
        hours(0, 6).map((open) => open + 17_500)
      )
    }).pipe(serving)
  )

  it.effect("Redirect points to another host", () =>
    Effect.gen(function* () {
      const away = yield* spoilt(Fault.Redirect())
      assert.deepStrictEqual([away.status, away.headers["location"]], [302, "http://elsewhere.invalid/api/v3/klines"])
      const there = yield* spoilt(Fault.Redirect({ to: "http://there.invalid/" }))
      assert.strictEqual(there.headers["location"], "http://there.invalid/")
    }).pipe(serving)
  )

  it.effect("Slow answers rightly, but late", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator
      yield* emulator.inject(Fault.Slow({ millis: 200 }))
      assert.isTrue((yield* Effect.timeoutOption(klines, 50))._tag === "None")
      yield* emulator.inject(Fault.Slow({ millis: 20 }))
      assert.deepStrictEqual(opens(rowsOf(yield* klines)), hours(0, 6))
    }).pipe(serving)
  )

  it.effect("HugeBody has its megabytes", () =>
    Effect.gen(function* () {
      const answer = yield* spoilt(Fault.HugeBody({ megabytes: 2 }))
      assert.strictEqual(answer.text.length, 2 * 1024 * 1024)
      assert.deepStrictEqual(JSON.parse(answer.text), [])
    }).pipe(serving)
  )

  it.effect("faults come in order, as often as said, to the requests that they match", () =>
    Effect.gen(function* () {
      const emulator = yield* Emulator
      yield* emulator.inject(
        Fault.Html({ match: { path: "/api/v3/exchangeInfo" } }),
        Fault.Empty(),
        Fault.ServerError({ status: 503, times: 2 }),
        Fault.ServerError({ status: 504, match: { path: "/api/v3/klines", after: 4 } })
      )
      const ping = Effect.map(get("/api/v3/ping"), (answer) => answer.status)
      // A fault of the data waits for a request for candles.
      assert.strictEqual(yield* ping, 503)
      assert.strictEqual((yield* klines).text, "[]")
      assert.strictEqual((yield* klines).status, 503)
      assert.strictEqual(yield* ping, 200)
      assert.strictEqual((yield* klines).status, 200)
      assert.strictEqual((yield* klines).status, 200)
      assert.strictEqual((yield* klines).status, 504)
      assert.strictEqual((yield* klines).status, 200)
      assert.include((yield* get("/api/v3/exchangeInfo")).text, "<html>")
      yield* emulator.inject(Fault.ServerError({ times: Infinity }))
      for (let i = 0; i < 3; i++) assert.strictEqual(yield* ping, 500)
      yield* emulator.clear
      assert.strictEqual(yield* ping, 200)
    }).pipe(serving)
  )
})
