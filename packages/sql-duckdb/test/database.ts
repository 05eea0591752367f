/** Databases for tests: in memory, or as real files in a directory of their own. */
import { Effect, type Layer, type Scope } from "effect"
import type { SqlClient } from "effect/sql"
import type { SqlError } from "effect/sql/SqlError"
import { execFile } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { DuckDbClient } from "@tidemark/sql-duckdb"

export const memory: Layer.Layer<DuckDbClient.DuckDbClient | SqlClient.SqlClient, SqlError> = DuckDbClient.layer({
  path: ":memory:"
})

/** A directory that the scope removes. */
export const directory: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "sql-duckdb-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

/** The path of a database file that doesn't exist yet. */
export const file: Effect.Effect<string, never, Scope.Scope> = Effect.map(directory, (path) =>
  join(path, "test.duckdb")
)

/** Opens `path` in another process; says what that process reports. */
export const openElsewhere = (path: string): Effect.Effect<{ readonly opened: boolean; readonly pid?: number }> =>
  Effect.promise(async () => {
    const script = fileURLToPath(new URL("openElsewhere.ts", import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, [script, path])
    return JSON.parse(stdout)
  })
