/**
 * The contracts of a chain that count, and what became of the others.
 *
 * Each contract has one fate, the first that is true of it: malformed,
 * a duplicate, expired, without open interest, without a volatility, without a
 * spot, kept. The counts add up to the contracts of the chain.
 */
import type * as Day from "@tidemark/calendars/Day"
import { type Calendar, type Gamma, type Instant, OptionChain } from "@tidemark/core"
import * as Conventions from "./Conventions.ts"
import * as Expiry from "./Expiry.ts"
import * as ImpliedVolatility from "./ImpliedVolatility.ts"
import * as Repricing from "./Repricing.ts"

/**
 * Where a contract's gamma is from; methods never mix.
 *
 * - `recomputed`: the formula at the provider's volatility.
 * - `implied`: the formula at the volatility that the middle of bid and ask
 *   implies. Both have to be above 0, the bid not above the ask. Nothing of
 *   what the provider computed is looked at.
 * - `vendor`: the provider's gamma, where it is above 0: a 0 may be one that
 *   was rounded or one that is not known, and adds nothing either way. The
 *   provider's volatility is used at other spots alone.
 */
export type Method = Exclude<Gamma.Method, "model">

export interface Options {
  readonly method: Method
  readonly calendar: Calendar.Calendar
  /** Default: those of the calendar. */
  readonly conventions?: Conventions.Conventions | undefined
  /** Default: that of the chain. */
  readonly spot?: number | undefined
}

/** A row a contract that is kept, in the order of the chain. */
export interface Columns extends Repricing.Columns {
  /** Days since 1970-01-01. */
  readonly expiry: Float64Array
  readonly openInterest: Float64Array
  /** 1 for a call, 0 for a put. */
  readonly isCall: Uint8Array
  /** Dollars for a move of one percent; puts are not above 0. */
  readonly exposure: Float64Array
}

/** What is open of contracts, a row each. */
export interface Open {
  /** Days since 1970-01-01. */
  readonly expiry: Float64Array
  readonly strike: Float64Array
  readonly openInterest: Float64Array
  /** 1 for a call, 0 for a put. */
  readonly isCall: Uint8Array
}

export interface Kept {
  readonly at: Instant.EpochMillis
  readonly today: Day.Day
  readonly session: string
  readonly hours: Gamma.Hours
  /** `NaN` where it is not known: then nothing is kept. */
  readonly spot: number
  readonly conventions: Conventions.Conventions
  /** `volatility` is `NaN` where the method is `vendor` and the provider's cannot be used. */
  readonly columns: Columns
  /** Contracts without a volatility (or, by a vendor's gamma, without one): they are open all the same. */
  readonly unpriced: Open
  readonly accounting: Gamma.Accounting
}

/** Dates that there are. */
const lastDay = 100_000_000

const isDate = (day: number): boolean => Number.isInteger(day) && Math.abs(day) <= lastDay

const isAbove0 = (value: number): boolean => value > 0 && value < Infinity

/** Tells a contract that was seen before: the same root, date, strike and side. */
const makeSeen = () => {
  const roots = new Map<string, Map<number, Map<number, number>>>()
  return (root: string, expiry: number, strike: number, isCall: number): boolean => {
    let dates = roots.get(root)
    if (dates === undefined) roots.set(root, (dates = new Map()))
    let strikes = dates.get(expiry)
    if (strikes === undefined) dates.set(expiry, (strikes = new Map()))
    const side = isCall === 1 ? 1 : 2
    const sides = strikes.get(strike) ?? 0
    strikes.set(strike, sides | side)
    return (sides & side) !== 0
  }
}

