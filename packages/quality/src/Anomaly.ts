/**
 * A candle, or a run of them, that looks wrong: what, where, and on which
 * figures. It is a suspicion with evidence, never a change of the data.
 */
import type { Calendar, CorporateAction, Instrument, Interval, Timeframe } from "@tidemark/core"
import { Schema } from "effect"

/**
 * - `ohlc-order`: a high below the open, the close or the low, or a low above them.
 * - `impossible-value`: a price that is not positive, a volume below zero, or no number.
 * - `duplicate`: a candle that opens where another does, or before the one it follows.
 * - `off-grid`: a candle that opens where the calendar has none.
 * - `timezone-shift`: candles of a session, or of days, that are whole hours from where they belong.
 * - `zero-volume`: nothing traded for longer than is usual for the series.
 * - `frozen-feed`: the same candle or the same close again and again, in a series that moves.
 * - `price-spike`: a price far from those before and after it.
 * - `volume-outlier`: far more traded than around it and at its time of day.
 * - `split-jump`: the price of a share changes between sessions by the ratio of a split that nobody told.
 * - `unit-error`: prices a hundred or a thousand times too high or too low.
 */
export const kinds = [
  "ohlc-order",
  "impossible-value",
  "duplicate",
  "off-grid",
  "timezone-shift",
  "zero-volume",
  "frozen-feed",
  "price-spike",
  "volume-outlier",
  "split-jump",
  "unit-error"
] as const
export const Kind = Schema.Literals(kinds)
export type Kind = typeof Kind.Type

/** `error`: it cannot be; `warning`: it is hardly so; `info`: unusual. */
export type Severity = "info" | "warning" | "error"

export const severityOf: Readonly<Record<Kind, Severity>> = {
  "ohlc-order": "error",
  "impossible-value": "error",
  duplicate: "error",
  "off-grid": "error",
  "timezone-shift": "error",
  "zero-volume": "info",
  "frozen-feed": "warning",
  "price-spike": "warning",
  "volume-outlier": "info",
  "split-jump": "warning",
  "unit-error": "error"
}

export interface Anomaly {
  readonly kind: Kind
  /** From the open of the first candle to just after that of the last. */
  readonly interval: Interval.Interval
  /** What is wrong, in a sentence. */
  readonly evidence: string
  /** The figures behind it, by name. */
  readonly figures: Readonly<Record<string, number>>
}

/** What has to be known of a series to judge its candles. */
export interface Context {
  readonly timeframe: Timeframe.Timeframe
  readonly calendar: Calendar.Calendar
  readonly assetClass: Instrument.AssetClass
  /** Splits that are known, if the prices are as they were traded; none where they are adjusted. */
  readonly splits: ReadonlyArray<CorporateAction.Split>
}

/** Takes what is found. */
export type Report = (anomaly: Anomaly) => void

/** What is wrong with the candles that open from `first` to `last`. */
export const make = (
  kind: Kind,
  first: number,
  last: number,
  evidence: string,
  figures: Anomaly["figures"] = {}
): Anomaly => ({ kind, interval: { from: first, to: last + 1 }, evidence, figures })

/** What is wrong with the candle that opens at `open`. */
export const at = (kind: Kind, open: number, evidence: string, figures?: Anomaly["figures"]): Anomaly =>
  make(kind, open, open, evidence, figures)
