/** Everything that an application needs, from one configuration. */
import { Events, SourceHttp, SourceRegistry } from "@tidemark/backfill"
import { Effect, Layer } from "effect"
import type { Configuration } from "./Configuration.ts"
import * as Sources from "./Sources.ts"
import * as Stores from "./Stores.ts"

// Loaded with the first source: the HTTP stack is not for commands that only read.
const httpClient = Layer.unwrap(
  Effect.promise(() =>
    import("@effect/platform-node/NodeHttpClient").then((NodeHttpClient) => NodeHttpClient.layerUndici)
  )
)

/** The sources and the events of the engine. */
export const sources = (configuration: Configuration) =>
  SourceRegistry.SourceRegistry.layer(Sources.entries, {
    sections: configuration.sources,
    variables: configuration.variables
  }).pipe(Layer.provide(SourceHttp.layer), Layer.provide(httpClient), Layer.provideMerge(Events.Events.layer))

/** Stores only. */
export const stores = (configuration: Configuration, mode: Stores.Mode) => Stores.layer(configuration.databaseUrl, mode)

/** Stores and sources. */
export const layer = (configuration: Configuration, mode: Stores.Mode) =>
  Layer.mergeAll(stores(configuration, mode), sources(configuration))
