/**
 * Prices and volumes that are far from those around them. Pure.
 *
 * What a move is compared with is what the series does around it, so that a
 * crash in a wild market is none and a bad tick in a quiet one is. A move that
 * stays is a move: only one that is taken back is a spike.
 */
import { Adjustment, Candles, Timeframe } from "@tidemark/core"
import * as Anomaly from "./Anomaly.ts"
import * as Volatility from "./Volatility.ts"

/** Fewer rows have no usual. */
const fewestRows = 20
/** Deviations from the usual that make a spike: beyond what heavy tails give. */
const spikeScales = 25
/** And the least that it is in itself: below it is what a spread or a tick can do. */
const leastSpike = Math.log(1.03)
/** How much of a spike has to be taken back. */
const takenBack = 0.7

const unitFactors = [100, 1_000] as const
/** A factor is met within a fifth: prices move meanwhile. */
const unitTolerance = Math.log(1.2)
/** Rows that a wrong unit may last and still be taken back. */
const longestUnitRun = 2_000

/** Shares after for shares before, as companies split and join them. */
const splitRatios = [
  [2, 1],
  [3, 1],
  [4, 1],
  [5, 1],
  [6, 1],
  [7, 1],
  [8, 1],
  [10, 1],
  [15, 1],
  [20, 1],
  [25, 1],
  [30, 1],
  [50, 1],
  [3, 2],
  [1, 2],
  [1, 3],
  [1, 4],
  [1, 5],
  [1, 8],
  [1, 10],
  [1, 15],
  [1, 20],
  [1, 25],
  [1, 30],
  [1, 50]
] as const
/** An overnight move beside the split, at most. */
const splitTolerance = 0.06
/** Rows after it in which the price has to stay where it is. */
const stayRows = 5

const volumeScales = 8
const leastVolumeRatio = 40

/** What several detectors need of the rows, worked out once. */
interface Rows {
  readonly candles: Candles.Candles
  readonly rows: number
  /** Logarithms of closes, in the shares of the last row. */
  readonly log: Float64Array
  /** From one close to the next. */
  readonly scale: (row: number) => number
  /** What a price of a row is multiplied by to be in those shares. */
  readonly factor: (row: number) => number
}

/** Prices as if known splits had always been: what remains is nobody's split. */
const rowsOf = ({ calendar, splits }: Anomaly.Context, candles: Candles.Candles): Rows => {
  const rows = Candles.length(candles)
  const steps = splits
    .flatMap(({ exDate, from, to }) => {
      const at = Adjustment.sessionsAt(calendar, exDate)?.on.open
      return at === undefined ? [] : [{ at, ratio: from / to }]
    })
    .filter(({ ratio }) => ratio > 0 && Number.isFinite(ratio))
  const factor = (row: number) => {
    let product = 1
    for (const { at, ratio } of steps) if (candles.openTime[row]! < at) product *= ratio
    return product
  }
  const log = new Float64Array(rows)
  for (let row = 0; row < rows; row++) {
    const close = candles.close[row]! * (steps.length === 0 ? 1 : factor(row))
    log[row] = close > 0 ? Math.log(close) : Number.NaN
  }
  const moves = new Float64Array(rows)
  for (let row = 1; row < rows; row++) moves[row] = log[row]! - log[row - 1]!
  return {
    candles,
    rows,
    log,
    scale: Volatility.scales(moves.subarray(Math.min(1, rows))),
    factor: steps.length === 0 ? () => 1 : factor
  }
}

const times = (logRatio: number): number => Math.round(Math.exp(Math.abs(logRatio)) * 100) / 100

