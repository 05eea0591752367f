/**
 * Runs of candles in which nothing happens, where something usually does.
 *
 * How long a run may be follows from the runs around it, of which the
 * longest, one in `rowsPerUsualRun` rows, do not count: they may be what is
 * looked for. Runs of chance become rarer by the same factor with every row (a
 * geometric tail, as in the law of the longest run of P. Erdős and A. Rényi,
 * 1970). A run so long that chance would need `rowsPerChanceRun` rows for it
 * is none of chance.
 */
import type { Candles } from "@tidemark/core"
import * as Anomaly from "./Anomaly.ts"

const rowsPerUsualRun = 1_000
const rowsPerChanceRun = 1e7
/** A few long runs must not make themselves usual, in a short series either. */
const fewestUsualRuns = 3
/** The tail is told by so many times the runs that are in it. */
const fewestRunsOfTail = 20
/** Rows in which something happens that there must be around a run. */
const fewestMovingRows = 20

const chunkRows = 4_096
/** Runs are compared with those of so many chunks before and after. */
const contextChunks = 8

/** Whether a row is like the one before it, in one of several ways. */
interface Way {
  readonly kind: "zero-volume" | "frozen-feed"
  /** Shorter runs prove nothing, however lively the series. */
  readonly fewest: number
  /** Whether a run has one candle more than rows that are alike: the one that they are like. */
  readonly hasModel: boolean
  readonly say: (run: Run) => string
}

interface Run {
  readonly first: number
  last: number
  rows: number
  readonly startRow: number
  endRow: number
  readonly close: number
  readonly volume: number
}

const candlesIn = (way: Way, run: Run): number => run.rows + (way.hasModel ? 1 : 0)

const empty: Way = {
  kind: "zero-volume",
  fewest: 6,
  hasModel: false,
  say: ({ rows }) => `${rows} candles in a row without a trade`
}
const same: Way = {
  kind: "frozen-feed",
  fewest: 4,
  hasModel: true,
  say: ({ rows, volume }) => `${rows + 1} candles in a row are the same, with their volume of ${volume}`
}
const sameClose: Way = {
  kind: "frozen-feed",
  fewest: 10,
  hasModel: true,
  say: ({ close, rows }) => `${rows + 1} candles in a row close at ${close}`
}

/** The length of a run that is no chance, given those of all runs in so many rows. */
const limitOf = (lengths: Array<number>, rows: number): number => {
  const longest = Math.max(fewestUsualRuns, Math.floor(rows / rowsPerUsualRun))
  if (lengths.length <= longest) return 0
  lengths.sort((a, b) => b - a)
  const runs = lengths.length - longest
  const still = lengths.slice(longest).reduce((sum, length) => sum + length, 0)
  const toChance = (count: number) => Math.log((count / rows) * rowsPerChanceRun)
  // The chance that a run goes on, if it is the same for all of them.
  const even = 1 + toChance(runs) / Math.log((still + 1) / (still - runs + 1))
  // The chance that any row is still, if rows do not ask one another.
  const independent = Math.log(rowsPerChanceRun) / Math.log(rows / still)
  // Where there are quiet hours, the tail of the longer runs is theirs.
  const usual = lengths[longest]! + 1
  const tail =
    runs < fewestRunsOfTail * longest ? 0 : usual * (1 + toChance(longest) / Math.log(lengths.length / longest))
  return Math.ceil(Math.max(even, independent, tail))
}

