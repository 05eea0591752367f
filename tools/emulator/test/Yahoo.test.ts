import { assert, describe, it } from "@effect/vitest"
import { CorporateAction } from "@tidemark/core"
import { Emulator, Equity, Fault, Yahoo } from "@tidemark/emulator"
import { Effect } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { client } from "./Wire.ts"

const day = 86_400_000
const now = Date.UTC(2024, 5, 3, 15, 10)
const seconds = (text: string) => Date.parse(text) / 1_000

const { Dividend, Earnings, Split } = CorporateAction
const apple = Equity.synthetic({
  symbol: "AAPL",
  actions: [
    new Dividend({ exDate: "2020-08-07", amount: 0.82 }),
    new Split({ exDate: "2020-08-31", from: 1, to: 4 }),
    new Earnings({ exDate: "2023-05-04", estimate: 1.43, reported: 1.52 }),
    new Earnings({ exDate: "2023-08-03", estimate: 1.19, reported: 1.26 }),
    new Earnings({ exDate: "2023-11-02", estimate: 1.39, reported: 1.46 }),
    new Earnings({ exDate: "2024-02-01", estimate: 2.1, reported: 2.18 }),
    new Dividend({ exDate: "2024-05-10", amount: 0.25, paid: "2024-05-16" }),
    new Earnings({ exDate: "2024-05-02", estimate: 1.5, reported: 1.53 }),
    new Earnings({ exDate: "2024-08-01", estimate: 1.35 }),
    new Split({ exDate: "2024-09-03", from: 1, to: 2 })
  ]
})
const silent = Equity.synthetic({ symbol: "QUIET" })

const cookie = "d=planted&S=cookie"
const crumb = "planted.Crumb"
const emulatorWith = (options: Yahoo.Options = {}) =>
  Emulator.layer({
    datasets: [],
    equities: [apple, silent],
    providers: [Yahoo.providerWith({ cookie, crumb, ...options })],
    now: () => now
  })
const serving = Effect.provide(emulatorWith(), { local: true })

type Column = ReadonlyArray<number | null>
interface Chart {
  readonly meta: Readonly<Record<string, unknown>>
  readonly timestamp?: ReadonlyArray<number>
  readonly events?: Readonly<Record<"dividends" | "splits", Readonly<Record<string, object>> | undefined>>
  readonly indicators: {
    readonly quote: ReadonlyArray<Partial<Readonly<Record<"open" | "high" | "low" | "close" | "volume", Column>>>>
    readonly adjclose?: ReadonlyArray<{ readonly adjclose?: Column }>
  }
}
interface Answer<A> {
  readonly result: ReadonlyArray<A> | null
  readonly error: { readonly code: string; readonly description: string } | null
}

const ask = Effect.fnUntraced(function* (path: string, cookies = "") {
  const { url } = yield* Emulator
  const request = HttpClientRequest.get(`${url}${path}`).pipe(HttpClientRequest.setHeaders({ cookie: cookies }))
  const { headers, status, text } = yield* HttpClient.execute(request)
  return { headers, status, text: yield* text }
})
const chartPath = (from: string, to: string, interval = "1d", symbol = "AAPL") =>
  `/v8/finance/chart/${symbol}?useYfid=true&interval=${interval}&includePrePost=false&events=div%7Csplit&lang=en-US&period1=${seconds(from)}&period2=${seconds(to)}`
const asked = Effect.fnUntraced(function* (path: string) {
  const { status, text } = yield* ask(path)
  return { status, ...(JSON.parse(text) as { readonly chart: Answer<Chart> }).chart }
})
const chart = (...range: Parameters<typeof chartPath>) =>
  Effect.map(asked(chartPath(...range)), ({ result }) => result![0]!)
const keysOf = (value: object | undefined) => Object.keys(value ?? {}).toSorted()
const iso = (time: number | undefined) => new Date((time ?? Number.NaN) * 1_000).toISOString().slice(0, 16)

