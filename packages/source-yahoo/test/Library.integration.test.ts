/** The real library, without our guard around it, against the emulator: what it asks for is what the emulator speaks. */
import { assert, it } from "@effect/vitest"
import { Emulator, Fault, Yahoo } from "@tidemark/emulator"
import { Effect } from "effect"
import YahooFinance from "yahoo-finance2"
import { ExtendedCookieJar } from "yahoo-finance2/lib/cookieJar"
import { after, announced, apple, before, cookie, crumb, reports, split } from "./answers.ts"

const emulator = (consent = false) =>
  Emulator.layer({ datasets: [], equities: [apple], providers: [Yahoo.providerWith({ cookie, crumb, consent })] })

/** With the checks that it makes of answers, and hosts of its own that lead to the emulator. */
const library = Effect.map(Emulator, ({ url }) => {
  const hosts: Array<string> = []
  const yahoo = new YahooFinance({
    fetch: (input, init) => {
      const asked = new URL(String(input))
      hosts.push(asked.host)
      return globalThis.fetch(`${url}${asked.pathname}${asked.search}`, init)
    },
    cookieJar: new ExtendedCookieJar(),
    versionCheck: false,
    suppressNotices: ["yahooSurvey"]
  })
  return { hosts, yahoo }
})

const day = (date: Date | undefined) => date?.toISOString().slice(0, 10)

it.live("charts pass its checks, with dividends, splits and adjusted closes", () =>
  Effect.gen(function* () {
    const { yahoo } = yield* library
    const { events, meta, quotes } = yield* Effect.promise(() =>
      yahoo.chart("AAPL", { period1: "2020-08-03", period2: "2020-11-30", interval: "1d" })
    )
    assert.strictEqual(meta.symbol, "AAPL")
    assert.lengthOf(quotes, 83)
    assert.isTrue(quotes.every(({ adjclose, close }) => adjclose! <= close!))
    assert.deepStrictEqual(
      events?.dividends?.map(({ amount, date }) => [day(date), amount]),
      [
        [before.exDate, before.amount / 4],
        [after.exDate, after.amount]
      ]
    )
    assert.deepStrictEqual(
      events?.splits?.map(({ date, denominator, numerator }) => [day(date), denominator, numerator]),
      [[split.exDate, split.from, split.to]]
    )
    const none = yield* Effect.promise(() =>
      yahoo.chart("AAPL", { period1: "2024-01-06", period2: "2024-01-07", interval: "1d" })
    )
    assert.deepStrictEqual(none.quotes, [])
  }).pipe(Effect.provide(emulator()))
)

for (const consent of [false, true]) {
  it.live(`summaries pass its checks, by ${consent ? "the consent page" : "cookie"} and crumb`, () =>
    Effect.gen(function* () {
      const { hosts, yahoo } = yield* library
      const { calendarEvents, earnings, earningsHistory } = yield* Effect.promise(() =>
        yahoo.quoteSummary("AAPL", { modules: ["calendarEvents", "earningsHistory", "earnings"] })
      )
      assert.strictEqual(day(calendarEvents?.earnings.earningsDate[0]), announced.exDate)
      assert.deepStrictEqual(
        earnings?.earningsChart.quarterly.map(({ actual, reportedDate }) => [day(reportedDate), actual]),
        reports.map(({ exDate, reported }) => [exDate, reported])
      )
      assert.lengthOf(earningsHistory?.history ?? [], reports.length)
      const pages = consent ? ["finance.yahoo.com", "guce.yahoo.com", "finance.yahoo.com"] : ["finance.yahoo.com"]
      assert.deepStrictEqual(hosts, [...pages, "query1.finance.yahoo.com", "query2.finance.yahoo.com"])
    }).pipe(Effect.provide(emulator(consent)))
  )
}

it.live("refusals are told in its own errors", () =>
  Effect.gen(function* () {
    const { yahoo } = yield* library
    const now = Date.now()
    const refused = (symbol: string, days: number) =>
      Effect.flip(
        Effect.tryPromise(() => yahoo.chart(symbol, { period1: new Date(now - days * 86_400_000), interval: "1m" }))
      ).pipe(Effect.map(({ cause }) => (cause as Error).message))
    assert.strictEqual(yield* refused("NOPE", 1), "No data found, symbol may be delisted")
    assert.match(yield* refused("AAPL", 7.5 + 30), /Only 8 days worth/)
    yield* (yield* Emulator).inject(Fault.ServerError({ status: 401 }))
    assert.strictEqual(yield* refused("AAPL", 1), "Invalid Crumb")
  }).pipe(Effect.provide(emulator()))
)