/** Runs of rows whose prices are a hundred or a thousand times those before, until they are so no more. */
const units = ({ candles, log, rows }: Rows, from: number, to: number) => {
  const found: Array<Anomaly.Anomaly> = []
  const taken = new Uint8Array(rows)
  for (let row = 1; row < rows; row++) {
    // What comes after a run is the way back from it.
    if (taken[row] === 1 || taken[row - 1] === 1) continue
    const move = log[row]! - log[row - 1]!
    const factor = unitFactors.find((each) => Math.abs(Math.abs(move) - Math.log(each)) < unitTolerance)
    if (factor === undefined) continue
    let end = row + 1
    while (end < rows && end - row < longestUnitRun && Math.abs(log[end]! - log[row - 1]!) > Math.log(factor) / 2) end++
    const back = end < rows && end - row < longestUnitRun
    // What is wrong lies between the two moves; at the end of what is stored it is whatever came last.
    if (!back && end < rows) continue
    for (let each = row; each < end; each++) taken[each] = 1
    if (row < from || row >= to) continue
    const count = end - row
    const [first, last] = [candles.openTime[row]!, candles.openTime[end - 1]!]
    found.push(
      Anomaly.make(
        "unit-error",
        first,
        last,
        `${count === 1 ? "a candle is" : `${count} candles are`} ${move > 0 ? "" : "1/"}${factor} times the price before: ` +
          "is it another unit?",
        { factor: move > 0 ? factor : 1 / factor, candles: count }
      )
    )
  }
  return { found, taken }
}

/** The highest and lowest price of a row against the closes around it. */
const spikes = ({ candles, factor, log, rows, scale }: Rows, taken: Uint8Array, from: number, to: number) => {
  const found: Array<Anomaly.Anomaly> = []
  const { high, low, openTime } = candles
  for (let row = from; row < to; row++) {
    if (taken[row] === 1) continue
    const before = row > 0 && taken[row - 1] === 0 ? log[row - 1]! : Number.NaN
    const after = row + 1 < rows && taken[row + 1] === 0 ? log[row + 1]! : Number.NaN
    const own = log[row]!
    const limit = Math.max(leastSpike, spikeScales * scale(row))
    // A close that is far out on both sides is compared with both; one that is not is what its own wicks are compared with.
    const neighbours = [before, after].filter(Number.isFinite)
    if (neighbours.length < 2 && rows > 2 && row > 0 && row + 1 < rows) continue
    const [lowest, highest] = [Math.min(...neighbours), Math.max(...neighbours)]
    const isOut = neighbours.length === 2 && (own > highest + limit || own < lowest - limit)
    const base = isOut ? neighbours : [...neighbours, own]
    const up = Math.log(high[row]! * factor(row)) - Math.max(...base)
    const down = Math.min(...base) - Math.log(low[row]! * factor(row))
    const size = Math.max(up, down)
    if (!(size > limit)) continue
    // What stays is a jump: one side of it is where the price is now.
    if (isOut && Math.abs(highest - lowest) > (1 - takenBack) * size) continue
    const price = up >= down ? high[row]! : low[row]!
    found.push(
      Anomaly.make(
        "price-spike",
        openTime[row]!,
        openTime[row]!,
        `${price} is ${times(size)} times ${up >= down ? "above" : "below"} the prices around it, ` +
          `${Math.round(size / scale(row))} times their usual move`,
        { price, ratio: Math.exp(up >= down ? size : -size), scales: size / scale(row) }
      )
    )
  }
  return found
}

