/**
 * What is listed and held of an underlying on one date, as of the night
 * before: it stays the same all day, and follows from closes that are past.
 *
 * Open interest gathers around the price, thickest at round strikes, and grows
 * as an expiry comes nearer. Calls are held above and puts below the price
 * that an expiry was listed at. After falls, and while the market is restless,
 * puts are held instead of calls: dealers are then short gamma, and long most
 * of the time. Every contract has a taste of its own, which changes slowly.
 */
import { type Calendar, Candles, type Instrument } from "@tidemark/core"
import * as Listing from "./Listing.ts"
import type { History } from "./Market.ts"
import * as Random from "./Random.ts"

export interface Board {
  readonly root: ReadonlyArray<string>
  readonly expiry: Float64Array
  readonly strike: Float64Array
  readonly logStrike: Float64Array
  readonly isCall: Uint8Array
  readonly years: Float64Array
  readonly openInterest: Float64Array
  /** Contracts that the whole session trades, not whole ones. */
  readonly dayVolume: Float64Array
  /** Uniform in (0, 1): where in the spread the last trade was. */
  readonly taste: Float64Array
  readonly multiplier: number
  /** Logarithm of the last close. */
  readonly logClose: number
  /** Of a year, over the last sessions that have closed. */
  readonly variance: number
  readonly sessionsPerYear: number
}

const millisPerDay = 86_400_000

/** Dollars, or whatever the quote is, that the open contracts of an underlying stand for. */
const knownNotional: Readonly<Record<string, number>> = {
  SPY: 3e11,
  QQQ: 1.5e11,
  IWM: 8e10,
  DIA: 1e10,
  "^GSPC": 6e11,
  "^NDX": 1e11,
  AAPL: 1e11,
  MSFT: 8e10,
  BTC: 1.5e10,
  ETH: 6e9
}
const notional: Readonly<Record<Instrument.AssetClass, number>> = { equity: 5e9, index: 5e10, crypto: 2e8, fx: 0 }
const funds: ReadonlySet<string> = new Set(["SPY", "QQQ", "IWM", "DIA"])
const indexRoots: Readonly<Record<string, string>> = { "^GSPC": "SPX", "^NDX": "NDX", "^RUT": "RUT", "^VIX": "VIX" }

/** Sessions that realised volatility and the trend look back, and what of a day is left in the next. */
const memory = 60
const decay = 0.92
const trendDecay = 0.95
/** Positions do not move with every day's price. */
const centerDecay = 0.8

/** Share of all open contracts that an expiry has as it comes, and the days in which that grows by e. */
const held = {
  daily: { share: 0.03, days: 10 },
  weekly: { share: 0.05, days: 40 },
  monthly: { share: 0.13, days: 120 }
} as const

/** Traded in a session, of what is open. */
const turnover = (days: number): number => 0.08 + 1.4 * Math.exp(-days / 1.5)

/** What of the contracts is calls above and puts below a price, and how sharply that divides them. */
const sided = 0.95
/** That price lies so far from where positions are, towards the one that the expiry was listed at … */
const listedWeight = 0.2
/** … and so many widths below. */
const dividedBelow = 0.12

/** How puts and calls are mixed: −1 all puts, 1 all calls. */
const mixOf = (trend: number, stress: number): number => Math.tanh(0.9 + 0.5 * trend - 0.9 * Math.max(0, stress))

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))

/** Mondays to Fridays from one day to another, which does not count. */
const weekdaysBetween = (from: number, to: number): number => {
  const before = (day: number) => {
    const weeks = Math.floor((day + 3) / 7)
    return weeks * 5 + Math.min(day + 3 - weeks * 7, 5)
  }
  return before(to) - before(from)
}

/** What expires today has a day. */
export const yearsUntil = (calendar: Calendar.CalendarId, today: number, expiry: number): number =>
  calendar === "24/7" ? Math.max(1, expiry - today) / 365 : Math.max(1, weekdaysBetween(today, expiry)) / 262

/** Variance of a year, around which price contracts are held, and how far the last close lies above its average, in deviations of a month. */
const lookBack = ({ logClose, profile }: History, last: number, sessionsPerYear: number) => {
  const long = profile.annualVolatility
  const first = Math.max(0, last - memory)
  let variance = long * long
  let before = logClose(first)
  let average = before
  let center = before
  for (let i = first + 1; i <= last; i++) {
    const now = logClose(i)
    const move = now - before
    variance = decay * variance + (1 - decay) * move * move * sessionsPerYear
    average = trendDecay * average + (1 - trendDecay) * now
    center = centerDecay * center + (1 - centerDecay) * now
    before = now
  }
  return { variance, trend: (before - average) / (long * Math.sqrt(1 / 12)), center, logClose: before }
}

