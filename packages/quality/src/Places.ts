/**
 * Candles that open where the calendar has none, and whole sessions of them
 * that lie hours away from where they belong.
 *
 * Rows that follow on one another without a pause are judged together, when
 * the pause comes: if all of them are candles of one session (of one week,
 * where sessions touch) once they are moved by the same hours, and one end of
 * it is met exactly, it is another time zone. Otherwise those that are no
 * candle are off the grid. On a calendar that never closes, a shift of
 * intraday candles leaves no trace in their times.
 */
import { type Calendar, type Interval, Timeframe } from "@tidemark/core"
import * as Anomaly from "./Anomaly.ts"

const hourMillis = 3_600_000
/** Markets pause for longer between sessions, and not as long within one. */
export const pauseMillis = 4 * hourMillis
/** No two places on earth are further apart; beyond it the next session is nearer. */
const mostHours = 14
/** More rows without a pause are no session. */
const mostRows = 20_000

/** Candles that follow on one another, all of them where there should be none. */
interface Strays {
  first: number
  last: number
  count: number
  readonly isOutside: boolean
  leastOff: number
  mostOff: number
}

interface Shift {
  readonly hours: number
  first: number
  last: number
  count: number
}

/** By how much a candle opens after the nearest one of the calendar, in milliseconds. */
const offMillis = ({ calendar, timeframe }: Anomaly.Context, open: number): number => {
  const before = open - calendar.openAtOrBefore(timeframe, open)
  const after = calendar.openAtOrAfter(timeframe, open) - open
  return before <= after ? before : -after
}

const joined = (a: Strays, b: Strays): Strays => ({
  first: a.first,
  last: b.last,
  count: a.count + b.count,
  isOutside: a.isOutside,
  leastOff: Math.min(a.leastOff, b.leastOff),
  mostOff: Math.max(a.mostOff, b.mostOff)
})

const amount = (count: number): string => (count === 1 ? "a candle opens" : `${count} candles open`)

const sayStrays = ({ count, first, isOutside, last, leastOff, mostOff }: Strays): Anomaly.Anomaly => {
  const off =
    leastOff === mostOff
      ? `${Math.abs(leastOff) / 1_000} s ${leastOff > 0 ? "after" : "before"} where the calendar has one`
      : `between ${leastOff / 1_000} s and ${mostOff / 1_000} s from where the calendar has one`
  const evidence = `${amount(count)} ${isOutside ? "outside of the sessions of the market" : off}`
  return Anomaly.make("off-grid", first, last, evidence, { offMillis: leastOff, candles: count })
}

const sayShift = ({ count, first, hours, last }: Shift): Anomaly.Anomaly => {
  const evidence = `${count === 1 ? "a candle lies" : `${count} candles lie`} ${Math.abs(hours)} h ${hours > 0 ? "late" : "early"}: is it another time zone?`
  return Anomaly.make("timezone-shift", first, last, evidence, { hours, candles: count })
}

/** The time without a pause in which a candle opens: its session, with those that touch it. */
const blockOf = (calendar: Calendar.Calendar, open: number): Interval.Interval | undefined => {
  const week = 7 * 24 * hourMillis
  const sessions = calendar.sessions({
    from: Math.max(calendar.span.from, open - week),
    to: Math.min(calendar.span.to, open + week)
  })
  let own = sessions.findIndex((session) => open < session.close)
  if (own < 0 || open < sessions[own]!.open) return undefined
  let end = own
  while (own > 0 && sessions[own - 1]!.close === sessions[own]!.open) own--
  while (end + 1 < sessions.length && sessions[end + 1]!.open === sessions[end]!.close) end++
  return { from: sessions[own]!.open, to: sessions[end]!.close }
}

/** By how many hours rows lie late, if that alone is what is wrong with them. */
const hoursLate = ({ calendar, timeframe }: Anomaly.Context, rows: Float64Array): number | undefined => {
  const isShiftOf = (millis: number): boolean => {
    const [first, last] = [rows[0]! - millis, rows.at(-1)! - millis]
    if (first < calendar.span.from || last >= calendar.span.to) return false
    const block = blockOf(calendar, first)
    if (block === undefined || last >= block.to || 2 * (last - first) < block.to - block.from) return false
    const expected = calendar.openTimes(timeframe, block)
    if (first !== expected[0] && last !== expected.at(-1)) return false
    let at = 0
    return rows.every((open) => {
      while (at < expected.length && expected[at]! < open - millis) at++
      return expected[at] === open - millis
    })
  }
  for (let hours = 1; hours <= mostHours; hours++) {
    if (isShiftOf(hours * hourMillis)) return hours
    if (isShiftOf(-hours * hourMillis)) return -hours
  }
  return undefined
}

