/**
 * What a page of rows says, and whether it can be believed.
 *
 * An exchange may ignore the start that it is asked for and answer with its
 * newest rows: then nothing is known of the time before them, and it must
 * not be taken for a time without trades.
 */
import { type Calendar, Candles, Instant, Timeframe } from "@tidemark/core"
import type { Habit } from "./Abilities.ts"

export interface Asked {
  readonly calendar: Calendar.Calendar
  readonly timeframe: Timeframe.Timeframe
  /** An open of the grid. */
  readonly since: number
  readonly limit: number
  readonly now: number
  readonly habit: Habit
}

export type Verdict =
  /** Everything from the start until `to` is in `candles`. */
  | { readonly _tag: "Answered"; readonly to: number; readonly candles: Candles.Candles }
  /**
   * The same, unless the exchange ignores the start and all that it has to tell is old: in a quiet market the
   * newest row may be. More questions tell.
   */
  | { readonly _tag: "Late"; readonly to: number; readonly candles: Candles.Candles }
  /** Only what is newer than asked came, from `earliest` on: more may be older. */
  | { readonly _tag: "Newest"; readonly earliest: number }
  | { readonly _tag: "Malformed"; readonly detail: string }

const malformed = (detail: string): Verdict => ({ _tag: "Malformed", detail })

/** Rows before the start that are no sign of a start that was ignored. */
export const rowsBefore = 2

const columns = ["openTime", "open", "high", "low", "close", "volume"] as const

/** Some exchanges answer with the newest row first. */
export const ascending = (rows: ReadonlyArray<ReadonlyArray<unknown>>): ReadonlyArray<ReadonlyArray<unknown>> =>
  rows.length > 1 && Number(rows[0]![0]) > Number(rows[1]![0]) ? rows.toReversed() : rows

/** The columns of rows, or what is wrong with them in words. */
export const decode = (rows: ReadonlyArray<ReadonlyArray<unknown>>): Candles.Candles | string => {
  const candles = Candles.allocate(rows.length)
  for (const [i, row] of ascending(rows).entries()) {
    for (const [at, column] of columns.entries()) {
      const value = row[at]
      if (typeof value !== "number" || !Number.isFinite(value)) return `row ${i + 1} has no ${column} that is a number`
      candles[column][i] = value
    }
  }
  return candles
}

/** Whether there is a list in it other than one of errors: how an exchange says that it has no rows. */
export const hasList = (body: unknown): boolean => {
  if (Array.isArray(body)) return true
  if (typeof body !== "object" || body === null) return false
  return Object.entries(body).some(([key, value]) => !/^errors?$/i.test(key) && hasList(value))
}

export const judge = (rows: ReadonlyArray<ReadonlyArray<unknown>>, asked: Asked): Verdict => {
  const { calendar, habit, limit, now, since, timeframe } = asked
  const decoded = decode(rows)
  if (typeof decoded === "string") return malformed(decoded)
  const wrong = Candles.invalidity(decoded, { from: 0, to: Infinity })
  if (wrong !== undefined) return malformed(wrong)
  const length = Timeframe.nominalMillis(timeframe)
  const windowEnd = calendar.openAtOrAfter(timeframe, since + limit * length)
  const from = Instant.format(since)
  const kept = Candles.within(decoded, { from: since, to: Infinity })
  const size = Candles.length(kept)
  if (size === 0) {
    const newest = decoded.openTime.at(-1)
    // Where nothing is newer some give the row before the start, and little that is older.
    const justBefore =
      Candles.length(decoded) <= rowsBefore && newest !== undefined && newest >= since - rowsBefore * length
    if (newest !== undefined && !justBefore) {
      return malformed(`asked from ${from}, it answered with ${Instant.format(newest)}: no progress`)
    }
    return { _tag: "Answered", to: windowEnd, candles: kept }
  }
  const first = kept.openTime[0]!
  const last = kept.openTime[size - 1]!
  if (!Timeframe.isIntraday(timeframe)) {
    const off = kept.openTime.find((open) => calendar.openAtOrBefore(timeframe, open) !== open)
    if (off !== undefined) return malformed(`its ${timeframe} candle of ${Instant.format(off)} opens off the UTC grid`)
  }
  if (habit.windowed === true && last > windowEnd) {
    return malformed(`asked from ${from} for ${limit} candles, it answered with ${Instant.format(last)}`)
  }
  const couldHoldAll =
    calendar.countOpens(timeframe, { from: since, to: Math.max(now, since) }) <= Math.max(limit, size)
  const startMissing = calendar.countOpens(timeframe, { from: since, to: first }) > 0
  if (startMissing) {
    const newest = last >= calendar.openAtOrBefore(timeframe, now) - length
    if (newest && !couldHoldAll) return { _tag: "Newest", earliest: first }
    if (size >= limit && last <= windowEnd && habit.windowed !== true) {
      return malformed(`asked from ${from}, a full answer begins at ${Instant.format(first)}: it ignores the start`)
    }
  }
  const to = calendar.openAtOrAfter(timeframe, last + 1)
  return startMissing && size > 1 && !couldHoldAll && habit.windowed !== true
    ? { _tag: "Late", to, candles: kept }
    : { _tag: "Answered", to, candles: kept }
}

/** The earliest and the latest open in rows, as they came; `undefined` where there are none. */
export const extentOf = (rows: ReadonlyArray<ReadonlyArray<unknown>>) => {
  const opens = rows.map(([open]) => Number(open))
  return opens.length === 0 ? undefined : { first: Math.min(...opens), last: Math.max(...opens) }
}
