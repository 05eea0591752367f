/**
 * Tidemark's storage in a DuckDB file.
 *
 * One process may have the file open for writing; the next one is told who
 * holds it. Several readers may share one.
 */
import { StoreError } from "@tidemark/core"
import { DuckDbClient } from "@tidemark/sql-duckdb"
import * as Storage from "@tidemark/storage/Storage"
import { Context, Effect, type FileSystem, Layer, type Path } from "effect"
import * as Reactivity from "effect/reactivity/Reactivity"
import { SqlClient } from "effect/sql"
import * as DuckDbDriver from "./DuckDbDriver.ts"
import * as DuckDbFile from "./DuckDbFile.ts"

export interface Options {
  /** File path, or `:memory:`. */
  readonly path: string
  /** `read` and `update` make no file where there is none. */
  readonly mode: Storage.Mode
  /** Default: `fail`. */
  readonly otherwise?: Storage.Otherwise | undefined
}

const memory = ":memory:"

/**
 * What DuckDB may hold in memory. Without a bound a writer keeps the blocks
 * that it has written, and the process grows with history; with it, what is
 * larger spills beside the file. Candles need little; rows of many columns,
 * which are derived from what is there, need a block of each at once. Readers
 * have no bound.
 */
const memoryLimits = { write: "48MB", update: "256MB", read: undefined } as const

const mebibyte = 1_048_576

/** A process that does all of it for months: a third of what it may have, between 256 MiB and 1 GiB. */
const servingLimit = (): string => {
  const available = process.constrainedMemory() || Infinity
  return `${Math.round(Math.min(1_024, Math.max(256, available / mebibyte / 3)))}MiB`
}

/** The client, with what keeps it from opening in our words. */
const clientLayer = (path: string, mode: Storage.Mode, database: string) =>
  Layer.effectContext(
    DuckDbClient.make({
      path,
      memoryLimit: mode === "serve" ? servingLimit() : memoryLimits[mode],
      ...(mode === "read" && path !== memory ? { readOnly: true } : {})
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

/** The database at `path`, which messages call `database`. */
const open = (path: string, database: string, mode: Storage.Mode) =>
  DuckDbDriver.layer(database, mode === "read").pipe(Layer.provideMerge(clientLayer(path, mode, database)))

/** The same, brought to the newest schema. */
const migrated = (...args: Parameters<typeof open>) => Storage.migrated(open(...args))

/** The database, with the schema in it. Fails with a `StoreError` that says why it cannot be opened. */
export const connect = ({
  mode,
  otherwise = "fail",
  path
}: Options): Layer.Layer<Storage.Connection, StoreError.StoreError, FileSystem.FileSystem | Path.Path> =>
  Layer.unwrap(
    Effect.gen(function* () {
      if (path === memory) return migrated(memory, memory, mode)
      if (mode === "write" || mode === "serve") {
        yield* DuckDbFile.create(path, (temporary) =>
          Effect.scoped(Effect.asVoid(Layer.build(migrated(temporary, path, mode))))
        )
        return migrated(path, path, mode)
      }
      const empty = migrated(memory, path, mode)
      const found = yield* DuckDbFile.look(path)
      if (found === "nothing" && otherwise === "fail") {
        return yield* new StoreError.StoreError({
          database: path,
          operation: "open",
          reason: new StoreError.Absent()
        })
      }
      if (found !== "database") return empty
      return mode === "read"
        ? Storage.existing(open(path, path, "read"), { empty, older: "refuse" })
        : migrated(path, path, mode)
    })
  )

/** All stores of the database. */
export const layer = (options: Options) => Storage.over(connect(options))
