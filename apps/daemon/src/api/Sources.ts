/** Where candles can come from, over HTTP. Asks no source anything. */
import { Api, type Sources } from "@tidemark/api"
import { SourceRegistry } from "@tidemark/backfill"
import { Source } from "@tidemark/core"
import { Effect } from "effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Failure from "./Failure.ts"

const row = Effect.fnUntraced(function* (id: string) {
  const registry = yield* SourceRegistry.SourceRegistry
  const { baseUrls, capabilities, description, variables } = yield* registry.plugin(id)
  const budget = Source.budgetOf(capabilities)
  const result: Sources.SourceRow = {
    id,
    description,
    provenance: capabilities.provenance,
    asset_classes: capabilities.assetClasses,
    timeframes: capabilities.timeframes,
    live: capabilities.tail?.timeframes ?? [],
    adjustment: capabilities.adjustment,
    budget: budget === undefined ? null : { limit: budget.limit, window_ms: budget.windowMillis },
    hosts: capabilities.hosts.map(({ name }) => name),
    key: yield* registry.key(id),
    variables: [...Object.values(variables), ...baseUrls.map((base) => base.variable)]
  }
  return result
})

export const layer = HttpApiBuilder.group(
  Api.Api,
  "sources",
  Effect.fnUntraced(function* (handlers) {
    const registry = yield* SourceRegistry.SourceRegistry
    return handlers.handle("list", () =>
      Effect.forEach(registry.ids, row).pipe(
        Effect.provideService(SourceRegistry.SourceRegistry, registry),
        Effect.catchTag("UsageError", Failure.unusable)
      )
    )
  })
)
