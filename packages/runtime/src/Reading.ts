/** Candles for programs: of the database that is configured, with one call. */
import { SourceRegistry } from "@tidemark/backfill"
import * as NodeServices from "@effect/platform-node/NodeServices"
import type { Labelled } from "@tidemark/core"
import { Market } from "@tidemark/reader"
import { Effect, Option } from "effect"
import * as Configuration from "./Configuration.ts"
import * as Runtime from "./Runtime.ts"

/** What a source has applied to its prices: a source that nobody knows is a `UsageError`. */
export const appliedBy = Effect.fnUntraced(function* (source: string) {
  const registry = yield* SourceRegistry.SourceRegistry
  return (yield* registry.plugin(source)).capabilities.adjustment
})

export interface Request extends Omit<Market.Request, "appliedBy"> {
  /** Default: as everywhere, `DATABASE_URL`, else `duckdb:./data/tidemark.duckdb`. */
  readonly database?: string | undefined
}

/**
 * The candles of a request in memory: for each symbol, timeframe and source
 * its labels and columns, ascending by open time (epoch milliseconds). Fails
 * with what keeps them from being whole, in words that name the way out;
 * `allowGaps` is for those who can do with less.
 */
export const candles = ({ database, ...request }: Request): Promise<ReadonlyArray<Labelled.Labelled>> =>
  Effect.gen(function* () {
    const settings = yield* Configuration.load({
      database: Option.fromUndefinedOr(database),
      config: Option.none()
    })
    return yield* Effect.provide(Market.candles({ ...request, appliedBy }), Runtime.layer(settings, "read"))
  }).pipe(Effect.provide(NodeServices.layer), Effect.runPromise)
