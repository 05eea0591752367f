/** Everything that an application needs, from one configuration. */
import * as Settings from "@tidemark/alerts/Settings"
import * as Events from "@tidemark/backfill/Events"
import * as Retention from "@tidemark/backfill/Retention"
import * as SourceHttp from "@tidemark/backfill/SourceHttp"
import * as SourceRegistry from "@tidemark/backfill/SourceRegistry"
import * as SourceSockets from "@tidemark/backfill/SourceSockets"
import { RequestBudgets } from "@tidemark/core"
import { Context, Effect, Layer, type Scope } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import type { HttpClientRequest } from "effect/http/HttpClientRequest"
import type { Configuration } from "./Configuration.ts"
import * as Sources from "./Sources.ts"
import * as Stores from "./Stores.ts"

/** The HTTP stack is loaded with the first request: most commands make none, whatever sources they know. */
export const httpClient = Layer.effect(
  HttpClient.HttpClient,
  Effect.gen(function* () {
    // Not that of whoever asks first: the client is everyone's, and lives as long as the layer.
    const own = yield* Effect.context<Scope.Scope>()
    const loaded = yield* Effect.promise(() => import("@effect/platform-node/NodeHttpClient")).pipe(
      Effect.flatMap(({ layerUndici }) => Layer.build(layerUndici)),
      Effect.map((built) => Context.get(built, HttpClient.HttpClient)),
      Effect.updateContext<never, Scope.Scope>(() => own),
      Effect.cached
    )
    return HttpClient.makeWith(
      (asked: Effect.Effect<HttpClientRequest>) =>
        Effect.flatMap(asked, (request) => Effect.flatMap(loaded, (client) => client.execute(request))),
      Effect.succeed
    )
  })
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

/** The same of rows that come from elsewhere. */
export const parquetWriterNoStore = Layer.unwrap(
  Effect.promise(() =>
    import("@tidemark/storage-duckdb").then(({ DuckDbParquetWriter }) => DuckDbParquetWriter.layerNoStore)
  )
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
