/** The signal of a snapshot, from the prices that are stored. */
import {
  type Calendar,
  type Candles,
  Gamma,
  type Instant,
  type Interval,
  type Provenance,
  type Timeframe
} from "@tidemark/core"
import { Effect } from "effect"
import type { Exposure } from "../Exposure.ts"
import { Market, Signals } from "../traps/index.ts"
import * as Prices from "./Prices.ts"
import * as Underlying from "./Underlying.ts"

/** What signals are made of beside the snapshots themselves. */
export interface Sources {
  readonly symbol: string
  readonly provenance: Provenance.Provenance
  readonly calendar: Calendar.Calendar
  /** `undefined` where no prices of the kind are stored. */
  readonly prices: Prices.Prices | undefined
  /** `^VIX`, likewise. */
  readonly vix: Prices.Prices | undefined
}

const gridOf = (prices: Prices.Prices | undefined, timeframe: Timeframe.Timeframe): Candles.Candles | undefined =>
  prices?.grids.find((grid) => grid.timeframe === timeframe)?.candles

/**
 * What prices say at a moment, and of a snapshot with the one before it, if there is one. A snapshot outside of the
 * hours of a session tells no signal, as it would tell the last one once more; nor does one without an exposure, as
 * there is nothing that it could be told by.
 */
export interface Reader {
  /** The price at a moment, in the shares of then, or why there is none. */
  readonly priceAt: (at: Instant.EpochMillis) => Prices.Price | string
  readonly marketAt: (at: Instant.EpochMillis) => Market.Market
  readonly signal: (
    snapshot: Gamma.Snapshot,
    exposure: Exposure | undefined,
    previous: Gamma.Snapshot | undefined
  ) => Gamma.Signal | undefined
}

export const reader = ({ calendar, prices, provenance, symbol, vix }: Sources): Reader => {
  const noPrices = `no ${provenance} candles of ${symbol} are stored`
  const daily = gridOf(vix, "1d")
  const candles = Object.fromEntries(
    Gamma.rsiTimeframes.flatMap((timeframe) => {
      const found = gridOf(prices, timeframe)
      return found === undefined ? [] : [[timeframe, found] as const]
    })
  )
  const priceAt = (at: Instant.EpochMillis) => (prices === undefined ? noPrices : Prices.at(prices, at))
  const read = Market.reader({
    calendar,
    candles,
    vix: vix === undefined || daily === undefined ? undefined : { calendar: vix.underlying.calendar, daily },
    priceAt: (at) => {
      const price = priceAt(at)
      return typeof price === "string" ? undefined : price
    }
  })
  const marketAt = (at: Instant.EpochMillis): Market.Market => {
    const market = read(at)
    return prices === undefined ? { ...market, rsiUnknown: market.rsiUnknown.map(() => noPrices) } : market
  }
  return {
    priceAt,
    marketAt,
    signal: (snapshot, exposure, previous) =>
      snapshot.hours !== "session" || snapshot.netGex === null
        ? undefined
        : Signals.of({
            snapshot,
            exposure,
            previous,
            isSplitBetween:
              prices !== undefined &&
              previous !== undefined &&
              Prices.isSplitBetween(prices.underlying, previous.at, snapshot.at),
            calendar,
            market: marketAt(snapshot.at)
          })
  }
}

export interface Which<E, R> extends Underlying.Which<E, R> {
  readonly provenance: Provenance.Provenance
  /** Moments that will be asked for; those of one year (UTC) are always answered alike. */
  readonly interval: Interval.Interval
}

const pricesOf = Effect.fnUntraced(function* (
  underlying: Underlying.Underlying | undefined,
  interval: Interval.Interval,
  only?: ReadonlyArray<Timeframe.Timeframe>
) {
  if (underlying === undefined) return undefined
  const prices: Prices.Prices = { underlying, grids: yield* Underlying.read(underlying, interval, only) }
  return prices
})

/** Reads what moments of an interval look at: of one provenance, `^VIX` too. */
export const load = Effect.fn("Signalling.load")(function* <E, R>(which: Which<E, R>) {
  const { appliedBy, interval, provenance, symbol } = which
  const underlying = yield* Underlying.find(which)
  const vix = yield* Underlying.find({ symbol: "^VIX", provenance, appliedBy })
  return reader({
    symbol,
    provenance,
    calendar: underlying?.calendar ?? (yield* Underlying.calendarOf(symbol)),
    prices: yield* pricesOf(underlying, interval),
    vix: yield* pricesOf(vix, interval, ["1d"])
  })
})
