/**
 * Where the table and the ledger of one series tell different stories,
 * because something else has changed the table.
 *
 * The ledger vouches: a candle of the calendar's grid inside what is fetched
 * is a row or part of a recorded empty run, and rows are nowhere else. Rows off
 * the grid are right only where a source has answered them, which the ledger
 * knows by their number. Whether all is well is told by a count and a sum;
 * only where these differ are the opens themselves looked at.
 */
import { Effect, Stream } from "effect"
import type { Calendar } from "./Calendar.ts"
import * as Candles from "./Candles.ts"
import { CandleStore, type Sum } from "./CandleStore.ts"
import { type Coverage, extent as extentOf, type Fetched, fetchedSet, type Hole } from "./Coverage.ts"
import * as Instant from "./Instant.ts"
import * as Interval from "./Interval.ts"
import type { Series } from "./Series.ts"
import { nominalMillis, type Timeframe } from "./Timeframe.ts"

export interface Damage {
  /** Candles that the ledger vouches for and the table lacks, or has twice. */
  readonly lost: Interval.IntervalSet
  /** Rows that no answer of a source put there, from the first of a run to the last; no other row lies between. */
  readonly stray: Interval.IntervalSet
}

export const none: Damage = { lost: [], stray: [] }

export const isNone = ({ lost, stray }: Damage): boolean => lost.length + stray.length === 0

/** Every instant that both databases write alike: the years 1 to 9999. */
export const everything: Interval.Interval = { from: -62_135_596_800_000, to: 253_402_300_799_999 }

/** Candles looked at in one piece: bounds memory, whatever the history. */
const opensPerPiece = 65_536

const piecesOf = (timeframe: Timeframe, intervals: Interval.IntervalSet): ReadonlyArray<Interval.Interval> => {
  const step = opensPerPiece * nominalMillis(timeframe)
  return intervals.flatMap(({ from, to }) =>
    Array.from({ length: Math.ceil((to - from) / step) }, (_, i) => ({
      from: from + i * step,
      to: Math.min(from + (i + 1) * step, to)
    }))
  )
}

/** Runs of candles that `present` lacks within the interval, as holes that end where their last candle closes. */
export const holes = (
  calendar: Calendar,
  timeframe: Timeframe,
  interval: Interval.Interval,
  present: Float64Array
): ReadonlyArray<Hole> => {
  const expected = calendar.openTimes(timeframe, interval)
  return Candles.missingRuns(expected, present).map((run) => ({
    from: expected[run.start]!,
    to: calendar.closeOf(timeframe, expected[run.end - 1]!),
    opens: run.end - run.start
  }))
}

/** The candles of the grid that the ledger vouches for in an interval, and where they lie. */
export const vouchedFor = (
  calendar: Calendar,
  timeframe: Timeframe,
  coverage: Coverage,
  interval: Interval.Interval
): Sum => {
  let [rows, offsets] = [0, 0]
  const add = (runs: Interval.IntervalSet, sign: 1 | -1) => {
    for (const piece of piecesOf(timeframe, Interval.intersection(runs, [interval]))) {
      const opens = calendar.openTimes(timeframe, piece)
      let sum = 0
      for (const open of opens) sum += open - piece.from
      rows += sign * opens.length
      offsets += (sign * (sum + opens.length * (piece.from - interval.from))) / 1_000
    }
  }
  add(fetchedSet(coverage), 1)
  add(Interval.normalize(coverage.empty), -1)
  return { rows, offsets }
}

/** Half a millisecond: sums of seconds are exact but for opens that are not on one. */
const tolerance = 0.0005

export const isSame = (a: Sum, b: Sum): boolean => a.rows === b.rows && Math.abs(a.offsets - b.offsets) < tolerance

/** Rows off the grid that sources have answered in a run. */
const answeredOffGrid = (calendar: Calendar, timeframe: Timeframe, { empty }: Coverage, run: Fetched): number => {
  const opens = (sum: number, part: Interval.Interval) => sum + calendar.countOpens(timeframe, part)
  return (
    run.rows -
    calendar.countOpens(timeframe, run) +
    Interval.intersection(Interval.normalize(empty), [run]).reduce(opens, 0)
  )
}

