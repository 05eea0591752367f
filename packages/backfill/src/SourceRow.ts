/** A source in a row of a list: what it gives, how much it may be asked, and whether it has its key. Asks it nothing. */
import { type Provenance, Source, type Timeframe } from "@tidemark/core"
import { Effect } from "effect"
import { SourceRegistry } from "./SourceRegistry.ts"

/** As JSON has it, here and over HTTP. */
export interface SourceRow {
  readonly id: string
  readonly description: string
  readonly provenance: Provenance.Provenance
  readonly asset_classes: ReadonlyArray<string>
  /** Of its candles; none for a source without. */
  readonly timeframes: ReadonlyArray<Timeframe.Timeframe>
  /** Timeframes of which it tells what closes. */
  readonly live: ReadonlyArray<Timeframe.Timeframe>
  /** What it knows of options, if anything: how old its quotes are, whether it tells of the past, what it computes. */
  readonly options: {
    readonly delay_ms: number
    readonly history: boolean
    readonly computes: ReadonlyArray<"impliedVolatility" | "gamma">
  } | null
  /** What it has applied to its prices. */
  readonly adjustment: string
  readonly budget: { readonly limit: number; readonly window_ms: number } | null
  readonly hosts: ReadonlyArray<string>
  /** Whether it has the key that it needs; never the key. */
  readonly key: "none needed" | "present" | "missing"
  readonly variables: ReadonlyArray<string>
}

export const of = Effect.fnUntraced(function* (id: string) {
  const registry = yield* SourceRegistry
  const { baseUrls, capabilities, description, variables } = yield* registry.plugin(id)
  const budget = Source.budgetOf(capabilities)
  const { options } = capabilities
  const row: SourceRow = {
    id,
    description,
    provenance: capabilities.provenance,
    asset_classes: capabilities.assetClasses,
    timeframes: capabilities.timeframes,
    live: capabilities.tail?.timeframes ?? [],
    options:
      options === undefined
        ? null
        : { delay_ms: options.delayMillis, history: options.history === true, computes: options.computes },
    adjustment: capabilities.adjustment,
    budget: budget === undefined ? null : { limit: budget.limit, window_ms: budget.windowMillis },
    hosts: capabilities.hosts.map(({ name }) => name),
    key: yield* registry.key(id),
    variables: [...Object.values(variables), ...baseUrls.map((base) => base.variable)]
  }
  return row
})

/** All that there are. */
export const all = Effect.gen(function* () {
  const registry = yield* SourceRegistry
  return yield* Effect.forEach(registry.ids, of)
})
