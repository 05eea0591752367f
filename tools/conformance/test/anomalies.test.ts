/**
 * What the detectors say of real markets: bad ticks, each one shown to be
 * none of the market's, a server's clock, and nothing of crashes, half days
 * and quiet minutes.
 */
import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { type Calendar, Candles, CorporateAction, type Timeframe } from "@tidemark/core"
import { Anomalies, type Anomaly } from "@tidemark/quality"
import { Effect } from "effect"
import * as Data from "./data.ts"
import * as Lean from "./lean.ts"

interface Options {
  readonly calendar: Calendar.CalendarId
  readonly timeframe: Timeframe.Timeframe
  readonly splits?: ReadonlyArray<CorporateAction.Split>
}

const find = (candles: Candles.Candles, { calendar, splits = [], timeframe }: Options) => {
  const assetClass = calendar === "24/7" ? "crypto" : calendar === "24/5" ? "fx" : "equity"
  const scan = Anomalies.scan({ calendar: Calendars.get(calendar), timeframe, assetClass, splits })
  scan.push(candles)
  return scan.finish()
}

const inSession = (candles: Candles.Candles) => {
  const calendar = Calendars.get("XNYS")
  return Candles.pick(
    candles,
    [...candles.openTime.keys()].filter((i) => calendar.isOpen(candles.openTime[i]!))
  )
}

const told = (anomalies: ReadonlyArray<Anomaly.Anomaly>) =>
  anomalies.map(({ evidence, interval, kind }) => `${kind} ${new Date(interval.from).toISOString()} ${evidence}`)

