/**
 * A batch of candles as columns.
 *
 * One `Float64Array` a field, all of one length, ascending by open time: no
 * object per candle exists on any hot path. The columns of a batch are
 * treated as immutable; `slice` and `within` share memory with their input.
 */
import { format as formatInstant, type EpochMillis } from "./Instant.ts"
import type { Interval } from "./Interval.ts"

export interface Candles {
  /** Epoch milliseconds UTC. */
  readonly openTime: Float64Array
  readonly open: Float64Array
  readonly high: Float64Array
  readonly low: Float64Array
  readonly close: Float64Array
  /** In units of the instrument (shares, coins). */
  readonly volume: Float64Array
  /** In units of the quote currency; `NaN` for a row without, absent where the source never gives it. */
  readonly quoteVolume?: Float64Array | undefined
  /** Number of trades; `NaN` for a row without, absent where the source never gives it. */
  readonly trades?: Float64Array | undefined
}

/** The columns that every batch has. */
export const required = ["openTime", "open", "high", "low", "close", "volume"] as const
/** The columns that a source may not have. */
export const optional = ["quoteVolume", "trades"] as const

export const length = (candles: Candles): number => candles.openTime.length

/** Whether all four prices of a row are finite numbers: what is less is no candle. */
export const isPriced = (
  { close, high, low, open }: Pick<Candles, "close" | "high" | "low" | "open">,
  row: number
): boolean => Number.isFinite(open[row]! + high[row]! + low[row]! + close[row]!)

/** Columns that follow one another, as one; a single one is given back as it is. */
export const joined = (columns: ReadonlyArray<Float64Array>): Float64Array => {
  if (columns.length === 1) return columns[0]!
  const out = new Float64Array(columns.reduce((sum, column) => sum + column.length, 0))
  let at = 0
  for (const column of columns) {
    out.set(column, at)
    at += column.length
  }
  return out
}

/** A batch of `size` rows of zeros, for a decoder to fill. */
export const allocate = (
  size: number,
  options?: { readonly quoteVolume?: boolean; readonly trades?: boolean }
): Candles => ({
  openTime: new Float64Array(size),
  open: new Float64Array(size),
  high: new Float64Array(size),
  low: new Float64Array(size),
  close: new Float64Array(size),
  volume: new Float64Array(size),
  ...(options?.quoteVolume === true ? { quoteVolume: new Float64Array(size) } : {}),
  ...(options?.trades === true ? { trades: new Float64Array(size) } : {})
})

export const empty: Candles = allocate(0)

const mapColumns = (candles: Candles, f: (column: Float64Array) => Float64Array): Candles => ({
  openTime: f(candles.openTime),
  open: f(candles.open),
  high: f(candles.high),
  low: f(candles.low),
  close: f(candles.close),
  volume: f(candles.volume),
  ...(candles.quoteVolume === undefined ? {} : { quoteVolume: f(candles.quoteVolume) }),
  ...(candles.trades === undefined ? {} : { trades: f(candles.trades) })
})

/** Rows `[start, end)`, sharing memory. */
export const slice = (candles: Candles, start: number, end: number): Candles =>
  start <= 0 && end >= length(candles) ? candles : mapColumns(candles, (column) => column.subarray(start, end))

/** The rows at `indices`, copied. */
export const pick = (candles: Candles, indices: ArrayLike<number>): Candles =>
  mapColumns(candles, (column) => {
    const out = new Float64Array(indices.length)
    for (let i = 0; i < indices.length; i++) out[i] = column[indices[i]!]!
    return out
  })

/** One batch after the other; an optional column that only some have is `NaN` for the rest. */
export const concat = (batches: ReadonlyArray<Candles>): Candles => {
  const filled = batches.filter((batch) => length(batch) > 0)
  if (filled.length === 0) return empty
  if (filled.length === 1) return filled[0]!
  const size = filled.reduce((sum, batch) => sum + length(batch), 0)
  const join = (get: (batch: Candles) => Float64Array | undefined): Float64Array => {
    const out = new Float64Array(size)
    let at = 0
    for (const batch of filled) {
      const column = get(batch)
      if (column === undefined) out.fill(Number.NaN, at, at + length(batch))
      else out.set(column, at)
      at += length(batch)
    }
    return out
  }
  const some = (name: (typeof optional)[number]) => filled.some((batch) => batch[name] !== undefined)
  return {
    openTime: join((batch) => batch.openTime),
    open: join((batch) => batch.open),
    high: join((batch) => batch.high),
    low: join((batch) => batch.low),
    close: join((batch) => batch.close),
    volume: join((batch) => batch.volume),
    ...(some("quoteVolume") ? { quoteVolume: join((batch) => batch.quoteVolume) } : {}),
    ...(some("trades") ? { trades: join((batch) => batch.trades) } : {})
  }
}

