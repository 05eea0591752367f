/** Bodies of Massive's own client tests through the source. */
import { assert, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { Candles, type CorporateAction, type Source } from "@tidemark/core"
import { plugin } from "@tidemark/source-polygon"
import { layer } from "@tidemark/source-testing/LoopbackProvider"
import { Effect, Redacted, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Data from "./data.ts"

const mocks = "massive/mocks"

const fileOf = (url: URL): string | undefined => {
  if (url.pathname.startsWith("/v2/aggs")) return `${mocks}/v2/aggs/ticker/AAPL/range/1/day/2005-04-01/2005-04-04.json`
  // One page each: the recorded bodies have no other behind them that is at hand.
  return url.searchParams.has("cursor") ? undefined : `${mocks}${url.pathname}.json`
}

const provider = layer((url) => {
  const file = fileOf(url)
  if (file === undefined) return Response.json({ status: "OK", results: [] })
  return Response.json({ status: "OK", ...(JSON.parse(Data.text(file)) as object) })
})

const apple: Source.Subject = { symbol: "AAPL", assetClass: "equity", calendar: Calendars.get("XNYS") }
const source = plugin.make({ apiKey: Redacted.make("k"), plan: "paid" })

it.layer(provider)(`recorded Massive bodies${Data.note}`, (it) => {
  const check = Data.isAbsent ? it.effect.skip : it.effect

  check("days are the sessions of their dates, with trades and what was paid", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2020, 0, 1))
      const interval = { from: Date.UTC(2005, 3, 1), to: Date.UTC(2005, 3, 5) }
      const pages = yield* Stream.runCollect((yield* source).candles({ ...apple, timeframe: "1d", interval }))
      const candles = Candles.concat(pages.map((page) => page.candles))
      assert.deepStrictEqual(candles.openTime, apple.calendar.openTimes("1d", interval))
      assert.deepStrictEqual([...candles.open], [1.5032, 1.4639])
      assert.deepStrictEqual([...candles.close], [1.4604, 1.4675])
      assert.deepStrictEqual([...candles.volume], [642_646_396, 578_172_308])
      assert.deepStrictEqual([...candles.trades!], [82_132, 65_543])
      assert.closeTo(candles.quoteVolume![0]! / candles.volume[0]!, 1.469, 1e-12)
    })
  )

  check("splits and dividends are read whole", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 0, 1))
      const found = yield* (yield* source).actions!(apple, { from: Date.UTC(2000, 0, 1), to: Date.UTC(2026, 0, 1) })
      const count = (name: string) =>
        (JSON.parse(Data.text(`${mocks}/v3/reference/${name}.json`)) as { readonly results: ReadonlyArray<unknown> })
          .results.length
      const of = (tag: CorporateAction.CorporateAction["_tag"]) => found.filter((action) => action._tag === tag).length
      assert.deepStrictEqual([of("Split"), of("Dividend")], [count("splits"), count("dividends")])
    })
  )
})
