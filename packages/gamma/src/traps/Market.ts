/**
 * What prices say at a moment: all of it from candles that had closed by then.
 *
 * A candle that is missing inside a window is passed over, as if those around
 * it were neighbours. How many are missing at the end of a series, between its
 * last candle and the moment, is counted: old figures are not passed off as
 * those of the moment.
 */
import { Calendar, Candles, type Gamma, Instant, type Timeframe } from "@tidemark/core"
import { runWhole } from "@tidemark/features/Whole"
import { rsi as wilderRsi } from "@tidemark/features/Wilder"

/** In the order of `Gamma.rsiTimeframes`. */
const timeframes: typeof Gamma.rsiTimeframes = ["5m", "15m", "1h", "4h", "1d"]
export type RsiTimeframe = (typeof timeframes)[number]

const rsiCandles = 14
const rsiOf = wilderRsi(rsiCandles)

/**
 * Candles that may be missing at the end of a series before an RSI or a window
 * of days is not of the moment any more. What is told of the last day alone
 * may lack none.
 */
export const mostMissing = 3

/** Candles of one symbol at one source, ascending, in one scale: adjusted for splits, or without any. */
export interface Prices {
  readonly calendar: Calendar.Calendar
  /** Those that are stored; `1d` is what daily figures are made of. */
  readonly candles: Partial<Record<RsiTimeframe, Candles.Candles>>
  /** Daily candles of `^VIX`, on the calendar of its market; `undefined` where they are not stored. */
  readonly vix: { readonly calendar: Calendar.Calendar; readonly daily: Candles.Candles } | undefined
  /** The last price that was made by a moment, in the shares of then. */
  readonly priceAt: (at: Instant.EpochMillis) => Price | undefined
}

export interface Price {
  readonly price: number
  readonly at: Instant.EpochMillis
}

export interface Daily {
  /** Those that had closed. */
  readonly candles: Candles.Candles
  /** Days that have closed since the last of them. */
  readonly missing: number
}

export interface Market {
  readonly at: Instant.EpochMillis
  /** The last one, and when it was made. */
  readonly price: number | null
  readonly priceAt: Instant.EpochMillis | null
  /** RSI(14) of each timeframe of `Gamma.rsiTimeframes`; `null` where it is not known. */
  readonly rsi: ReadonlyArray<number | null>
  /** Why it is not, a clause each; `null` where it is. */
  readonly rsiUnknown: ReadonlyArray<string | null>
  readonly daily: Daily
  readonly vix: Daily | undefined
}

/** Rows that had closed at `at`. */
const closedRows = (
  calendar: Calendar.Calendar,
  timeframe: Timeframe.Timeframe,
  openTime: Float64Array,
  at: Instant.EpochMillis
): number => {
  let rows = Candles.lowerBound(openTime, at)
  while (rows > 0 && Calendar.endOf(calendar, timeframe, openTime[rows - 1]!) > at) rows--
  return rows
}

/** Candles of the grid that have closed by `at` and open at or after `end`. */
const missingSince = (
  calendar: Calendar.Calendar,
  timeframe: Timeframe.Timeframe,
  end: Instant.EpochMillis,
  at: Instant.EpochMillis
): number => {
  const until = Calendar.closedUntil(calendar, timeframe, at)
  return end < until ? calendar.countOpens(timeframe, { from: end, to: until }) : 0
}

const dailyAt = (calendar: Calendar.Calendar, candles: Candles.Candles, at: Instant.EpochMillis): Daily => {
  const rows = closedRows(calendar, "1d", candles.openTime, at)
  if (rows === 0) return { candles: Candles.empty, missing: 0 }
  const end = Calendar.endOf(calendar, "1d", candles.openTime[rows - 1]!)
  return { candles: Candles.slice(candles, 0, rows), missing: missingSince(calendar, "1d", end, at) }
}

/** Reads the market at one moment after another: what is the same for all of them is worked out once. */
export const reader = ({ calendar, candles, priceAt, vix }: Prices): ((at: Instant.EpochMillis) => Market) => {
  const series = timeframes.map((timeframe) => {
    const own = candles[timeframe] ?? Candles.empty
    return { timeframe, candles: own, rsi: runWhole(rsiOf, own)[0]! }
  })
  return (at) => {
    const rsi: Array<number | null> = []
    const rsiUnknown: Array<string | null> = []
    const lacks = (why: string) => {
      rsi.push(null)
      rsiUnknown.push(why)
    }
    for (const { candles, rsi: column, timeframe } of series) {
      const rows = closedRows(calendar, timeframe, candles.openTime, at)
      if (rows === 0) {
        lacks("there are no candles before then")
        continue
      }
      const end = Calendar.endOf(calendar, timeframe, candles.openTime[rows - 1]!)
      const missing = missingSince(calendar, timeframe, end, at)
      const value = column[rows - 1]!
      if (missing > mostMissing) lacks(`the last candle closed at ${Instant.format(end)}, ${missing} are missing since`)
      else if (rows <= rsiCandles) lacks(`it needs ${rsiCandles + 1} candles, there are ${rows}`)
      else if (Number.isNaN(value)) lacks("a price before then is no number")
      else {
        rsi.push(value)
        rsiUnknown.push(null)
      }
    }
    const last = priceAt(at)
    return {
      at,
      price: last?.price ?? null,
      priceAt: last?.at ?? null,
      rsi,
      rsiUnknown,
      daily: dailyAt(calendar, candles["1d"] ?? Candles.empty, at),
      vix: vix === undefined ? undefined : dailyAt(vix.calendar, vix.daily, at)
    }
  }
}