/** Index of the first row that opens at or after `instant`; the length if none does. */
export const lowerBound = (openTime: Float64Array, instant: EpochMillis): number => {
  let low = 0
  let high = openTime.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (openTime[middle]! < instant) low = middle + 1
    else high = middle
  }
  return low
}

/** The rows that open inside the interval, sharing memory. */
export const within = (candles: Candles, interval: Interval): Candles =>
  slice(candles, lowerBound(candles.openTime, interval.from), lowerBound(candles.openTime, interval.to))

const same = (a: number, b: number): boolean => a === b || (a !== a && b !== b)

/** Whether row `i` of `a` and row `j` of `b` have the same values; a missing optional column equals `NaN`. */
export const sameRow = (a: Candles, i: number, b: Candles, j: number): boolean =>
  a.openTime[i] === b.openTime[j] &&
  a.open[i] === b.open[j] &&
  a.high[i] === b.high[j] &&
  a.low[i] === b.low[j] &&
  a.close[i] === b.close[j] &&
  a.volume[i] === b.volume[j] &&
  same(a.quoteVolume?.[i] ?? Number.NaN, b.quoteVolume?.[j] ?? Number.NaN) &&
  same(a.trades?.[i] ?? Number.NaN, b.trades?.[j] ?? Number.NaN)

export const equals = (a: Candles, b: Candles): boolean => {
  if (length(a) !== length(b)) return false
  for (let i = 0; i < length(a); i++) if (!sameRow(a, i, b, i)) return false
  return true
}

/** Whether every column has the length of `openTime`. */
export const isRectangular = (candles: Candles): boolean =>
  [...required, ...optional].every((name) => {
    const column = candles[name]
    return column === undefined || column.length === candles.openTime.length
  })

/** Finite and not negative, or not given. */
const isCountOrMissing = (value: number | undefined): boolean =>
  value === undefined || value !== value || (value >= 0 && value < Infinity)

/**
 * The first thing that no candle of any market can have, in words, or
 * `undefined`: rows out of order, twice, or outside the interval; a value
 * that is no finite number; a high below or a low above another price; a
 * negative volume. It does not judge what is merely unusual.
 */
export const invalidity = (candles: Candles, interval: Interval): string | undefined => {
  if (!isRectangular(candles)) return "columns of different lengths"
  const { close, high, low, open, openTime, volume } = candles
  let previous = -Infinity
  for (let i = 0; i < openTime.length; i++) {
    const at = openTime[i]!
    if (!Number.isSafeInteger(at)) return `row ${i} has no whole-millisecond open time (${at})`
    const row = () => `the candle of ${formatInstant(at)}`
    if (at === previous) return `${row()} comes twice`
    if (at < previous) return `${row()} comes after that of ${formatInstant(previous)}`
    if (at < interval.from || at >= interval.to) return `${row()} lies outside what was asked`
    previous = at
    const o = open[i]!
    const h = high[i]!
    const l = low[i]!
    const c = close[i]!
    const v = volume[i]!
    // A sum is finite exactly when all its terms are (prices near 1e308 aside).
    if (!Number.isFinite(o + h + l + c + v)) return `${row()} has a value that is not a finite number`
    if (h < l) return `${row()} has its high ${h} below its low ${l}`
    if (h < o || h < c) return `${row()} has its high ${h} below its ${h < o ? `open ${o}` : `close ${c}`}`
    if (l > o || l > c) return `${row()} has its low ${l} above its ${l > o ? `open ${o}` : `close ${c}`}`
    if (v < 0) return `${row()} has the negative volume ${v}`
    if (!isCountOrMissing(candles.quoteVolume?.[i])) return `${row()} has the quote volume ${candles.quoteVolume![i]}`
    if (!isCountOrMissing(candles.trades?.[i])) return `${row()} has ${candles.trades![i]} trades`
  }
  return undefined
}

/**
 * Runs of `expected` opens that `present` lacks, both ascending: each as the
 * index range `[start, end)` in `expected`. Opens of `present` that are not
 * expected change nothing.
 */
export const missingRuns = (
  expected: Float64Array,
  present: Float64Array
): ReadonlyArray<{ readonly start: number; readonly end: number }> => {
  const runs: Array<{ start: number; end: number }> = []
  let run: { start: number; end: number } | undefined
  let j = 0
  for (let i = 0; i < expected.length; i++) {
    const open = expected[i]!
    while (j < present.length && present[j]! < open) j++
    if (j < present.length && present[j] === open) {
      run = undefined
    } else if (run === undefined) {
      run = { start: i, end: i + 1 }
      runs.push(run)
    } else {
      run.end = i + 1
    }
  }
  return runs
}