export const make = (
  calendar: Calendar.Calendar,
  history: History,
  symbol: string,
  assetClass: Instrument.AssetClass,
  today: number
): Board => {
  const { opens, profile } = history
  const sessionBefore = (day: number) => Candles.lowerBound(opens, day * millisPerDay) - 1
  const last = sessionBefore(today)
  const sessionsPerYear = calendar.id === "24/7" ? 365 : 252
  const { center, logClose, trend, variance } = lookBack(history, last, sessionsPerYear)
  const long = profile.annualVolatility
  const mix = mixOf(trend, Math.sqrt(variance) / long - 1)
  const [base] = symbol.split(/[/:]/) as [string]
  const isFine = assetClass === "index" || funds.has(base)
  const multiplier = assetClass === "crypto" ? 1 : 100
  const price = Math.exp(logClose)
  const middle = Math.exp(center)
  const total = (knownNotional[base] ?? notional[assetClass]) / (multiplier * Math.exp(profile.logBase))
  const name = indexRoots[base] ?? base.replace(/^\^/, "")

  const root: Array<string> = []
  const expiry: Array<number> = []
  const strike: Array<number> = []
  const isCall: Array<number> = []
  const years: Array<number> = []
  const openInterest: Array<number> = []
  const dayVolume: Array<number> = []
  const taste: Array<number> = []
  // An epoch of ten sessions: what a contract is liked for goes from one value to the next over it.
  const epoch = Math.floor(last / 10)
  const within = (last - epoch * 10) / 10

  for (const { day, kind, listed } of Listing.expiries(calendar, today, isFine || assetClass === "crypto")) {
    const time = yearsUntil(calendar.id, today, day)
    const listedAt = Math.exp(history.logClose(Math.max(0, Math.min(last, sessionBefore(listed)))))
    const grid = Listing.grid(listedAt, isFine)
    const width = 0.02 + 1.4 * long * Math.sqrt(Math.max(time, 5 / 262))
    const divide = listedAt ** listedWeight * middle ** (1 - listedWeight) * Math.exp(-dividedBelow * width)
    const deviation = Math.max(Math.sqrt(variance), long) * Math.sqrt(time)
    const chosen = Listing.strikes(grid, price, 0.05 + 3 * deviation)
    const { days, share } = held[kind]
    const open = (total * share * Math.exp(-(day - today) / days) * grid.fine) / (middle * width * 2.5)
    const key = Random.at(Random.at(profile.key, -100), day)
    const traded = turnover(day - today)
    const isWeekly = assetClass === "index" && kind !== "monthly"
    for (const level of chosen) {
      const distance = Math.log(level / middle) / width
      const bell = Math.exp(-0.5 * distance * distance) + 0.06 * Math.exp(-Math.abs(distance))
      // Further out there are fewer strikes for as much.
      const gap = 1 + Math.min(4, Math.max(0, Math.abs(distance * width) - 0.03) / 0.04)
      const above = sigmoid(Math.log(level / divide) / (0.02 + 0.15 * width))
      const steps = Math.round(level / grid.fine)
      const round = steps % 50 === 0 ? 4 : steps % 10 === 0 ? 2.6 : steps % 5 === 0 ? 1.7 : 1
      for (let call = 1; call >= 0; call--) {
        const hash = Random.at(key, 2 * Math.round(level * 1_000) + call)
        const slow =
          (1 - within) * Random.normals[Random.at(hash, epoch) >>> 20]! +
          within * Random.normals[Random.at(hash, epoch + 1) >>> 20]!
        const liked = Math.exp(0.4 * Random.normals[hash >>> 20]! + 0.2 * slow)
        const side = 1 - sided + sided * (call === 1 ? above : 1 - above)
        const mixed = 1 + (call === 1 ? 0.18 : -0.18) * mix
        const interest = Math.round(open * bell * gap * round * side * mixed * liked)
        const drawn = Random.at(hash, -1 - last)
        root.push(isWeekly ? `${name}W` : name)
        expiry.push(day)
        strike.push(level)
        isCall.push(call)
        years.push(time)
        openInterest.push(interest)
        dayVolume.push(interest * traded * Random.lognormals[drawn >>> 20]!)
        taste.push(((drawn & 1_023) + 0.5) / 1_024)
      }
    }
  }
  const strikes = Float64Array.from(strike)
  return {
    root,
    expiry: Float64Array.from(expiry),
    strike: strikes,
    logStrike: strikes.map(Math.log),
    isCall: Uint8Array.from(isCall),
    years: Float64Array.from(years),
    openInterest: Float64Array.from(openInterest),
    dayVolume: Float64Array.from(dayVolume),
    taste: Float64Array.from(taste),
    multiplier,
    logClose,
    variance,
    sessionsPerYear
  }
}
