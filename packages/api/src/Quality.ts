/** What checks have found, how the store is as a whole, and what can be compared with it later. */
import { Provenance } from "@tidemark/core"
import { Schema } from "effect"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import { MissingRun } from "./Coverage.ts"
import * as Pages from "./Pages.ts"
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

/** By symbol, source, timeframe and time. */
export const FindingPage = Schema.Struct({ findings: Schema.Array(Finding), ...Pages.page })
export type FindingPage = typeof FindingPage.Type

const figures = {
  last_sync: Schema.NullOr(At),
  runs: Schema.Int,
  /** Series that were brought up to date in those runs, or were to be; each counts once a run. */
  series_runs: Schema.Int,
  failed: Schema.Int,
  error_rate: Schema.Number,
  requests: Schema.Int,
  retries: Schema.Int
} as const

/** How the store is: series, candles, and what the log says of the last days; `details` a page at a time. */
export const Status = Schema.Struct({
  at: At,
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
  ),
  ...Pages.page
})
export type Status = typeof Status.Type

const Span = Schema.Struct({ from: At, to: At })

/** Whether the table holds what the ledger says, and what is missing has a cause. */
export const Verified = Schema.Struct({
  ...series,
  ...Span.fields,
  /** Candles that there should be, and those of them that are there. */
  expected: Schema.Int,
  rows: Schema.Int,
  /** Where rows are gone that were stored. */
  damaged: Schema.Array(Span),
  /** Where rows are that no answer of a source put there. */
  stray: Schema.Array(Span),
  /** The command that puts it right. */
  mend: Schema.NullOr(Schema.String),
  gaps: Schema.Array(MissingRun)
})
export type Verified = typeof Verified.Type

/** By symbol, source and timeframe. */
export const VerifiedPage = Schema.Struct({ series: Schema.Array(Verified), ...Pages.page })
export type VerifiedPage = typeof VerifiedPage.Type

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
      all: Schema.optionalKey(Schema.Boolean),
      ...Pages.query
    },
    success: FindingPage,
    error: Problems.ofStores
  }),
  HttpApiEndpoint.get("status", "/status", {
    query: {
      ...Pages.query,
      /** `true`: count the rows of the table too, which takes time that grows with them. */
      counted: Schema.optionalKey(Schema.Boolean)
    },
    success: Status,
    error: Problems.ofStores
  }),
  HttpApiEndpoint.get("verification", "/verification", {
    query: { ...selection, ...range, ...Pages.query },
    success: VerifiedPage,
    error: Problems.ofStores
  }),
  HttpApiEndpoint.get("certificate", "/certificate", {
    query: { ...selection, ...range },
    success: Certificate,
    error: [Problems.NotFound, ...Problems.ofStores]
  })
) {}
