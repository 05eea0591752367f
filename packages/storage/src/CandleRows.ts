/** Candles as rows of the table `candles`. */
import type { Candles } from "@tidemark/core"
import type { Column } from "./Driver.ts"

const nullable = (name: string, values: Float64Array | undefined): Column =>
  values === undefined
    ? { name, kind: "constant", type: "double", value: null }
    : { name, kind: "double", values, nanIsNull: true }

/** `ingestedAt`: epoch milliseconds at which each row was first stored: one for all, or one a row. */
export const columns = (
  seriesId: number,
  candles: Candles.Candles,
  ingestedAt: number | Float64Array
): ReadonlyArray<Column> => [
  { name: "series_id", kind: "constant", type: "integer", value: seriesId },
  { name: "open_time", kind: "timestamp", values: candles.openTime },
  { name: "open", kind: "double", values: candles.open },
  { name: "high", kind: "double", values: candles.high },
  { name: "low", kind: "double", values: candles.low },
  { name: "close", kind: "double", values: candles.close },
  { name: "volume", kind: "double", values: candles.volume },
  nullable("quote_volume", candles.quoteVolume),
  nullable("trades", candles.trades),
  typeof ingestedAt === "number"
    ? { name: "ingested_at", kind: "constant", type: "timestamp", value: ingestedAt }
    : { name: "ingested_at", kind: "timestamp", values: ingestedAt }
]