/** Jumps between sessions by the ratio of a split, that stay. */
const splitJumps = (
  { assetClass, calendar, timeframe }: Anomaly.Context,
  { candles, factor, log, rows, scale }: Rows,
  taken: Uint8Array,
  from: number,
  to: number
) => {
  if (assetClass !== "equity") return []
  const found: Array<Anomaly.Anomaly> = []
  for (let row = Math.max(1, from); row < to; row++) {
    if (taken[row] === 1 || taken[row - 1] === 1) continue
    const open = candles.openTime[row]!
    const jump = Math.log(candles.open[row]! * factor(row)) - log[row - 1]!
    if (!(Math.abs(jump) > Math.log(1.4)) || Math.abs(jump) < 8 * scale(row)) continue
    // Only where a session ends: companies split shares overnight.
    const between = Timeframe.isIntraday(timeframe)
      ? calendar.openAtOrBefore("1d", open) !== calendar.openAtOrBefore("1d", candles.openTime[row - 1]!)
      : true
    if (!between) continue
    const ratio = splitRatios.find(([after, before]) => Math.abs(jump + Math.log(after / before)) < splitTolerance)
    if (ratio === undefined) continue
    const later = log.subarray(row, Math.min(rows, row + stayRows))
    if (!later.every((value) => Math.abs(value - log[row - 1]! - jump) < Math.log(1.2))) continue
    const [after, before] = ratio
    found.push(
      Anomaly.make(
        "split-jump",
        open,
        open,
        `the price goes from ${candles.close[row - 1]} to ${candles.open[row]} between sessions, as in a split of ` +
          `${after} for ${before}, and none is known`,
        { ratio: after / before, before: candles.close[row - 1]!, after: candles.open[row]! }
      )
    )
  }
  return found
}

/** The volume against that of the candles around it, and of the same time of day. */
const volumes = (context: Anomaly.Context, { candles, rows }: Rows, from: number, to: number) => {
  const { openTime, volume } = candles
  const log = new Float64Array(rows)
  for (let row = 0; row < rows; row++) log[row] = volume[row]! > 0 ? Math.log(volume[row]!) : Number.NaN
  const level = Volatility.levels(log)
  const off = new Float64Array(rows)
  for (let row = 0; row < rows; row++) off[row] = log[row]! - level(row)
  const scale = Volatility.scales(off)
  const slots = new Map<number, Array<number>>()
  const dayMillis = 86_400_000
  const isIntraday = Timeframe.isIntraday(context.timeframe)
  const slotOf = (row: number) => openTime[row]! % dayMillis
  const candidates: Array<number> = []
  for (let row = from; row < to; row++) {
    if (off[row]! > Math.max(volumeScales * scale(row), Math.log(leastVolumeRatio))) candidates.push(row)
  }
  if (candidates.length === 0) return []
  if (isIntraday) {
    const wanted = new Set(candidates.map(slotOf))
    for (let row = 0; row < rows; row++) {
      if (!wanted.has(slotOf(row)) || !Number.isFinite(off[row]!)) continue
      const slot = slots.get(slotOf(row))
      if (slot === undefined) slots.set(slotOf(row), [off[row]!])
      else slot.push(off[row]!)
    }
  }
  return candidates.flatMap((row): ReadonlyArray<Anomaly.Anomaly> => {
    const slot = (slots.get(slotOf(row)) ?? []).toSorted((a, b) => a - b)
    // Usual for its time of day, such as an auction.
    const usual = slot.length < 5 ? 0 : Math.max(0, slot[slot.length >> 1]!)
    const size = off[row]! - usual
    if (size < Math.log(leastVolumeRatio)) return []
    const at = openTime[row]!
    return [
      Anomaly.make(
        "volume-outlier",
        at,
        at,
        `a volume of ${volume[row]} is ${Math.round(Math.exp(size))} times the usual`,
        {
          volume: volume[row]!,
          ratio: Math.exp(size)
        }
      )
    ]
  })
}

/** Everything of the kind in rows that begin in `[from, to)`; the others are there to compare with. */
export const find = (
  context: Anomaly.Context,
  candles: Candles.Candles,
  from: number,
  to: number
): ReadonlyArray<Anomaly.Anomaly> => {
  const rows = rowsOf(context, candles)
  if (rows.rows < 2) return []
  const { found, taken } = units(rows, from, to)
  if (rows.rows < fewestRows) return found
  return [
    ...found,
    ...splitJumps(context, rows, taken, from, to),
    ...spikes(rows, taken, from, to),
    ...volumes(context, rows, from, to)
  ]
}
