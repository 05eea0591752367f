/**
 * Tidemark's storage in a DuckDB file.
 *
 * One process may have the file open for writing; the next one is told who
 * holds it. `mode: "read"` never creates or changes a file: without one it
 * shows an empty database, and several readers may share one.
 */
import { StoreError } from "@tidemark/core"
import { DuckDbClient } from "@tidemark/sql-duckdb"
import { Driver, Migrations, Storage } from "@tidemark/storage"
import { Context, Effect, FileSystem, Layer, Path } from "effect"
import { Reactivity } from "effect/reactivity"
import { SqlClient } from "effect/sql"
import * as DuckDbDriver from "./DuckDbDriver.ts"

export interface Options {
  /** File path, or `:memory:`. */
  readonly path: string
  readonly mode: "read" | "write"
}

const memory = ":memory:"

/**
 * What DuckDB may hold in memory while it writes. Without a bound it keeps
 * the blocks that it has written, and the process grows with history; with
 * it, what is larger spills beside the file. Readers have no bound.
 */
const writerMemory = "64MB"

const cannotOpen = (database: string, detail: string) =>
  new StoreError.StoreError({ database, operation: "open", reason: new StoreError.CannotOpen({ detail }) })

/** The path to open, with its folder made where we are to write. */
const prepare = Effect.fnUntraced(function* (options: Options) {
  if (options.path === memory) return options
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const found = yield* fs.stat(options.path).pipe(Effect.option)
  if (found._tag === "Some" && found.value.type === "Directory") {
    return yield* cannotOpen(options.path, "it is a folder, not a file")
  }
  if (found._tag === "Some") return options
  if (options.mode === "read") return { path: memory, mode: "write" } satisfies Options
  const folder = path.dirname(options.path)
  yield* fs
    .makeDirectory(folder, { recursive: true })
    .pipe(
      Effect.mapError((error) => cannotOpen(options.path, `its folder ${folder} cannot be made (${error.message})`))
    )
  return options
})

/** Fails where a read-only database lacks what this program expects. */
const upToDate = Effect.gen(function* () {
  const { database } = yield* Driver.Driver
  if ((yield* Migrations.current) < Migrations.latest) {
    return yield* cannotOpen(database, "an older Tidemark wrote it; bring it up to date with `tidemark migrate`")
  }
})

/** The client, with what keeps it from opening in our words. */
const clientLayer = (options: Options, database: string) =>
  Layer.effectContext(
    DuckDbClient.make({
      path: options.path,
      ...(options.mode === "read" ? { readOnly: true } : { memoryLimit: writerMemory })
    }).pipe(
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

/** All stores of the database. Fails with a `StoreError` that says why it cannot be opened. */
export const layer = (options: Options) =>
  Layer.unwrap(
    Effect.map(prepare(options), (prepared) => {
      const stores =
        prepared.mode === "read" ? Layer.unwrap(Effect.as(upToDate, Storage.layerNoMigrations)) : Storage.layer
      return stores.pipe(
        Layer.provide(DuckDbDriver.layer(options.path)),
        Layer.provide(clientLayer(prepared, options.path))
      )
    })
  )
