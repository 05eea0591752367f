/** Regimes that have been derived: now, over time, what returns were like in them, and what a policy makes of them. */
import { Provenance, Word } from "@tidemark/core"
import { Schema } from "effect"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as Problems from "./Problems.ts"
import { AnySymbol, At, range, series } from "./Values.ts"

export const Kind = Schema.Literals(["market", "jump", "structure"])
export type Kind = typeof Kind.Type

/** Rows of a page of history, at most. */
export const mostRows = 10_000

const labels = {
  ...series,
  provenance: Provenance.Provenance,
  method: Schema.String,
  method_version: Schema.Int
} as const

const which = {
  symbol: AnySymbol,
  source: Schema.optionalKey(Word.Word),
  /** What made the labels, where there is more than one: `classic` or `causal` of the market regime. */
  profile: Schema.optionalKey(Schema.Literals(["classic", "causal"]))
} as const

/** A regime, and what could be told of it when. Column names are those of the table. */
export const RegimeRow = Schema.Struct({
  timestamp: At,
  known_at: At,
  regime: Schema.NullOr(Schema.String),
  /** Why there is none. */
  reason: Schema.NullOr(Schema.String),
  values: Schema.Record(Schema.String, Schema.NullOr(Schema.Union([Schema.Number, Schema.String])))
})
export type RegimeRow = typeof RegimeRow.Type

export const Current = Schema.Struct({ ...labels, ...RegimeRow.fields })
export type Current = typeof Current.Type

export const History = Schema.Struct({
  ...labels,
  rows: Schema.Array(RegimeRow),
  /** Where the next page begins; nothing: this was the last. */
  next: Schema.NullOr(At)
})
export type History = typeof History.Type

const Share = Schema.Record(Schema.String, Schema.Number)

const Figure = Schema.NullOr(Schema.Number)

export const Performance = Schema.Struct({
  ...labels,
  /** By regime: returns that there are, a candle's mean, volatility and Sharpe ratio of a year, the deepest fall. */
  performance: Schema.Record(
    Schema.String,
    Schema.Struct({ count: Schema.Int, mean: Figure, volatility: Figure, sharpe: Figure, max_drawdown: Figure })
  ),
  /** Of the candles that have a regime. */
  share: Schema.Record(Schema.String, Figure),
  /** How often each came next after each. */
  transitions: Schema.Record(Schema.String, Share),
  switches: Schema.Int
})
export type Performance = typeof Performance.Type

export const Distribution = Schema.Struct({
  kind: Kind,
  /** Number of symbols whose newest regime is this one. */
  counts: Schema.Record(Schema.String, Schema.Int),
  symbols: Schema.Array(Schema.Struct({ ...labels, timestamp: At, regime: Schema.NullOr(Schema.String) }))
})
export type Distribution = typeof Distribution.Type

export const Allocation = Schema.Struct({
  policy: Schema.String,
  ...labels,
  timestamp: At,
  known_at: At,
  regime: Schema.String,
  /** Shares by what is held, as the policy has them for this regime. */
  weights: Share
})
export type Allocation = typeof Allocation.Type

const known = [Problems.NotFound, ...Problems.ofStores] as const

export class Regimes extends HttpApiGroup.make("regimes")
  .add(
    HttpApiEndpoint.get("current", "/:kind/current", {
      params: { kind: Kind },
      query: which,
      success: Current,
      error: known
    }),
    HttpApiEndpoint.get("history", "/:kind/history", {
      params: { kind: Kind },
      query: {
        ...which,
        ...range,
        /** Default: 1,000. */
        limit: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: mostRows })))
      },
      success: History,
      error: known
    }),
    HttpApiEndpoint.get("performance", "/:kind/performance", {
      params: { kind: Kind },
      query: { ...which, ...range },
      success: Performance,
      error: known
    }),
    HttpApiEndpoint.get("distribution", "/:kind/distribution", {
      params: { kind: Kind },
      query: { source: which.source, profile: which.profile },
      success: Distribution,
      error: Problems.ofStores
    }),
    HttpApiEndpoint.get("allocation", "/allocation/:policy", {
      params: { policy: Word.Word },
      success: Allocation,
      error: known
    })
  )
  .prefix("/regimes") {}
