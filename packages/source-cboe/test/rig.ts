/** The engine's registry and its door, with little patience, over real HTTP to the emulator. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Events, Policy, SourceHttp, SourceRegistry } from "@tidemark/backfill"
import * as Fetch from "@tidemark/backfill/Fetch"
import type { Source } from "@tidemark/core"
import { Emulator } from "@tidemark/emulator"
import { plugin } from "@tidemark/source-cboe"
import { Effect, Layer } from "effect"
import { index, share } from "./answers.ts"

const policy: Policy.Policy = {
  ...Policy.defaults,
  requestDeadlineMillis: 1_500,
  retries: 2,
  malformedRetries: 1,
  backoffMillis: 5,
  maxBackoffMillis: 40,
  maxRetryAfterMillis: 4_000,
  breakerOpenMillis: 20
}

const engine = Layer.unwrap(
  Effect.map(Emulator, ({ url }) =>
    SourceRegistry.SourceRegistry.layer([{ id: "cboe", load: () => Promise.resolve(plugin) }], {
      sections: {},
      variables: { CBOE_BASE_URL: url }
    })
  )
).pipe(
  Layer.provideMerge(SourceHttp.layer),
  Layer.provide(NodeHttpClient.layerUndici),
  Layer.provideMerge(Events.Events.layer),
  Layer.provideMerge(Layer.succeed(Policy.Policy, policy))
)

export const now = Date.parse("2024-06-18T18:30:00Z")

export const world = Layer.provideMerge(
  engine,
  Emulator.layer({ datasets: [], equities: [index, share], now: () => now })
)

export const sourceAtHand = Effect.gen(function* () {
  const registry = yield* SourceRegistry.SourceRegistry
  return (yield* registry.get("cboe")).source
})

/** The chain that the engine gets, with its patience. */
export const chainOf = (subject: Source.Subject) =>
  Effect.flatMap(Effect.orDie(sourceAtHand), (source) => Fetch.patiently(source.optionChain!(subject)))
