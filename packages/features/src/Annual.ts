/** Candles a year, by which volatility is told for a year. */
import type { Calendar, Timeframe } from "@tidemark/core"

/** Twenty years, of which five have a leap day. */
const sample = { from: 978_307_200_000, to: 1_609_459_200_000 }
const years = 20

/** The mean of 2001 to 2020: 365.25 days around the clock, 251.65 sessions in New York. */
export const barsPerYear = (calendar: Calendar.Calendar, timeframe: Timeframe.Timeframe): number =>
  calendar.countOpens(timeframe, sample) / years
