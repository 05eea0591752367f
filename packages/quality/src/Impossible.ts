/** Rows that cannot be: values, order, and places in time. Pure. */
import { type Calendar, Candles, Instant, Timeframe } from "@tidemark/core"
import * as Anomaly from "./Anomaly.ts"

const hourMillis = 3_600_000

/** What is wrong with the values of a row, or `undefined`. */
const valuesOf = (candles: Candles.Candles, row: number): Anomaly.Anomaly | undefined => {
  const open = candles.open[row]!
  const high = candles.high[row]!
  const low = candles.low[row]!
  const close = candles.close[row]!
  const volume = candles.volume[row]!
  const at = candles.openTime[row]!
  // Written so that what is no number is caught too.
  if (!(open > 0 && high > 0 && low > 0 && close > 0 && volume >= 0) || open + high + close + volume === Infinity) {
    return Anomaly.make(
      "impossible-value",
      at,
      at,
      `open ${open}, high ${high}, low ${low}, close ${close}, volume ${volume}`,
      { open, high, low, close, volume }
    )
  }
  if (high >= open && high >= close && low <= open && low <= close) return undefined
  const evidence = `high ${high} and low ${low} do not hold open ${open} and close ${close}`
  return Anomaly.make("ohlc-order", at, at, evidence, { open, high, low, close })
}

/** Values and order of the rows in `[from, to)`. */
export const values = (candles: Candles.Candles, from: number, to: number): ReadonlyArray<Anomaly.Anomaly> => {
  const found: Array<Anomaly.Anomaly> = []
  const { openTime } = candles
  for (let row = from; row < to; row++) {
    const wrong = valuesOf(candles, row)
    if (wrong !== undefined) found.push(wrong)
    const open = openTime[row]!
    if (row > 0 && open <= openTime[row - 1]!) {
      const how =
        open === openTime[row - 1] ? "comes twice" : `comes after that of ${Instant.format(openTime[row - 1]!)}`
      found.push(Anomaly.make("duplicate", open, open, `the candle of ${Instant.format(open)} ${how}`))
    }
  }
  return found
}

interface Stray {
  readonly row: number
  readonly open: number
  /** Milliseconds from where the nearest candle of the calendar opens. */
  readonly offMillis: number
}

const nearestOff = (calendar: Calendar.Calendar, timeframe: Timeframe.Timeframe, open: number): number => {
  const before = open - calendar.openAtOrBefore(timeframe, open)
  const after = calendar.openAtOrAfter(timeframe, open) - open
  return before <= after ? before : -after
}

/** Rows that are no open of the calendar's; one look at the calendar for all of them. */
const strays = (
  { calendar, timeframe }: Anomaly.Context,
  openTime: Float64Array,
  from: number,
  to: number
): ReadonlyArray<Stray> => {
  if (from >= to) return []
  let [first, last] = [Infinity, -Infinity]
  for (let row = from; row < to; row++) {
    first = Math.min(first, openTime[row]!)
    last = Math.max(last, openTime[row]!)
  }
  const expected = calendar.openTimes(timeframe, { from: first, to: last + 1 })
  const found: Array<Stray> = []
  let at = 0
  for (let row = from; row < to; row++) {
    const open = openTime[row]!
    // Rows may go back in time, where one is out of order.
    while (at > 0 && expected[at - 1]! >= open) at--
    while (at < expected.length && expected[at]! < open) at++
    if (expected[at] !== open) found.push({ row, open, offMillis: nearestOff(calendar, timeframe, open) })
  }
  return found
}

/** How many whole hours a session's candles lie late, by the candles it lacks at one end and has too many at the other. */
const hoursOff = (context: Anomaly.Context, openTime: Float64Array, stray: Stray): number | undefined => {
  const { calendar, timeframe } = context
  if (calendar.id === "24/7") return undefined
  if (!Timeframe.isIntraday(timeframe)) {
    const hours = stray.offMillis / hourMillis
    return Number.isInteger(hours) && hours !== 0 ? hours : undefined
  }
  const session = [
    ...calendar.sessions({ from: stray.open - 14 * hourMillis, to: stray.open }),
    ...calendar.sessions({ from: stray.open, to: stray.open + 14 * hourMillis })
  ].find(({ close, open }) => (stray.open >= close ? stray.open - close < 12 * hourMillis : open > stray.open))
  if (session === undefined) return undefined
  const rows = openTime.subarray(
    Candles.lowerBound(openTime, session.open - 12 * hourMillis),
    Candles.lowerBound(openTime, session.close + 12 * hourMillis)
  )
  const [first, last] = [rows[0]!, rows.at(-1)!]
  const expected = calendar.openTimes(timeframe, { from: session.open, to: session.close })
  const [early, late] = [(first - expected[0]!) / hourMillis, (last - expected.at(-1)!) / hourMillis]
  // Both ends have moved alike, and the session is not longer than it was.
  return early === late && Number.isInteger(early) && early !== 0 && Math.abs(early) <= 12 ? early : undefined
}

/** A run of strays that are so alike, in words. */
const say = (
  first: Stray,
  last: Stray,
  { hours, isOutside }: { readonly hours: number | undefined; readonly isOutside: boolean }
): Anomaly.Anomaly => {
  const candles = last.row - first.row + 1
  if (hours !== undefined) {
    const evidence = `candles lie ${Math.abs(hours)} h ${hours > 0 ? "late" : "early"}: is it another time zone?`
    return Anomaly.make("timezone-shift", first.open, last.open, evidence, { hours, candles })
  }
  const what = candles === 1 ? "a candle opens" : `${candles} candles open`
  const seconds = Math.abs(first.offMillis) / 1_000
  const evidence = isOutside
    ? `${what} outside of the sessions of the market`
    : `${what} ${seconds} s ${first.offMillis > 0 ? "after" : "before"} where the calendar has one`
  return Anomaly.make("off-grid", first.open, last.open, evidence, { offMillis: first.offMillis, candles })
}

/** Rows off the grid: runs of them that are off alike are one finding. */
export const places = (
  context: Anomaly.Context,
  candles: Candles.Candles,
  from: number,
  to: number
): ReadonlyArray<Anomaly.Anomaly> => {
  const { openTime } = candles
  const all = strays(context, openTime, from, to)
  const found: Array<Anomaly.Anomaly> = []
  for (let i = 0; i < all.length;) {
    const first = all[i]!
    const hours = hoursOff(context, openTime, first)
    const isOutside = !context.calendar.isOpen(first.open)
    const isAlike = (next: Stray) =>
      hours !== undefined
        ? hoursOff(context, openTime, next) === hours
        : isOutside
          ? !context.calendar.isOpen(next.open)
          : next.offMillis === first.offMillis
    let end = i + 1
    while (end < all.length && all[end]!.row === all[end - 1]!.row + 1 && isAlike(all[end]!)) end++
    found.push(say(first, all[end - 1]!, { hours, isOutside }))
    i = end
  }
  return found
}
