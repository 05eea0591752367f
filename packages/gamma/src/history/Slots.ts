/**
 * The moments of a session at which an underlying is looked at: four, evenly
 * from a quarter of an hour after the open to a quarter of an hour before the
 * close. Of a whole day in New York: 9:45, 11:45, 13:45 and 15:45.
 */
import type { Calendar, Instant, Interval } from "@tidemark/core"
import { DateTime } from "effect"

/** Looks a session. */
export const perSession = 4

const marginMillis = 15 * 60_000

/** A moment, and the time whose chains and rows count as its own. */
export interface Slot extends Interval.Interval {
  readonly at: Instant.EpochMillis
  /** Date of its session. */
  readonly session: string
}

/** The looks of one session, ascending. */
const looks = ({ close, open }: Calendar.Session): ReadonlyArray<Instant.EpochMillis> => {
  const step = (close - open - 2 * marginMillis) / (perSession - 1)
  return Array.from({ length: perSession }, (_, i) => Math.round(open + marginMillis + i * step))
}

/** A slot's time lies within a day of it. */
const reachMillis = 2 * 86_400_000

/** The first instant after the market's date that an instant lies in. */
const nextMidnight = ({ timeZone }: Calendar.Calendar, instant: Instant.EpochMillis): Instant.EpochMillis =>
  DateTime.makeZonedUnsafe(instant, { timeZone }).pipe(DateTime.startOf("day"), DateTime.add({ days: 1 }))
    .epochMilliseconds

/**
 * The slots whose moments lie in an interval, ascending. A chain belongs to the slot that it is nearest to (the earlier
 * of two); one of the evening of a session belongs to the session's last. One of before an open, of a weekend or of a
 * holiday belongs to none.
 */
export const of = (calendar: Calendar.Calendar, interval: Interval.Interval): ReadonlyArray<Slot> => {
  const sessions = calendar.sessions(interval)
  const slots: Array<Slot> = []
  for (const session of sessions) {
    if (session.open >= interval.to) break
    const moments = looks(session)
    for (const [k, at] of moments.entries()) {
      const from = k === 0 ? session.open : Math.floor((moments[k - 1]! + at) / 2) + 1
      const next = moments[k + 1]
      const to = next === undefined ? nextMidnight(calendar, session.close - 1) : Math.floor((at + next) / 2) + 1
      if (at >= interval.from && at < interval.to) slots.push({ at, session: session.date, from, to })
    }
  }
  return slots
}

/** The slot whose time a moment lies in, if any. */
export const at = (calendar: Calendar.Calendar, moment: Instant.EpochMillis): Slot | undefined =>
  of(calendar, { from: moment - reachMillis, to: moment + reachMillis }).find(
    ({ from, to }) => moment >= from && moment < to
  )