export const of = (chain: OptionChain.OptionChain, options: Options): Kept => {
  const { calendar, method } = options
  const conventions = options.conventions ?? Conventions.standard(calendar.id)
  const moment = Expiry.at(calendar, chain.at)
  const given = options.spot ?? chain.spot
  const spot = isAbove0(given) ? given : Number.NaN
  const { contracts } = chain
  const size = OptionChain.length(contracts)
  const counts = { expired: 0, noOpenInterest: 0, noVolatility: 0, malformed: 0, duplicates: 0, noSpot: 0, crossed: 0 }
  const isDuplicate = makeSeen()
  const column = () => new Float64Array(size)
  const [expiries, strikes, years, volatilities] = [column(), column(), column(), column()]
  const [shares, openInterests, gammas] = [column(), column(), column()]
  const sides = new Uint8Array(size)
  let kept = 0
  // From the end of the same columns backwards.
  let unpriced = size

  const volatilityOf = (i: number, time: number): number => {
    if (method !== "implied") {
      const theirs = contracts.impliedVolatility[i]!
      return Conventions.isUsable(theirs) ? theirs : Number.NaN
    }
    const [bid, ask] = [contracts.bid[i]!, contracts.ask[i]!]
    if (!(bid > 0 && bid <= ask && ask < Infinity)) return Number.NaN
    const { dividendYield, rate } = conventions
    // Whether there is one cannot be told without a spot; any stands for it.
    if (Number.isNaN(spot)) return ImpliedVolatility.highest
    const terms = { spot, strike: contracts.strike[i]!, years: time, rate, dividendYield }
    return ImpliedVolatility.of((bid + ask) / 2, terms, contracts.isCall[i] === 1) ?? Number.NaN
  }

  for (let i = 0; i < size; i++) {
    const [root, expiry, strike] = [contracts.root[i]!, contracts.expiry[i]!, contracts.strike[i]!]
    const [isCall, multiplier] = [contracts.isCall[i]!, contracts.multiplier[i]!]
    if (!isAbove0(strike) || !isDate(expiry) || !isAbove0(multiplier)) {
      counts.malformed++
      continue
    }
    if (isDuplicate(root, expiry, strike, isCall)) {
      counts.duplicates++
      continue
    }
    if (moment.isExpired(root, expiry)) {
      counts.expired++
      continue
    }
    const openInterest = contracts.openInterest[i]!
    if (!isAbove0(openInterest)) {
      counts.noOpenInterest++
      continue
    }
    const time = Conventions.yearsBetween(conventions.dayCount, moment.today, expiry)
    const volatility = volatilityOf(i, time)
    const gamma = contracts.gamma[i]!
    if (method === "vendor" ? !isAbove0(gamma) : Number.isNaN(volatility)) {
      counts.noVolatility++
      unpriced--
      expiries[unpriced] = expiry
      strikes[unpriced] = strike
      openInterests[unpriced] = openInterest
      sides[unpriced] = isCall
      continue
    }
    if (Number.isNaN(spot)) {
      counts.noSpot++
      continue
    }
    if (contracts.bid[i]! > contracts.ask[i]!) counts.crossed++
    expiries[kept] = expiry
    strikes[kept] = strike
    years[kept] = time
    volatilities[kept] = volatility
    shares[kept] = (isCall === 1 ? 1 : -1) * openInterest * multiplier
    openInterests[kept] = openInterest
    gammas[kept] = gamma
    sides[kept] = isCall
    kept++
  }

  const held: Repricing.Columns = {
    strike: strikes.subarray(0, kept),
    years: years.subarray(0, kept),
    volatility: volatilities.subarray(0, kept),
    shares: shares.subarray(0, kept)
  }
  return {
    at: chain.at,
    today: moment.today,
    session: moment.session,
    hours: moment.hours,
    spot,
    conventions,
    columns: {
      ...held,
      expiry: expiries.subarray(0, kept),
      openInterest: openInterests.subarray(0, kept),
      isCall: sides.subarray(0, kept),
      exposure:
        method === "vendor"
          ? held.shares.map((share, i) => share * gammas[i]! * spot * spot * Repricing.onePercent)
          : Repricing.each(Repricing.termsOf(held, conventions), spot)
    },
    unpriced: {
      expiry: expiries.subarray(unpriced),
      strike: strikes.subarray(unpriced),
      openInterest: openInterests.subarray(unpriced),
      isCall: sides.subarray(unpriced)
    },
    accounting: { contracts: size, kept, ...counts }
  }
}
