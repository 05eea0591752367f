/**
 * Prices that stand out from the candles before and after them, by far more
 * than the series moves there.
 *
 * Measured is by how much the high of a candle is above the higher of its
 * neighbours' highs, and its low below the lower of their lows. So a price
 * that stays is none, however large the jump, and neither is the turn of a
 * market that falls and recovers, where the neighbours have been nearly as
 * far: only what comes from nowhere and goes nowhere is left.
 *
 * Sources that let a candle open where the last one closed carry the wrong
 * price into the neighbour; against its closes the bar is higher.
 */
import * as Anomaly from "./Anomaly.ts"
import * as Usual from "./Usual.ts"
import type { Rows } from "./Window.ts"

/** Fewer rows have no usual. */
const fewestRows = 20
/** Standard deviations of the moves around that make a spike. */
const spikeSigmas = 12
/** Nothing smaller is one, in the logarithm: trades that are told late or in odd lots are off by a percent on any day. */
const leastSpike = 0.02
/** The same against the neighbours' closes alone. */
const closeSigmas = 40
const leastAgainstCloses = Math.log(1.15)
/** Mean of a candle's range in standard deviations of its move, for a Brownian motion (W. Feller, 1951: √(8/π)). */
const rangeSigmas = 1.596

/** Standard deviation of a move around each row, by moves and by ranges, whichever is more. */
export const sigmaOf = (rows: Rows): Usual.Usual => {
  const { length, logClose, logHigh, logLow } = rows
  const size = new Float64Array(length)
  size[0] = Number.NaN
  for (let row = 1; row < length; row++) size[row] = Math.abs(logClose[row]! - logClose[row - 1]!)
  const moves = Usual.scaleAround(size, length)
  for (let row = 0; row < length; row++) size[row] = logHigh[row]! - logLow[row]!
  const ranges = Usual.scaleAround(size, length)
  return (row) => {
    const byMoves = Usual.toSigma * moves(row)
    const byRanges = ranges(row) / rangeSigmas
    return byMoves >= byRanges || byRanges !== byRanges ? byMoves : byRanges
  }
}

export const find = (rows: Rows, sigma: Usual.Usual, from: number, to: number, report: Anomaly.Report): void => {
  const { high, length, logClose, logHigh, logLow, logOpen, low, openTime } = rows
  if (length < fewestRows) return
  for (let row = from; row < to; row++) {
    // At either end of the series, the candle's own other side is what it is compared with.
    const before = row > 0 ? row - 1 : -1
    const after = row + 1 < length ? row + 1 : -1
    const top = Math.max(
      before < 0 ? logClose[row]! : logHigh[before]!,
      after < 0 ? Math.max(logOpen[row]!, logClose[row]!) : logHigh[after]!
    )
    const bottom = Math.min(
      before < 0 ? logClose[row]! : logLow[before]!,
      after < 0 ? Math.min(logOpen[row]!, logClose[row]!) : logLow[after]!
    )
    const up = logHigh[row]! - top
    const down = bottom - logLow[row]!
    let isUp = up >= down
    let size = isUp ? up : down
    if (!(size > leastSpike && size > spikeSigmas * sigma(row))) {
      if (before < 0 || after < 0) continue
      const upFromCloses = logHigh[row]! - Math.max(logClose[before]!, logClose[after]!)
      const downFromCloses = Math.min(logClose[before]!, logClose[after]!) - logLow[row]!
      isUp = upFromCloses >= downFromCloses
      size = isUp ? upFromCloses : downFromCloses
      if (!(size > leastAgainstCloses && size > closeSigmas * sigma(row))) continue
    }
    const price = isUp ? high[row]! : low[row]!
    const ratio = Math.exp(isUp ? size : -size)
    const times = size > Math.LN2 ? `${Math.exp(size).toFixed(2)} times` : `${(100 * Math.abs(ratio - 1)).toFixed(1)} %`
    const sigmas = size / sigma(row)
    const evidence =
      `${price} is ${times} ${isUp ? "above" : "below"} the candles before and after, ` +
      `${Math.round(sigmas)} times the usual move`
    report(Anomaly.at("price-spike", openTime[row]!, evidence, { price, ratio, sigmas }))
  }
}
