/**
 * Which missing candles a venue's outage explains, and when the candles that
 * are missing at several symbols at once are an outage. Pure.
 */
import { type Calendar, Interval, type Outage, type Timeframe } from "@tidemark/core"

/** Missing candles with what explains them, or nothing. */
export interface Part {
  /** From the open of the first candle to the close of the last. */
  readonly interval: Interval.Interval
  readonly outage: Outage.Outage | undefined
}

/** The candles that lie in an outage from open to close: one that it only cuts short is there. */
const inside = (
  calendar: Calendar.Calendar,
  timeframe: Timeframe.Timeframe,
  run: Interval.Interval,
  outage: Outage.Outage
): Interval.Interval | undefined => {
  const common = Interval.intersect(run, outage)
  if (common === undefined) return undefined
  const from = calendar.openAtOrAfter(timeframe, common.from)
  if (from >= common.to) return undefined
  const last = calendar.openAtOrBefore(timeframe, common.to - 1)
  const close = calendar.closeOf(timeframe, last)
  return Interval.clamp(from, close <= common.to ? close : last)
}

/** A run of missing candles cut into what outages explain and what they do not, ascending. */
export const explain = (
  calendar: Calendar.Calendar,
  timeframe: Timeframe.Timeframe,
  run: Interval.Interval,
  outages: ReadonlyArray<Outage.Outage>
): ReadonlyArray<Part> => {
  const parts: Array<Part> = []
  let rest: Interval.IntervalSet = [run]
  for (const outage of outages) {
    const explained = inside(calendar, timeframe, run, outage)
    if (explained === undefined) continue
    for (const interval of Interval.intersection(rest, [explained])) parts.push({ interval, outage })
    rest = Interval.difference(rest, [explained])
  }
  for (const interval of rest) {
    if (calendar.countOpens(timeframe, interval) > 0) parts.push({ interval, outage: undefined })
  }
  return parts.toSorted((a, b) => a.interval.from - b.interval.from)
}

/** What one symbol of a venue tells: when it was asked for, and when it had nothing. */
export interface Witness {
  readonly symbol: string
  readonly fetched: Interval.IntervalSet
  readonly empty: Interval.IntervalSet
}

/** Fewer symbols than this prove nothing. */
export const fewestWitnesses = 3
/** Share of the symbols asked that must have nothing. */
export const leastShare = 0.8

/** The instants between which the answers of all witnesses stay the same, ascending. */
const boundaries = (sets: ReadonlyArray<Interval.IntervalSet>): ReadonlyArray<number> =>
  [...new Set(sets.flat().flatMap(({ from, to }) => [from, to]))].toSorted((a, b) => a - b)

/**
 * Times in which most symbols of a venue that were asked for them had no
 * candle. `witnesses` are the series of one venue and one timeframe.
 */
export const infer = (venue: string, witnesses: ReadonlyArray<Witness>): ReadonlyArray<Outage.Outage> => {
  const marks = boundaries(witnesses.map(({ empty }) => empty))
  const found: Array<Outage.Outage> = []
  for (const [i, from] of marks.slice(0, -1).entries()) {
    const span = { from, to: marks[i + 1]! }
    const asked = witnesses.filter(({ fetched }) => Interval.covers(fetched, span))
    const silent = asked.filter(({ empty }) => Interval.covers(empty, span))
    if (asked.length < fewestWitnesses || silent.length < asked.length * leastShare) continue
    const evidence = `${silent.length} of ${asked.length} symbols of ${venue} have no candle then`
    const last = found.at(-1)
    if (last !== undefined && last.to === span.from && last.evidence === evidence) {
      found[found.length - 1] = { ...last, to: span.to }
    } else {
      found.push({ ...span, venue, origin: "inferred", evidence })
    }
  }
  return found
}
