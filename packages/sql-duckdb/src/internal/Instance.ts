/**
 * Opens a database for the life of a scope.
 *
 * **Gotchas**
 *
 * A file is opened through DuckDB's instance cache. Without it, opening a file
 * twice in one process gives two instances, each blind to what the other writes:
 * the lock on the file only keeps out other processes.
 */
import type { DuckDBInstance } from "@duckdb/node-api"
import { Effect, type Scope } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import * as Failure from "./Failure.ts"
import type { Module } from "./Native.ts"

export interface Options {
  readonly path: string
  readonly readOnly?: boolean | undefined
  readonly threads?: number | undefined
  readonly memoryLimit?: string | undefined
  readonly tempDirectory?: string | undefined
}

export const open = (native: Module, options: Options): Effect.Effect<DuckDBInstance, SqlError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.tryPromise({
      try: () => openUtc(native, options.path, settings(options)),
      catch: (cause) => Failure.fromOpen(cause, options.path)
    }),
    (instance) => Effect.sync(() => instance.closeSync())
  )

const settings = (options: Options): Record<string, string> => ({
  ...(options.readOnly === true ? { access_mode: "READ_ONLY" } : {}),
  ...(options.threads === undefined ? {} : { threads: String(options.threads) }),
  ...(options.memoryLimit === undefined ? {} : { memory_limit: options.memoryLimit }),
  ...(options.tempDirectory === undefined ? {} : { temp_directory: options.tempDirectory })
})

/** The time zone is the one setting that DuckDB takes only once it is open. */
const openUtc = async (native: Module, path: string, settings: Record<string, string>): Promise<DuckDBInstance> => {
  const instance = path.startsWith(":memory:")
    ? await native.DuckDBInstance.create(path, settings)
    : await native.DuckDBInstance.fromCache(path, settings)
  try {
    const connection = await instance.connect()
    await connection.run("SET GLOBAL TimeZone = 'UTC'").finally(() => connection.closeSync())
    return instance
  } catch (cause) {
    instance.closeSync()
    throw cause
  }
}
