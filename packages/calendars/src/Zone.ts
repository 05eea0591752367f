/**
 * Wall time in a time zone to UTC.
 *
 * Asking ICU for an offset costs microseconds, and a session table needs
 * 70,000 of them, so the changes of offset are found once per zone and every
 * conversion after that is a search in a short array.
 *
 * **Gotchas**
 *
 * - Changes are looked for at four-week steps and then narrowed down to the
 *   minute: a zone that changed twice within four weeks would be misread. New
 *   York and the other zones of large exchanges never did so since 1969.
 * - A wall time that a change skips or repeats takes the offset before the
 *   change. No session opens or closes at such a time.
 */
import type { Instant } from "@tidemark/core"
import { type Day, make as makeDay, millisPerDay } from "./Day.ts"

export interface Zone {
  /** IANA name. */
  readonly name: string
  /** The instant at which clocks in the zone show `minuteOfDay` (which may exceed a day or be negative) of `day`. */
  readonly toUtc: (day: Day, minuteOfDay: number) => Instant.EpochMillis
}

const millisPerMinute = 60_000
const stepMillis = 28 * millisPerDay

const offsetReader = (name: string) => {
  const format = new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" })
  const pattern = /GMT(?:([+-])(\d{2}):(\d{2}))?$/
  return (instant: Instant.EpochMillis): number => {
    const match = pattern.exec(format.format(instant))
    if (match === null) throw new Error(`cannot read the UTC offset of ${name} from "${format.format(instant)}"`)
    const [, sign, hours, minutes] = match
    if (sign === undefined) return 0
    return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * millisPerMinute
  }
}

/** A zone whose offsets are known for the wall dates `[firstDay, lastDay]`. */
export const make = (name: string, firstDay: Day, lastDay: Day): Zone => {
  const offsetAt = offsetReader(name)
  const end = (lastDay + 2) * millisPerDay
  let from = (firstDay - 2) * millisPerDay
  const changes: Array<Instant.EpochMillis> = []
  const offsets = [offsetAt(from)]
  while (from < end) {
    const before = offsets.at(-1)!
    const to = from + stepMillis
    const after = offsetAt(to)
    if (after !== before) {
      let low = from
      let high = to
      while (high - low > millisPerMinute) {
        const middle = Math.floor((low + high) / 2 / millisPerMinute) * millisPerMinute
        if (offsetAt(middle) === before) low = middle
        else high = middle
      }
      changes.push(high)
      offsets.push(after)
    }
    from = to
  }
  return {
    name,
    toUtc: (day, minuteOfDay) => {
      const wall = day * millisPerDay + minuteOfDay * millisPerMinute
      let low = 0
      let high = changes.length
      while (low < high) {
        const middle = (low + high) >> 1
        if (changes[middle]! + Math.max(offsets[middle]!, offsets[middle + 1]!) <= wall) low = middle + 1
        else high = middle
      }
      return wall - offsets[low]!
    }
  }
}

let newYorkZone: Zone | undefined

/** New York from 1969 to 2101, made when first asked for. */
export const newYork = (): Zone => (newYorkZone ??= make("America/New_York", makeDay(1969, 1, 1), makeDay(2102, 1, 1)))
