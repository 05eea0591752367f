/** Everything that an application needs, from one configuration. */
import * as Settings from "@tidemark/alerts/Settings"
import { Events, Retention, SourceHttp, SourceRegistry, SourceSockets } from "@tidemark/backfill"
import { RequestBudgets } from "@tidemark/core"
import { Effect, Layer } from "effect"
import type { Configuration } from "./Configuration.ts"
import * as Sources from "./Sources.ts"
import * as Stores from "./Stores.ts"

/** Loaded with the first that asks for it: the HTTP stack is not for commands that only read. */
export const httpClient = Layer.unwrap(
  Effect.promise(() =>
    import("@effect/platform-node/NodeHttpClient").then((NodeHttpClient) => NodeHttpClient.layerUndici)
  )
)

// Loaded with the first connection: only a daemon listens.
const sockets = SourceSockets.SourceSockets.layer(
  Effect.promise(() =>
    import("@effect/platform-node/NodeWS").then(
      ({ WebSocket }): SourceSockets.Constructor =>
        (url) =>
          new WebSocket(url)
    )
  )
)

/** The sources and the events of the engine, with the budgets of whoever keeps them. */
const sourcesOver = <E, R>(configuration: Configuration, budgets: Layer.Layer<RequestBudgets.RequestBudgets, E, R>) =>
  SourceRegistry.SourceRegistry.layer(Sources.entries, {
    sections: configuration.sources,
    variables: configuration.variables
  }).pipe(
    Layer.provide(SourceHttp.layerShared),
    Layer.provide(sockets),
    // Whoever watches sees what the sources know of their providers.
    Layer.provideMerge(budgets),
    Layer.provide(httpClient),
    Layer.provideMerge(Events.Events.layer)
  )

/**
 * Sources only. Where several processes share a database that can be reached,
 * they share what providers allow them; else the budgets are this process's.
 */
export const sources = (configuration: Configuration) =>
  sourcesOver(
    configuration,
    Stores.isShared(configuration.databaseUrl)
      ? stores(configuration, "update").pipe(Layer.catchCause(() => RequestBudgets.RequestBudgets.layerMemory))
      : RequestBudgets.RequestBudgets.layerMemory
  )

/** Parquet files, from the stores at hand; DuckDB writes them, whatever the stores are. */
export const parquetWriter = Layer.unwrap(
  Effect.promise(() => import("@tidemark/storage-duckdb").then(({ DuckDbParquetWriter }) => DuckDbParquetWriter.layer))
)

/** Stores only. */
export const stores = (configuration: Configuration, mode: Stores.Mode, otherwise?: Stores.Otherwise) =>
  Stores.layer(configuration.databaseUrl, mode, otherwise)

/** Stores and sources, and how long candles are kept. Where several processes may write at once, they share what providers allow them. */
export const layer = (configuration: Configuration, mode: Stores.Mode, otherwise?: Stores.Otherwise) => {
  const stored = stores(configuration, mode, otherwise)
  const isShared = mode !== "read" && Stores.isShared(configuration.databaseUrl)
  return Layer.mergeAll(
    stored,
    sourcesOver(configuration, isShared ? stored : RequestBudgets.RequestBudgets.layerMemory),
    Layer.succeed(Retention.Retention, configuration.retention),
    Layer.succeed(Settings.Alerting, configuration.alerts)
  )
}
