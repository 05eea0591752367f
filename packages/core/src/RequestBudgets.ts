/**
 * The budgets of all providers, shared by everyone who asks them: the lanes
 * of one process, or all processes on one database.
 */
import { Context, Effect, Layer } from "effect"
import * as Allowance from "./Allowance.ts"
import type { StoreError } from "./StoreError.ts"

export class RequestBudgets extends Context.Service<
  RequestBudgets,
  {
    /**
     * Changes what is known of one budget, in one step that nobody comes
     * between, and gives what `step` gives; where somebody does, it is taken again. Budgets that nobody has touched
     * are `Allowance.untouched`.
     */
    readonly update: <A>(
      /** A host, with a mark of the account where the budget is a key's. */
      key: string,
      step: (allowance: Allowance.Allowance) => readonly [A, Allowance.Allowance]
    ) => Effect.Effect<A, StoreError>
    /** Every budget that somebody has touched, by its key. */
    readonly list: Effect.Effect<ReadonlyMap<string, Allowance.Allowance>, StoreError>
  }
>()("@tidemark/core/RequestBudgets") {
  /** For one process. */
  static readonly layerMemory = Layer.sync(RequestBudgets, () => {
    const known = new Map<string, Allowance.Allowance>()
    return RequestBudgets.of({
      update: (key, step) =>
        Effect.sync(() => {
          const [result, next] = step(known.get(key) ?? Allowance.untouched)
          known.set(key, next)
          return result
        }),
      list: Effect.sync(() => new Map(known))
    })
  })
}
