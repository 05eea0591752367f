/**
 * Prices that are told in another unit for a while: cents for dollars,
 * thousands of a coin for one.
 *
 * Where a whole candle (its open and its close) leaves the level of the one
 * before it by such a factor, another unit begins. The one that most candles
 * are told in is the right one, and runs in any other are found. All other
 * detectors see the prices in the unit of the first candle.
 */
import * as Anomaly from "./Anomaly.ts"

const factors = [100, 1_000, 1_000_000] as const
const logFactors = factors.map((factor) => Math.log(factor))
/** Prices move meanwhile: a factor is met within so many usual moves, within these bounds. */
const toleranceSigmas = 8
const leastTolerance = 0.03
const mostTolerance = Math.log(1.25)
/** Nothing smaller is looked at. */
const leastMove = Math.log(20)

export interface Units {
  /** The logarithm of the factor in which a candle is told; both prices and the close before it as logarithms. */
  readonly push: (open: number, logOpen: number, logClose: number, logBefore: number, sigma: number) => number
  readonly finish: () => void
}

/** Candles that follow on one another in one unit. */
interface Run {
  readonly first: number
  last: number
  count: number
  /** Logarithm of the unit, in that of the first candle. */
  readonly log: number
}

const say = ({ count, first, last, log }: Run, usual: number): Anomaly.Anomaly => {
  const factor = Math.round(Math.exp(Math.abs(log - usual)))
  const times = `${log > usual ? "" : "1/"}${factor.toLocaleString("en-US")}`
  const what = count === 1 ? "a candle is" : `${count} candles are`
  const evidence = `${what} told at ${times} of the prices of the others: is it another unit?`
  return Anomaly.make("unit-error", first, last, evidence, {
    factor: log > usual ? factor : 1 / factor,
    candles: count
  })
}

export const make = (report: Anomaly.Report): Units => {
  const runs: Array<Run> = []
  let run: Run | undefined

  return {
    push: (open, logOpen, logClose, logBefore, sigma) => {
      if (run === undefined) {
        runs.push((run = { first: open, last: open, count: 1, log: 0 }))
        return 0
      }
      const move = logClose - logBefore - run.log
      const size = Math.abs(move)
      if (size > leastMove) {
        const tolerance = Math.min(
          mostTolerance,
          Math.max(leastTolerance, sigma === sigma ? toleranceSigmas * sigma : 1)
        )
        const ofOpen = Math.abs(logOpen - logBefore - run.log)
        const log = logFactors.find((each) => Math.abs(size - each) < tolerance && Math.abs(ofOpen - each) < tolerance)
        if (log !== undefined) {
          // Sums of the same logarithms in another order differ in the last digits.
          const sum = Math.round((run.log + Math.sign(move) * log) * 1e9) / 1e9
          runs.push((run = { first: open, last: open, count: 0, log: sum }))
        }
      }
      run.last = open
      run.count++
      return run.log
    },
    finish: () => {
      const counts = new Map<number, number>()
      for (const { count, log } of runs) counts.set(log, (counts.get(log) ?? 0) + count)
      const [usual] = [...counts].reduce((most, each) => (each[1] > most[1] ? each : most), [0, 0])
      for (const each of runs) if (each.log !== usual) report(say(each, usual))
    }
  }
}
