/** DuckDB reads gzipped CSV as it is, but no gzipped Parquet: that is unzipped beside, for as long as it is needed. */
import { Effect } from "effect"
import { createReadStream, createWriteStream } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pipeline } from "node:stream/promises"
import { createGunzip } from "node:zlib"

/** An empty folder that goes with the scope. */
export const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "tidemark-"))),
  (made) => Effect.promise(() => rm(made, { recursive: true, force: true }))
)

/** A path that DuckDB can read; temporary files go with the scope. */
export const unzipped = Effect.fnUntraced(function* (path: string) {
  if (!/\.(parquet|pq)\.gz$/i.test(path)) return path
  const target = join(yield* folder, "file.parquet")
  yield* Effect.promise(() => pipeline(createReadStream(path), createGunzip(), createWriteStream(target))).pipe(
    // A file that is no gzip is left for the reader, which says so.
    Effect.catchDefect(() => Effect.void)
  )
  return target
})