/** The runs of one way to be still. */
const makeRuns = (way: Way, report: (run: Run, limit: number) => void) => {
  let row = 0
  let run: Run | undefined
  let waiting: Array<Run> = []
  /** Lengths of the runs that ended in a chunk. */
  const chunks = new Map<number, Array<number>>()
  const limits = new Map<string, number>()

  const limitFor = (run: Run): number => {
    const from = Math.max(0, Math.floor(run.startRow / chunkRows) - contextChunks)
    const to = Math.floor(run.endRow / chunkRows) + contextChunks
    const key = `${from} ${to}`
    let limit = limits.get(key)
    if (limit === undefined) {
      const lengths: Array<number> = []
      for (let chunk = from; chunk <= to; chunk++) for (const length of chunks.get(chunk) ?? []) lengths.push(length)
      const rows = Math.min(row, (to + 1) * chunkRows) - from * chunkRows
      const moving = lengths.reduce((left, length) => left - length, rows)
      limit = moving < fewestMovingRows ? Infinity : Math.max(way.fewest, limitOf(lengths, rows))
      limits.set(key, limit)
    }
    return limit
  }

  const judge = (isLast: boolean): void => {
    const ready = (run: Run) => isLast || run.endRow + (contextChunks + 1) * chunkRows <= row
    for (const run of waiting) {
      if (!ready(run)) continue
      const limit = limitFor(run)
      if (run.rows >= limit) report(run, limit)
    }
    waiting = waiting.filter((run) => !ready(run))
    limits.clear()
    const oldest = Math.min(row, run?.startRow ?? row, waiting[0]?.startRow ?? row)
    for (const chunk of chunks.keys()) {
      if (chunk >= Math.floor(oldest / chunkRows) - contextChunks) break
      chunks.delete(chunk)
    }
  }

  const end = (): void => {
    if (run === undefined) return
    const chunk = Math.floor(run.endRow / chunkRows)
    const lengths = chunks.get(chunk)
    if (lengths === undefined) chunks.set(chunk, [run.rows])
    else lengths.push(run.rows)
    if (run.rows >= way.fewest) waiting.push(run)
    run = undefined
  }

  return {
    push: (isStill: boolean, open: number, model: number, close: number, volume: number): void => {
      if (!isStill) {
        if (run !== undefined) end()
      } else if (run === undefined) {
        run = { first: way.hasModel ? model : open, last: open, rows: 1, startRow: row, endRow: row, close, volume }
      } else {
        run.last = open
        run.rows++
        run.endRow = row
      }
      row++
      if (row % chunkRows === 0) judge(false)
    },
    finish: (): void => {
      end()
      judge(true)
    }
  }
}

export interface Stillness {
  readonly push: (candles: Candles.Candles, row: number) => void
  readonly finish: () => void
}

export const make = (report: Anomaly.Report): Stillness => {
  let rowsWithVolume = 0
  /** Runs of one and the same candle are runs of one close too, and told once. */
  const frozen: Array<Run> = []
  const take = (way: Way, run: Run, limit: number): void => {
    if (way === sameClose && frozen.some(({ first, last }) => first <= run.last && run.first <= last)) return
    if (way === same) frozen.push(run)
    // Where volume is never given, its absence says nothing.
    const isEmpty = way === empty && rowsWithVolume > 0
    const figures = { candles: candlesIn(way, run), limit, close: run.close, volume: run.volume }
    const kind = isEmpty ? "zero-volume" : "frozen-feed"
    report(Anomaly.make(kind, run.first, run.last, `${way.say(run)}; ${limit} would be unusual here`, figures))
  }
  const runsOf = (way: Way) => makeRuns(way, (run, limit) => take(way, run, limit))
  const emptyRuns = runsOf(empty)
  // Before those of the close, which ask for them.
  const sameRuns = runsOf(same)
  const sameCloseRuns = runsOf(sameClose)
  const last = {
    at: Number.NaN,
    open: Number.NaN,
    high: Number.NaN,
    low: Number.NaN,
    close: Number.NaN,
    volume: Number.NaN
  }

  return {
    push: (candles, row) => {
      const at = candles.openTime[row]!
      const open = candles.open[row]!
      const high = candles.high[row]!
      const low = candles.low[row]!
      const close = candles.close[row]!
      const volume = candles.volume[row]!
      if (volume > 0) rowsWithVolume++
      const isEmpty = volume === 0 && high === low
      const isSameClose = close === last.close && !isEmpty
      const isSame =
        isSameClose && volume === last.volume && open === last.open && high === last.high && low === last.low
      emptyRuns.push(isEmpty, at, last.at, close, volume)
      sameRuns.push(isSame, at, last.at, close, volume)
      sameCloseRuns.push(isSameClose, at, last.at, close, volume)
      last.at = at
      last.open = open
      last.high = high
      last.low = low
      last.close = close
      last.volume = volume
    },
    finish: () => {
      for (const runs of [emptyRuns, sameRuns, sameCloseRuns]) runs.finish()
    }
  }
}
