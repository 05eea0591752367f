/**
 * Series that are generated, and defects that are planted in them by a seeded
 * plan. What was planted is known to the test alone.
 */
import { Calendars } from "@tidemark/calendars"
import { Candles, Instrument, type Interval, type Source, type Timeframe } from "@tidemark/core"
import { Anomaly } from "@tidemark/quality"
import { plugin } from "@tidemark/source-synthetic"
import { Effect, Stream } from "effect"
import { HttpClient } from "effect/http"
import { TestClock } from "effect/testing"

export interface Row {
  t: number
  o: number
  h: number
  l: number
  c: number
  v: number
}

export interface Clean {
  readonly name: string
  readonly context: Anomaly.Context
  readonly rows: ReadonlyArray<Row>
}

export interface Planted {
  readonly kind: Anomaly.Kind
  readonly interval: Interval.Interval
}

const noNetwork = HttpClient.make((_, url) => Effect.die(new Error(`a request to ${url.href}`)))

/** A history of the generator. */
export const clean = Effect.fnUntraced(function* (
  seed: number,
  symbol: string,
  timeframe: Timeframe.Timeframe,
  from: string,
  to: string
) {
  const assetClass = Instrument.assetClassOf(symbol)
  const calendar = Calendars.get(Instrument.calendarOf(assetClass))
  const request: Source.CandlesRequest = {
    symbol,
    assetClass,
    calendar,
    timeframe,
    interval: { from: Date.parse(from), to: Date.parse(to) }
  }
  yield* TestClock.setTime(Date.parse("2026-01-01"))
  const source = yield* plugin.make({ seed }).pipe(Effect.provideService(HttpClient.HttpClient, noNetwork))
  const pages = yield* Stream.runCollect(source.candles(request))
  const { close, high, low, open, openTime, volume } = Candles.concat(pages.map((page) => page.candles))
  const rows = Array.from(openTime, (t, i): Row => ({
    t,
    o: open[i]!,
    h: high[i]!,
    l: low[i]!,
    c: close[i]!,
    v: volume[i]!
  }))
  const series: Clean = {
    name: `${symbol} ${timeframe} seed ${seed}`,
    context: { timeframe, calendar, assetClass, splits: [] },
    rows
  }
  return series
})

export const toCandles = (rows: ReadonlyArray<Row>): Candles.Candles => ({
  openTime: Float64Array.from(rows, ({ t }) => t),
  open: Float64Array.from(rows, ({ o }) => o),
  high: Float64Array.from(rows, ({ h }) => h),
  low: Float64Array.from(rows, ({ l }) => l),
  close: Float64Array.from(rows, ({ c }) => c),
  volume: Float64Array.from(rows, ({ v }) => v)
})

