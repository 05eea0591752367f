/**
 * Tidemark's storage in a Postgres database.
 *
 * Any number of processes may read and write at once: whoever writes a series
 * holds its row in `series` until the transaction ends.
 */
import { PgClient } from "@effect/sql-pg"
import { StoreError } from "@tidemark/core"
import { Operation, Storage } from "@tidemark/storage"
import { Context, Duration, Effect, Layer, Redacted } from "effect"
import * as Reactivity from "effect/reactivity/Reactivity"
import { SqlClient } from "effect/sql"
import { classifyOpening } from "./Failure.ts"
import * as Arrays from "./Arrays.ts"
import * as PostgresDriver from "./PostgresDriver.ts"

export interface Options {
  /** `postgresql://user:password@host:port/database?sslmode=…&options=…`, as libpq takes it. */
  readonly url: Redacted.Redacted
  /** The database as messages name it: the URL without what is secret. */
  readonly label: string
  readonly mode: Storage.Mode
}

/** One run reads and writes at the same time; more connections than that gain nothing. */
const connections = 4

/** The client, with what keeps it from opening in our words. */
const clientLayer = ({ label, url }: Options, settings: Partial<PgClient.PgPoolConfig> = {}) =>
  Layer.effectContext(
    PgClient.make({
      url,
      types: Arrays.registry,
      applicationName: "tidemark",
      // Set here, it would win over the URL's own.
      ...(/[?&]connect_timeout=/.test(Redacted.value(url)) ? {} : { connectTimeout: "10 seconds" }),
      // A server that has gone without a word is noticed, instead of waited for.
      keepAlive: "30 seconds",
      maxConnections: connections,
      ...settings,
      // A lock on a series shows what its holder wrote only if each statement sees what is committed by then.
      startupParameters: {
        timezone: "UTC",
        default_transaction_isolation: "read committed",
        ...settings.startupParameters
      }
    }).pipe(
      // The first statement opens the first connection: what is wrong with it shows here.
      Effect.tap((client) => client`SELECT 1`),
      Effect.mapError(
        (error) =>
          new StoreError.StoreError({
            database: label,
            operation: "open",
            reason: classifyOpening(error),
            cause: error
          })
      ),
      Operation.patiently,
      Effect.map((client) => Context.make(PgClient.PgClient, client).pipe(Context.add(SqlClient.SqlClient, client)))
    )
  ).pipe(Layer.provide(Reactivity.layer))

const open = (options: Options, settings?: Partial<PgClient.PgPoolConfig>) =>
  PostgresDriver.layer(options.label).pipe(Layer.provideMerge(clientLayer(options, settings)))

/** An empty database that only this process sees, and that goes with it. */
const temporary = (options: Options) =>
  Storage.migrated(
    open(options, { maxConnections: 1, idleTimeout: Duration.infinity, startupParameters: { search_path: "pg_temp" } })
  )

/** The database, with the schema in it. Fails with a `StoreError` that says why it cannot be opened. */
export const connect = (options: Options): Layer.Layer<Storage.Connection, StoreError.StoreError> =>
  options.mode === "write" || options.mode === "serve"
    ? Storage.migrated(open(options))
    : Storage.existing(open(options), {
        empty: temporary(options),
        older: options.mode === "read" ? "refuse" : "migrate"
      })

/** All stores of the database. */
export const layer = (options: Options) => Storage.over(connect(options))