const metaFields = [
  ["chartPreviousClose", "currency", "currentTradingPeriod", "dataGranularity", "exchangeName"],
  ["exchangeTimezoneName", "fiftyTwoWeekHigh", "fiftyTwoWeekLow", "firstTradeDate", "fullExchangeName", "gmtoffset"],
  ["hasPrePostMarketData", "instrumentType", "longName", "priceHint", "range", "regularMarketDayHigh"],
  ["regularMarketDayLow", "regularMarketPrice", "regularMarketTime", "regularMarketVolume", "shortName", "symbol"],
  ["timezone", "validRanges"]
].flat()

it.layer(client)("Yahoo", (it) => {
  describe("a chart", () => {
    it.effect("has the fields of the real one", () =>
      Effect.gen(function* () {
        const { error, result, status } = yield* asked(chartPath("2020-08-03", "2020-09-05"))
        assert.strictEqual(status, 200)
        assert.isNull(error)
        const [{ events, indicators, meta, timestamp }] = result as [Chart]
        assert.deepStrictEqual(keysOf(result![0]), ["events", "indicators", "meta", "timestamp"])
        assert.deepStrictEqual(keysOf(meta), metaFields)
        assert.deepStrictEqual(keysOf(meta["currentTradingPeriod"] as object), ["post", "pre", "regular"])
        assert.deepStrictEqual(keysOf(indicators), ["adjclose", "quote"])
        assert.deepStrictEqual(keysOf(indicators.quote[0]), ["close", "high", "low", "open", "volume"])
        assert.lengthOf(timestamp!, 25)
        for (const column of [...Object.values(indicators.quote[0]!), indicators.adjclose![0]!.adjclose!]) {
          assert.lengthOf(column, 25)
        }
        assert.strictEqual(iso(timestamp![0]), "2020-08-03T13:30")
        assert.deepInclude(meta, { currency: "USD", symbol: "AAPL", timezone: "EDT", gmtoffset: -14_400 })
        // Keyed by their times; the dividend of before the split is told in the shares of after it.
        const [dividend, split] = [seconds("2020-08-07T13:30Z"), seconds("2020-08-31T13:30Z")]
        assert.deepStrictEqual(events, {
          dividends: { [dividend]: { amount: 0.205, date: dividend } },
          splits: { [split]: { date: split, numerator: 4, denominator: 1, splitRatio: "4:1" } }
        })
      }).pipe(serving)
    )

    it.effect("is in the shares of now, not of a split that is still to come, and in single precision", () =>
      Effect.gen(function* () {
        const { indicators } = yield* chart("2020-08-28", "2020-09-01")
        const [{ close, volume }] = indicators.quote as [{ close: Column; volume: Column }]
        const truth = apple.candles("1d", { from: Date.UTC(2020, 7, 28), to: Date.UTC(2020, 8, 1) })
        // The emulator's share is in the prices of its day, in which the split to come is a part as well.
        assert.deepStrictEqual(close, [Math.fround(truth.close[0]! / 4), Math.fround(truth.close[1]!)])
        assert.deepStrictEqual(volume, [Math.round(truth.volume[0]! * 4), Math.round(truth.volume[1]!)])
      }).pipe(serving)
    )

    it.effect("takes dividends out of adjclose: each by what it was of the close before it", () =>
      Effect.gen(function* () {
        const { indicators } = yield* chart("2024-05-08", "2024-05-14")
        const close = indicators.quote[0]!.close as ReadonlyArray<number>
        const adjusted = indicators.adjclose![0]!.adjclose as ReadonlyArray<number>
        const factor = 1 - 0.25 / close[1]!
        const expected = [close[0]! * factor, close[1]! * factor, close[2]!, close[3]!]
        adjusted.forEach((value, i) => assert.approximately(value, expected[i]!, 1e-4))
        assert.notStrictEqual(adjusted[1], close[1])
      }).pipe(serving)
    )

    it.effect("of a range without bars has no timestamp and an empty quote", () =>
      Effect.gen(function* () {
        const minutes = yield* chart("2024-06-01", "2024-06-02", "1m")
        assert.notProperty(minutes, "timestamp")
        assert.deepStrictEqual(minutes.indicators, { quote: [{}] })
        const days = yield* chart("2024-06-01", "2024-06-02")
        assert.deepStrictEqual(days.indicators, { quote: [{}], adjclose: [{}] })
      }).pipe(serving)
    )

    it.effect("has intraday bars on the session, weeks from Monday and months from the first", () =>
      Effect.gen(function* () {
        const hours = yield* chart("2024-05-31", "2024-06-01", "1h")
        assert.deepStrictEqual(
          hours.timestamp!.map(iso),
          [13, 14, 15, 16, 17, 18, 19].map((hour) => `2024-05-31T${hour}:30`)
        )
        assert.notProperty(hours.indicators, "adjclose")
        const weeks = yield* chart("2024-05-13", "2024-05-25", "1wk")
        assert.deepStrictEqual(weeks.timestamp!.map(iso), ["2024-05-13T04:00", "2024-05-20T04:00"])
        const months = yield* chart("2024-02-01", "2024-04-01", "1mo")
        assert.deepStrictEqual(months.timestamp!.map(iso), ["2024-02-01T05:00", "2024-03-01T05:00"])
      }).pipe(serving)
    )

    it.effect("includes the end of its range, and tells the day that is on by its last trade", () =>
      Effect.gen(function* () {
        const { timestamp } = yield* chart("2024-05-31T13:30Z", "2024-05-31T14:30Z", "1h")
        assert.deepStrictEqual(timestamp!.map(iso), ["2024-05-31T13:30", "2024-05-31T14:30"])
        const days = yield* chart("2024-05-31", "2030-01-01")
        assert.deepStrictEqual(days.timestamp!.map(iso), ["2024-05-31T13:30", "2024-06-03T15:10"])
      }).pipe(serving)
    )

    it.effect("has a row of nulls where nothing was traded", () =>
      Effect.gen(function* () {
        const { indicators, timestamp } = yield* chart("2024-05-29", "2024-06-01")
        assert.lengthOf(timestamp!, 3)
        for (const column of Object.values(indicators.quote[0]!)) {
          assert.deepStrictEqual(
            column.map((value) => value === null),
            [false, true, false]
          )
        }
      }).pipe(
        Effect.provide(emulatorWith({ blank: (open) => open === Date.parse("2024-05-30T13:30Z") }), { local: true })
      )
    )

    const refusals: ReadonlyArray<readonly [name: string, path: string, status: number, code: string, RegExp]> = [
      [
        "of an unknown symbol",
        chartPath("2024-01-01", "2024-02-01", "1d", "NOPE"),
        404,
        "Not Found",
        /^No data found, symbol may be delisted$/
      ],
      [
        "of minutes older than thirty days",
        chartPath("2024-05-01", "2024-05-04", "1m"),
        422,
        "Unprocessable Entity",
        /^1m data not available for startTime=1714521600 and endTime=1714780800\. The requested range must be within the last 30 days\.$/
      ],
      [
        "of more than eight days of minutes",
        chartPath("2024-05-20", "2024-06-01", "1m"),
        422,
        "Unprocessable Entity",
        /Only 8 days worth of 1m granularity data are allowed to be fetched per request\.$/
      ],
      [
        "of hours older than two years",
        chartPath("2022-01-01", "2022-02-01", "1h"),
        422,
        "Unprocessable Entity",
        /^1h data .* must be within the last 730 days\.$/
      ],
      [
        "of an interval that there is not",
        chartPath("2024-05-01", "2024-05-04", "7m"),
        422,
        "Unprocessable Entity",
        /interval=7m is not supported/
      ],
      [
        "of a range before the first trade",
        chartPath("1999-01-01", "1999-02-01"),
        400,
        "Bad Request",
        /^Data doesn't exist for startDate = \d+, endDate = \d+$/
      ]
    ]
    for (const [name, path, expected, code, description] of refusals) {
      it.effect(`${name} is refused as the provider does: ${expected}`, () =>
        Effect.gen(function* () {
          const { error, result, status } = yield* asked(path)
          assert.strictEqual(status, expected)
          assert.isNull(result)
          assert.strictEqual(error?.code, code)
          assert.match(error?.description ?? "", description)
        }).pipe(serving)
      )
    }
  })

  describe("the summary", () => {
    const summary = `/v10/finance/quoteSummary/AAPL?formatted=false&modules=calendarEvents%2CearningsHistory%2Cearnings&crumb=${encodeURIComponent(crumb)}`
    const session = `A1=${cookie}; A3=${cookie}`

    it.effect("wants the cookie and the crumb, the crumb the cookie, and a page gives the cookie", () =>
      Effect.gen(function* () {
        const page = yield* ask("/quote/AAPL")
        assert.strictEqual(page.status, 200)
        for (const name of ["A1", "A3", "A1S"]) assert.include(page.headers["set-cookie"], `${name}=${cookie}; `)
        assert.deepInclude(yield* ask("/v1/test/getcrumb", session), { status: 200, text: crumb })
        assert.strictEqual((yield* ask(summary, session)).status, 200)
        const invalid = '{"finance":{"result":null,"error":{"code":"Unauthorized","description":"Invalid Crumb"}}}'
        for (const [path, cookies] of [
          ["/v1/test/getcrumb", ""],
          [summary, ""],
          [summary, "A3=other"],
          [`${summary}x`, session]
        ] as const) {
          assert.deepInclude(yield* ask(path, cookies), { status: 401, text: invalid })
        }
      }).pipe(serving)
    )

    it.effect("tells the next report, the last four, and their quarters", () =>
      Effect.gen(function* () {
        interface Modules {
          readonly calendarEvents: Readonly<Record<string, unknown>> & {
            readonly earnings: Readonly<Record<string, unknown>>
          }
          readonly earningsHistory: { readonly history: ReadonlyArray<Readonly<Record<string, unknown>>> }
          readonly earnings: {
            readonly earningsChart: { readonly quarterly: ReadonlyArray<Readonly<Record<string, unknown>>> }
          }
        }
        const { text } = yield* ask(summary, session)
        const { quoteSummary } = JSON.parse(text) as { readonly quoteSummary: Answer<Modules> }
        const { calendarEvents, earnings, earningsHistory } = quoteSummary.result![0]!
        assert.deepStrictEqual(keysOf(calendarEvents), ["dividendDate", "earnings", "exDividendDate", "maxAge"])
        assert.strictEqual(calendarEvents["exDividendDate"], seconds("2024-05-10"))
        assert.strictEqual(calendarEvents["dividendDate"], seconds("2024-05-16"))
        assert.deepInclude(calendarEvents.earnings, {
          earningsDate: [seconds("2024-08-01T20:30Z")],
          earningsCallDate: [seconds("2024-05-02T20:30Z")],
          isEarningsDateEstimate: true,
          earningsAverage: 1.35
        })
        assert.deepStrictEqual(earningsHistory.history.at(-1), {
          maxAge: 1,
          epsActual: { raw: 1.53, fmt: "1.53" },
          epsEstimate: { raw: 1.5, fmt: "1.5" },
          epsDifference: { raw: 0.03, fmt: "0.03" },
          surprisePercent: { raw: 0.02, fmt: "2%" },
          quarter: { raw: seconds("2024-03-31"), fmt: "2024-03-31" },
          currency: "USD",
          period: "-1q"
        })
        assert.deepStrictEqual(
          earnings.earningsChart.quarterly.map(({ actual, date, reportedDate }) => [date, actual, reportedDate]),
          [
            ["2Q2023", 1.26, seconds("2023-08-03T20:30Z")],
            ["3Q2023", 1.46, seconds("2023-11-02T20:30Z")],
            ["4Q2023", 2.18, seconds("2024-02-01T21:30Z")],
            ["1Q2024", 1.53, seconds("2024-05-02T20:30Z")]
          ]
        )
      }).pipe(serving)
    )

    it.effect("of a symbol without reports, or of none, is a 404", () =>
      Effect.gen(function* () {
        for (const [symbol, description] of [
          ["QUIET", "No fundamentals data found for symbol: QUIET"],
          ["NOPE", "Quote not found for symbol: NOPE"]
        ] as const) {
          const { status, text } = yield* ask(summary.replace("AAPL", symbol), session)
          assert.strictEqual(status, 404)
          assert.include(text, `{"code":"Not Found","description":"${description}"}`)
        }
      }).pipe(serving)
    )
  })

  describe("a fault", () => {
    it.effect("looks as it does at Yahoo", () =>
      Effect.gen(function* () {
        const { inject } = yield* Emulator
        const path = chartPath("2024-05-28", "2024-06-01")
        yield* inject(Fault.RateLimited({ retryAfterSeconds: 7 }))
        const limited = yield* ask(path)
        assert.deepInclude(limited, { status: 429, text: "Too Many Requests\r\n" })
        assert.strictEqual(limited.headers["retry-after"], "7")
        yield* inject(Fault.RateLimited())
        assert.deepInclude(yield* ask("/v1/test/getcrumb"), { status: 200, text: "Too Many Requests\r\n" })
        yield* inject(Fault.Banned())
        assert.strictEqual((yield* ask(path)).status, 999)
        yield* inject(Fault.ServerError({ status: 500 }))
        assert.strictEqual((yield* asked(path)).error?.code, "Internal Server Error")
      }).pipe(serving)
    )

    it.effect("of the data changes a chart and nothing else", () =>
      Effect.gen(function* () {
        const { inject } = yield* Emulator
        const whole = yield* chart("2024-05-28", "2024-06-01")
        const spoilt = (fault: Fault.Fault) => Effect.andThen(inject(fault), chart("2024-05-28", "2024-06-01"))
        const times = whole.timestamp!
        yield* inject(Fault.Empty())
        assert.strictEqual((yield* ask("/quote/AAPL")).status, 200)
        assert.notProperty(yield* chart("2024-05-28", "2024-06-01"), "timestamp")
        assert.deepStrictEqual(
          (yield* spoilt(Fault.Duplicates())).timestamp,
          times.flatMap((time, i) => (i % 3 === 0 ? [time, time] : [time]))
        )
        assert.sameMembers([...(yield* spoilt(Fault.OutOfOrder())).timestamp!], [...times])
        assert.deepStrictEqual(
          (yield* spoilt(Fault.OffGrid())).timestamp,
          times.map((time) => time + 17)
        )
        assert.deepStrictEqual((yield* spoilt(Fault.NonArray())).timestamp as unknown, {})
        assert.isNull((yield* spoilt(Fault.WrongTypes({ as: "null" }))).indicators.quote[0]!.open![0])
        assert.isBelow((yield* spoilt(Fault.NegativeVolume())).indicators.quote[0]!.volume![0]!, 0)
        const oldest = yield* spoilt(Fault.IgnoredStartTime({ rows: "oldest" }))
        assert.strictEqual(iso(oldest.timestamp![0]), "2000-01-03T14:30")
        const newest = yield* spoilt(Fault.IgnoredStartTime())
        assert.isAbove(newest.timestamp!.at(-1)!, now / 1_000 - day / 1_000)
        yield* chart("2024-04-01", "2024-04-05")
        yield* inject(Fault.RepeatedPage())
        assert.strictEqual(iso((yield* chart("2024-05-28", "2024-06-01")).timestamp![0]), "2024-04-01T13:30")
      }).pipe(serving)
    )
  })

  it("owns its own paths only", () => {
    const { owns, servesCandles } = Yahoo.provider
    for (const path of ["/v8/finance/chart/A", "/v10/finance/quoteSummary/A", "/v1/test/getcrumb", "/quote/AAPL"]) {
      assert.isTrue(owns(path), path)
      assert.strictEqual(servesCandles(path), path.startsWith("/v8/"))
    }
    for (const path of ["/v2/aggs/ticker/A", "/api/v3/klines", "/products", "/0/public/OHLC", "/v1/test", "/quotes"]) {
      assert.isFalse(owns(path), path)
    }
  })
})
