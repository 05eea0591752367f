/** What the last days of a market say: volume, ranges, volatility and `^VIX`. */
import { deviation, mean } from "@tidemark/features/Windows"
import type { Figure, Unknown } from "./Figure.ts"
import { type Daily, type Market, mostMissing } from "./Market.ts"

const days = 20

/** Why the last `needs` days are not known, if they are not. */
const lack = ({ candles, missing }: Daily, needs: number, mayMiss: number, what: string): Unknown | undefined => {
  const rows = candles.close.length
  if (rows > 0 && missing > mayMiss)
    return {
      why: `the last ${missing === 1 ? "" : `${missing} `}of the ${what} ${missing === 1 ? "is" : "are"} missing`
    }
  return rows < needs ? { why: `${needs} ${what} are needed, there are ${rows}` } : undefined
}

const candlesOfDays = "daily candles"

/** Volume of the last day by the mean of the 20 before it. */
export const volumeRatio = ({ daily }: Market): Figure => {
  const lacking = lack(daily, days + 1, 0, candlesOfDays)
  if (lacking !== undefined) return lacking
  const { volume } = daily.candles
  const ratio = volume.at(-1)! / mean(volume, volume.length - 2, days)
  return Number.isFinite(ratio) ? ratio : { why: "no volume is stored" }
}

/** Mean of H − L over the last 5 days by that over the last 20. */
export const rangeRatio = ({ daily }: Market): Figure => {
  const lacking = lack(daily, days, mostMissing, candlesOfDays)
  if (lacking !== undefined) return lacking
  const { high, low } = daily.candles
  const rows = high.length
  const ranges = Float64Array.from({ length: days }, (_, i) => high[rows - days + i]! - low[rows - days + i]!)
  const whole = mean(ranges, days - 1, days)
  // Where nothing moves, nothing becomes narrower.
  return whole > 0 ? mean(ranges, days - 1, 5) / whole : 1
}

/** Standard deviation of the last 20 daily log returns, of a sample: a share a day. */
export const dailyVolatility = ({ daily }: Market): Figure => {
  const lacking = lack(daily, days + 1, mostMissing, candlesOfDays)
  if (lacking !== undefined) return lacking
  const { close } = daily.candles
  const rows = close.length
  const returns = Float64Array.from({ length: days }, (_, i) =>
    Math.log(close[rows - days + i]! / close[rows - days + i - 1]!)
  )
  const volatility = deviation(returns, days - 1, days, 1)
  return volatility > 0 && Number.isFinite(volatility) ? volatility : { why: "prices did not move in 20 days" }
}

/** The last close of `^VIX` by the one before, less 1. */
export const vixChange = ({ vix }: Market): Figure => {
  if (vix === undefined) return { why: "^VIX is not stored" }
  const lacking = lack(vix, 2, 0, "daily candles of ^VIX")
  if (lacking !== undefined) return lacking
  const { close } = vix.candles
  return close.at(-1)! / close.at(-2)! - 1
}
