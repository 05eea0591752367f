/** Brings the features of stored series up to date: `market_data_v2`. */
import type { DerivedStore } from "@tidemark/core"
import { Series } from "@tidemark/core"
import { Effect } from "effect"
import * as Annual from "./Annual.ts"
import * as Derivation from "./Derivation.ts"
import * as Features from "./Features.ts"
import type * as Inputs from "./Inputs.ts"

export type Outcome = Derivation.Outcome

export interface Options extends Derivation.Range {
  readonly inputs: ReadonlyArray<Inputs.Input>
}

export const table: DerivedStore.Table = {
  name: "features",
  columns: Features.names.map((name) => ({ name, kind: "number" })),
  isShared: false
}

interface Saved {
  readonly perYear: number
  readonly run: Features.Saved
}

const running = (run: Features.Run, perYear: number): Derivation.Running => ({
  push: (candles) => run.push(candles),
  split: (factor) => run.split(factor),
  save: () => ({ perYear, run: run.save() }) satisfies Saved
})

const methodOf = (perYear: number): Derivation.Method => ({
  ...Features.method,
  table,
  begin: (isAfterGap) => running(new Features.Run(perYear, isAfterGap ? "warm-up after a gap" : "warm-up"), perYear),
  resume: (state) => {
    const saved = state as Saved
    return saved.perYear === perYear ? running(new Features.Run(perYear, saved.run), perYear) : undefined
  }
})

/** One series after the other; one that fails does not stop the others. */
export const run = Effect.fn("Features.update")(function* (options: Options) {
  const known = yield* Derivation.progressOf(Features.method)
  return yield* Effect.forEach(options.inputs, (input) => {
    const { calendar, stored } = input
    const method = methodOf(Annual.barsPerYear(calendar, stored.series.timeframe))
    return Derivation.run(input, method, known.get(Series.key(stored.series)), options)
  })
})
