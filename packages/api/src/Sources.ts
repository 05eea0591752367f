/** Where candles can come from. */
import { Provenance, Timeframe } from "@tidemark/core"
import { Schema } from "effect"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"

export const SourceRow = Schema.Struct({
  id: Schema.String,
  description: Schema.String,
  provenance: Provenance.Provenance,
  asset_classes: Schema.Array(Schema.String),
  /** Of its candles; none for a source without. */
  timeframes: Schema.Array(Timeframe.Timeframe),
  /** Timeframes of which it tells what closes. */
  live: Schema.Array(Timeframe.Timeframe),
  /** What it knows of options, if anything: how old its quotes are, whether it tells of the past, what it computes. */
  options: Schema.NullOr(
    Schema.Struct({
      delay_ms: Schema.Number,
      history: Schema.Boolean,
      computes: Schema.Array(Schema.Literals(["impliedVolatility", "gamma"]))
    })
  ),
  /** What it has applied to its prices. */
  adjustment: Schema.String,
  budget: Schema.NullOr(Schema.Struct({ limit: Schema.Number, window_ms: Schema.Number })),
  hosts: Schema.Array(Schema.String),
  /** Whether it has the key that it needs; never the key. */
  key: Schema.Literals(["none needed", "present", "missing"]),
  variables: Schema.Array(Schema.String)
})
export type SourceRow = typeof SourceRow.Type

export class Sources extends HttpApiGroup.make("sources").add(
  HttpApiEndpoint.get("list", "/sources", { success: Schema.Array(SourceRow) })
) {}
