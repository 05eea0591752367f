import { assert, describe, it } from "@effect/vitest"
import { Emulator, Equity, Fault, Massive } from "@tidemark/emulator"
import { Effect } from "effect"
import { HttpClient } from "effect/http"
import {
  apple,
  ask,
  bars,
  type Body,
  emulatorWith,
  follow,
  iso,
  keysOf,
  minute,
  now,
  range,
  serving
} from "./MassiveWire.ts"
import { client, get } from "./Wire.ts"

it.layer(client)("Massive", (it) => {
  describe("aggregates", () => {
    it.effect("have the fields of the real ones", () =>
      Effect.gen(function* () {
        const { body, headers } = yield* ask(range("1/day/2020-08-27/2020-08-28"))
        assert.include(headers["content-type"], "application/json")
        assert.deepStrictEqual(
          keysOf(body),
          ["adjusted", "count", "queryCount", "request_id", "results", "resultsCount", "status", "ticker"].toSorted()
        )
        assert.deepStrictEqual(keysOf(body.results![0]), ["c", "h", "l", "n", "o", "t", "v", "vw"])
        assert.isTrue(Object.values(body.results![0]!).every((value) => typeof value === "number"))
        assert.deepInclude(body, { ticker: "AAPL", adjusted: true, status: "OK", resultsCount: 2, queryCount: 2 })
      }).pipe(serving)
    )

    it.effect("are raw where asked, else in shares after the splits, of the same value in all", () =>
      Effect.gen(function* () {
        const raw = yield* bars("1/day/2020-08-28/2020-08-31?adjusted=false")
        const adjusted = yield* bars("1/day/2020-08-28/2020-08-31")
        const truth = apple.candles("1d", {
          from: Equity.sessionOpen("2020-08-28"),
          to: Equity.sessionOpen("2020-09-01")
        })
        assert.deepStrictEqual(
          raw.map(({ c, h, l, o, v }) => [o, h, l, c, v]),
          [0, 1].map((i) => [truth.open[i], truth.high[i], truth.low[i], truth.close[i], truth.volume[i]])
        )
        assert.deepStrictEqual(
          adjusted.map(({ c, v }) => [c, v]),
          [
            [raw[0]!.c / 4, raw[0]!.v * 4],
            [raw[1]!.c, raw[1]!.v]
          ]
        )
      }).pipe(serving)
    )

    it.effect("of days begin at New York's midnight, of weeks on Sunday, of quarters on their first day", () =>
      Effect.gen(function* () {
        const days = yield* bars("1/day/2024-03-08/2024-03-11")
        assert.deepStrictEqual(days.map(iso), ["2024-03-08T05:00", "2024-03-11T04:00"])
        const weeks = yield* bars("1/week/2024-03-06/2024-03-12")
        assert.deepStrictEqual(weeks.map(iso), ["2024-03-03T05:00", "2024-03-10T05:00"])
        const quarters = yield* bars("1/quarter/2024-02-01/2024-05-01")
        assert.deepStrictEqual(quarters.map(iso), ["2024-01-01T05:00", "2024-04-01T04:00"])
        const years = yield* bars("2/year/2023-02-01/2023-02-02")
        assert.deepStrictEqual(years.map(iso), ["2022-01-01T05:00"])
      }).pipe(serving)
    )

    it.effect("of hours are cut by the clock, so that the first of a day holds half an hour", () =>
      Effect.gen(function* () {
        const { body } = yield* ask(range("1/hour/2024-03-08/2024-03-08"))
        assert.deepStrictEqual(body.results!.map(iso)[0], "2024-03-08T14:00")
        assert.lengthOf(body.results!, 7)
        assert.strictEqual(body.queryCount, 390)
        const open = Equity.sessionOpen("2024-03-08")
        const half = apple.candles("30m", { from: open, to: open + 30 * minute })
        const { c, h, l, o } = body.results![0]!
        assert.deepStrictEqual([o, h, l, c], [half.open[0], half.high[0], half.low[0], half.close[0]])
        const hours = yield* bars("4/hour/2024-03-08/2024-03-08")
        assert.deepStrictEqual(hours.map(iso), ["2024-03-08T13:00", "2024-03-08T17:00"])
        const weekday = yield* bars("7/minute/2024-03-08/2024-03-08")
        assert.isTrue(weekday.every(({ t }) => (t - Date.UTC(2024, 2, 8, 5)) % (7 * minute) === 0))
      }).pipe(serving)
    )

    it.effect("are whole at both ends of a range in milliseconds, both included", () =>
      Effect.gen(function* () {
        const open = Equity.sessionOpen("2024-03-08")
        const inside = yield* bars(`30/minute/${open + minute}/${open + 60 * minute}`)
        assert.deepStrictEqual(
          inside.map(({ t }) => t - open),
          [0, 30 * minute, 60 * minute]
        )
        const until = yield* bars(`30/minute/${open}/${open + 60 * minute - 1}`)
        assert.deepStrictEqual(
          until.map(({ t }) => t - open),
          [0, 30 * minute]
        )
      }).pipe(serving)
    )

    it.effect("end with the present, and have no results where there are none", () =>
      Effect.gen(function* () {
        const today = yield* bars("1/minute/2024-06-03/2030-01-01")
        assert.strictEqual(iso(today.at(-1)), "2024-06-03T15:10")
        for (const rest of [range("1/day/2030-01-01/2030-02-01"), range("1/day/2024-03-09/2024-03-10")]) {
          const { body, status } = yield* ask(rest)
          assert.strictEqual(status, 200)
          assert.notProperty(body, "results")
          assert.deepInclude(body, { status: "OK", resultsCount: 0, queryCount: 0 })
        }
        const { body, status } = yield* ask(range("1/day/2024-01-01/2024-02-01", "NOPE"))
        assert.strictEqual(status, 200)
        assert.notProperty(body, "results")
      }).pipe(serving)
    )

    it.effect("come in pages of so many base bars, whose links lead through all of them in either order", () =>
      Effect.gen(function* () {
        const whole = yield* bars("1/hour/2024-03-04/2024-03-08?limit=50000")
        assert.lengthOf(whole, 35)
        for (const sort of ["asc", "desc"]) {
          const pages = yield* follow(range(`1/hour/2024-03-04/2024-03-08?limit=400&sort=${sort}`))
          assert.isTrue(pages.every(({ queryCount }) => queryCount! <= 400))
          assert.lengthOf(pages, 5)
          const all = pages.flatMap(({ results }) => results ?? [])
          assert.deepStrictEqual(sort === "asc" ? all : all.toReversed(), [...whole])
        }
        const days = yield* follow(range("1/day/2024-03-04/2024-03-08?limit=2&adjusted=false"))
        assert.deepStrictEqual(
          days.map(({ resultsCount }) => resultsCount),
          [2, 2, 1]
        )
      }).pipe(serving)
    )

    it.effect("of minutes are 5000 where no limit is given", () =>
      Effect.gen(function* () {
        const { body } = yield* ask(range("1/minute/2023-01-01/2024-01-01"))
        assert.strictEqual(body.resultsCount, 5_000)
        assert.isDefined(body.next_url)
      }).pipe(serving)
    )

    it.effect("are refused where the request makes no sense", () =>
      Effect.gen(function* () {
        const wrong = [
          ["0/day/2024-01-01/2024-02-01", "multiplier"],
          ["1/fortnight/2024-01-01/2024-02-01", "timespan"],
          ["1/day/2024-13-01/2024-02-01", "from"],
          ["1/day/2024-01-01/soon", "to"],
          ["1/day/2024-02-01/2024-01-01", "'to' cannot be a time that occurs before 'from'"],
          ["1/day/2024-01-01/2024-02-01?limit=50001", "limit"]
        ] as const
        for (const [rest, word] of wrong) {
          const { body, status } = yield* ask(range(rest))
          assert.strictEqual(status, 400, rest)
          assert.strictEqual(body.status, "ERROR")
          assert.include(body.error, word)
        }
      }).pipe(serving)
    )
  })

  describe("a key", () => {
    it.effect("is taken from the header or the query, and refused where it is none", () =>
      Effect.gen(function* () {
        const { url } = yield* Emulator
        const path = "/v1/marketstatus/now"
        const bearer = yield* HttpClient.get(`${url}${path}`, { headers: { authorization: "Bearer k" } })
        assert.strictEqual(bearer.status, 200)
        const missing = yield* ask(path, "")
        assert.strictEqual(missing.status, 401)
        assert.deepStrictEqual(keysOf(missing.body), ["error", "request_id", "status"])
        assert.deepInclude(missing.body, { status: "ERROR", error: "API Key was not provided" })
        const wrong = yield* ask(path, "bad-key")
        assert.strictEqual(wrong.status, 401)
        assert.deepInclude(wrong.body, { status: "ERROR", error: "Unknown API Key" })
      }).pipe(serving)
    )

    it.effect("has so many requests a minute, whatever another one has used", () => {
      let clock = now
      return Effect.gen(function* () {
        const statuses = (key: string, count: number) =>
          Effect.forEach(Array.from({ length: count }), () =>
            Effect.map(ask("/v1/marketstatus/now", key), ({ status }) => status)
          )
        assert.deepStrictEqual(yield* statuses("a", 6), [200, 200, 200, 200, 200, 429])
        assert.deepStrictEqual(yield* statuses("b", 1), [200])
        const { body } = yield* ask("/v1/marketstatus/now", "a")
        assert.strictEqual(body.status, "ERROR")
        assert.include(body.error, "exceeded the maximum requests per minute")
        clock += minute
        assert.deepStrictEqual(yield* statuses("a", 1), [200])
      }).pipe(Effect.provide(emulatorWith({ requestsPerMinute: 5, limiterNow: () => clock }), { local: true }))
    })
  })

  describe("faults", () => {
    it.effect("of the provider look as it writes them", () =>
      Effect.gen(function* () {
        const provider = yield* Emulator
        yield* provider.inject(
          Fault.RateLimited({ retryAfterSeconds: 9 }),
          Fault.Banned(),
          Fault.ServerError(),
          Fault.ServerError({ status: 502 })
        )
        const path = "/v1/marketstatus/now"
        const limited = yield* ask(path)
        assert.strictEqual(limited.status, 429)
        assert.strictEqual(limited.headers["retry-after"], "9")
        const banned = yield* ask(path)
        assert.strictEqual(banned.status, 403)
        assert.deepStrictEqual(keysOf(banned.body), ["message", "request_id", "status"])
        assert.strictEqual(banned.body.status, "NOT_AUTHORIZED")
        const broken = yield* ask(path)
        assert.strictEqual(broken.status, 500)
        assert.strictEqual(broken.body.status, "ERROR")
        assert.include((yield* get(`${path}?apiKey=k`)).text, "502 Error")
      }).pipe(serving)
    )

    it.effect("of the data spoil bars alone", () =>
      Effect.gen(function* () {
        const provider = yield* Emulator
        const path = range("30/minute/2024-03-08/2024-03-08")
        const sound = (yield* ask(path)).body.results!
        const spoilt = Effect.fnUntraced(function* (fault: Fault.Fault) {
          yield* provider.inject(fault)
          assert.strictEqual((yield* ask("/v3/reference/splits")).body.results?.length, 1)
          return (yield* ask(path)).body
        })
        const times = (body: Body) => body.results!.map(({ t }) => t)
        const [first, second] = sound
        assert.notProperty(yield* spoilt(Fault.Empty()), "results")
        assert.deepStrictEqual(times(yield* spoilt(Fault.Duplicates())).slice(0, 3), [first!.t, first!.t, second!.t])
        assert.notDeepEqual(times(yield* spoilt(Fault.OutOfOrder())), times({ results: sound }))
        assert.deepStrictEqual((yield* spoilt(Fault.NonArray())).results as unknown, {})
        assert.strictEqual((yield* spoilt(Fault.WrongTypes())).results![0]!.o as unknown, "abc")
        assert.isBelow((yield* spoilt(Fault.NegativeVolume())).results![0]!.v, 0)
        const swapped = (yield* spoilt(Fault.HighBelowLow())).results![0]!
        assert.isBelow(swapped.h, swapped.l)
        assert.isTrue(times(yield* spoilt(Fault.OffGrid())).every((t) => t % minute === 17_000))
        const oldest = yield* spoilt(Fault.IgnoredStartTime({ rows: "oldest" }))
        assert.strictEqual(oldest.results![0]!.t, apple.firstTrade)
        const newest = yield* spoilt(Fault.IgnoredStartTime({ rows: "newest" }))
        assert.strictEqual(iso(newest.results!.at(-1)), "2024-06-03T15:00")
        yield* ask(range("1/day/2024-03-08/2024-03-08"))
        assert.strictEqual(iso((yield* spoilt(Fault.RepeatedPage())).results![0]), "2024-03-08T05:00")
      }).pipe(serving)
    )
  })

  it.effect("answers beside the other providers, for its own paths alone", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* get("/api/v3/ping")).status, 200)
      assert.strictEqual((yield* get("/0/public/Time")).status, 200)
      assert.strictEqual((yield* get("/v1/marketstatus/now?apiKey=k")).status, 200)
      for (const path of ["/v1/test/1", "/v3/reference/options", "/v2/aggs", "/v8/finance/chart/AAPL"]) {
        assert.isFalse(Massive.provider.owns(path), path)
      }
    }).pipe(Effect.provide(Emulator.layer({ datasets: [], equities: [apple], now: () => now }), { local: true }))
  )
})
