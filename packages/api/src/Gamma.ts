/** Gamma exposure of options: over time, by session, by strike; what was said of sessions to come, and what came of it. */
import { Gamma, Word } from "@tidemark/core"
import { Schema } from "effect"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as Pages from "./Pages.ts"
import * as Problems from "./Problems.ts"
import { AnySymbol, At, listOf, range } from "./Values.ts"

const Figure = Schema.NullOr(Schema.Number)
const Text = Schema.NullOr(Schema.String)

/** What every row says of itself. */
const labels = {
  symbol: Schema.String,
  source: Schema.String,
  session: Schema.String,
  method: Gamma.Method,
  provenance: Gamma.Origin
} as const

/** What became of the contracts of a chain; the parts add up to `contracts`, but for `crossed`, which were kept. */
const Accounting = Schema.Struct({
  contracts: Schema.Int,
  kept: Schema.Int,
  expired: Schema.Int,
  no_open_interest: Schema.Int,
  no_volatility: Schema.Int,
  malformed: Schema.Int,
  duplicates: Schema.Int,
  no_spot: Schema.Int,
  crossed: Schema.Int
})

/** Exposures are dollars for a move of one percent. Column names are those of the tables. */
export const Snapshot = Schema.Struct({
  ...labels,
  timestamp: At,
  hours: Gamma.Hours,
  spot: Figure,
  spot_at: Schema.NullOr(At),
  net_gex: Figure,
  call_gex: Figure,
  put_gex: Figure,
  gross_gex: Figure,
  maker_state: Schema.NullOr(Gamma.MakerState),
  flip: Figure,
  flips: Schema.Array(Schema.Number),
  distance_to_flip: Figure,
  call_wall: Figure,
  call_wall_gex: Figure,
  put_wall: Figure,
  put_wall_gex: Figure,
  trap_call_wall: Figure,
  trap_put_wall: Figure,
  max_pain: Figure,
  nearest_expiry: Text,
  atm_iv: Figure,
  expected_move: Figure,
  call_open_interest: Figure,
  put_open_interest: Figure,
  gross_gex_today: Figure,
  gross_gex_5d: Figure,
  gross_gex_14d: Figure,
  gross_gex_later: Figure,
  accounting: Schema.NullOr(Accounting),
  conventions: Schema.String,
  model: Text,
  reason: Text
})
export type Snapshot = typeof Snapshot.Type

export const History = Schema.Struct({ rows: Schema.Array(Snapshot), ...Pages.page })
export type History = typeof History.Type

export const Daily = Schema.Struct({
  ...labels,
  snapshots: Schema.Int,
  open_gex: Figure,
  close_gex: Figure,
  change: Figure,
  change_percent: Figure,
  open_price: Figure,
  close_price: Figure,
  price_correlation: Figure,
  maker_state: Schema.NullOr(Gamma.MakerState)
})
export type Daily = typeof Daily.Type

export const Days = Schema.Struct({ rows: Schema.Array(Daily), ...Pages.page })
export type Days = typeof Days.Type

/** Dollars for a move of one percent, and open contracts. */
const sums = {
  call_gex: Schema.Number,
  put_gex: Schema.Number,
  call_open_interest: Schema.Number,
  put_open_interest: Schema.Number
}

/** A chain at its moment, by strike, and its net exposure at other spots. */
export const Profile = Schema.Struct({
  snapshot: Snapshot,
  /** Ascending; of all expiries together. */
  strikes: Schema.Array(Schema.Struct({ strike: Schema.Number, ...sums })),
  /** Ascending; of all strikes together. */
  expiries: Schema.Array(Schema.Struct({ expiry: Schema.String, ...sums })),
  /** Net exposure of the same contracts at other spots, ascending. */
  profile: Schema.Array(Schema.Struct({ spot: Schema.Number, net_gex: Schema.Number }))
})
export type Profile = typeof Profile.Type

export const Signal = Schema.Struct({
  ...labels,
  timestamp: At,
  pattern: Gamma.Pattern,
  direction: Gamma.Direction,
  confidence: Schema.Number,
  price: Figure,
  rsi: Schema.Record(Schema.String, Figure),
  rsi_score: Figure,
  overbought: Schema.Int,
  oversold: Schema.Int,
  reasons: Schema.Array(Schema.String),
  horizon: Schema.Int,
  due_at: At,
  threshold: Figure,
  outcome: Gamma.Outcome,
  outcome_price: Figure,
  move: Figure,
  resolved_at: Schema.NullOr(At)
})
export type Signal = typeof Signal.Type

export const Signals = Schema.Struct({ rows: Schema.Array(Signal), ...Pages.page })
export type Signals = typeof Signals.Type

export const Performance = Schema.Struct({
  pattern: Gamma.Pattern,
  provenance: Gamma.Origin,
  method: Gamma.Method,
  /** Won or lost. */
  resolved: Schema.Int,
  wins: Schema.Int,
  win_rate: Figure,
  /** Where it lies with 95 %, after Wilson. */
  interval: Schema.NullOr(Schema.Struct({ low: Schema.Number, high: Schema.Number })),
  pending: Schema.Int
})
export type Performance = typeof Performance.Type

const which = {
  symbol: AnySymbol,
  source: Schema.optionalKey(Word.Word),
  method: Schema.optionalKey(Gamma.Method)
} as const

/** Default: what was observed, or reported by a vendor. What was modelled or simulated is asked for by name. */
const provenance = { provenance: Schema.optionalKey(listOf(Gamma.Origin)) } as const

/** Which signals. */
const signals = {
  symbols: Schema.optionalKey(listOf(AnySymbol)),
  patterns: Schema.optionalKey(listOf(Gamma.Pattern)),
  outcomes: Schema.optionalKey(listOf(Gamma.Outcome)),
  ...provenance,
  ...range
} as const

/** One page of the newest so many, still ascending, instead of pages from the oldest on. */
const newest = {
  last: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: Pages.mostRows })))
} as const

const known = [Problems.NotFound, ...Problems.ofStores] as const

export class GammaGroup extends HttpApiGroup.make("gamma").add(
  HttpApiEndpoint.get("history", "/gamma/history", {
    query: { ...which, ...provenance, ...range, ...newest, ...Pages.query },
    success: History,
    error: known
  }),
  HttpApiEndpoint.get("daily", "/gamma/daily", {
    query: { ...which, ...provenance, ...range, ...newest, ...Pages.query },
    success: Days,
    error: known
  }),
  HttpApiEndpoint.get("profile", "/gamma/profile", {
    query: {
      ...which,
      /** Default: `recomputed`. */
      method: Schema.optionalKey(Schema.Literals(["recomputed", "implied", "vendor"])),
      /** The newest chain at or before this moment. Default: the newest. */
      at: Schema.optionalKey(At),
      ...provenance
    },
    success: Profile,
    error: known
  }),
  HttpApiEndpoint.get("signals", "/signals", {
    query: { ...signals, ...newest, ...Pages.query },
    success: Signals,
    error: Problems.ofStores
  }),
  HttpApiEndpoint.get("performance", "/signals/performance", {
    query: signals,
    success: Schema.Array(Performance),
    error: Problems.ofStores
  })
) {}
