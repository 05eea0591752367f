/**
 * Which part of a range comes from which file of the bulk archive. Pure.
 *
 * Whole months first, then whole days, and pages for the rest. A file is
 * worth its two requests (it and its checksum) if it holds more than a page
 * does. A part of a file's span is never taken from it: what is asked for
 * again because a file lacked it must come from elsewhere.
 */
import { Instant, type Interval, Timeframe } from "@tidemark/core"
import { DateTime } from "effect"
import { type Market, pageSize } from "./Market.ts"

export interface FilePiece {
  readonly _tag: "File"
  readonly kind: "monthly" | "daily"
  readonly interval: Interval.Interval
}

/** To be asked page by page. */
export interface PagesPiece {
  readonly _tag: "Pages"
  readonly interval: Interval.Interval
}

export type Piece = FilePiece | PagesPiece

const dayMillis = 86_400_000
/** Files of a day appear the next day, those of a month on its first Monday, as a rule. */
const dailyDelayMillis = dayMillis / 2
const monthlyDelayMillis = 8 * dayMillis

/** A month of seconds does not fit in memory a few times over; its days do. */
const hasMonths = (timeframe: Timeframe.Timeframe): boolean =>
  timeframe !== "1s" && (28 * dayMillis) / Timeframe.nominalMillis(timeframe) > pageSize
const hasDays = (timeframe: Timeframe.Timeframe): boolean => dayMillis / Timeframe.nominalMillis(timeframe) > pageSize

/**
 * Months whose file is known to have other values than the daily files and
 * the REST interface, on one day each (2020-12-21, 2021-09-29): days are
 * taken instead.
 */
const distrusted: ReadonlySet<string> = new Set(["2020-12", "2021-09"])

const startOf = (unit: "month" | "day", instant: Instant.EpochMillis): Instant.EpochMillis =>
  DateTime.toEpochMillis(DateTime.startOf(DateTime.makeUnsafe(instant), unit))
const next = (unit: "month" | "day", instant: Instant.EpochMillis): Instant.EpochMillis =>
  DateTime.toEpochMillis(
    DateTime.add(DateTime.makeUnsafe(startOf(unit, instant)), unit === "month" ? { months: 1 } : { days: 1 })
  )

/** `2024-01` or `2024-01-31` */
export const nameOf = ({ interval, kind }: FilePiece): string =>
  Instant.format(interval.from).slice(0, kind === "monthly" ? 7 : 10)

/** Path of a file at the archive. */
export const pathOf = (market: Market, symbol: string, timeframe: Timeframe.Timeframe, piece: FilePiece): string => {
  const interval = timeframe === "1M" ? "1mo" : timeframe
  return `${market.archiveRoot}/${piece.kind}/klines/${symbol}/${interval}/${symbol}-${interval}-${nameOf(piece)}.zip`
}

const fileAt = (
  kind: FilePiece["kind"],
  wanted: Interval.Interval,
  now: Instant.EpochMillis
): FilePiece | undefined => {
  const unit = kind === "monthly" ? "month" : "day"
  const interval = { from: startOf(unit, wanted.from), to: next(unit, wanted.from) }
  if (interval.from < wanted.from || interval.to > wanted.to) return undefined
  if (now - interval.to < (kind === "monthly" ? monthlyDelayMillis : dailyDelayMillis)) return undefined
  const piece: FilePiece = { _tag: "File", kind, interval }
  return kind === "monthly" && distrusted.has(nameOf(piece)) ? undefined : piece
}

/** The days of a month whose file there is not, or cannot be used. */
export const daysOf = (
  timeframe: Timeframe.Timeframe,
  wanted: Interval.Interval,
  now: Instant.EpochMillis
): ReadonlyArray<Piece> => plan(timeframe, wanted, now, false)

/** The pieces of a range, ascending and without a hole between them. */
export const plan = (
  timeframe: Timeframe.Timeframe,
  wanted: Interval.Interval,
  now: Instant.EpochMillis,
  months = true
): ReadonlyArray<Piece> => {
  const pieces: Array<Piece> = []
  let from = wanted.from
  while (from < wanted.to) {
    const rest = { from, to: wanted.to }
    const file =
      (months && hasMonths(timeframe) ? fileAt("monthly", rest, now) : undefined) ??
      (hasDays(timeframe) ? fileAt("daily", rest, now) : undefined)
    if (file !== undefined) {
      pieces.push(file)
      from = file.interval.to
      continue
    }
    // Up to where the next file could begin.
    const unit = hasDays(timeframe) ? "day" : hasMonths(timeframe) ? "month" : undefined
    const to = unit === undefined ? wanted.to : Math.min(wanted.to, next(unit, from))
    const last = pieces.at(-1)
    if (last?._tag === "Pages")
      pieces[pieces.length - 1] = { _tag: "Pages", interval: { from: last.interval.from, to } }
    else pieces.push({ _tag: "Pages", interval: { from, to } })
    from = to
  }
  return pieces
}

const longestUnit = (timeframe: Timeframe.Timeframe) =>
  hasMonths(timeframe) ? "month" : hasDays(timeframe) ? "day" : undefined

/** The first instant at or after another at which no file is cut in two. */
export const cutAtOrAfter = (timeframe: Timeframe.Timeframe, instant: Instant.EpochMillis): Instant.EpochMillis => {
  const unit = longestUnit(timeframe)
  if (unit === undefined || startOf(unit, instant) === instant) return instant
  return next(unit, instant)
}

/** Where the file begins that holds an instant; the instant itself if none does. */
export const startOfFile = (timeframe: Timeframe.Timeframe, instant: Instant.EpochMillis): Instant.EpochMillis => {
  const unit = longestUnit(timeframe)
  return unit === undefined ? instant : startOf(unit, instant)
}

/** Rough size of a candle in an archive. */
const bytesPerCandle = 55
const bytesPerRow = 165

/** What asking for a range takes, at the prices of `market`'s pages. */
export const cost = (
  market: Market,
  timeframe: Timeframe.Timeframe,
  wanted: Interval.Interval,
  now: Instant.EpochMillis
): { readonly requests: number; readonly weight: number; readonly bytes: number } => {
  const { weightPerPage } = market
  let [requests, weight, bytes] = [0, 0, 0]
  for (const piece of plan(timeframe, wanted, now)) {
    const { from, to } = piece.interval
    const candles = Math.ceil((to - from) / Timeframe.nominalMillis(timeframe))
    if (piece._tag === "File") {
      requests += 2
      bytes += candles * bytesPerCandle
    } else {
      const pages = Math.max(1, Math.ceil(candles / pageSize))
      requests += pages
      weight += pages * weightPerPage
      bytes += candles * bytesPerRow
    }
  }
  return { requests, weight, bytes }
}
