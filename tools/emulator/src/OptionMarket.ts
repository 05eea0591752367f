/**
 * The options of a share or an index as an emulator's providers serve them:
 * priced from its own prices with a simple smile, deterministic, and all that
 * is listed at a moment. Each provider shows of it what the real one does.
 *
 * A symbol with `^` is an index: its weeklies have a root of their own, as
 * SPXW has. Expirations are those of the next four weeks and the third
 * Fridays of three months; strikes go from 0.7 to 1.3 of the spot.
 */
import type { Instant } from "@tidemark/core"
import { OccSymbol } from "@tidemark/core"
import { BlackScholes } from "@tidemark/gamma"
import { calendar, type Equity } from "./Equity.ts"
import type { Fault } from "./Fault.ts"

export interface Quote {
  readonly symbol: OccSymbol.OccSymbol
  /** As OCC writes it. */
  readonly name: string
  /** Prices in cents that end with 0 or 5. */
  readonly bid: number
  readonly ask: number
  readonly last: number
  readonly volume: number
  readonly openInterest: number
  readonly volatility: number
  readonly delta: number
  readonly gamma: number
  readonly theta: number
  readonly vega: number
}

export interface Market {
  /** When the newest trade was. */
  readonly at: Instant.EpochMillis
  readonly spot: number
  /** Days since 1970-01-01, ascending. */
  readonly expiries: ReadonlyArray<number>
  /** Ascending by expiry and strike, the call before the put. */
  readonly quotes: ReadonlyArray<Quote>
}

const dayMillis = 86_400_000
const yearMillis = 365 * dayMillis
const minuteMillis = 60_000

const round = (value: number, step: number): number => Number((Math.round(value / step) * step).toFixed(4))

/** Whether the week that ends with a Friday has the third one of its month. */
const isMonthly = (day: number): boolean => {
  // 1970-01-02 was a Friday.
  const friday = day + ((((1 - day) % 7) + 7) % 7)
  const dayOfMonth = new Date(friday * dayMillis).getUTCDate()
  return dayOfMonth >= 15 && dayOfMonth <= 21
}

/** The last session of each week that matters, by its day. */
const expirations = (now: Instant.EpochMillis): ReadonlyMap<number, Instant.EpochMillis> => {
  const byWeek = new Map<number, { readonly day: number; readonly close: Instant.EpochMillis }>()
  for (const { close, date } of calendar.sessions({ from: now, to: now + 100 * dayMillis })) {
    if (close <= now) continue
    const day = OccSymbol.dayOf(date)!
    byWeek.set(Math.floor((day + 3) / 7), { day, close })
  }
  const weeks = [...byWeek.values()]
  return new Map(weeks.flatMap(({ close, day }, i) => (i < 4 || isMonthly(day) ? [[day, close] as const] : [])))
}

/** Of the newest minute that has closed. */
const priceAt = (equity: Equity, now: Instant.EpochMillis) => {
  const open = calendar.openAtOrBefore("1d", now - minuteMillis)
  const minutes = equity.candles("1m", { from: open, to: now - minuteMillis + 1 })
  const last = minutes.openTime.at(-1)
  return last === undefined ? undefined : { at: last + minuteMillis, spot: minutes.close.at(-1)! }
}

/** A step of strikes such as exchanges have, about a fiftieth of the spot. */
const stepOf = (spot: number): number => {
  const scale = 10 ** Math.floor(Math.log10(spot / 50))
  return [1, 2.5, 5, 10].map((factor) => factor * scale).find((step) => step >= spot / 50)!
}

/** `undefined` where the share has no price yet. */
export const make = (equity: Equity, now: Instant.EpochMillis): Market | undefined => {
  const price = priceAt(equity, now)
  if (price === undefined) return undefined
  const { at, spot } = price
  const root = equity.symbol.replace(/^\^/, "")
  const step = stepOf(spot)
  const strikes: Array<number> = []
  for (let strike = Math.ceil((0.7 * spot) / step); strike <= (1.3 * spot) / step; strike++)
    strikes.push(round(strike * step, 0.001))
  const quotes: Array<Quote> = []
  const closes = expirations(now)
  for (const [expiry, close] of closes) {
    const years = Math.max(close - at, minuteMillis) / yearMillis
    for (const strike of strikes) {
      const moneyness = Math.log(strike / spot)
      const volatility = round(0.2 - 0.15 * moneyness + 0.9 * moneyness ** 2, 0.0001)
      for (const isCall of [true, false]) {
        const symbol = {
          root: equity.symbol.startsWith("^") && !isMonthly(expiry) ? `${root}W` : root,
          expiry,
          strike,
          isCall
        }
        const greeks = BlackScholes.greeks({ spot, strike, years, volatility }, isCall)
        // Most is open at the money, and on the round strikes out of it.
        const crowd = Math.exp(-((moneyness / 0.1) ** 2)) + (strike % (step * 5) === 0 ? 0.5 : 0)
        const openInterest = Math.round(5_000 * crowd * (isCall === moneyness >= 0 ? 1 : 0.4))
        const half = Math.max(0.05, 0.01 * greeks.price)
        quotes.push({
          symbol,
          name: OccSymbol.encode(symbol),
          bid: Math.max(0, round(greeks.price - half, 0.05)),
          ask: round(greeks.price + half, 0.05),
          last: round(greeks.price, 0.01),
          volume: Math.round(openInterest / 7),
          openInterest,
          volatility,
          delta: round(greeks.delta, 0.0001),
          gamma: round(greeks.gamma, 0.0001),
          theta: round(greeks.theta / 365, 0.0001),
          vega: round(greeks.vega / 100, 0.0001)
        })
      }
    }
  }
  return { at, spot: round(spot, 0.0001), expiries: [...closes.keys()], quotes }
}

/** Rows of a provider after a fault of the data, where `bid` is what the provider calls the bid. */
export const spoil = (
  rows: ReadonlyArray<Readonly<Record<string, unknown>>>,
  bid: string,
  fault: Fault | undefined
): unknown => {
  switch (fault?._tag) {
    case "Empty":
      return []
    case "NonArray":
      return {}
    case "Duplicates":
      return rows.flatMap((row, i) => (i % 3 === 0 ? [row, row] : [row]))
    case "OutOfOrder":
      return rows.toReversed()
    case "WrongTypes": {
      const wrong = { number: 1, null: null, text: "abc" }[fault.as ?? "text"]
      return rows.map((row, i) => (i === 0 ? { ...row, [bid]: wrong } : row))
    }
    default:
      return rows
  }
}
