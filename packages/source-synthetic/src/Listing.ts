/**
 * Which options are listed on a date: their expiries and strikes.
 *
 * Expiries are sessions. An index or a fund of one has an option for each of
 * the next ten sessions; what trades around the clock has one for today and
 * the next three days; everything has Fridays for eight weeks, and a month's
 * main expiry for a year: its third Friday, around the clock its last. One
 * that falls on a holiday is moved to the session before.
 *
 * Strikes lie on a grid of the price that the expiry was listed at, whatever
 * the price is now: fine near it, coarser further out.
 */
import { type Calendar, Instant } from "@tidemark/core"
import { Option } from "effect"

const millisPerDay = 86_400_000

/** Days since 1970-01-01. */
type Day = number

export interface Expiry {
  readonly day: Day
  readonly kind: "daily" | "weekly" | "monthly"
  /** When it was listed; about, for a daily one. */
  readonly listed: Day
}

export const dayOf = (date: string): Day => Option.getOrThrow(Instant.parse(date)) / millisPerDay

/** 0 Monday … 6 Sunday. */
const weekday = (day: Day): number => (((day + 3) % 7) + 7) % 7
const friday = 4
const dayOfMonth = (day: Day): number => Number(Instant.formatDate(day * millisPerDay).slice(8))

const daysListed = { daily: 21, weekly: 56, monthly: 365 } as const
const dailySessions = 10
/** Besides today. */
const dailyDaysAroundTheClock = 3
/** Longer than any market was closed. */
const closedDays = 14

/** Ascending; none lies before `today`. */
export const expiries = (calendar: Calendar.Calendar, today: Day, hasDailies: boolean): ReadonlyArray<Expiry> => {
  const aroundTheClock = calendar.id === "24/7"
  const from = (today - closedDays) * millisPerDay
  const to = (today + daysListed.monthly + 7) * millisPerDay
  const days = calendar.sessions({ from, to }).map(({ date }) => dayOf(date))
  const known = new Set(days)
  const atOrBefore = (day: Day): Day => {
    for (let at = day; at > day - closedDays; at--) if (known.has(at)) return at
    return day
  }
  const found = new Map<Day, Expiry["kind"]>()
  const coming = days.filter((day) => day >= today)
  for (const day of hasDailies ? coming.slice(0, aroundTheClock ? dailyDaysAroundTheClock + 1 : dailySessions) : []) {
    found.set(day, "daily")
  }
  for (let day = today + ((friday - weekday(today) + 7) % 7); day <= today + daysListed.monthly; day += 7) {
    const inMonth = dayOfMonth(day)
    const isMonthly = aroundTheClock ? dayOfMonth(day + 7) < inMonth : inMonth > 14 && inMonth <= 21
    const session = atOrBefore(day)
    if (session < today || !(isMonthly || day < today + daysListed.weekly)) continue
    found.set(session, isMonthly ? "monthly" : "weekly")
  }
  return [...found].map(([day, kind]) => ({ day, kind, listed: day - daysListed[kind] })).sort((a, b) => a.day - b.day)
}

const mantissas = [1, 2.5, 5] as const

/** Number `index` of …, 0.5, 1, 2.5, 5, 10, 25, …; exact wherever that number is. */
const rung = (index: number): number => {
  const decade = Math.floor(index / 3)
  const mantissa = mantissas[index - 3 * decade]!
  return decade < 0 ? mantissa / 10 ** -decade : mantissa * 10 ** decade
}

/** The largest rung at or below a size. */
const rungBelow = (size: number): number => {
  let index = 3 * Math.floor(Math.log10(size))
  while (rung(index + 1) <= size) index++
  return index
}

/** Of the price: that of a fund or an index, and of everything else. */
const fineShare = 0.0025
const shareOfOthers = 0.0125
/** Strikes above and below, each, on the fine grid, the coarse one and the widest. */
const strikesOf = { fine: 16, coarse: 12, widest: 8 } as const

export interface Grid {
  readonly fine: number
  /** A multiple of the fine one. */
  readonly coarse: number
  /** A multiple of the coarse one. */
  readonly widest: number
}

export const grid = (listedAt: number, isFine: boolean): Grid => {
  const index = rungBelow(listedAt * (isFine ? fineShare : shareOfOthers))
  return { fine: rung(index), coarse: rung(index + 2), widest: rung(index + 4) }
}

/** Strikes around a price as far as `far`, a share of it in the logarithm; ascending. */
export const strikes = ({ coarse, fine, widest }: Grid, price: number, far: number): ReadonlyArray<number> => {
  const perCoarse = Math.round(coarse / fine)
  const perWidest = Math.round(widest / fine)
  const side = (direction: 1 | -1): ReadonlyArray<number> => {
    const out: Array<number> = []
    const most = strikesOf.fine + strikesOf.coarse + strikesOf.widest
    for (let i = Math.floor(price / fine) + (direction > 0 ? 1 : 0); out.length < most && i > 0; i += direction) {
      const isOnGrid =
        out.length < strikesOf.fine ||
        i % (out.length < strikesOf.fine + strikesOf.coarse ? perCoarse : perWidest) === 0
      // Rungs have few digits: a division gives the decimal number itself, where a multiplication might not.
      const strike = fine < 1 ? i / Math.round(1 / fine) : i * fine
      if (direction * Math.log(strike / price) > far) break
      if (isOnGrid) out.push(strike)
    }
    return out
  }
  return [...side(-1).toReversed(), ...side(1)]
}
