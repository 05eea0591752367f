/** The work of `tidemark sources list`. */
import { Policy, SourceRegistry } from "@tidemark/backfill"
import { Source, SourceError } from "@tidemark/core"
import { Runtime } from "@tidemark/runtime"
import { Effect } from "effect"
import { render } from "../view/Table.ts"
import { configuration, print } from "./Session.ts"

/** Whether a source would answer now, in a word or the reason. */
export const reach = Effect.fnUntraced(function* (id: string) {
  const registry = yield* SourceRegistry.SourceRegistry
  const policy = yield* Policy.Policy
  const plugin = yield* registry.plugin(id)
  if (plugin.capabilitiesOf !== undefined && plugin.argument !== undefined && !id.includes(":")) {
    return { id, plugin, reachable: true, detail: `one of many: ${id}:${plugin.argument.toUpperCase()}` }
  }
  if (plugin.capabilities.hosts.length === 0) return { id, plugin, reachable: true, detail: "needs no network" }
  return yield* registry.get(id).pipe(
    Effect.flatMap(({ source }) => source.check ?? Effect.void),
    Effect.timeoutOrElse({
      duration: policy.checkDeadlineMillis,
      orElse: () => Effect.fail({ message: `no answer within ${policy.checkDeadlineMillis / 1000} s` })
    }),
    Effect.match({
      onFailure: (error) => ({
        id,
        plugin,
        reachable: false,
        detail: "reason" in error ? SourceError.describe(error.reason) : error.message
      }),
      onSuccess: () => ({ id, plugin, reachable: true, detail: "reachable" })
    })
  )
})

const budgetOf = (capabilities: Source.Capabilities) => {
  const budget = Source.budgetOf(capabilities)
  return budget === undefined ? null : { limit: budget.limit, window_ms: budget.windowMillis }
}

export const run = Effect.fnUntraced(function* () {
  const sources = yield* Effect.gen(function* () {
    const registry = yield* SourceRegistry.SourceRegistry
    return yield* Effect.forEach(registry.ids, reach, { concurrency: "unbounded" })
  }).pipe(Effect.provide(Runtime.sources(yield* configuration)))
  const rows = sources.map(({ detail, id, plugin, reachable }) => ({
    id,
    description: plugin.description,
    provenance: plugin.capabilities.provenance,
    asset_classes: plugin.capabilities.assetClasses,
    timeframes: plugin.capabilities.timeframes,
    adjustment: plugin.capabilities.adjustment,
    budget: budgetOf(plugin.capabilities),
    variables: [...Object.values(plugin.variables), ...plugin.baseUrls.map((base) => base.variable)],
    reachable,
    detail
  }))
  yield* print({
    json: () => rows,
    text: () =>
      render(
        ["source", "gives", "for", "reachable", ""],
        rows.map((row) => [
          row.id,
          row.provenance,
          row.asset_classes.join(", "),
          row.reachable ? "yes" : `no: ${row.detail}`,
          row.description
        ])
      )
  })
})
