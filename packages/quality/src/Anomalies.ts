/**
 * Looks at all candles of a series for what is wrong with them, in one pass
 * and in bounded memory.
 *
 * Each candle is judged alone (`Values`), by its time (`Order`, `Places`), and
 * by those before it (`Stillness`, `Units`, `Splits`); what needs those after
 * it too (`Spikes`, `Volumes`) waits for them in a `Window`. A candle that
 * cannot be is compared with no other. The result does not depend on the
 * batches that rows come in.
 */
import { type Candles, Timeframe } from "@tidemark/core"
import type * as Anomaly from "./Anomaly.ts"
import * as Order from "./Order.ts"
import * as Pace from "./Pace.ts"
import * as Place from "./Place.ts"
import * as Places from "./Places.ts"
import * as Spikes from "./Spikes.ts"
import * as Splits from "./Splits.ts"
import * as Stillness from "./Stillness.ts"
import * as Units from "./Units.ts"
import * as Values from "./Values.ts"
import * as Volumes from "./Volumes.ts"
import * as Window from "./Window.ts"

export interface Scan {
  /** Takes the next rows: ascending from a store, in any order from elsewhere. */
  readonly push: (batch: Candles.Candles) => void
  /** All that was found, ascending. Ends the scan. */
  readonly finish: () => ReadonlyArray<Anomaly.Anomaly>
}

export const scan = (context: Anomaly.Context): Scan => {
  const found: Array<Anomaly.Anomaly> = []
  const report: Anomaly.Report = (anomaly) => void found.push(anomaly)
  const isIntraday = Timeframe.isIntraday(context.timeframe)

  const finder = Place.finder(context)
  const places = Places.make(context, report)
  const order = Order.make(Timeframe.nominalMillis(context.timeframe), report)
  const stillness = Stillness.make(report)
  const pace = Pace.make()
  const units = Units.make(report)
  const splits = Splits.make(context, report)
  const window = Window.make((rows, from, to) => {
    Spikes.find(rows, Spikes.sigmaOf(rows), from, to, report)
    Volumes.find(rows, isIntraday, from, to, report)
  })
  const last = {
    /** Logarithm of the close, in one unit and without known splits. */
    logClose: Number.NaN,
    /** Logarithm of the unit that prices are told in. */
    unit: 0
  }

  const compare = (candles: Candles.Candles, row: number, open: number, timeOfDay: number): void => {
    const logOpen = Math.log(candles.open[row]!)
    const logClose = Math.log(candles.close[row]!)
    splits.settle(open, logClose - last.unit, last.logClose)
    const factor = splits.factor()
    const sigma = pace.sigma()
    last.unit = units.push(open, logOpen - factor, logClose - factor, last.logClose, sigma)
    const total = factor + last.unit
    splits.push(open, logOpen - total, logClose - total, sigma, candles, row)
    const move = logClose - total - last.logClose
    if (move === move) pace.push(move)
    last.logClose = logClose - total
    window.push(candles, row, timeOfDay, logOpen, logClose, total, -factor)
  }

  return {
    push: (batch) => {
      const rows = batch.openTime.length
      for (let row = 0; row < rows; row++) {
        const open = batch.openTime[row]!
        const wrong = Values.find(batch, row)
        if (wrong !== undefined) report(wrong)
        if (!finder.isKnown(open)) {
          report(Place.notInTime(context, open))
          continue
        }
        if (!order.follows(open)) continue
        const { isExpected, timeOfDay } = finder.of(open)
        places.push(open, isExpected)
        if (wrong !== undefined || splits.cuts(open)) continue
        stillness.push(batch, row)
        compare(batch, row, open, timeOfDay)
      }
    },
    finish: () => {
      for (const detector of [order, places, stillness, units, splits, window]) detector.finish()
      return found.toSorted((a, b) => a.interval.from - b.interval.from || (a.kind < b.kind ? -1 : 1))
    }
  }
}
