/**
 * How much prices move, as a standard deviation a year: `barsPerYear` candles
 * of the timeframe on the calendar. Windows of `n` candles.
 *
 * Sources of the formulas: Parkinson (1980), Garman and Klass (1980), Rogers
 * and Satchell (1991), Yang and Zhang (2000).
 */
import { type Indicator, windowed } from "./Indicator.ts"
import { deviation, mean, variance } from "./Windows.ts"

/** √N · sd of log returns, of a sample. */
export const closeToClose = (n: number, barsPerYear: number): Indicator =>
  windowed(
    `volatility_${n}`,
    n + 1,
    ({ logs }, row) => Math.sqrt(barsPerYear) * deviation(logs.closeToClose, row, n, 1)
  )

/** √(N / (4 n ln 2) · Σ ln²(H/L)) */
export const parkinson = (n: number, barsPerYear: number): Indicator =>
  windowed(`parkinson_${n}`, n, ({ logs }, row) => Math.sqrt((barsPerYear / (4 * Math.LN2)) * mean(logs.range, row, n)))

const bodyWeight = 2 * Math.LN2 - 1

/** √(N/n · Σ [½ ln²(H/L) − (2 ln 2 − 1) ln²(C/O)]) */
export const garmanKlass = (n: number, barsPerYear: number): Indicator =>
  windowed(`garman_klass_${n}`, n, ({ logs: { openToClose, range } }, row) => {
    let sum = 0
    for (let i = row - n + 1; i <= row; i++) {
      sum += 0.5 * range[i]! - bodyWeight * openToClose[i]! * openToClose[i]!
    }
    return Math.sqrt((barsPerYear / n) * Math.max(0, sum))
  })

/** √(N/n · Σ [ln(H/C) ln(H/O) + ln(L/C) ln(L/O)]) */
export const rogersSatchell = (n: number, barsPerYear: number): Indicator =>
  windowed(`rogers_satchell_${n}`, n, ({ logs }, row) =>
    Math.sqrt(barsPerYear * Math.max(0, mean(logs.rogersSatchell, row, n)))
  )

/** √(N · (σ²ₒ + k σ²꜀ + (1 − k) σ²ᵣₛ)), k = 0.34 / (1.34 + (n + 1)/(n − 1)); σₒ of ln(O/C₋₁), σ꜀ of ln(C/O), of a sample. */
export const yangZhang = (n: number, barsPerYear: number): Indicator => {
  const k = 0.34 / (1.34 + (n + 1) / (n - 1))
  return windowed(`yang_zhang_${n}`, n + 1, ({ logs }, row) => {
    const inside = Math.max(0, mean(logs.rogersSatchell, row, n))
    const whole = variance(logs.overnight, row, n, 1) + k * variance(logs.openToClose, row, n, 1) + (1 - k) * inside
    return Math.sqrt(barsPerYear * whole)
  })
}
