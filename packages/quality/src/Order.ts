/**
 * Candles that come twice, or after one that opens later. A run of them, as
 * when a page is stored twice, is one finding.
 */
import { Instant } from "@tidemark/core"
import * as Anomaly from "./Anomaly.ts"

/** A step of so many candles is a leap: if the next candle takes it back, it was the leap that was wrong. */
const leapCandles = 400

export interface Order {
  /** Whether a candle follows on those before it. Only such candles are compared with others. */
  readonly follows: (open: number) => boolean
  readonly finish: () => void
}

export const make = (candleMillis: number, report: Anomaly.Report): Order => {
  const seen = {
    latest: -Infinity,
    /** The latest open before the last step, if that was a leap. */
    beforeLeap: Number.NaN
  }
  let run: { first: number; last: number; count: number; repeats: number; after: number } | undefined

  const close = (): void => {
    if (run === undefined) return
    const { after, count, first, last, repeats } = run
    const what = count === 1 ? `the candle of ${Instant.format(first)}` : `${count} candles`
    const evidence =
      repeats === count && count === 1
        ? `${what} comes twice`
        : `${what} ${count === 1 ? "comes" : "come"} after that of ${Instant.format(after)}`
    report(
      Anomaly.make("duplicate", Math.min(first, last), Math.max(first, last), evidence, { candles: count, repeats })
    )
    run = undefined
  }

  return {
    follows: (open) => {
      if (open > seen.latest) {
        if (run !== undefined) close()
        seen.beforeLeap = open - seen.latest > leapCandles * candleMillis ? seen.latest : Number.NaN
        seen.latest = open
        return true
      }
      if (open > seen.beforeLeap && open < seen.latest) {
        const evidence = `the candle of ${Instant.format(seen.latest)} comes before that of ${Instant.format(open)}`
        report(Anomaly.at("duplicate", seen.latest, evidence, { candles: 1, repeats: 0 }))
        seen.latest = open
        seen.beforeLeap = Number.NaN
        return true
      }
      const repeats = open === seen.latest ? 1 : 0
      if (run === undefined) run = { first: open, last: open, count: 1, repeats, after: seen.latest }
      else {
        run.last = open
        run.count++
        run.repeats += repeats
      }
      return false
    },
    finish: close
  }
}