describe.skipIf(Data.isAbsent)(`anomalies in recorded data${Data.note}`, () => {
  const none = (name: string, effect: Effect.Effect<ReadonlyArray<Anomaly.Anomaly>, { readonly _tag: string }>) =>
    it.live(name, () => Effect.map(effect, (found) => assert.deepStrictEqual(told(found), [])))

  const xnys = Calendars.get("XNYS")
  const openOf = (date: string) => xnys.openAtOrAfter("1d", Date.parse(`${date}T00:00:00Z`))
  const split = new CorporateAction.Split({ exDate: "2014-06-09", from: 1, to: 7 })
  const friday = Lean.read("equities/lean-aapl-1m-20140606.zip", Lean.sinceMidnight("2014-06-06"))
  const monday = Lean.read("equities/lean-aapl-1m-20140609-after-7to1-split.zip", Lean.sinceMidnight("2014-06-09"))
  const minutes = Effect.map(Effect.all([friday, monday]), Candles.concat)

  it.live("AAPL's bad tick of 2014-06-09 is found, in the minutes before the session, which are said to be that", () =>
    Effect.gen(function* () {
      const alone = told(find(yield* monday, { calendar: "XNYS", timeframe: "1m" }))
      const known = told(find(yield* minutes, { calendar: "XNYS", timeframe: "1m", splits: [split] }))
      for (const [off, spike, ...others] of [alone, known]) {
        assert.match(off!, /^off-grid .* \d+ candles open outside of the sessions of the market$/)
        assert.include(
          spike,
          "price-spike 2014-06-09T08:00:00.000Z 645.57 is 6.98 times above the candles before and after"
        )
        assert.deepStrictEqual(others, [])
      }
    })
  )

  it.live("AAPL's split of 7 for 1 is a jump if nobody has told it, and nothing if it is known", () =>
    Effect.gen(function* () {
      const both = inSession(yield* minutes)
      const untold = told(find(both, { calendar: "XNYS", timeframe: "1m" }))
      assert.lengthOf(untold, 1)
      assert.match(untold[0]!, /^split-jump 2014-06-09T13:30:00.000Z .* a split of 7 for 1, and none is known$/)
      assert.deepStrictEqual(told(find(both, { calendar: "XNYS", timeframe: "1m", splits: [split] })), [])
    })
  )

  none(
    "GOOG's half day is whole",
    Effect.map(Lean.read("equities/lean-goog-1m-20151224-halfday.zip", Lean.sinceMidnight("2015-12-24")), (candles) =>
      find(inSession(candles), { calendar: "XNYS", timeframe: "1m" })
    )
  )
  const dayOf = (time: string) => openOf(time.slice(0, 8).replace(/(....)(..)(..)/, "$1-$2-$3"))
  const spy = Lean.read("equities/lean-spy-1d.zip", dayOf)

  it.live("SPY's 23 years with two crashes have eight, wicks of days on which the S&P 500 had none", () =>
    Effect.gen(function* () {
      const found = find(yield* spy, { calendar: "XNYS", timeframe: "1d" })
      assert.deepStrictEqual(
        found.map(
          ({ figures, interval, kind }) =>
            `${kind} ${new Date(interval.from).toISOString().slice(0, 10)} ${figures["price"]}`
        ),
        [
          "price-spike 2000-12-18 111",
          "price-spike 2002-04-02 144.12",
          "price-spike 2002-06-06 124.67",
          "price-spike 2003-09-05 120.52",
          "price-spike 2004-10-19 100.75",
          "price-spike 2004-12-20 107.14",
          "price-spike 2005-09-06 105.68",
          "price-spike 2005-10-27 109.22"
        ]
      )
      const index = yield* sp500
      for (const { figures, interval } of found) {
        const row = index.openTime.indexOf(interval.from)
        const around = [row - 1, row, row + 1]
        const highest = Math.max(...around.map((i) => index.high[i]!))
        const lowest = Math.min(...around.map((i) => index.low[i]!))
        // Of the fund a tenth of the index: its price was outside of what three days of the index have seen.
        const price = 10 * figures["price"]!
        assert(price > 1.05 * highest || price < 0.95 * lowest, new Date(interval.from).toISOString())
      }
    })
  )
  none(
    "a sparse day of a young market has none",
    Effect.map(
      Lean.read("coinbase/lean-coinbase-btcusd-1m-20161008-sparse.zip", Lean.sinceMidnight("2016-10-08", "UTC"), 1),
      (candles) => find(candles, { calendar: "24/7", timeframe: "1m" })
    )
  )
  const csv = (file: string) =>
    Data.text(file)
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split(","))
  const fromRows = (rows: ReadonlyArray<ReadonlyArray<number>>) => {
    const column = (i: number) => Float64Array.from(rows, (row) => row[i]!)
    const [openTime, open, high, low, close, volume] = [0, 1, 2, 3, 4, 5].map(column)
    return { openTime, open, high, low, close, volume } as Candles.Candles
  }
  const sp500 = Effect.sync(() =>
    fromRows(
      csv("regimes/sp500-2000.csv").map(([date, open, high, low, close, , volume]) => [
        openOf(date!),
        ...[open, high, low, close, volume].map(Number)
      ])
    )
  )
  none(
    "the S&P 500 from 2000 to 2020 has none",
    Effect.map(sp500, (candles) => find(candles, { calendar: "XNYS", timeframe: "1d" }))
  )
  none(
    "the Nasdaq 100 since 1985 has none, of its crashes of 1987, 2000, 2008 and 2020 either",
    Effect.sync(() => {
      // Closes alone: each day goes from the last one to its own.
      const days = csv("regimes/NDX.csv").map(([date, close]) => ({ open: openOf(date!), close: Number(close) }))
      const rows = days.map(({ close, open }, i) => {
        const before = days[Math.max(0, i - 1)]!.close
        return [open, before, Math.max(before, close), Math.min(before, close), close, 1]
      })
      const black = days.findIndex(({ open }) => open === openOf("1987-10-19"))
      assert.isBelow(days[black]!.close / days[black - 1]!.close, 0.86)
      return find(fromRows(rows), { calendar: "XNYS", timeframe: "1d" })
    })
  )
  none(
    "two months of Bitcoin by the hour, with an outage of the venue, have none",
    Effect.sync(() => {
      const pages = ["page1", "page2-gap-20200628"].map((page) => `binance/binance-klines-BTCUSDT-1h-${page}.json`)
      const rows = pages.flatMap((page) => (JSON.parse(Data.text(page)) as { body: Array<Array<string>> }).body)
      assert.lengthOf(rows, 1_468)
      return find(fromRows(rows.map((row) => row.slice(0, 6).map(Number))), { calendar: "24/7", timeframe: "1h" })
    })
  )
  none(
    "half a day of Kraken, of which a third of the minutes have no trade, has none",
    Effect.sync(() => {
      const { result } = JSON.parse(Data.text("kraken/ohlc-XBTUSD-1m.json")) as {
        result: { XBTUSDT: Array<Array<string>> }
      }
      const rows = result.XBTUSDT.map(([time, open, high, low, close, , volume]) => [
        Number(time) * 1_000,
        ...[open, high, low, close, volume].map(Number)
      ])
      return find(fromRows(rows), { calendar: "24/7", timeframe: "1m" })
    })
  )

  it.effect("a year of EUR/USD is told in the clock of its broker: two hours from UTC in winter, three in summer", () =>
    Effect.sync(() => {
      const rows = csv("structure/EURUSD_15M.csv").map(([time, open, high, low, close, ticks]) => [
        Date.parse(time!.replace(/(.+)\.(.+)\.(.+) (.+)/, "$1-$2-$3T$4Z")),
        ...[open, high, low, close, ticks].map(Number)
      ])
      assert.lengthOf(rows, 24_424)
      const found = find(fromRows(rows), { calendar: "24/5", timeframe: "15m" })
      assert.deepStrictEqual(
        found.map(({ figures, interval, kind }) => [
          kind,
          figures["hours"],
          new Date(interval.from).toISOString().slice(0, 10)
        ]),
        [
          ["timezone-shift", 3, "2022-10-10"],
          ["timezone-shift", 2, "2022-10-31"],
          ["timezone-shift", 3, "2023-03-27"]
        ]
      )
    })
  )
})
