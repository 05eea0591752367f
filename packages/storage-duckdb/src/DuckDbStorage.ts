/**
 * Tidemark's storage in a DuckDB file.
 *
 * One process may have the file open for writing; the next one is told who
 * holds it. Several readers may share one.
 */
import { type CandleStore, StoreError, type SymbolStore, type SyncLog } from "@tidemark/core"
import { DuckDbClient } from "@tidemark/sql-duckdb"
import { type Driver, Migrations, type Query, Storage } from "@tidemark/storage"
import { Context, Effect, type FileSystem, Layer, type Path } from "effect"
import { Reactivity } from "effect/reactivity"
import { SqlClient } from "effect/sql"
import * as DuckDbDriver from "./DuckDbDriver.ts"
import * as DuckDbFile from "./DuckDbFile.ts"

export interface Options {
  /** File path, or `:memory:`. */
  readonly path: string
  /**
   * `read` changes nothing; `update` writes to a database that is there;
   * both show an empty one where there is none, without making a file.
   * `write` makes it.
   */
  readonly mode: "read" | "update" | "write"
}

const memory = ":memory:"

/**
 * What DuckDB may hold in memory while it writes. Without a bound it keeps
 * the blocks that it has written, and the process grows with history; with
 * it, what is larger spills beside the file. Readers have no bound.
 */
const writerMemory = "48MB"

/** The client, with what keeps it from opening in our words. */
const clientLayer = (path: string, mode: "read" | "write", database: string) =>
  Layer.effectContext(
    DuckDbClient.make({
      path,
      ...(mode === "write" ? { memoryLimit: writerMemory } : path === memory ? {} : { readOnly: true })
    }).pipe(
      // A query of the user's reads this database and nothing else: it neither writes files nor attaches others.
      Effect.tap((client) =>
        mode === "read" ? Effect.asVoid(client`SET enable_external_access = false`) : Effect.void
      ),
      Effect.mapError(
        (error) =>
          new StoreError.StoreError({
            database,
            operation: "open",
            reason: DuckDbDriver.classifyOpening(error),
            cause: error
          })
      ),
      Effect.map((client) =>
        Context.make(DuckDbClient.DuckDbClient, client).pipe(Context.add(SqlClient.SqlClient, client))
      )
    )
  ).pipe(Layer.provide(Reactivity.layer))

/** Stores over the database at `path`, which messages call `database`; brought to the newest schema. */
const open = (path: string, database: string, mode: "read" | "write" = "write") =>
  Storage.layer.pipe(Layer.provide(DuckDbDriver.layer(database)), Layer.provide(clientLayer(path, mode, database)))

type Stores = CandleStore.CandleStore | SymbolStore.SymbolStore | SyncLog.SyncLog | Query.Query

/** Stores to read from; an empty database where nothing was ever migrated. */
const openToRead = (path: string) => {
  const stores: Effect.Effect<
    Layer.Layer<Stores, StoreError.StoreError, Driver.Driver | SqlClient.SqlClient>,
    StoreError.StoreError,
    Driver.Driver | SqlClient.SqlClient
  > = Effect.gen(function* () {
    const schema = yield* Migrations.current
    if (schema === 0) return open(memory, path, "read")
    if (schema === Migrations.latest) return Storage.layerNoMigrations
    const detail = "an older Tidemark wrote it; bring it up to date with `tidemark migrate`"
    return yield* DuckDbFile.cannotOpen(path, detail)
  })
  return Layer.unwrap(stores).pipe(
    Layer.provide(DuckDbDriver.layer(path)),
    Layer.provide(clientLayer(path, "read", path))
  )
}

/** All stores of the database. Fails with a `StoreError` that says why it cannot be opened. */
export const layer = ({
  mode,
  path
}: Options): Layer.Layer<Stores, StoreError.StoreError, FileSystem.FileSystem | Path.Path> =>
  Layer.unwrap(
    Effect.gen(function* () {
      if (path === memory) return open(memory, memory)
      if (mode === "write") {
        yield* DuckDbFile.create(path, (temporary) => Effect.scoped(Effect.asVoid(Layer.build(open(temporary, path)))))
        return open(path, path)
      }
      if ((yield* DuckDbFile.look(path)) !== "database") return open(memory, path, mode === "read" ? "read" : "write")
      return mode === "read" ? openToRead(path) : open(path, path)
    })
  )
