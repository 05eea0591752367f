/** Candles together with what is true of every row of them: what a reader must know and columns of numbers do not say. */
import type { Applied } from "./Adjustment.ts"
import type { Candles } from "./Candles.ts"
import type { Provenance } from "./Provenance.ts"
import type { Series } from "./Series.ts"

export interface Labels {
  readonly series: Series
  readonly provenance: Provenance
  /** What the prices are adjusted for. */
  readonly adjustment: Applied
}

export interface Labelled {
  readonly labels: Labels
  readonly candles: Candles
}

/** The columns of a table of candles, in their order; a file that is one of several by series has those of `perSeries` in its path. */
export const columns = [
  "symbol",
  "timeframe",
  "timestamp",
  "open",
  "high",
  "low",
  "close",
  "volume",
  "quote_volume",
  "trades",
  "source",
  "provenance",
  "adjustment"
] as const

/** The columns that name a series. */
export const perSeries: ReadonlySet<string> = new Set(["symbol", "timeframe", "source"])

/** The columns that are one text for all rows. */
export const texts = ({ adjustment, provenance, series: { source, symbol, timeframe } }: Labels) => ({
  symbol,
  timeframe,
  source,
  provenance,
  adjustment
})