interface Rows extends Interval.Interval {
  readonly rows: number
}

/** What a row is: one that the ledger vouches for, one in a hole that is known, or one beside the grid. */
type Kind = "vouched" | "inHole" | "offGrid"

/** What the opens of one piece, which lies inside what is fetched, tell. */
const sort = (
  calendar: Calendar,
  timeframe: Timeframe,
  empty: Interval.IntervalSet,
  piece: Interval.Interval,
  present: Float64Array
) => {
  const expected = calendar.openTimes(timeframe, piece)
  const runs: Record<Exclude<Kind, "vouched">, Array<Rows>> = { inHole: [], offGrid: [] }
  const doubled: Array<Interval.Interval> = []
  let [next, hole] = [0, 0]
  let before: Kind = "vouched"
  for (let i = 0; i < present.length; i++) {
    const open = present[i]!
    while (next < expected.length && expected[next]! < open) next++
    while (hole < empty.length && empty[hole]!.to <= open) hole++
    const isInHole = hole < empty.length && empty[hole]!.from <= open
    const kind: Kind = expected[next] !== open ? "offGrid" : isInHole ? "inHole" : "vouched"
    const from = Math.floor(open)
    // A row within the same millisecond cannot be told from its neighbour by an interval.
    if (i > 0 && Math.floor(present[i - 1]!) === from && (kind === "vouched" || before === "vouched")) {
      doubled.push({ from, to: calendar.openAtOrAfter(timeframe, from + 1) })
    }
    if (kind !== "vouched") {
      const last = kind === before ? runs[kind].at(-1) : undefined
      if (last === undefined) runs[kind].push({ from, to: from + 1, rows: 1 })
      else runs[kind][runs[kind].length - 1] = { from: last.from, to: from + 1, rows: last.rows + 1 }
    }
    before = kind
  }
  return { ...runs, doubled }
}

/** The candles of the grid that an interval lies in. */
const cellsOf =
  (calendar: Calendar, timeframe: Timeframe) =>
  ({ from, to }: Interval.Interval): Interval.Interval => ({
    from: calendar.openAtOrBefore(timeframe, from),
    to: calendar.openAtOrAfter(timeframe, to)
  })

/** From the first row of an interval to the last. */
const rowsIn = Effect.fnUntraced(function* (series: Series, interval: Interval.Interval) {
  const store = yield* CandleStore
  let [first, last] = [Infinity, -Infinity]
  yield* Stream.runForEach(store.openTimes(series, interval), (times) =>
    Effect.sync(() => {
      first = Math.min(first, times[0] ?? Infinity)
      last = Math.max(last, times.at(-1) ?? -Infinity)
    })
  )
  return first > last ? [] : [{ from: Math.floor(first), to: Math.floor(last) + 1 }]
})

/** Compares rows and ledger, open by open, within the intervals. */
export const look = Effect.fn("Damage.look")(function* (
  series: Series,
  calendar: Calendar,
  coverage: Coverage,
  intervals: Interval.IntervalSet
) {
  const store = yield* CandleStore
  const { timeframe } = series
  const fetched = fetchedSet(coverage)
  const empty = Interval.normalize(coverage.empty)
  const opensIn = (piece: Interval.Interval) =>
    Effect.map(Stream.runCollect(store.openTimes(series, piece)), Candles.joined)
  const stray = (yield* Effect.forEach(Interval.difference(intervals, fetched), (one) => rowsIn(series, one))).flat()
  const lost: Array<Interval.Interval> = []
  const offGrid: Array<Rows> = []
  for (const piece of piecesOf(timeframe, Interval.intersection(intervals, fetched))) {
    const present = yield* opensIn(piece)
    const sorted = sort(calendar, timeframe, empty, piece, present)
    const missing = Interval.normalize(holes(calendar, timeframe, piece, present))
    lost.push(...Interval.difference(Interval.intersection(missing, fetched), empty), ...sorted.doubled)
    stray.push(...sorted.inHole)
    offGrid.push(...sorted.offGrid)
  }
  for (const run of coverage.fetched) {
    const seen = offGrid.filter((rows) => Interval.overlaps(rows, run))
    if (seen.length === 0) continue
    const answered = answeredOffGrid(calendar, timeframe, coverage, run)
    if (answered <= 0) {
      stray.push(...seen)
      continue
    }
    const all: Array<Rows> = []
    for (const piece of piecesOf(timeframe, [run])) {
      all.push(...sort(calendar, timeframe, empty, piece, yield* opensIn(piece)).offGrid)
    }
    if (all.reduce((sum, { rows }) => sum + rows, 0) === answered) continue
    // Which of them the source has answered nobody knows: the candles they lie in are asked for again.
    stray.push(...all)
    lost.push(...Interval.intersection(Interval.normalize(all.map(cellsOf(calendar, timeframe))), fetched))
  }
  // A run of holes can end within a candle, where a page did: what follows is no candle.
  const isCandle = (one: Interval.Interval) => calendar.countOpens(timeframe, one) > 0
  return { lost: Interval.normalize(lost).filter(isCandle), stray: Interval.normalize(stray) } satisfies Damage
})

