/** Brings the market regimes of stored series of daily candles up to date: `market_regime_history`. */
import { type DerivedStore, Series } from "@tidemark/core"
import * as Annual from "@tidemark/features/Annual"
import * as Derivation from "@tidemark/features/Derivation"
import type * as Inputs from "@tidemark/features/Inputs"
import { Effect } from "effect"
import * as Description from "./Description.ts"
import { type Batch, type ProfileId, profiles, Run, type Saved } from "./MarketRegime.ts"
import { indicators } from "./Profile.ts"
import { all } from "./Regime.ts"

export interface Options extends Derivation.Range {
  /** Series of daily candles. */
  readonly inputs: ReadonlyArray<Inputs.Input>
  /** Default: `causal`. */
  readonly profile?: ProfileId | undefined
}

const text = (name: string): DerivedStore.Column => ({ name, kind: "text" })
const number = (name: string): DerivedStore.Column => ({ name, kind: "number" })

export const table: DerivedStore.Table = {
  name: "market_regimes",
  columns: [
    text("regime"),
    text("confirmed_regime"),
    number("confidence"),
    ...indicators.map(number),
    text("anomaly_of"),
    ...all.map((regime) => number(`${regime}_score`)),
    text("description")
  ],
  isShared: true
}

const toRows = (batch: Batch): Derivation.Rows => ({
  openTime: batch.openTime,
  columns: [
    batch.regimes,
    batch.confirmed,
    batch.confidence,
    ...batch.indicators,
    batch.anomalyOf,
    ...batch.scores,
    batch.regimes.map((regime, row) => (regime === null ? null : Description.of(batch, row)))
  ],
  inputHash: batch.inputHash,
  reasons: batch.reasons
})

const running = (run: Run): Derivation.Running => ({
  push: (candles) => toRows(run.push(candles)),
  split: (factor) => run.split(factor),
  save: () => run.save()
})

const methodOf = (profile: ProfileId, barsPerYear: number): Derivation.Method => ({
  ...profiles[profile].method,
  table,
  begin: (isAfterGap) => running(new Run({ profile, barsPerYear, beginning: isAfterGap ? "gap" : "series" })),
  resume: (state) => {
    const saved = state as Saved
    return saved.barsPerYear === barsPerYear ? running(new Run(saved)) : undefined
  }
})

/** One series after the other; one that fails does not stop the others. */
export const run = Effect.fn("MarketRegime.update")(function* (options: Options) {
  const { profile = "causal" } = options
  const known = yield* Derivation.progressOf(profiles[profile].method)
  return yield* Effect.forEach(options.inputs, (input) => {
    const { calendar, stored } = input
    const method = methodOf(profile, Annual.barsPerYear(calendar, stored.series.timeframe))
    return Derivation.run(input, method, known.get(Series.key(stored.series)), options)
  })
})
