/**
 * Instants as whole milliseconds since 1970-01-01T00:00:00Z.
 *
 * Columns, intervals and the ledger hold plain numbers, because a `DateTime`
 * per candle would cost more than the candle. This module is the one place
 * where such a number becomes text or is read from it.
 */
import { DateTime, Option } from "effect"

/** Whole milliseconds since the Unix epoch, UTC. */
export type EpochMillis = number

/** `2020-06-28T02:00Z`: seconds and milliseconds only where they are not zero. */
export const format = (instant: EpochMillis): string => {
  // Beyond what dates reach, as in a column of nanoseconds taken for milliseconds.
  if (!(Math.abs(instant) <= 8.64e15)) return `${instant} ms`
  const iso = DateTime.formatIso(DateTime.makeUnsafe(instant))
  if (iso.endsWith(":00.000Z")) return `${iso.slice(0, -8)}Z`
  return iso.endsWith(".000Z") ? `${iso.slice(0, -5)}Z` : iso
}

/** `2020-06-28`, the UTC date. */
export const formatDate = (instant: EpochMillis): string =>
  DateTime.formatIso(DateTime.makeUnsafe(instant)).slice(0, 10)

const pattern = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,3})?)?(Z|[+-]\d{2}:?\d{2})?)?$/

/**
 * Reads an ISO date or date-time; without an offset it is UTC. A date that
 * does not exist (2023-02-30) is `none`, never rolled over.
 */
export const parse = (text: string): Option.Option<EpochMillis> => {
  const match = pattern.exec(text.trim())
  if (match === null) return Option.none()
  const [, year, month, day, hours, minutes, , offset] = match
  const date = DateTime.make(`${year}-${month}-${day}T00:00:00Z`)
  if (Option.isNone(date) || formatDate(DateTime.toEpochMillis(date.value)) !== `${year}-${month}-${day}`) {
    return Option.none()
  }
  if (hours === undefined) return Option.some(DateTime.toEpochMillis(date.value))
  if (Number(hours) > 23 || Number(minutes) > 59) return Option.none()
  const iso = text.trim().replace(" ", "T")
  return Option.map(DateTime.make(offset === undefined ? `${iso}Z` : iso), DateTime.toEpochMillis)
}
