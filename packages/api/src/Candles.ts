/** Stored candles, a page at a time. */
import { Adjustment, Provenance, Timeframe, Word } from "@tidemark/core"
import { Schema } from "effect"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as Problems from "./Problems.ts"
import { AnySymbol, At, range, series } from "./Values.ts"

/** Rows of a page, at most. */
export const mostRows = 50_000

const labels = { ...series, provenance: Provenance.Provenance, adjustment: Schema.String } as const

const Numbers = Schema.Array(Schema.NullOr(Schema.Number))

/** Candles with the same labels that follow one another; columns of one length. */
export const Columns = Schema.Struct({
  ...labels,
  /** Epoch milliseconds. */
  open_time: Schema.Array(Schema.Number),
  open: Numbers,
  high: Numbers,
  low: Numbers,
  close: Numbers,
  volume: Numbers,
  quote_volume: Schema.NullOr(Numbers),
  trades: Schema.NullOr(Numbers)
})
export type Columns = typeof Columns.Type

const Value = Schema.NullOr(Schema.Number)

export const Row = Schema.Struct({
  ...labels,
  timestamp: At,
  open: Value,
  high: Value,
  low: Value,
  close: Value,
  volume: Value,
  quote_volume: Value,
  trades: Value
})

const page = {
  /** Where the next page begins: `start` of the next request. Nothing: this was the last. */
  next: Schema.NullOr(At),
  /** What keeps the candles from being whole, where that was allowed. */
  problems: Schema.Array(Schema.String)
} as const

export const RowPage = Schema.Struct({ rows: Schema.Array(Row), ...page })
export const ColumnPage = Schema.Struct({ columns: Schema.Array(Columns), ...page })
export type ColumnPage = typeof ColumnPage.Type

export const query = {
  symbol: AnySymbol,
  timeframe: Timeframe.Timeframe,
  /** Default: the first of the symbol's sources that is stored. */
  source: Schema.optionalKey(Word.Word),
  ...range,
  /** Default: 5,000. */
  limit: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: mostRows }))),
  /** Default: none. */
  adjust: Schema.optionalKey(Schema.Literals(Adjustment.modes)),
  /** Source of the splits and dividends. */
  actions_from: Schema.optionalKey(Word.Word),
  /** What was known then, instead of now. */
  as_of: Schema.optionalKey(At),
  /** Candles of this timeframe, put together from those of the one that is read. */
  resample: Schema.optionalKey(Timeframe.Timeframe),
  /** Whose candles stand where those of the series are missing, each labelled as its own. */
  fill_from: Schema.optionalKey(Word.Word),
  /** What is not observed is given out only where it is asked for by name. */
  include: Schema.optionalKey(Schema.Literals(["synthetic", "modelled"])),
  /** `true`: what there is, though some of it is missing. */
  allow_gaps: Schema.optionalKey(Schema.Boolean),
  /** Of JSON. Default: columns. */
  layout: Schema.optionalKey(Schema.Literals(["columns", "rows"])),
  /** Default: json. In the others the header `Link` says where the next page is. */
  format: Schema.optionalKey(Schema.Literals(["json", "csv", "arrow", "parquet"]))
} as const

export class CandlesGroup extends HttpApiGroup.make("candles").add(
  HttpApiEndpoint.get("page", "/candles", {
    query,
    success: [
      ColumnPage,
      RowPage,
      Schema.String.pipe(HttpApiSchema.asText({ contentType: "text/csv" })),
      Schema.Uint8Array.pipe(HttpApiSchema.asUint8Array({ contentType: "application/vnd.apache.arrow.stream" })),
      Schema.Uint8Array.pipe(HttpApiSchema.asUint8Array({ contentType: "application/vnd.apache.parquet" }))
    ],
    error: [Problems.NotFound, Problems.Incomplete, ...Problems.ofStores]
  })
) {}
