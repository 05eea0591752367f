/**
 * A share as an emulator's stock providers serve it: bars on the sessions of
 * New York as they were traded, adjusted for nothing, and what the company
 * did. Each provider adjusts as the real one does.
 */
import { Calendars } from "@tidemark/calendars"
import { Candles, type CorporateAction, Instant, type Interval, type Timeframe } from "@tidemark/core"
import { Option } from "effect"
import * as Dataset from "./Dataset.ts"
import * as SyntheticCandles from "./SyntheticCandles.ts"

export interface Equity {
  readonly symbol: string
  readonly name: string
  /** ISO code. */
  readonly currency: string
  /** Nothing before it. */
  readonly firstTrade: Instant.EpochMillis
  /** Ascending by date. */
  readonly actions: ReadonlyArray<CorporateAction.CorporateAction>
  /** Every candle that opens in the interval, in the prices of its day. */
  readonly candles: (timeframe: Timeframe.Timeframe, interval: Interval.Interval) => Candles.Candles
}

export const calendar = Calendars.get("XNYS")

/** The open of the first session on or after a date. */
export const sessionOpen = (date: string): Instant.EpochMillis =>
  calendar.openAtOrAfter("1d", Option.getOrThrow(Instant.parse(date)))

export const splitsOf = (equity: Pick<Equity, "actions">): ReadonlyArray<CorporateAction.Split> =>
  equity.actions.filter((action): action is CorporateAction.Split => action._tag === "Split")

/** How many of today's shares one share of an instant has become. */
export const sharesSince = (equity: Pick<Equity, "actions">, instant: Instant.EpochMillis): number =>
  splitsOf(equity)
    .filter((split) => sessionOpen(split.exDate) > instant)
    .reduce((product, split) => (product * split.to) / split.from, 1)

/** Prices times a factor that may change from candle to candle, volumes divided by it. */
export const rescale = (candles: Candles.Candles, factorAt: (open: number) => number): Candles.Candles => {
  const factors = candles.openTime.map(factorAt)
  const times = (column: Float64Array) => column.map((value, i) => value * factors[i]!)
  return {
    ...candles,
    open: times(candles.open),
    high: times(candles.high),
    low: times(candles.low),
    close: times(candles.close),
    volume: candles.volume.map((value, i) => value / factors[i]!)
  }
}

/** The same, of which no provider has a candle in some times. */
export const withHoles = (equity: Equity, holes: Interval.IntervalSet): Equity => ({
  ...equity,
  candles: (timeframe, interval) => Dataset.lessHoles(equity.candles(timeframe, interval), holes)
})

/** What the synthetic source generates, with splits put back into it: the price jumps where a share is split. */
export const synthetic = (options: {
  readonly symbol: string
  readonly name?: string | undefined
  /** 1 where absent. */
  readonly seed?: number | undefined
  /** 2000-01-03 where absent. */
  readonly firstTrade?: Instant.EpochMillis | undefined
  readonly actions?: ReadonlyArray<CorporateAction.CorporateAction> | undefined
}): Equity => {
  const candlesOf = SyntheticCandles.make(options.seed ?? 1, { assetClass: "equity", calendar })
  const firstTrade = options.firstTrade ?? sessionOpen("2000-01-03")
  const actions = (options.actions ?? []).toSorted((a, b) => (a.exDate < b.exDate ? -1 : a.exDate > b.exDate ? 1 : 0))
  return {
    symbol: options.symbol,
    name: options.name ?? `${options.symbol} Inc.`,
    currency: "USD",
    firstTrade,
    actions,
    candles: (timeframe, interval) => {
      const known = { from: Math.max(interval.from, firstTrade), to: interval.to }
      if (known.from >= known.to) return Candles.empty
      return rescale(candlesOf(options.symbol, timeframe, known), (open) => sharesSince({ actions }, open))
    }
  }
}
