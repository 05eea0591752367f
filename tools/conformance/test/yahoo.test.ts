/** Recorded Yahoo charts and earnings through the source and its library, over real HTTP. */
import { assert, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { Candles, type Source } from "@tidemark/core"
import { plugin } from "@tidemark/source-yahoo"
import { layer } from "@tidemark/source-testing/LoopbackProvider"
import { Effect, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Data from "./data.ts"

interface Body {
  readonly chart: {
    readonly result: ReadonlyArray<{
      readonly timestamp: ReadonlyArray<number>
      readonly indicators: {
        readonly quote: ReadonlyArray<
          Readonly<Record<"open" | "high" | "low" | "close" | "volume", ReadonlyArray<number>>>
        >
      }
    }>
  }
}

const recordings: Readonly<Record<string, string>> = {
  AAPL: "yahoo/chart-AAPL-2020-08-31-to-2020-11-07.json",
  MSFT: "yahoo/chart-MSFT-dividends-2021-02-01-to-2022-01-31.csv.json",
  WEEKEND: "yahoo/chart-AAPL-2025-02-01-to-2025-02-02-includePrePost-false-interval-1m.json"
}

const body = (symbol: string): Body =>
  (JSON.parse(Data.text(recordings[symbol]!)) as { readonly response: { readonly bodyJson: Body } }).response.bodyJson

/** Whatever range is asked for: what was recorded of the symbol. */
const provider = layer((url) => Response.json(body(url.pathname.split("/").at(-1)!)))

const subject = (symbol: string): Source.Subject => ({
  symbol,
  assetClass: "equity",
  calendar: Calendars.get("XNYS")
})

const year = (value: number) => Date.UTC(value, 0, 1)

it.layer(provider)(`recorded Yahoo charts${Data.note}`, (it) => {
  const check = Data.isAbsent ? it.effect.skip : it.effect

  for (const [symbol, days] of [
    ["AAPL", 49],
    ["MSFT", 252]
  ] as const) {
    check(`${symbol}: ${days} days come out value for value`, () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(year(2025))
        const yahoo = yield* plugin.make({})
        const interval = { from: year(2020), to: year(2023) }
        const pages = yield* Stream.runCollect(yahoo.candles({ ...subject(symbol), timeframe: "1d", interval }))
        const candles = Candles.concat(pages.map((page) => page.candles))
        const [recorded] = body(symbol).chart.result
        const [quote] = recorded!.indicators.quote
        assert.lengthOf(recorded!.timestamp, days)
        assert.deepStrictEqual(
          [...candles.openTime],
          recorded!.timestamp.map((time) => time * 1_000)
        )
        for (const name of ["open", "high", "low", "close", "volume"] as const) {
          assert.deepStrictEqual([...candles[name]], quote![name])
        }
      })
    )
  }

  check("AAPL: the split and the dividend after it; MSFT: four dividends", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(year(2025))
      const yahoo = yield* plugin.make({})
      const interval = { from: year(2020), to: year(2023) }
      const apple = yield* yahoo.actions!(subject("AAPL"), interval)
      assert.deepStrictEqual(
        apple.map((action) => ({ ...action })),
        [
          { _tag: "Split", exDate: "2020-08-31", from: 1, to: 4 },
          { _tag: "Dividend", exDate: "2020-11-06", amount: 0.205, currency: "USD" }
        ]
      )
      const microsoft = yield* yahoo.actions!(subject("MSFT"), interval)
      assert.deepStrictEqual(
        microsoft.map(({ _tag, exDate }) => [_tag, exDate]),
        ["2021-02-17", "2021-05-19", "2021-08-18", "2021-11-17"].map((date) => ["Dividend", date])
      )
    })
  )

  check("a weekend of minutes is empty", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2025, 1, 3))
      const yahoo = yield* plugin.make({})
      const interval = { from: Date.UTC(2025, 1, 1), to: Date.UTC(2025, 1, 2) }
      const pages = yield* Stream.runCollect(yahoo.candles({ ...subject("WEEKEND"), timeframe: "1m", interval }))
      assert.strictEqual(
        pages.reduce((sum, page) => sum + Candles.length(page.candles), 0),
        0
      )
    })
  )
})

interface Number {
  readonly raw: number
}
interface Summary {
  readonly calendarEvents: {
    readonly earnings: { readonly earningsAverage: number; readonly earningsDate: ReadonlyArray<number> }
  }
  readonly earningsHistory: {
    readonly history: ReadonlyArray<{ readonly epsActual: Number; readonly epsEstimate: Number }>
  }
}

const recorded = (name: string) =>
  (
    JSON.parse(Data.text(`yahoo/${name}.json`)) as {
      readonly response: {
        readonly bodyText: string
        readonly bodyJson: { readonly quoteSummary: { readonly result: ReadonlyArray<Summary> } }
      }
    }
  ).response

/** Both modules were recorded on their own; asked for together they are one result. */
const summary = (): Summary =>
  Object.assign(
    {},
    ...["calendarEvents", "earningsHistory"].map(
      (module) => recorded(`quoteSummary-${module}-AAPL`).bodyJson.quoteSummary.result[0]
    )
  ) as Summary

const reporting = layer((url) => {
  if (url.pathname.startsWith("/quote/")) {
    return new Response("", { headers: { "set-cookie": "A3=redacted; Domain=.yahoo.com; Path=/; Secure" } })
  }
  return url.pathname === "/v1/test/getcrumb"
    ? new Response(recorded("getCrumb-getcrumb").bodyText)
    : Response.json({ quoteSummary: { result: [summary()], error: null } })
})

it.layer(reporting)(`recorded Yahoo earnings${Data.note}`, (it) => {
  const check = Data.isAbsent ? it.effect.skip : it.effect

  check("AAPL: the newest report belongs to the last call, the next one is announced", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2025, 1, 24))
      const yahoo = yield* plugin.make({})
      const { calendarEvents, earningsHistory } = summary()
      const newest = earningsHistory.history.at(-1)!
      assert.deepStrictEqual(
        (yield* yahoo.earnings!(subject("AAPL"))).map((report) => ({ ...report })),
        [
          {
            _tag: "Earnings",
            exDate: "2025-01-30",
            estimate: newest.epsEstimate.raw,
            reported: newest.epsActual.raw
          },
          { _tag: "Earnings", exDate: "2025-04-30", estimate: calendarEvents.earnings.earningsAverage }
        ]
      )
      assert.deepStrictEqual([newest.epsEstimate.raw, newest.epsActual.raw], [2.34102, 2.4])
    })
  )
})