/** What is wrong within intervals that are suspect; looks again where somebody has written them meanwhile. */
export const within = Effect.fn("Damage.within")(function* (
  series: Series,
  calendar: Calendar,
  intervals: Interval.IntervalSet
) {
  if (intervals.length === 0) return none
  const store = yield* CandleStore
  for (;;) {
    const coverage = yield* store.coverage(series)
    const found = yield* look(series, calendar, coverage, intervals)
    if (isNone(found) || JSON.stringify(coverage) === JSON.stringify(yield* store.coverage(series))) return found
  }
})

/** What is wrong in an interval, by count and sum first: the store adds up, so that no row is read where all is well. */
export const find = Effect.fn("Damage.find")(function* (
  series: Series,
  calendar: Calendar,
  coverage: Coverage,
  interval: Interval.Interval
) {
  const store = yield* CandleStore
  const there = yield* store.sum(series, interval)
  return isSame(there, vouchedFor(calendar, series.timeframe, coverage, interval))
    ? none
    : yield* within(series, calendar, [interval])
})

/** Ranges that a sentence names, at most. */
const mostRanges = 3

const listed = (ranges: ReadonlyArray<string>): string =>
  `(${[...ranges.slice(0, mostRanges), ...(ranges.length > mostRanges ? ["…"] : [])].join(", ")})`

/** `2024-01-03T10:00:30Z`, or the opens of the first and the last */
const rowsText = ({ from, to }: Interval.Interval): string =>
  to - from === 1 ? Instant.format(from) : `${Instant.format(from)} to ${Instant.format(to - 1)}`

/** Where rows are that no answer put there, in words. */
export const strayText = ({ source }: Series, stray: Interval.IntervalSet): string =>
  `rows are in the table that no answer of ${source} put there ${listed(stray.map(rowsText))}`

/** What is wrong, in words. */
export const describe = (series: Series, { lost, stray }: Damage): string =>
  [
    ...(lost.length === 0 ? [] : [`candles that were stored are gone or changed ${listed(lost.map(Interval.format))}`]),
    ...(stray.length === 0 ? [] : [strayText(series, stray)])
  ].join("; ")

/** The command that puts a series right and asks for what is lost, for people to copy. */
export const mendCommand = (
  { source, symbol, timeframe }: Series,
  calendar: Calendar,
  coverage: Coverage,
  { lost, stray }: Damage
): string => {
  const range = (lost.length > 0 ? lost : stray).reduce(Interval.hull)
  const known = extentOf(coverage) ?? calendar.span
  // The last instant that is known, where rows lie beyond: any run of the series puts all of it right.
  const cells = cellsOf(calendar, timeframe)(Interval.intersect(range, known) ?? { from: known.to - 1, to: known.to })
  const flags = `--start ${Instant.format(cells.from)} --end ${Instant.format(cells.to)}${lost.length > 0 ? " --force" : ""}`
  return `tidemark backfill --symbols ${symbol} --timeframes ${timeframe} --source ${source} ${flags}`
}
