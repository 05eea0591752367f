/**
 * The length of a candle.
 *
 * Fixed lengths have an exact number of milliseconds only on a calendar that
 * never closes. Where a market has sessions, a `4h`, `1d`, `1w` or `1M` candle
 * belongs to its session, week or month and may be shorter: ask the
 * `Calendar` when a candle opens and closes, never this module.
 */
import { Schema } from "effect"

/** Every timeframe that can name a series, shortest first. */
export const all = [
  "1s",
  "1m",
  "3m",
  "5m",
  "15m",
  "30m",
  "1h",
  "2h",
  "4h",
  "6h",
  "8h",
  "12h",
  "1d",
  "1w",
  "1M"
] as const

export const Timeframe = Schema.Literals(all)
export type Timeframe = typeof Timeframe.Type

/** The eight that every source, report and derived table supports. */
export const standard: ReadonlyArray<Timeframe> = ["1m", "5m", "15m", "30m", "1h", "4h", "1d", "1w"]

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

const lengths: Record<Timeframe, number> = {
  "1s": second,
  "1m": minute,
  "3m": 3 * minute,
  "5m": 5 * minute,
  "15m": 15 * minute,
  "30m": 30 * minute,
  "1h": hour,
  "2h": 2 * hour,
  "4h": 4 * hour,
  "6h": 6 * hour,
  "8h": 8 * hour,
  "12h": 12 * hour,
  "1d": day,
  "1w": 7 * day,
  "1M": 30 * day
}

/**
 * Nominal length in milliseconds: exact up to `1w` on a calendar that never
 * closes, 30 days for `1M`. Good for estimates and for cutting a session.
 */
export const nominalMillis = (timeframe: Timeframe): number => lengths[timeframe]

/** Shorter than a day, so that several candles fit in one session. */
export const isIntraday = (timeframe: Timeframe): boolean => lengths[timeframe] < day

export const is = Schema.is(Timeframe)
