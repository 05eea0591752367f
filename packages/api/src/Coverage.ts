/** What is stored, and what is missing of it and why. */
import { Gap, Provenance } from "@tidemark/core"
import { Schema } from "effect"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as Pages from "./Pages.ts"
import * as Problems from "./Problems.ts"
import { At, listOf, range, selection, series } from "./Values.ts"

/** Of one series, by the ledger. */
export const CoverageRow = Schema.Struct({
  ...series,
  provenance: Provenance.Provenance,
  from: Schema.NullOr(At),
  to: Schema.NullOr(At),
  /** Rows in the table; those of the ledger where nobody asked to count them. */
  candles: Schema.Int,
  /** Rows that were stored: another number only if something else has changed the table. */
  recorded: Schema.Int,
  /** Candles that the source was asked for and did not have. */
  missing: Schema.Int,
  /** Candles between the first and the last that were ever asked for, which nobody has answered for. */
  unfetched: Schema.Int,
  pruned: Schema.Array(Schema.Struct({ from: At, to: At, candles: Schema.Int })),
  /** Candles in the scale of before a split, to be fetched again. */
  stale: Schema.Int
})
export type CoverageRow = typeof CoverageRow.Type

export const MissingRun = Schema.Struct({
  ...series,
  from: Schema.NullOr(At),
  to: Schema.NullOr(At),
  missing: Schema.Int,
  cause: Gap.GapCause,
  attempts: Schema.Int,
  evidence: Schema.Array(Schema.String),
  next_action: Schema.String
})
export type MissingRun = typeof MissingRun.Type

/** By symbol, source, timeframe and time. */
export const MissingPage = Schema.Struct({ gaps: Schema.Array(MissingRun), ...Pages.page })
export type MissingPage = typeof MissingPage.Type

export class CoverageGroup extends HttpApiGroup.make("coverage").add(
  HttpApiEndpoint.get("coverage", "/coverage", {
    query: {
      ...selection,
      /** `true`: count the rows of the table too, which takes time that grows with them. */
      counted: Schema.optionalKey(Schema.Boolean)
    },
    success: Schema.Array(CoverageRow),
    error: Problems.ofStores
  }),
  HttpApiEndpoint.get("gaps", "/gaps", {
    query: { ...selection, ...range, causes: Schema.optionalKey(listOf(Gap.GapCause)), ...Pages.query },
    success: MissingPage,
    error: Problems.ofStores
  })
) {}
