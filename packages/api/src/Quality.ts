/** What checks have found, how the store is as a whole, and what can be compared with it later. */
import { Provenance } from "@tidemark/core"
import { Schema } from "effect"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as Problems from "./Problems.ts"
import { At, range, selection, series } from "./Values.ts"

export const Finding = Schema.Struct({
  ...series,
  kind: Schema.String,
  severity: Schema.Literals(["info", "warning", "error"]),
  from: At,
  to: At,
  evidence: Schema.String,
  figures: Schema.Record(Schema.String, Schema.Number),
  found_at: At,
  acknowledged_at: Schema.NullOr(At),
  note: Schema.NullOr(Schema.String)
})
export type Finding = typeof Finding.Type

const figures = {
  last_sync: Schema.NullOr(At),
  runs: Schema.Int,
  failed: Schema.Int,
  error_rate: Schema.Number,
  requests: Schema.Int,
  retries: Schema.Int
} as const

/** How the store is: series, candles, and what the log says of the last days. */
export const Status = Schema.Struct({
  series: Schema.Int,
  candles: Schema.Int,
  last_days: Schema.Int,
  ...figures,
  sources: Schema.Array(
    Schema.Struct({
      source: Schema.String,
      series: Schema.Int,
      candles: Schema.Int,
      ...figures,
      worst: Schema.NullOr(Schema.Struct({ ...series, trouble: Schema.String }))
    })
  ),
  details: Schema.Array(
    Schema.Struct({
      ...series,
      provenance: Provenance.Provenance,
      candles: Schema.Int,
      recorded: Schema.Int,
      asked_to: Schema.NullOr(At),
      behind_hours: Schema.NullOr(Schema.Number),
      completeness: Schema.Number,
      unfetched: Schema.Int,
      source_failure: Schema.Int,
      unexplained: Schema.Int,
      last_sync: Schema.NullOr(At),
      last_status: Schema.NullOr(Schema.String),
      error: Schema.NullOr(Schema.String)
    })
  )
})
export type Status = typeof Status.Type

/** As `tidemark verify --lock` writes it. */
export const Certificate = Schema.Struct({
  tidemark_certificate: Schema.Literal(1),
  created_at: Schema.String,
  series: Schema.Array(Schema.Record(Schema.String, Schema.Json)),
  digest: Schema.String
})
export type Certificate = typeof Certificate.Type

export class Quality extends HttpApiGroup.make("quality").add(
  HttpApiEndpoint.get("findings", "/quality", {
    query: {
      ...selection,
      /** `true`: also those that somebody has looked at and found right. */
      all: Schema.optionalKey(Schema.Boolean)
    },
    success: Schema.Array(Finding),
    error: Problems.ofStores
  }),
  HttpApiEndpoint.get("status", "/status", { success: Status, error: Problems.ofStores }),
  HttpApiEndpoint.get("certificate", "/certificate", {
    query: { ...selection, ...range },
    success: Certificate,
    error: [Problems.NotFound, ...Problems.ofStores]
  })
) {}