export interface Places {
  /** Takes the next candle's open, which is later than that of the one before. */
  readonly push: (open: number, isExpected: boolean) => void
  readonly finish: () => void
}

export const make = (context: Anomaly.Context, report: Anomaly.Report): Places => {
  const { calendar, timeframe } = context
  const neverCloses = calendar.id === "24/7"
  const isIntraday = Timeframe.isIntraday(timeframe)
  /** Whether hours show in the times of candles one by one. */
  const isAlone = !isIntraday || (neverCloses && Timeframe.nominalMillis(timeframe) > hourMillis)
  const inSessions = isIntraday && !neverCloses

  let rows = new Float64Array(inSessions ? 1_024 : 0)
  let count = 0
  const lastOpen = { value: -Infinity }
  let strays: Strays | undefined
  /** Those of the rows without a pause, until it is clear what they are. */
  let held: Array<Strays> = []
  /** A finding that may go on after the pause, as candles before every session do. */
  let outside: Strays | undefined
  /** One that went on until the pause, and may go on after it. */
  let inside: Strays | undefined
  let shift: Shift | undefined

  const endShift = (): void => {
    if (shift !== undefined) report(sayShift(shift))
    shift = undefined
  }
  const endOutside = (): void => {
    if (outside !== undefined) report(sayStrays(outside))
    outside = undefined
  }
  const endInside = (): void => {
    if (inside !== undefined) report(sayStrays(inside))
    inside = undefined
  }
  const shifted = (hours: number, first: number, last: number, count: number): void => {
    if (shift === undefined || shift.hours !== hours) {
      endShift()
      shift = { hours, first, last, count }
    } else {
      shift.last = last
      shift.count += count
    }
  }
  const endStrays = (): void => {
    if (strays === undefined) return
    if (inSessions) held.push(strays)
    else report(sayStrays(strays))
    strays = undefined
  }

  const endRows = (): void => {
    endStrays()
    const all = held
    const [first, last] = [rows[0]!, lastOpen.value]
    const size = count
    held = []
    count = 0
    const hours = all.length === 0 || size > mostRows ? undefined : hoursLate(context, rows.subarray(0, size))
    if (hours !== undefined) {
      endOutside()
      endInside()
      shifted(hours, first, last, size)
      return
    }
    endShift()
    if (inside !== undefined && (all[0]?.first !== first || all[0].isOutside)) endInside()
    if (!all.some(({ isOutside }) => isOutside)) endOutside()
    for (const each of all) {
      if (each.isOutside) outside = outside === undefined ? each : joined(outside, each)
      else inside = inside === undefined ? each : joined(inside, each)
      if (inside !== undefined && inside.last !== last) endInside()
    }
  }

  const stray = (open: number): void => {
    const off = offMillis(context, open)
    if (isAlone) {
      const hours = off / hourMillis
      if (Number.isInteger(hours) && Math.abs(hours) <= mostHours) {
        endStrays()
        shifted(hours, open, open, 1)
        return
      }
      endShift()
    }
    const isOutside = !calendar.isOpen(open)
    if (strays !== undefined && strays.isOutside === isOutside) {
      strays.last = open
      strays.count++
      strays.leastOff = Math.min(strays.leastOff, off)
      strays.mostOff = Math.max(strays.mostOff, off)
      return
    }
    endStrays()
    strays = { first: open, last: open, count: 1, isOutside, leastOff: off, mostOff: off }
  }

  return {
    push: (open, isExpected) => {
      if (inSessions) {
        if (open - lastOpen.value > pauseMillis && count > 0) endRows()
        if (count === rows.length && count < mostRows) {
          const larger = new Float64Array(2 * count)
          larger.set(rows)
          rows = larger
        }
        if (count < rows.length) rows[count] = open
        count++
        lastOpen.value = open
      }
      if (!isExpected) stray(open)
      else {
        if (strays !== undefined) endStrays()
        if (isAlone && shift !== undefined) endShift()
      }
    },
    finish: () => {
      if (inSessions && count > 0) endRows()
      else endStrays()
      endShift()
      endOutside()
      endInside()
    }
  }
}
