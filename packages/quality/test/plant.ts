/**
 * Defects that are planted in clean series by a seeded plan, far from one
 * another. What was planted is known to the test alone, and nothing here
 * comes from the detectors but the names of the kinds.
 *
 * The smallest that are planted: spikes of 3 % and 16 standard deviations of
 * the returns around beyond both neighbours, volumes of 200 times the median
 * around, runs of 8 candles without a trade, of 6 that are the same, of 15
 * with the same close.
 */
import type { Interval } from "@tidemark/core"
import { Anomaly } from "@tidemark/quality"
import { random, type Row, type Series, toRows } from "./series.ts"

export interface Planted {
  readonly kind: Anomaly.Kind
  readonly interval: Interval.Interval
}

interface Field {
  readonly context: Anomaly.Context
  readonly rows: Array<Row>
  /** A whole number in `[from, to]`. */
  readonly whole: (from: number, to: number) => number
  readonly next: () => number
  /** What splits have multiplied the price by so far. */
  scaled: number
  /** The first row that belongs to another defect. */
  end: number
}

const minute = 60_000
const hour = 60 * minute

const scale = (row: Row, by: number): Row => ({ ...row, o: row.o * by, h: row.h * by, l: row.l * by, c: row.c * by })

/** Rows that are left alone between defects. */
const room = 60

/** From the row `first` to the row `last`. */
const span = (rows: ReadonlyArray<Row>, first: number, last: number): Interval.Interval => ({
  from: Math.min(rows[first]!.t, rows[last]!.t),
  to: Math.max(rows[first]!.t, rows[last]!.t) + 1
})

const isPause = ({ rows }: Field, at: number): boolean => rows[at]!.t - rows[at - 1]!.t > 5 * hour

/** The first row at or after `at` that opens after a pause of the market. */
const afterPause = (field: Field, at: number): number | undefined => {
  for (let row = at; row < field.end - room; row++) if (isPause(field, row)) return row
  return undefined
}

const median = (values: ReadonlyArray<number>): number => values.toSorted((a, b) => a - b)[values.length >> 1]!

/** Standard deviation of the returns of 60 rows on either side. */
const deviation = (rows: ReadonlyArray<Row>, at: number): number => {
  const returns = rows.slice(at - 60, at + 60).map((row, i, all) => (i === 0 ? 0 : Math.log(row.c / all[i - 1]!.c)))
  return Math.sqrt(returns.reduce((sum, value) => sum + value * value, 0) / (returns.length - 1))
}

type Plant = (field: Field, at: number) => Interval.Interval | undefined

const splits: ReadonlyArray<readonly [after: number, before: number]> = [
  [2, 1],
  [3, 1],
  [3, 2],
  [4, 1],
  [5, 1],
  [7, 1],
  [10, 1],
  [20, 1],
  [1, 2],
  [1, 5],
  [1, 10]
]

