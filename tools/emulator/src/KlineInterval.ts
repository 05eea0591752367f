/**
 * The sixteen kline intervals of Binance spot, and when their klines close.
 *
 * They lie on the UTC clock: `3d` counts from 1970-01-01, `1w` opens on
 * Mondays, `1M` on the first of a month (so its length varies, and
 * `nominalMillis` is only good for estimates and for cutting pages).
 */
import { DateTime } from "effect"
import type { Instant } from "@tidemark/core"

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

const lengths = {
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
  "3d": 3 * day,
  "1w": 7 * day,
  "1M": 30 * day
} as const

export type KlineInterval = keyof typeof lengths

/** Shortest first. */
export const all = Object.keys(lengths) as ReadonlyArray<KlineInterval>

export const is = (text: string): text is KlineInterval => Object.hasOwn(lengths, text)

/** Exact but for `1M`. */
export const nominalMillis = (interval: KlineInterval): number => lengths[interval]

/** The first instant after the kline that opens at `open`. */
export const closeOf = (interval: KlineInterval, open: Instant.EpochMillis): Instant.EpochMillis =>
  interval === "1M"
    ? DateTime.toEpochMillis(DateTime.add(DateTime.makeUnsafe(open), { months: 1 }))
    : open + lengths[interval]
