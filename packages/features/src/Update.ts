/** Brings the features of stored series up to date: `market_data_v2`. */
import type { DerivedStore } from "@tidemark/core"
import { Series } from "@tidemark/core"
import { Effect } from "effect"
import * as Annual from "./Annual.ts"
import * as Derivation from "./Derivation.ts"
import * as Features from "./Features.ts"
import * as Inputs from "./Inputs.ts"

export type Outcome = Derivation.Outcome
export type Options<E = never, R = never> = Inputs.Options<E, R> & Derivation.Range

export const table: DerivedStore.Table = {
  name: "features",
  columns: Features.names.map((name) => ({ name, kind: "number" })),
  isShared: false
}

const methodOf = (perYear: number): Derivation.Method => ({
  ...Features.method,
  table,
  begin: (isAfterGap) => new Features.Run(perYear, isAfterGap ? "warm-up after a gap" : "warm-up"),
  resume: (state) => new Features.Run(perYear, state as Features.Saved)
})

/** One series after the other; one that fails does not stop the others. */
export const run = Effect.fn("Features.update")(function* <E, R>(options: Options<E, R>) {
  const known = yield* Derivation.progressOf(Features.method)
  return yield* Effect.forEach(yield* Inputs.of(options), (input) => {
    const { calendar, stored } = input
    const method = methodOf(Annual.barsPerYear(calendar, stored.series.timeframe))
    return Derivation.run(input, method, known.get(Series.key(stored.series)), options)
  })
})
