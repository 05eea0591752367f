import { assert, describe, it } from "@effect/vitest"
import { Calendars } from "@tidemark/calendars"
import { Instant, Instrument, type OptionChain, type Source } from "@tidemark/core"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { plugin } from "../src/index.ts"
import * as Market from "../src/Market.ts"
import * as OptionChains from "../src/OptionChains.ts"
import * as Pricing from "../src/Pricing.ts"
import * as Rig from "./Rig.ts"

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

const subject = (symbol: string): Source.Subject => {
  const assetClass = Instrument.assetClassOf(symbol)
  return { symbol, assetClass, calendar: Calendars.get(Instrument.calendarOf(assetClass)) }
}

const instant = (at: number | string): number => (typeof at === "number" ? at : Date.parse(at))

const chain = (source: Source.Source, symbol: string, at: number | string) =>
  Effect.andThen(TestClock.setTime(Rig.now), source.optionChain!(subject(symbol), instant(at)))

const rows = ({ contracts }: OptionChain.OptionChain) => contracts.strike.keys()

const dateOf = (expiry: number): string => Instant.formatDate(expiry * day)

const expiriesOf = ({ contracts }: OptionChain.OptionChain): ReadonlyArray<string> => [
  ...new Set(Array.from(contracts.expiry, dateOf))
]

const key = ({ contracts }: OptionChain.OptionChain, i: number): string =>
  `${dateOf(contracts.expiry[i]!)} ${contracts.strike[i]} ${contracts.isCall[i] === 1 ? "C" : "P"}`

const interestOf = (of: OptionChain.OptionChain): ReadonlyMap<string, number> =>
  new Map(Array.from(rows(of), (i) => [key(of, i), of.contracts.openInterest[i]!]))

/** Dollars for a move of one percent, calls less puts, in the open. */
const netGex = ({ contracts, spot }: OptionChain.OptionChain): number => {
  let net = 0
  for (const [i, gamma] of contracts.gamma.entries()) {
    const size = gamma * contracts.openInterest[i]! * contracts.multiplier[i]! * spot * spot * 0.01
    net += contracts.isCall[i] === 1 ? size : -size
  }
  return net
}

const moments: ReadonlyArray<readonly [string, string]> = [
  ["SPY", "2024-03-07T15:00Z"],
  ["SPY", "2024-03-07T20:59:30Z"],
  ["SPY", "2024-03-10T12:00Z"],
  ["SPY", "2020-11-27T19:00Z"],
  ["^GSPC", "2024-03-07T15:00Z"],
  ["AAPL", "2023-07-03T17:30Z"],
  ["BTC/USDT", "2024-03-10T00:00:30Z"],
  ["DOGE/USDT", "2022-01-01T13:00Z"],
  ["AAPL", "1970-01-05T20:00Z"]
]

