/** A day's regime in words, with the figures that it follows from. */
import type { Batch } from "./MarketRegime.ts"
import { at } from "./Profile.ts"

const signed = (value: number): string => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`

const anomaly = (of: Batch["anomalyOf"][number], value: number): string => {
  if (of === "none" || of === null) return "no volume to compare"
  const what = of === "volume" ? "volume" : "volatility, for want of volume,"
  return `${what} ${Math.abs(value).toFixed(1)} deviations ${value < 0 ? "below" : "above"} its mean`
}

/** One sentence; of a row that is skipped the reason. */
export const of = (batch: Batch, row: number): string => {
  const regime = batch.regimes[row]
  if (regime === null || regime === undefined) return `Skipped: ${batch.reasons[row]}.`
  const figure = (indicator: number): number => batch.indicators[indicator]![row]!
  const confirmed = batch.confirmed[row]
  const lasting =
    confirmed === regime ? "confirmed" : confirmed === null ? "none is confirmed yet" : `${confirmed} is confirmed`
  return [
    `${regime[0]!.toUpperCase()}${regime.slice(1)} with confidence ${batch.confidence[row]!.toFixed(2)} (${lasting}): `,
    `trend ${signed(figure(at.trendStrength))}, momentum ${signed(figure(at.momentumScore))}, `,
    `volatility ${percent(figure(at.volatility))} a year, which is at ${percent(figure(at.volatilityPercentile))} `,
    `of the last 60 days, ${percent(figure(at.drawdownSeverity))} below the high, `,
    `${anomaly(batch.anomalyOf[row]!, figure(at.volumeAnomaly))}.`
  ].join("")
}