const plants: Readonly<Record<Anomaly.Kind, Plant>> = {
  "ohlc-order": ({ next, rows }, at) => {
    const row = rows[at]!
    const off = 0.0005 + 0.02 * next()
    const way = next()
    if (way < 0.4) rows[at] = { ...row, h: Math.max(row.o, row.c) * (1 - off) }
    else if (way < 0.8) rows[at] = { ...row, l: Math.min(row.o, row.c) * (1 + off) }
    else rows[at] = { ...row, h: row.l, l: row.h * (1 + off) }
    return span(rows, at, at)
  },
  "impossible-value": ({ rows, whole }, at) => {
    const row = rows[at]!
    const wrong: ReadonlyArray<Partial<Row>> = [
      { c: 0 },
      { l: -row.l },
      { v: -row.v - 1 },
      { o: Number.NaN },
      { h: Infinity },
      { v: Number.NaN },
      { l: -Infinity },
      { o: 0, h: 0, l: 0, c: 0 }
    ]
    rows[at] = { ...row, ...wrong[whole(0, wrong.length - 1)] }
    return span(rows, at, at)
  },
  duplicate: ({ next, rows, whole }, at) => {
    const way = next()
    // The same again, another of the same time, a page that is stored twice, one that comes late.
    if (way < 0.25) rows.splice(at + 1, 0, { ...rows[at]! })
    else if (way < 0.5) rows.splice(at + 1, 0, { ...rows[at + 1]!, t: rows[at]!.t })
    else if (way < 0.75) {
      const count = whole(2, 30)
      rows.splice(at + count, 0, ...rows.slice(at, at + count).map((row) => ({ ...row })))
      return span(rows, at, at + count - 1)
    } else {
      const [late] = rows.splice(at, 1)
      rows.splice(at + whole(1, 20), 0, late!)
      return { from: late!.t, to: late!.t + 1 }
    }
    return span(rows, at, at)
  },
  "off-grid": ({ rows, whole }, at) => {
    const last = at + whole(0, 40)
    const off = 1_000 * whole(1, 29) + whole(0, 1) * 217
    for (let row = at; row <= last; row++) rows[row] = { ...rows[row]!, t: rows[row]!.t + off }
    return span(rows, at, last)
  },
  "timezone-shift": (field, at) => {
    const { context, rows, whole } = field
    const isAlone = context.timeframe === "1d" || context.timeframe === "1w"
    const isFourHours = context.calendar.id === "24/7" && context.timeframe === "4h"
    if (context.calendar.id === "24/7" && !isAlone && !isFourHours) return undefined
    const first = isAlone || isFourHours ? at : afterPause(field, at)
    if (first === undefined) return undefined
    let last = first
    if (isAlone || isFourHours) last += whole(0, 10)
    else {
      const end = first + 60
      do {
        const next = afterPause(field, last + 1)
        if (next === undefined) return undefined
        last = next - 1
      } while (last < end && whole(0, 1) === 1)
    }
    const hours = whole(1, isFourHours ? 1 : context.calendar.id === "24/5" ? 7 : 9) * (whole(0, 1) === 0 ? 1 : -1)
    for (let row = first; row <= last; row++) rows[row] = { ...rows[row]!, t: rows[row]!.t + hours * hour }
    return span(rows, first, last)
  },
  "zero-volume": ({ rows, whole }, at) => {
    const last = at + whole(8, 50) - 1
    const { c } = rows[at - 1]!
    for (let row = at; row <= last; row++) rows[row] = { t: rows[row]!.t, o: c, h: c, l: c, c, v: 0 }
    return span(rows, at, last)
  },
  "frozen-feed": ({ next, rows, whole }, at) => {
    const isWhole = next() < 0.5
    const last = at + (isWhole ? whole(6, 50) : whole(15, 50)) - 1
    const { c } = rows[at]!
    for (let row = at + 1; row <= last; row++) {
      const { t, v } = rows[row]!
      rows[row] = isWhole ? { ...rows[at]!, t } : { t, o: c, h: c, l: c, c, v }
    }
    return span(rows, at, last)
  },
  "price-spike": ({ next, rows }, at) => {
    const [before, row, after] = [rows[at - 1]!, rows[at]!, rows[at + 1]!]
    const size = Math.max(Math.log(1.03), 16 * deviation(rows, at)) * (1 + 3 * next())
    const high = Math.max(before.h, row.h, after.h) * Math.exp(size)
    const low = Math.min(before.l, row.l, after.l) / Math.exp(size)
    const way = next()
    // A wick, a close, or the whole candle; up or down.
    if (way < 0.25) rows[at] = { ...row, h: high }
    else if (way < 0.5) rows[at] = { ...row, l: low }
    else if (way < 0.6) rows[at] = { ...row, h: high, c: high }
    else if (way < 0.7) rows[at] = { ...row, l: low, c: low }
    else rows[at] = scale(row, way < 0.85 ? high / row.h : low / row.l)
    return span(rows, at, at)
  },
  "volume-outlier": ({ next, rows }, at) => {
    const usual = median(rows.slice(at - 50, at + 50).map(({ v }) => v))
    rows[at] = { ...rows[at]!, v: usual * 200 * 25 ** next() }
    return span(rows, at, at)
  },
  "split-jump": (field, at) => {
    const { context, rows, whole } = field
    if (context.assetClass !== "equity") return undefined
    const first = afterPause(field, at)
    if (first === undefined) return undefined
    // The other way when the price has gone far, so that it stays in a range.
    const usable = field.scaled > 1 ? splits.filter(([after, before]) => after > before) : splits
    const ofTheTime = field.scaled < 0.05 ? splits.filter(([after, before]) => after < before) : usable
    const [after, before] = ofTheTime[whole(0, ofTheTime.length - 1)]!
    const by = before / after
    field.scaled *= by
    for (let row = first; row < rows.length; row++) rows[row] = { ...scale(rows[row]!, by), v: rows[row]!.v / by }
    return span(rows, first, first)
  },
  "unit-error": ({ rows, whole }, at) => {
    const last = at + (whole(0, 2) === 0 ? 0 : whole(1, 60))
    const by = [100, 0.01, 1_000, 0.001][whole(0, 3)]!
    for (let row = at; row <= last; row++) rows[row] = scale(rows[row]!, by)
    return span(rows, at, last)
  }
}

/** Rows at either end that are left as they are. */
const margin = 150

/** Plants up to `count` defects of every kind that the series can have, from its start to its end. */
export const plant = (series: Series, count: number, seed: number) => {
  const next = random(seed)
  const whole = (from: number, to: number) => from + Math.floor(next() * (to - from + 1))
  const field: Field = {
    context: series.context,
    rows: toRows(series.candles),
    whole,
    next,
    scaled: 1,
    end: series.candles.openTime.length
  }
  const wanted = Anomaly.kinds.flatMap((kind) => Array.from({ length: count }, () => kind))
  for (let i = wanted.length - 1; i > 0; i--) {
    const j = whole(0, i)
    ;[wanted[i], wanted[j]] = [wanted[j]!, wanted[i]!]
  }
  const planted: Array<Planted> = []
  const perDefect = Math.floor((field.rows.length - 2 * margin) / wanted.length)
  if (perDefect < 200) throw new Error(`${series.name} has no room for ${wanted.length} defects`)
  // From the end on: rows that are added or taken change no place that is to come.
  for (const [i, kind] of wanted.entries()) {
    const at = field.rows.length - margin - (i + 1) * perDefect + whole(0, perDefect - 180)
    const interval = plants[kind](field, at)
    if (interval === undefined) continue
    planted.push({ kind, interval })
    field.end = at
  }
  return { rows: field.rows, planted }
}