describe("synthetic option chains", () => {
  it.effect(
    "are the same in whatever order they are asked for, and others with another seed",
    Effect.fnUntraced(function* () {
      const source = yield* Rig.make()
      const first = yield* Effect.forEach(moments, ([symbol, at]) => chain(source, symbol, at))
      // More days than are remembered lie between two rounds.
      for (let i = 0; i < 12; i++) yield* chain(source, "AAPL", Date.parse("2019-03-01T18:00Z") + i * day)
      for (const [i, [symbol, at]] of [...moments.entries()].toReversed()) {
        assert.deepStrictEqual(yield* chain(source, symbol, at), first[i])
        assert.deepStrictEqual(yield* chain(yield* Rig.make(), symbol, at), first[i])
      }
      assert.notDeepEqual(yield* chain(yield* Rig.make(2), ...moments[0]!), first[0])
      // A golden contract: another one means that every chain that users saw changes.
      const { contracts } = first[0]!
      const i = [...rows(first[0]!)].findLast((row) => contracts.volume[row]! > 100)!
      const golden = ["expiry", "strike", "bid", "ask", "last", "volume", "openInterest", "impliedVolatility"] as const
      assert.deepStrictEqual(
        golden.map((name) => contracts[name][i]!),
        [19_986, 490, 9.46, 9.55, 9.5, 117, 4_909, 0.246_5]
      )
    })
  )

  it.effect(
    "look at no price that is to come",
    Effect.fnUntraced(function* () {
      for (const [symbol, at] of moments) {
        const { assetClass, calendar } = subject(symbol)
        const now = Date.parse(at)
        const market = Market.make(1, calendar)
        let looked = 0
        const past = (close: number) => {
          looked++
          assert.isAtMost(close, now, `${symbol} at ${at}: a close of ${new Date(close).toISOString()}`)
        }
        const blind: Market.Market = {
          candles: (of, like, timeframe, openTime) => {
            for (const open of openTime) past(calendar.closeOf(timeframe, open))
            return market.candles(of, like, timeframe, openTime)
          },
          history: (...asked) => {
            const history = market.history(...asked)
            const logClose = (index: number) => {
              past(calendar.closeOf("1d", history.opens[index]!))
              return history.logClose(index)
            }
            return { ...history, logClose }
          }
        }
        const quoted = OptionChains.make(calendar, blind).at(symbol, assetClass, now)
        const { contracts, spot } = yield* chain(yield* Rig.make(), symbol, at)
        assert.deepStrictEqual(quoted, { contracts, spot })
        assert.isAbove(looked, 2)
      }
    })
  )

  it.effect(
    "are of the price of the last minute that has closed, and of now unless a moment is named",
    Effect.fnUntraced(function* () {
      const source = yield* Rig.make()
      for (const [at, open] of [
        ["2024-03-07T15:00:59Z", "2024-03-07T14:59Z"],
        ["2024-03-07T15:01Z", "2024-03-07T15:00Z"],
        ["2024-03-09T12:00Z", "2024-03-08T20:59Z"]
      ] as const) {
        const { close } = yield* Rig.candles(source, Rig.request("SPY", "1m", open, Date.parse(open) + minute))
        const shown = yield* chain(source, "SPY", at)
        assert.strictEqual(shown.spot, close[0])
        assert.deepStrictEqual(
          [shown.symbol, shown.source, shown.at, shown.provenance, shown.unreadable],
          ["SPY", "synthetic", Date.parse(at), "synthetic", []]
        )
      }
      yield* TestClock.setTime(Rig.now)
      assert.deepStrictEqual(yield* source.optionChain!(subject("SPY")), yield* chain(source, "SPY", Rig.now))
    })
  )

  it.effect(
    "hold the same all day; overnight what is open changes a little, and grows as its expiry comes nearer",
    Effect.fnUntraced(function* () {
      const source = yield* Rig.make()
      const on = (date: string) => chain(source, "SPY", `${date}T14:35Z`)
      const first = yield* on("2024-03-05")
      for (const at of ["10:00", "14:29", "16:00", "18:30", "20:59", "21:30"]) {
        const later = yield* chain(source, "SPY", `2024-03-05T${at}Z`)
        for (const name of ["expiry", "strike", "isCall", "openInterest", "multiplier"] as const) {
          assert.isTrue(
            later.contracts[name].every((value, i) => value === first.contracts[name][i]),
            at
          )
        }
        assert.lengthOf(later.contracts.strike, first.contracts.strike.length)
      }
      const before = interestOf(first)
      const after = interestOf(yield* on("2024-03-06"))
      const both = [...before].filter(([name, open]) => open > 200 && after.has(name))
      assert.isAbove(both.length, 1_000)
      const changes = both.map(([name, open]) => Math.log(after.get(name)! / open))
      assert.isAbove(changes.filter((change) => change !== 0).length, 900)
      const sizes = changes.map(Math.abs).toSorted((a, b) => a - b)
      assert.isAtMost(sizes[sizes.length >> 1]!, 0.2)
      assert.isAtMost(sizes.at(-1)!, 0.7)
      const month = "2024-03-15"
      const openOf = (of: OptionChain.OptionChain) =>
        Array.from(rows(of), (i) =>
          dateOf(of.contracts.expiry[i]!) === month ? of.contracts.openInterest[i]! : 0
        ).reduce((sum, open) => sum + open, 0)
      const growth = yield* Effect.forEach(["2023-09-05", "2023-12-05", "2024-03-05"], (date) =>
        Effect.map(on(date), openOf)
      )
      assert.deepStrictEqual(
        growth,
        growth.toSorted((a, b) => a - b)
      )
      assert.isAbove(growth[0]!, 0)
    })
  )

  it.effect(
    "trade from nothing at the open to the most at the close; what did not trade has no last price",
    Effect.fnUntraced(function* () {
      const source = yield* Rig.make()
      const day = yield* Effect.forEach(["14:00", "14:31", "16:00", "18:30", "20:59", "21:00", "23:00"], (at) =>
        chain(source, "SPY", `2024-03-05T${at}Z`)
      )
      assert.isTrue(day[0]!.contracts.volume.every((volume) => volume === 0))
      for (const [i, { contracts }] of day.entries()) {
        const { ask, bid, last, volume } = contracts
        const earlier = day[Math.max(0, i - 1)]!.contracts.volume
        const isRight = (traded: number, row: number) =>
          traded >= earlier[row]! &&
          (traded === 0 ? Number.isNaN(last[row]) : last[row]! >= bid[row]! && last[row]! <= ask[row]!)
        assert.isTrue(volume.every(isRight), `${i}`)
      }
      assert.deepStrictEqual(day[6]!.contracts.volume, day[5]!.contracts.volume)
      assert.isAbove(
        day[5]!.contracts.volume.reduce((sum, volume) => sum + volume, 0),
        100_000
      )
      const sunday = yield* chain(source, "SPY", "2024-03-10T12:00Z")
      assert.isTrue(sunday.contracts.volume.every((volume) => volume === 0))
    })
  )

  it.effect(
    "quote no arbitrage between bid and ask, call and put; all of a contract follows from its volatility",
    Effect.fnUntraced(function* () {
      const source = yield* Rig.make()
      const priced: Pricing.Priced = { call: 0, put: 0, delta: 0, gamma: 0 }
      for (const [symbol, at] of moments) {
        const { contracts: c, spot } = yield* chain(source, symbol, at)
        assert.strictEqual(c.strike.length % 2, 0)
        const wrong: Array<string> = []
        const expect = (holds: boolean, what: string, i: number) => {
          if (!holds) wrong.push(`${symbol} at ${at}, ${c.strike[i]}: ${what}`)
        }
        const slack = 1e-9 * spot
        const years = new Map([...new Set(c.expiry)].map((expiry) => [expiry, yearsTo(symbol, at, expiry)]))
        for (let call = 0; call < c.strike.length; call += 2) {
          const put = call + 1
          const forward = spot - c.strike[call]!
          expect(c.isCall[call] === 1 && c.isCall[put] === 0 && c.strike[call] === c.strike[put], "a pair", call)
          expect(c.impliedVolatility[put] === c.impliedVolatility[call], "one volatility", call)
          expect(c.ask[call]! - c.bid[put]! >= forward - slack, "parity from above", call)
          expect(c.bid[call]! - c.ask[put]! <= forward + slack, "parity from below", call)
        }
        for (const i of c.strike.keys()) {
          expect(c.bid[i]! >= 0 && c.bid[i]! < c.ask[i]!, "bid and ask", i)
          expect(c.impliedVolatility[i]! > 0.02 && c.impliedVolatility[i]! < 5, "volatility", i)
          const deviation = c.impliedVolatility[i]! * Math.sqrt(years.get(c.expiry[i]!)!)
          Pricing.price(spot, c.strike[i]!, Math.log(c.strike[i]! / spot), deviation, priced)
          const worth = c.isCall[i] === 1 ? priced.call : priced.put
          const delta = c.isCall[i] === 1 ? priced.delta : priced.delta - 1
          expect(worth >= c.bid[i]! - slack && worth <= c.ask[i]! + slack, "the price of its volatility", i)
          expect(Math.abs(c.gamma[i]! - priced.gamma) < 0.6e-6, "the gamma of its volatility", i)
          expect(Math.abs(c.delta[i]! - delta) < 0.6e-4, "the delta of its volatility", i)
        }
        assert.deepStrictEqual(wrong, [])
        // The put side of a smile is the higher one.
        const far = [...c.strike.keys()].filter((i) => c.expiry[i] === c.expiry.at(-1))
        assert.isAbove(c.impliedVolatility[far[0]!]!, c.impliedVolatility[far.at(-1)!]!)
      }
    })
  )

  it.effect(
    "are listed as such markets list them: sessions only, dailies of funds, third Fridays, around the clock last ones",
    Effect.fnUntraced(function* () {
      const source = yield* Rig.make()
      const spy = yield* chain(source, "SPY", "2025-03-10T15:00Z")
      const sessions = new Set(
        Calendars.get("XNYS")
          .sessions({ from: Date.parse("2025-03-10"), to: Date.parse("2026-04-01") })
          .map(({ date }) => date)
      )
      const dates = expiriesOf(spy)
      assert.isTrue(dates.every((date) => sessions.has(date)))
      assert.deepStrictEqual(dates, dates.toSorted())
      assert.deepStrictEqual(dates.slice(0, 10), [...sessions].slice(0, 10))
      // The third Friday of April 2025 was Good Friday.
      assert.includeMembers([...dates], ["2025-03-21", "2025-04-17", "2025-05-16", "2025-12-19", "2026-02-20"])
      assert.notInclude(dates, "2025-04-18")
      assert.isTrue(spy.contracts.strike.every((strike) => Number.isInteger(2 * strike)))
      assert.isTrue(spy.contracts.strike.length > 2_000 && spy.contracts.strike.length < 4_000)
      assert.deepStrictEqual(expiriesOf(yield* chain(source, "SPY", "2025-03-15T12:00Z"))[0], "2025-03-17")
      assert.deepStrictEqual(expiriesOf(yield* chain(source, "SPY", "2025-03-10T23:00Z"))[0], "2025-03-10")
      const shares = expiriesOf(yield* chain(source, "AAPL", "2025-03-10T15:00Z"))
      assert.deepStrictEqual(shares.slice(0, 3), ["2025-03-14", "2025-03-21", "2025-03-28"])
      const index = yield* chain(source, "^GSPC", "2025-03-10T15:00Z")
      const roots = new Map(
        Array.from(rows(index), (i) => [dateOf(index.contracts.expiry[i]!), index.contracts.root[i]!])
      )
      assert.deepStrictEqual([roots.get("2025-03-21"), roots.get("2025-03-14")], ["SPX", "SPXW"])
      const bitcoin = yield* chain(source, "BTC/USDT", "2025-03-10T15:00Z")
      assert.deepStrictEqual(expiriesOf(bitcoin).slice(0, 5), [
        "2025-03-10",
        "2025-03-11",
        "2025-03-12",
        "2025-03-13",
        "2025-03-14"
      ])
      assert.include(expiriesOf(bitcoin), "2025-12-26")
      assert.isTrue(bitcoin.contracts.multiplier.every((multiplier) => multiplier === 1))
    })
  )

  it.effect(
    "of SPY make dealers long gamma most of the time and short after falls, by a few billion dollars",
    Effect.fnUntraced(function* () {
      const calendar = Calendars.get("XNYS")
      const nets: Array<number> = []
      const trends: Array<number> = []
      for (const [seed, year] of [
        [1, 2019],
        [2, 2022]
      ] as const) {
        const source = yield* Rig.make(seed)
        const sessions = calendar.sessions({ from: Date.UTC(year, 0, 1), to: Date.UTC(year + 1, 0, 1) })
        const closes: Array<number> = []
        for (const { close } of sessions) {
          const shown = yield* chain(source, "SPY", close - hour)
          closes.push(shown.spot)
          nets.push(netGex(shown))
          trends.push(Math.log(shown.spot / closes[Math.max(0, closes.length - 20)]!))
        }
      }
      const share = nets.filter((net) => net > 0).length / nets.length
      assert.isTrue(share > 0.6 && share < 0.97, `positive: ${share}`)
      const sizes = nets.map(Math.abs).toSorted((a, b) => a - b)
      const median = sizes[sizes.length >> 1]!
      assert.isTrue(median > 1e9 && median < 1e10, `median size: ${median}`)
      assert.isBelow(sizes.at(-1)!, 4e10)
      const mean = (values: ReadonlyArray<number>) => values.reduce((sum, value) => sum + value, 0) / values.length
      const after = (isIt: (trend: number) => boolean) => mean(nets.filter((_, i) => isIt(trends[i]!)))
      assert.isBelow(
        after((trend) => trend < -0.05),
        after((trend) => trend > 0) - 2e9
      )
      const flips = nets.filter((net, i) => i > 0 && net * nets[i - 1]! < 0).length
      assert.isTrue(flips >= 4 && flips < 80, `flips: ${flips}`)
    }),
    60_000
  )

  it.effect(
    "are refused where there can be none",
    Effect.fnUntraced(function* () {
      const source = yield* Rig.make()
      const reasonOf = (symbol: string, at: number) =>
        Effect.map(Effect.flip(chain(source, symbol, at)), ({ reason }) => reason._tag)
      assert.strictEqual(yield* reasonOf("EUR/USD", Rig.now), "Unsupported")
      assert.strictEqual(yield* reasonOf("SPY", Rig.now + 1), "Unsupported")
      assert.strictEqual(yield* reasonOf("SPY", -day), "RetentionLimit")
      assert.deepStrictEqual(plugin.capabilities.options, {
        delayMillis: 0,
        history: true,
        computes: ["impliedVolatility", "gamma"]
      })
    })
  )

  it("are priced as the formula says", () => {
    const priced: Pricing.Priced = { call: 0, put: 0, delta: 0, gamma: 0 }
    Pricing.price(100, 100, 0, 0.2, priced)
    assert.closeTo(priced.call, 7.965_567_455_405_8, 1e-9)
    assert.closeTo(priced.put, priced.call, 1e-12)
    assert.closeTo(priced.delta, 0.539_827_837_277_029, 1e-12)
    assert.closeTo(priced.gamma, 0.019_847_627_373_85, 1e-12)
    assert.closeTo(Pricing.cumulative(-1.96), 0.024_997_895_148_22, 1e-12)
  })
})

/** Mondays to Fridays of 262 a year, around the clock days of 365; never less than one. */
const yearsTo = (symbol: string, at: string, expiry: number): number => {
  const { calendar } = subject(symbol)
  const local = new Intl.DateTimeFormat("sv-SE", { timeZone: calendar.timeZone }).format(Date.parse(at))
  const today = Date.parse(local) / day
  if (calendar.id === "24/7") return Math.max(1, expiry - today) / 365
  let days = 0
  for (let on = today; on < expiry; on++) if (![0, 6].includes(new Date(on * day).getUTCDay())) days++
  return Math.max(1, days) / 262
}
