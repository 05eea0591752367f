/**
 * What a synthetic instrument is like: its price level, volatility, tick and
 * turnover. Well-known symbols have levels that look right at a glance; any
 * other symbol gets one of its asset class, by hash of its name.
 *
 * Volume comes in lots that are powers of two, and so does the value of what
 * is traded: sums of such numbers are exact in floating point in whatever
 * order they are added, which is how a month can equal the sum of its minutes
 * to the last bit.
 */
import type { Instrument } from "@tidemark/core"
import * as Random from "./Random.ts"

export interface Profile {
  /** Hash of the seed and the symbol: the root of everything random. */
  readonly key: number
  /** Logarithm of the price that mean reversion pulls to. */
  readonly logBase: number
  /** Standard deviation of a year's log return in an average regime. */
  readonly annualVolatility: number
  /** Ticks in one unit of price, a power of ten. */
  readonly ticksPerUnit: number
  /** Traded amounts are multiples of this power of two. */
  readonly lot: number
  /** Traded values are multiples of this power of two. */
  readonly valueUnit: number
  /** Mean of a minute. */
  readonly lotsPerMinute: number
  readonly lotsPerTrade: number
}

const knownPrices: Readonly<Record<string, number>> = {
  BTC: 40_000,
  ETH: 2_500,
  BNB: 400,
  SOL: 100,
  XRP: 0.6,
  ADA: 0.5,
  DOGE: 0.1,
  AAPL: 180,
  MSFT: 350,
  SPY: 450,
  QQQ: 400,
  "^GSPC": 4_500,
  "^NDX": 16_000,
  "^VIX": 18,
  EUR: 1.1,
  GBP: 1.3,
  AUD: 0.7,
  NZD: 0.6,
  USD: 1,
  CHF: 1.1,
  JPY: 0.008,
  CAD: 0.75
}

interface Class {
  readonly lowestPrice: number
  readonly highestPrice: number
  readonly annualVolatility: number
  /** In US dollars or whatever the quote is, for a symbol of average size. */
  readonly valuePerMinute: number
  /** Smallest amount worth trading, in the quote. */
  readonly valuePerLot: number
}

const classes: Readonly<Record<Instrument.AssetClass, Class>> = {
  crypto: { lowestPrice: 0.1, highestPrice: 200, annualVolatility: 0.65, valuePerMinute: 200_000, valuePerLot: 20 },
  equity: { lowestPrice: 20, highestPrice: 400, annualVolatility: 0.27, valuePerMinute: 2_000_000, valuePerLot: 100 },
  index: {
    lowestPrice: 1_000,
    highestPrice: 20_000,
    annualVolatility: 0.18,
    valuePerMinute: 2e8,
    valuePerLot: 5_000
  },
  fx: { lowestPrice: 0.5, highestPrice: 2, annualVolatility: 0.09, valuePerMinute: 5e6, valuePerLot: 1_000 }
}

/** The largest power of two at or below a positive number. */
const powerOfTwo = (value: number): number => 2 ** Math.floor(Math.log2(value))

const priceOf = (symbol: string, assetClass: Class, key: number): number => {
  const [base, quote] = symbol.split(/[/:]/)
  const { highestPrice, lowestPrice } = assetClass
  const guess = lowestPrice * (highestPrice / lowestPrice) ** Random.uniform(Random.at(key, 1))
  const price = knownPrices[base!] ?? guess
  // A stablecoin is worth a dollar, so only quotes that are known to differ count.
  return quote === undefined ? price : price / (knownPrices[quote] ?? 1)
}

export const make = (seed: number, symbol: string, assetClass: Instrument.AssetClass): Profile => {
  const key = Random.ofText(Random.at(Random.mix(seed), Math.floor(seed / 4_294_967_296)), symbol)
  const ofClass = classes[assetClass]
  const price = priceOf(symbol, ofClass, key)
  const decimals = Math.max(2, (assetClass === "fx" ? 5 : 4) - Math.floor(Math.log10(price)))
  const lot = powerOfTwo(ofClass.valuePerLot / price)
  const size = 4 ** (2 * Random.uniform(Random.at(key, 2)) - 1)
  return {
    key,
    logBase: Math.log(price),
    annualVolatility: ofClass.annualVolatility * (0.75 + 0.5 * Random.uniform(Random.at(key, 3))),
    ticksPerUnit: 10 ** decimals,
    lot,
    valueUnit: powerOfTwo(lot * price) / 1_024,
    lotsPerMinute: (size * ofClass.valuePerMinute) / (lot * price),
    lotsPerTrade: 4 + 12 * Random.uniform(Random.at(key, 4))
  }
}
