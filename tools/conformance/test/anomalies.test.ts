/** What the detectors say of real markets: the known bad tick, and nothing of crashes, half days and quiet minutes. */
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
      const found = find(yield* monday, { calendar: "XNYS", timeframe: "1m" })
      const spikes = told(found.filter(({ kind }) => kind === "price-spike"))
      assert.lengthOf(spikes, 1)
      assert.include(spikes[0], "2014-06-09T08:00:00.000Z 645.57 is 6.98 times above the prices around it")
      const others = found.filter(({ kind }) => kind !== "price-spike")
      // Before the session and after it.
      assert.deepStrictEqual(
        others.map(({ evidence }) => evidence.replace(/^\d+/, "…")),
        ["… candles open outside of the sessions of the market", "… candles open outside of the sessions of the market"]
      )
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
  none(
    "SPY's 23 years with two crashes have none",
    Effect.map(
      Lean.read("equities/lean-spy-1d.zip", (time) => openOf(time.slice(0, 8).replace(/(....)(..)(..)/, "$1-$2-$3"))),
      (candles) => find(candles, { calendar: "XNYS", timeframe: "1d" })
    )
  )
  none(
    "a sparse day of a young market has none",
    Effect.map(
      Lean.read("coinbase/lean-coinbase-btcusd-1m-20161008-sparse.zip", Lean.sinceMidnight("2016-10-08", "UTC"), 1),
      (candles) => find(candles, { calendar: "24/7", timeframe: "1m" })
    )
  )
  none(
    "the S&P 500 from 2000 to 2020 has none",
    Effect.sync(() => {
      const rows = Data.text("regimes/sp500-2000.csv").trim().split("\n").slice(1)
      const candles = Candles.allocate(rows.length)
      for (const [i, row] of rows.entries()) {
        const [date, open, high, low, close, , volume] = row.split(",")
        candles.openTime[i] = openOf(date!)
        candles.open[i] = Number(open)
        candles.high[i] = Number(high)
        candles.low[i] = Number(low)
        candles.close[i] = Number(close)
        candles.volume[i] = Number(volume)
      }
      return find(candles, { calendar: "XNYS", timeframe: "1d" })
    })
  )
})
