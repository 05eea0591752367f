/** Prices of a market that never closes, and of one that does, from a seed. */
import { Calendars } from "@tidemark/calendars"
import { Candles, type Gamma, type Timeframe } from "@tidemark/core"
import type { Traps } from "@tidemark/gamma"

/** Uniform in [0, 1), the same for the same seed (mulberry32). */
export const random = (seed: number) => {
  let state = seed >>> 0
  return (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A walk over these opens; every so often one is missing. */
export const walk = (openTime: Float64Array, next: () => number, holes = 0): Candles.Candles => {
  const all = Candles.allocate(openTime.length)
  let price = 100
  let drift = 0
  for (let i = 0; i < openTime.length; i++) {
    if (next() < 0.05) drift = (next() - 0.5) / 50
    const close = price * Math.exp(drift + 0.02 * (next() - 0.5))
    all.openTime[i] = openTime[i]!
    all.open[i] = price
    all.close[i] = close
    all.high[i] = Math.max(price, close) * (1 + 0.01 * next())
    all.low[i] = Math.min(price, close) * (1 - 0.01 * next())
    all.volume[i] = 1_000 * (0.5 + next()) * (next() < 0.1 ? 4 : 1)
    price = close
  }
  return Candles.pick(
    all,
    [...openTime.keys()].filter(() => next() >= holes)
  )
}

/** The last close of any timeframe by a moment. */
const priceOf =
  (calendar: Traps.Market.Prices["calendar"], candles: Traps.Market.Prices["candles"]) =>
  (at: number): Traps.Market.Price | undefined => {
    let found: Traps.Market.Price | undefined
    for (const [timeframe, { close, openTime }] of Object.entries(candles)) {
      const closeOf = (row: number) => calendar.closeOf(timeframe as Timeframe.Timeframe, openTime[row]!)
      let row = openTime.length - 1
      while (row >= 0 && closeOf(row) > at) row--
      if (row >= 0 && !(found !== undefined && found.at >= closeOf(row))) {
        found = { price: close[row]!, at: closeOf(row) }
      }
    }
    return found
  }

const dayMillis = 86_400_000

/** All timeframes and `^VIX` over so many days from `from`. */
export const prices = (
  id: "24/7" | "XNYS",
  from: number,
  days: number,
  seed: number,
  holes = 0,
  timeframes: ReadonlyArray<(typeof Gamma.rsiTimeframes)[number]> = ["5m", "15m", "1h", "4h", "1d"]
): Traps.Market.Prices => {
  const next = random(seed)
  const calendar = Calendars.get(id)
  const interval = { from, to: from + days * dayMillis }
  const xnys = Calendars.get("XNYS")
  const candles = Object.fromEntries(
    timeframes.map((timeframe) => [timeframe, walk(calendar.openTimes(timeframe, interval), next, holes)])
  )
  return {
    calendar,
    candles,
    vix: { calendar: xnys, daily: walk(xnys.openTimes("1d", interval), next, holes) },
    priceAt: priceOf(calendar, candles)
  }
}

/** Only candles that had closed at `at`: what anybody could have had then. */
export const until = (prices: Traps.Market.Prices, at: number): Traps.Market.Prices => {
  const cut = (calendar: Traps.Market.Prices["calendar"], timeframe: Timeframe.Timeframe, candles: Candles.Candles) =>
    Candles.pick(
      candles,
      [...candles.openTime.keys()].filter((row) => calendar.closeOf(timeframe, candles.openTime[row]!) <= at)
    )
  const candles = Object.fromEntries(
    Object.entries(prices.candles).map(([timeframe, candles]) => [
      timeframe,
      cut(prices.calendar, timeframe as Timeframe.Timeframe, candles)
    ])
  )
  return {
    calendar: prices.calendar,
    candles,
    vix: prices.vix && { calendar: prices.vix.calendar, daily: cut(prices.vix.calendar, "1d", prices.vix.daily) },
    priceAt: priceOf(prices.calendar, candles)
  }
}
