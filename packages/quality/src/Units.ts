/**
 * Prices that are told in another unit for a while: cents for dollars,
 * thousands of a coin for one.
 *
 * A whole candle (its open and its close) that leaves the level of those
 * before it by such a factor, and a later one that comes back by the same.
 * Rows between are judged by their prices in the usual unit. What never comes
 * back is told too, of whichever side of the change has fewer rows.
 */
import * as Anomaly from "./Anomaly.ts"

const factors = [100, 1_000, 1_000_000] as const
const logFactors = factors.map((factor) => Math.log(factor))
/** Prices move meanwhile: a factor is met within so many usual moves, within these bounds. */
const toleranceSigmas = 8
const leastTolerance = 0.03
const mostTolerance = Math.log(1.25)

export interface Units {
  /** The logarithm of the factor in which a candle is told; both prices and the close before it as logarithms. */
  readonly push: (open: number, logOpen: number, logClose: number, logBefore: number, sigma: number) => number
  readonly finish: () => void
}

export const make = (report: Anomaly.Report): Units => {
  const seen = { rows: 0, first: Number.NaN, last: Number.NaN }
  let current = 0
  /** The run that is told in another unit, by its first row. */
  let since = { open: Number.NaN, row: 0, before: Number.NaN }

  const say = (from: number, to: number, log: number, count: number, stays: boolean): void => {
    const factor = Math.round(Math.exp(Math.abs(log)))
    const evidence =
      `${count === 1 ? "a candle is" : `${count} candles are`} told at ${log > 0 ? "" : "1/"}${factor.toLocaleString("en-US")} ` +
      `of the prices ${stays ? "of all the others" : "before and after"}: is it another unit?`
    report(Anomaly.make("unit-error", from, to, evidence, { factor: log > 0 ? factor : 1 / factor, candles: count }))
  }

  return {
    push: (open, logOpen, logClose, logBefore, sigma) => {
      const move = logClose - logBefore - current
      const size = Math.abs(move)
      if (size > 3) {
        const tolerance = Math.min(
          mostTolerance,
          Math.max(leastTolerance, sigma === sigma ? toleranceSigmas * sigma : 1)
        )
        const log = logFactors.find(
          (each) =>
            Math.abs(size - each) < tolerance && Math.abs(Math.abs(logOpen - logBefore - current) - each) < tolerance
        )
        if (log !== undefined) {
          if (current === 0) {
            since = { open, row: seen.rows, before: seen.last }
            current = Math.sign(move) * log
          } else if (Math.abs(current + Math.sign(move) * log) < 1e-9) {
            say(since.open, seen.last, current, seen.rows - since.row, false)
            current = 0
          }
        }
      }
      if (seen.rows === 0) seen.first = open
      seen.rows++
      seen.last = open
      return current
    },
    finish: () => {
      if (current === 0) return
      const after = seen.rows - since.row
      if (after <= since.row) say(since.open, seen.last, current, after, true)
      else say(seen.first, since.before, -current, since.row, true)
    }
  }
}
