/**
 * Jumps of a share's price between sessions by the ratio of a split.
 *
 * Splits that are known are taken out, from the first candle whose price
 * shows it; a history that is adjusted already shows none. What remains, is
 * near a usual ratio and stays, is a split that nobody has told.
 */
import { Adjustment, type Calendar, type Candles, type CorporateAction, Timeframe } from "@tidemark/core"
import * as Anomaly from "./Anomaly.ts"
import { pauseMillis } from "./Places.ts"

/** Shares after for shares before, as companies split and join them; the most frequent first. */
const ratios = (
  [
    [2, 1],
    [3, 1],
    [4, 1],
    [3, 2],
    [5, 1],
    [10, 1],
    [7, 1],
    [20, 1],
    [6, 1],
    [8, 1],
    [15, 1],
    [25, 1],
    [30, 1],
    [50, 1],
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
).map(([after, before]) => ({ after, before, log: Math.log(before / after) }))

/** Rows after it in which the price has to stay where it is. */
const stayRows = 5
/** A move that ordinary nights of the series could bring is no split's. */
const fewestNights = 8
/** How far a night may move the price beside the split: so many of the usual, within these bounds. */
const toleranceNights = 4
const leastTolerance = 0.05
const mostTolerance = 0.1
/** Standard deviation of a night, in that of a session: what is known from shares. */
const nightShare = 0.5
/** Nothing smaller is looked at: three shares for two are 0.41. */
const leastJump = 0.3
/** Inside of a week there is more than a night: only two for one and more are told from news. */
const leastInside = 0.6
/** How far prices may stray from the new level. */
const mostStray = Math.log(1.25)

const dayMillis = 86_400_000
const longestMillis = 32 * dayMillis
/** Of the New York Stock Exchange. */
const sessionMillis = 6.5 * 3_600_000
const sessionsPerWeek = 5

/** Splits that are known, from when on a price may show them. */
interface Known {
  readonly from: number
  readonly at: number
  /** Logarithm of what the price is multiplied by. */
  readonly log: number
}

interface Suspect {
  readonly open: number
  readonly ratio: (typeof ratios)[number]
  readonly level: number
  readonly before: number
  readonly after: number
  rows: number
  stayed: number
}

const knownOf = (calendar: Calendar.Calendar, splits: ReadonlyArray<CorporateAction.Split>): ReadonlyArray<Known> =>
  splits
    .flatMap(({ exDate, from, to }): ReadonlyArray<Known> => {
      const sessions = Adjustment.sessionsAt(calendar, exDate)
      const log = Math.log(from / to)
      if (sessions === undefined || !Number.isFinite(log)) return []
      return [{ from: sessions.previous.close, at: sessions.on.open, log }]
    })
    .toSorted((a, b) => a.at - b.at)

export interface Splits {
  /** Logarithm of what known splits have multiplied prices by since the first row. */
  readonly factor: () => number
  /** Takes out what a candle is the first to show of known splits. Its close as a logarithm in one unit, that before it without splits. */
  readonly settle: (open: number, logClose: number, logBefore: number) => void
  /** Whether a known split falls into a candle, which so is half in old and half in new shares. */
  readonly cuts: (open: number) => boolean
  /** Takes the next candle: logarithms in one unit and without known splits, and prices as they are told. */
  readonly push: (
    open: number,
    logOpen: number,
    logClose: number,
    sigma: number,
    candles: Candles.Candles,
    row: number
  ) => void
  readonly finish: () => void
}

export const make = ({ assetClass, calendar, splits, timeframe }: Anomaly.Context, report: Anomaly.Report): Splits => {
  const known = knownOf(calendar, splits)
  const candleMillis = Timeframe.nominalMillis(timeframe)
  const isLong = candleMillis > dayMillis
  /** A night's standard deviation in that of a candle. */
  const nights = isLong
    ? nightShare / Math.sqrt(sessionsPerWeek)
    : nightShare * Math.sqrt(Math.max(1, sessionMillis / candleMillis))
  let next = 0
  let factor = 0
  let suspect: Suspect | undefined
  /** The last three closes as logarithms, the last as it was told, and its open. */
  const last = { first: Number.NaN, second: Number.NaN, third: Number.NaN, told: Number.NaN, open: Number.NaN }

  const end = (): void => {
    if (suspect === undefined) return
    const { after, before, open, ratio, rows, stayed } = suspect
    suspect = undefined
    // One of the candles may itself be wrong.
    if (stayed < Math.min(rows, stayRows - 1)) return
    const evidence =
      `the price goes from ${before} to ${after} between sessions, as in a split of ${ratio.after} for ${ratio.before}, ` +
      "and none is known"
    report(Anomaly.at("split-jump", open, evidence, { ratio: ratio.after / ratio.before, before, after }))
  }

  const ratioOf = (jump: number, night: number) => {
    if (!(Math.abs(jump) > fewestNights * night)) return undefined
    const tolerance = Math.min(mostTolerance, Math.max(leastTolerance, toleranceNights * night))
    const nearest = ratios.reduce((a, b) => (Math.abs(b.log - jump) < Math.abs(a.log - jump) ? b : a))
    return Math.abs(nearest.log - jump) < tolerance ? nearest : undefined
  }

  /** A candle of a week may hold the split between its open and its close; the first of a session may open at an old price. */
  const jumpsOf = (logOpen: number, logClose: number): ReadonlyArray<number> => {
    const [toOpen, toClose] = [logOpen - last.third, logClose - last.third]
    const isWithin = isLong ? Math.abs(toClose) > leastInside : candleMillis < dayMillis
    return isWithin ? [toOpen, toClose] : [toOpen]
  }

  return {
    factor: () => factor,
    settle: (open, logClose, logBefore) => {
      for (let split = known[next]; split !== undefined && open >= split.from; split = known[next]) {
        const jump = logClose - factor - logBefore
        const rest = Math.abs(jump - split.log)
        if (rest < Math.abs(jump) / (open < split.at ? 2 : 1)) factor += split.log
        else if (open < split.at) return
        next++
      }
    },
    cuts: (open) => {
      const split = known[next]
      if (split === undefined || !isLong || open >= split.at || split.at - open > longestMillis) return false
      return split.at < calendar.closeOf(timeframe, calendar.openAtOrBefore(timeframe, open))
    },
    push: (open, logOpen, logClose, sigma, candles, row) => {
      if (suspect !== undefined) {
        suspect.rows++
        if (Math.abs(logClose - suspect.level) < mostStray) suspect.stayed++
        if (suspect.rows === stayRows) end()
      }
      const isBetween = open - last.open > pauseMillis
      if (
        isBetween &&
        assetClass === "equity" &&
        Math.max(Math.abs(logOpen - last.third), Math.abs(logClose - last.third)) > leastJump
      ) {
        // What comes back from a spike is no jump from where the price was.
        const level = Math.max(
          Math.min(last.first, last.second),
          Math.min(Math.max(last.first, last.second), last.third)
        )
        const ratio =
          Math.abs(last.third - level) < mostStray / 2
            ? jumpsOf(logOpen, logClose)
                .map((jump) => ratioOf(jump, nights * sigma))
                .find((found) => found !== undefined)
            : undefined
        if (ratio !== undefined && suspect === undefined) {
          const after =
            Math.abs(logOpen - last.third - ratio.log) < mostTolerance ? candles.open[row]! : candles.close[row]!
          suspect = { open, ratio, level: last.third + ratio.log, before: last.told, after, rows: 0, stayed: 0 }
        }
      }
      last.open = open
      last.first = last.second
      last.second = last.third
      last.third = logClose
      last.told = candles.close[row]!
    },
    finish: end
  }
}
