/**
 * Opens a database for the life of a scope.
 *
 * **Gotchas**
 *
 * A file is opened through DuckDB's instance cache. Without it, opening a file
 * twice in one process gives two instances, each blind to what the other writes:
 * the lock on the file only keeps out other processes.
 */
import { resolve } from "node:path"
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

/** Gone once it is closed. */
export const isInMemory = (path: string): boolean => path.startsWith(":memory:")

/** How many of this process have each file open: what is closed by one of them stays open for the others. */
const opened = new Map<string, number>()

const count = (path: string, change: 1 | -1): void => {
  const file = resolve(path)
  opened.set(file, (opened.get(file) ?? 0) + change)
}

/** Whether at most one of this process has the file open. */
export const isAlone = (path: string): boolean => (opened.get(resolve(path)) ?? 0) <= 1

export const open = (native: Module, options: Options): Effect.Effect<DuckDBInstance, SqlError, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.tryPromise({
      try: async () => {
        const instance = await openUtc(native, options.path, settings(options))
        count(options.path, 1)
        return instance
      },
      catch: (cause) => Failure.fromOpen(cause, options.path)
    }),
    (instance) =>
      Effect.sync(() => {
        instance.closeSync()
        count(options.path, -1)
      })
  )

const settings = (options: Options): Record<string, string> => ({
  ...(options.readOnly === true ? { access_mode: "READ_ONLY" } : {}),
  ...(options.threads === undefined ? {} : { threads: String(options.threads) }),
  ...(options.memoryLimit === undefined ? {} : { memory_limit: options.memoryLimit }),
  ...(options.tempDirectory === undefined ? {} : { temp_directory: options.tempDirectory })
})

/** The time zone is the one setting that DuckDB takes only once it is open. */
const openUtc = async (native: Module, path: string, settings: Record<string, string>): Promise<DuckDBInstance> => {
  const instance = isInMemory(path)
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
