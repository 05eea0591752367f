/** Prices at moments, from the candles that had closed by then, in the shares of then. Pure. */
import { Calendar, Candles, Instant } from "@tidemark/core"
import type { Market } from "../traps/index.ts"
import type { Grid, Underlying } from "./Underlying.ts"

/** An underlying with the candles that were read of it. */
export interface Prices {
  readonly underlying: Underlying
  /** From the shortest timeframe to the longest. */
  readonly grids: ReadonlyArray<Grid>
}

/** A close, and when it was made. */
export type Price = Market.Price

/** The last row that has closed at or before a moment; −1 if none has. */
const lastClosed = (calendar: Calendar.Calendar, { candles, timeframe }: Grid, moment: Instant.EpochMillis): number => {
  let row = Candles.lowerBound(candles.openTime, moment) - 1
  while (row >= 0 && Calendar.endOf(calendar, timeframe, candles.openTime[row]!) > moment) row--
  return row
}

/** Prices of a moment are those of the last shares divided by it. */
export const scaleAt = ({ splits }: Pick<Underlying, "splits">, moment: Instant.EpochMillis): number =>
  splits.reduce((factor, split) => (split.at > moment ? factor * split.factor : factor), 1)

/** Whether shares of one moment are not those of a later one. */
export const isSplitBetween = (
  { splits }: Pick<Underlying, "splits">,
  from: Instant.EpochMillis,
  to: Instant.EpochMillis
): boolean => splits.some(({ at }) => at > from && at <= to)

/** A price is used while no session has ended since without one. */
const freshSince = (calendar: Calendar.Calendar, moment: Instant.EpochMillis): Instant.EpochMillis => {
  const ended = calendar.sessions({ from: moment - 15 * 86_400_000, to: moment }).filter(({ close }) => close <= moment)
  return ended.at(-1)?.close ?? moment
}

/**
 * The newest price at a moment: the close of whichever candle closed last at or before it, of the shortest timeframe
 * where several did; or why there is none, in words. Nothing old is put in its place, and nothing whose shares are not
 * known.
 */
export const at = ({ grids, underlying }: Prices, moment: Instant.EpochMillis): Price | string => {
  const { calendar, source, symbol } = underlying
  if (underlying.isRescaled && underlying.isSplitUnknown) {
    return (
      `prices of ${symbol} from ${source} are told in the shares of today, and nobody was asked for its splits: ` +
      `tidemark actions fetch --symbols ${symbol}`
    )
  }
  let found: Price | undefined
  for (const grid of grids) {
    const row = lastClosed(calendar, grid, moment)
    if (row < 0) continue
    const end = Calendar.endOf(calendar, grid.timeframe, grid.candles.openTime[row]!)
    if (found !== undefined && found.at >= end) continue
    found = { price: grid.candles.close[row]! / scaleAt(underlying, moment), at: end }
  }
  const fresh = freshSince(calendar, moment)
  if (found !== undefined && found.at >= fresh) return found
  return found === undefined
    ? `no candle of ${symbol} from ${source} closed before ${Instant.format(moment)}`
    : `the last candle of ${symbol} from ${source} before ${Instant.format(moment)} closed at ${Instant.format(found.at)}, ` +
        "and a session has ended since: tidemark backfill --symbols " +
        symbol
}
