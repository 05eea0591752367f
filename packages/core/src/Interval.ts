/**
 * Half-open intervals of time, `[from, to)` in UTC, and sets of them.
 *
 * An interval is never empty. A set of intervals is an array that is sorted,
 * disjoint and not adjacent; `normalize` makes one, every function of this
 * module that takes sets expects one and returns one, and an empty set is an
 * empty array.
 */
import { format as formatInstant, type EpochMillis } from "./Instant.ts"

export interface Interval {
  /** First instant inside. */
  readonly from: EpochMillis
  /** First instant after the end. */
  readonly to: EpochMillis
}

/** Sorted, disjoint, not adjacent. */
export type IntervalSet = ReadonlyArray<Interval>

/** Throws a `RangeError` unless both are whole milliseconds and `from < to`: an empty interval is a mistake of the caller. */
export const make = (from: EpochMillis, to: EpochMillis): Interval => {
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from >= to) {
    throw new RangeError(`an interval needs whole milliseconds with from < to, got [${from}, ${to})`)
  }
  return { from, to }
}

/** `[from, to)` if anything is in it. */
export const clamp = (from: EpochMillis, to: EpochMillis): Interval | undefined =>
  from < to ? { from, to } : undefined

export const equals = (a: Interval, b: Interval): boolean => a.from === b.from && a.to === b.to

export const contains = (interval: Interval, instant: EpochMillis): boolean =>
  instant >= interval.from && instant < interval.to

export const overlaps = (a: Interval, b: Interval): boolean => a.from < b.to && b.from < a.to

export const intersect = (a: Interval, b: Interval): Interval | undefined =>
  clamp(Math.max(a.from, b.from), Math.min(a.to, b.to))

/** The smallest interval that holds both. */
export const hull = (a: Interval, b: Interval): Interval => ({
  from: Math.min(a.from, b.from),
  to: Math.max(a.to, b.to)
})

/** Sorts, drops what is empty, and joins what overlaps or touches. */
export const normalize = (intervals: Iterable<Interval>): IntervalSet => {
  const sorted = [...intervals].filter((interval) => interval.from < interval.to).sort((a, b) => a.from - b.from)
  const out: Array<Interval> = []
  for (const interval of sorted) {
    const last = out.at(-1)
    if (last !== undefined && interval.from <= last.to) out[out.length - 1] = hull(last, interval)
    else out.push({ from: interval.from, to: interval.to })
  }
  return out
}

export const union = (a: IntervalSet, b: IntervalSet): IntervalSet => normalize([...a, ...b])

export const intersection = (a: IntervalSet, b: IntervalSet): IntervalSet => {
  const out: Array<Interval> = []
  let i = 0
  let j = 0
  while (i < a.length && j < b.length) {
    const left = a[i]!
    const right = b[j]!
    const both = intersect(left, right)
    if (both !== undefined) out.push(both)
    if (left.to < right.to) i++
    else j++
  }
  return out
}

/** What is in `a` and not in `b`. */
export const difference = (a: IntervalSet, b: IntervalSet): IntervalSet => {
  const out: Array<Interval> = []
  let j = 0
  for (const interval of a) {
    let from = interval.from
    while (j < b.length && b[j]!.to <= from) j++
    for (let k = j; k < b.length && b[k]!.from < interval.to; k++) {
      const hole = b[k]!
      if (hole.from > from) out.push({ from, to: hole.from })
      from = Math.max(from, hole.to)
    }
    if (from < interval.to) out.push({ from, to: interval.to })
  }
  return out
}

export const covers = (set: IntervalSet, interval: Interval): boolean => difference([interval], set).length === 0

export const has = (set: IntervalSet, instant: EpochMillis): boolean =>
  set.some((interval) => contains(interval, instant))

/** Total length of a set, in milliseconds. */
export const totalMillis = (set: IntervalSet): number =>
  set.reduce((sum, interval) => sum + interval.to - interval.from, 0)

/** Cuts at every instant of ascending `boundaries` that lies strictly inside. */
export const splitAt = (interval: Interval, boundaries: Iterable<EpochMillis>): ReadonlyArray<Interval> => {
  const out: Array<Interval> = []
  let from = interval.from
  for (const boundary of boundaries) {
    if (boundary <= from) continue
    if (boundary >= interval.to) break
    out.push({ from, to: boundary })
    from = boundary
  }
  out.push({ from, to: interval.to })
  return out
}

/** `2020-06-28T02:00Z → 2020-06-28T05:00Z` */
export const format = (interval: Interval): string => `${formatInstant(interval.from)} → ${formatInstant(interval.to)}`
