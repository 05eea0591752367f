/**
 * The file of a database: whether there is one, and how one comes to be.
 *
 * A database is born whole. It is made under another name and linked to its
 * own once it is complete, so that a killed process leaves a database or
 * none, and of two processes that make one at once the second uses the
 * first's.
 */
import { FileProblem, StoreError } from "@tidemark/core"
import { Effect, FileSystem, Path, type PlatformError } from "effect"

/** DuckDB writes three headers of this size before anything else: a shorter file holds nothing. */
const headerBytes = 3 * 4_096

export const cannotOpen = (database: string, detail: string) =>
  new StoreError.StoreError({ database, operation: "open", reason: new StoreError.CannotOpen({ detail }) })

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // A process of somebody else may not be signalled, but it is there.
    return error instanceof Error && "code" in error && error.code === "EPERM"
  }
}

export type Found = "database" | "nothing" | "unborn"

/** What is there. `unborn`: the beginning of a DuckDB file, or an empty one, that somebody was killed over. */
export const look = Effect.fnUntraced(function* (database: string) {
  const fs = yield* FileSystem.FileSystem
  const stat = yield* fs.stat(database).pipe(
    Effect.catchIf(
      (error) => error.reason._tag === "NotFound",
      () => Effect.succeed(undefined)
    ),
    Effect.mapError((error) => cannotOpen(database, FileProblem.describe(database, error)))
  )
  if (stat === undefined) return "nothing"
  if (stat.type === "Directory") return yield* cannotOpen(database, "it is a folder, not a file")
  if (stat.type !== "File" || stat.size >= headerBytes) return "database"
  const bytes = yield* Effect.mapError(fs.readFile(database), (error) =>
    cannotOpen(database, FileProblem.describe(database, error))
  )
  const magic = new TextDecoder().decode(bytes.subarray(8, 12))
  return bytes.length === 0 || magic === "DUCK" || bytes.every((byte) => byte === 0) ? "unborn" : "database"
})

/** Makes the folders above a path one by one, so that what is in the way is found and named. */
const makeFolders: (
  folder: string
) => Effect.Effect<void, PlatformError.PlatformError, FileSystem.FileSystem | Path.Path> = Effect.fnUntraced(function* (
  folder: string
) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  if (yield* fs.exists(folder)) return
  const parent = path.dirname(folder)
  if (parent !== folder) yield* makeFolders(parent)
  yield* Effect.catchIf(
    fs.makeDirectory(folder),
    (error) => error.reason._tag === "AlreadyExists",
    () => Effect.void
  )
})

/** Takes away what processes that were killed while they made this database have left. */
const sweep = Effect.fnUntraced(function* (database: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const prefix = `${path.basename(database)}.new-`
  const folder = path.dirname(database)
  for (const name of yield* fs.readDirectory(folder)) {
    const pid = Number(name.startsWith(prefix) ? name.slice(prefix.length).split(".", 1)[0] : Number.NaN)
    if (Number.isInteger(pid) && !isRunning(pid)) yield* fs.remove(path.join(folder, name), { force: true })
  }
})

/** Makes the database by `build`, which gets the path to make it at; where there is one already, nothing happens. */
export const create = Effect.fnUntraced(function* <E, R>(
  database: string,
  build: (path: string) => Effect.Effect<void, E, R>
) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const failing = Effect.mapError((error: PlatformError.PlatformError) =>
    cannotOpen(database, FileProblem.describe(database, error))
  )
  const found = yield* look(database)
  if (found === "database") return
  yield* failing(Effect.andThen(makeFolders(path.dirname(path.resolve(database))), sweep(database)))
  const temporary = `${database}.new-${process.pid}`
  // Of an earlier process that had the same number, as in a container.
  yield* failing(fs.remove(temporary, { force: true }))
  yield* build(temporary).pipe(Effect.onError(() => Effect.ignore(fs.remove(temporary, { force: true }))))
  if (found === "unborn") yield* failing(fs.remove(database, { force: true }))
  yield* fs.link(temporary, database).pipe(
    Effect.catchIf(
      (error) => error.reason._tag === "AlreadyExists",
      () => Effect.void
    ),
    // A disk without links: the name is free, or was a moment ago.
    Effect.catch(() => fs.rename(temporary, database)),
    failing
  )
  yield* failing(fs.remove(temporary, { force: true }))
})
