/**
 * Prices and greeks of European options.
 *
 * Source: F. Black, M. Scholes (1973) and R. C. Merton (1973), with a
 * continuous dividend yield: d1 = [ln(S/K) + (r − q + σ²/2)T] / (σ√T),
 * d2 = d1 − σ√T, Γ = e^{−qT} φ(d1) / (S σ √T).
 *
 * Rates and yields are shares a year, continuously compounded; volatility is a
 * share a year; time is in years.
 */
import * as Normal from "./Normal.ts"

export interface Terms {
  readonly spot: number
  readonly strike: number
  readonly years: number
  readonly volatility: number
  /** Default: 0. */
  readonly rate?: number | undefined
  /** Default: 0. */
  readonly dividendYield?: number | undefined
}

export interface Greeks {
  /** Of one share. */
  readonly price: number
  /** Change of the price with the spot. */
  readonly delta: number
  /** Change of delta with the spot. */
  readonly gamma: number
  /** Change of the price with time as it passes, a year. */
  readonly theta: number
  /** Change of the price with volatility: a hundredth of it is that of one point. */
  readonly vega: number
  /** Change of the price with the rate: a hundredth of it is that of one point. */
  readonly rho: number
}

/** Whether there is a price at all: spot, strike, time and volatility are numbers above 0. */
export const isPriced = ({ spot, strike, volatility, years }: Terms): boolean =>
  spot > 0 && strike > 0 && years > 0 && volatility > 0 && Number.isFinite(spot * strike * years * volatility)

const d1Of = ({ dividendYield = 0, rate = 0, spot, strike, volatility, years }: Terms): number =>
  (Math.log(spot / strike) + (rate - dividendYield + 0.5 * volatility * volatility) * years) /
  (volatility * Math.sqrt(years))

/** `NaN` where there is no price. */
export const price = (terms: Terms, isCall: boolean): number => {
  if (!isPriced(terms)) return Number.NaN
  const { dividendYield = 0, rate = 0, spot, strike, volatility, years } = terms
  const d1 = d1Of(terms)
  const d2 = d1 - volatility * Math.sqrt(years)
  const sign = isCall ? 1 : -1
  return (
    sign *
    (spot * Math.exp(-dividendYield * years) * Normal.cumulative(sign * d1) -
      strike * Math.exp(-rate * years) * Normal.cumulative(sign * d2))
  )
}

/** The same of a call and of a put; `NaN` where there is no price. */
export const gamma = (terms: Terms): number => {
  if (!isPriced(terms)) return Number.NaN
  const { dividendYield = 0, spot, volatility, years } = terms
  return (Math.exp(-dividendYield * years) * Normal.density(d1Of(terms))) / (spot * volatility * Math.sqrt(years))
}

/** All `NaN` where there is no price. */
export const greeks = (terms: Terms, isCall: boolean): Greeks => {
  const { dividendYield = 0, rate = 0, spot, strike, volatility, years } = terms
  const none = Number.NaN
  if (!isPriced(terms)) return { price: none, delta: none, gamma: none, theta: none, vega: none, rho: none }
  const root = Math.sqrt(years)
  const d1 = d1Of(terms)
  const d2 = d1 - volatility * root
  const sign = isCall ? 1 : -1
  const share = Math.exp(-dividendYield * years)
  const bond = strike * Math.exp(-rate * years)
  const [n1, n2] = [Normal.cumulative(sign * d1), Normal.cumulative(sign * d2)]
  const decay = (spot * share * Normal.density(d1) * volatility) / (2 * root)
  return {
    price: sign * (spot * share * n1 - bond * n2),
    delta: sign * share * n1,
    gamma: gamma(terms),
    theta: -decay - sign * rate * bond * n2 + sign * dividendYield * spot * share * n1,
    vega: spot * share * Normal.density(d1) * root,
    rho: sign * bond * years * n2
  }
}