/** Numbers from a seed: mulberry32. */
export const random = (seed: number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

const hour = 3_600_000
/** Rows that are left alone around a defect. */
const room = 90

type Plant = (rows: Array<Row>, at: number, random: () => number, context: Anomaly.Context) => Planted | undefined

const scale = (row: Row, by: number): Row => ({ ...row, o: row.o * by, h: row.h * by, l: row.l * by, c: row.c * by })

const spanOf = (rows: ReadonlyArray<Row>, from: number, to: number): Interval.Interval => ({
  from: rows[from]!.t,
  to: rows[to - 1]!.t + 1
})

const isFirstOfSession = ({ calendar }: Anomaly.Context, rows: ReadonlyArray<Row>, at: number): boolean =>
  calendar.openAtOrBefore("1d", rows[at]!.t) !== calendar.openAtOrBefore("1d", rows[at - 1]!.t)

const firstOfSession = (context: Anomaly.Context, rows: ReadonlyArray<Row>, at: number): number | undefined => {
  for (let row = at; row < Math.min(rows.length - room, at + 2 * room); row++) {
    if (isFirstOfSession(context, rows, row)) return row
  }
  return undefined
}

/** Prices that are split once are joined the next time, so that they stay in a range. */
let splitUp = false

const plants: Readonly<Record<Anomaly.Kind, Plant>> = {
  "ohlc-order": (rows, at, random) => {
    const row = rows[at]!
    rows[at] =
      random() < 0.5 ? { ...row, h: Math.min(row.o, row.c) * 0.995 } : { ...row, l: Math.max(row.o, row.c) * 1.005 }
    return { kind: "ohlc-order", interval: spanOf(rows, at, at + 1) }
  },
  "impossible-value": (rows, at, random) => {
    const row = rows[at]!
    const wrong: ReadonlyArray<Partial<Row>> = [{ c: 0 }, { l: -row.l }, { v: -1 }, { o: Number.NaN }, { h: Infinity }]
    rows[at] = { ...row, ...wrong[Math.floor(random() * wrong.length)] }
    return { kind: "impossible-value", interval: spanOf(rows, at, at + 1) }
  },
  duplicate: (rows, at) => {
    rows.splice(at + 1, 0, { ...rows[at]! })
    return { kind: "duplicate", interval: spanOf(rows, at, at + 1) }
  },
  "off-grid": (rows, at, random) => {
    const count = 1 + Math.floor(random() * 5)
    for (let row = at; row < at + count; row++) rows[row] = { ...rows[row]!, t: rows[row]!.t + 17_000 }
    return { kind: "off-grid", interval: spanOf(rows, at, at + count) }
  },
  "timezone-shift": (rows, at, random, context) => {
    if (context.calendar.id === "24/7") return undefined
    const first = context.timeframe === "1d" ? at : firstOfSession(context, rows, at)
    if (first === undefined) return undefined
    let end = first + 1
    if (context.timeframe !== "1d") while (end < rows.length && !isFirstOfSession(context, rows, end)) end++
    const by = (random() < 0.5 ? 1 : -1) * (random() < 0.5 ? 1 : 5) * hour
    for (let row = first; row < end; row++) rows[row] = { ...rows[row]!, t: rows[row]!.t + by }
    return { kind: "timezone-shift", interval: spanOf(rows, first, end) }
  },
  "zero-volume": (rows, at, random) => {
    const count = 25 + Math.floor(random() * 30)
    const { c } = rows[at - 1]!
    for (let row = at; row < at + count; row++) rows[row] = { t: rows[row]!.t, o: c, h: c, l: c, c, v: 0 }
    return { kind: "zero-volume", interval: spanOf(rows, at, at + count) }
  },
  "frozen-feed": (rows, at, random) => {
    const count = 8 + Math.floor(random() * 40)
    for (let row = at + 1; row < at + count; row++) rows[row] = { ...rows[at]!, t: rows[row]!.t }
    return { kind: "frozen-feed", interval: spanOf(rows, at, at + count) }
  },
  "price-spike": (rows, at, random) => {
    const row = rows[at]!
    const by = 1.3 + random()
    const way = Math.floor(random() * 3)
    rows[at] =
      way === 0
        ? { ...row, h: Math.max(row.o, row.c) * by }
        : way === 1
          ? { ...row, l: Math.min(row.o, row.c) / by }
          : scale(row, by)
    return { kind: "price-spike", interval: spanOf(rows, at, at + 1) }
  },
  "volume-outlier": (rows, at, random) => {
    const around = rows.slice(at - 20, at + 20)
    const mean = around.reduce((sum, { v }) => sum + v, 0) / around.length
    rows[at] = { ...rows[at]!, v: mean * (2_000 + 3_000 * random()) }
    return { kind: "volume-outlier", interval: spanOf(rows, at, at + 1) }
  },
  "split-jump": (rows, at, _, context) => {
    if (context.assetClass !== "equity") return undefined
    const first = context.timeframe === "1d" ? at : firstOfSession(context, rows, at)
    if (first === undefined) return undefined
    splitUp = !splitUp
    const by = splitUp ? 2 : 1 / 2
    for (let row = first; row < rows.length; row++) rows[row] = { ...scale(rows[row]!, by), v: rows[row]!.v / by }
    return { kind: "split-jump", interval: spanOf(rows, first, first + 1) }
  },
  "unit-error": (rows, at, random) => {
    const count = 1 + Math.floor(random() * 30)
    const by = random() < 0.5 ? 100 : 0.01
    for (let row = at; row < at + count; row++) rows[row] = scale(rows[row]!, by)
    return { kind: "unit-error", interval: spanOf(rows, at, at + count) }
  }
}

/** Plants so many defects of every kind that the series can have, far from one another. */
export const plant = (series: Clean, perKind: number, seed: number) => {
  const next = random(seed)
  const rows = series.rows.map((row) => ({ ...row }))
  const kinds = Anomaly.kinds.filter(
    (kind) =>
      (kind !== "timezone-shift" || series.context.calendar.id !== "24/7") &&
      (kind !== "split-jump" || series.context.assetClass === "equity")
  )
  const wanted = kinds.flatMap((kind) => Array.from({ length: perKind }, () => kind))
  // In a random order, from the end of the series to its start: rows that are added move none that are to come.
  for (let i = wanted.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1))
    ;[wanted[i], wanted[j]] = [wanted[j]!, wanted[i]!]
  }
  const step = Math.floor((rows.length - 4 * room) / wanted.length)
  if (step < 3 * room) throw new Error(`${series.name} has no room for ${wanted.length} defects`)
  const planted: Array<Planted> = []
  for (const [i, kind] of wanted.entries()) {
    const at = rows.length - 2 * room - (i + 1) * step
    const one = plants[kind](rows, Math.max(2 * room, at), next, series.context)
    if (one !== undefined) planted.push(one)
  }
  return { rows, planted }
}
