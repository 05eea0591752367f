/** Logarithms of a candle's prices against one another: what volatility is made of, worked out once a row. */
import type { Candles } from "@tidemark/core"

export interface Logs {
  /** ln(C / C₋₁); `NaN` for the first candle of a run. */
  readonly closeToClose: Float64Array
  /** ln(O / C₋₁); `NaN` for the first candle of a run. */
  readonly overnight: Float64Array
  /** ln(C / O) */
  readonly openToClose: Float64Array
  /** ln²(H / L) */
  readonly range: Float64Array
  /** ln(H/C) ln(H/O) + ln(L/C) ln(L/O) */
  readonly rogersSatchell: Float64Array
}

export const of = ({ close, high, low, open }: Candles.Candles): Logs => {
  const size = close.length
  const column = () => new Float64Array(size).fill(Number.NaN)
  const logs = {
    closeToClose: column(),
    overnight: column(),
    openToClose: column(),
    range: column(),
    rogersSatchell: column()
  }
  for (let i = 0; i < size; i++) {
    const o = open[i]!
    const c = close[i]!
    const up = Math.log(high[i]! / o)
    const down = Math.log(low[i]! / o)
    const body = Math.log(c / o)
    logs.openToClose[i] = body
    logs.range[i] = (up - down) * (up - down)
    logs.rogersSatchell[i] = (up - body) * up + (down - body) * down
    if (i === 0) continue
    const night = Math.log(o / close[i - 1]!)
    logs.overnight[i] = night
    logs.closeToClose[i] = Math.log(c / close[i - 1]!)
  }
  return logs
}
