/**
 * Gzipped files. DuckDB reads gzipped CSV as it is, and takes one whose end is
 * missing for whole, so that is looked for first; it reads no gzipped Parquet,
 * which is unzipped beside.
 */
import { SourceError } from "@tidemark/core"
import { Clock, Effect } from "effect"
import { createReadStream, createWriteStream } from "node:fs"
import { mkdtemp, readdir, rm, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Writable } from "node:stream"
import { pipeline } from "node:stream/promises"
import { createGunzip } from "node:zlib"

const prefix = "tidemark-file-"
/** Nobody reads one file for so long. */
const staleMillis = 86_400_000

/** Takes away what processes that were killed have left; what is another user's stays. */
const sweep = async (now: number): Promise<void> => {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(prefix)) continue
    const left = join(tmpdir(), name)
    const isStale = await stat(left).then(
      ({ mtimeMs }) => now - mtimeMs > staleMillis,
      () => false
    )
    if (isStale) await rm(left, { recursive: true, force: true }).catch(() => undefined)
  }
}

/** What went wrong with the temporary folder, and the way out. */
export const noRoom = (error: unknown) => {
  const words = error instanceof Error ? error.message.split("\n", 1)[0] : String(error)
  return new SourceError.Misconfigured({
    detail:
      `its rows cannot be put into the temporary folder ${tmpdir()} (${words}); make room there, ` +
      "or name another folder with TMPDIR"
  })
}

/** An empty folder that goes with the scope, or with a later process where this one is killed. */
export const folder = Effect.acquireRelease(
  Effect.flatMap(Clock.currentTimeMillis, (now) =>
    Effect.tryPromise({
      try: async () => {
        await sweep(now)
        return mkdtemp(join(tmpdir(), prefix))
      },
      catch: noRoom
    })
  ),
  (made) => Effect.promise(() => rm(made, { recursive: true, force: true }))
)

const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() })

/** A file that can be read as it is, or as what it is unzipped to; fails where it is no whole gzip. */
export const unzipped = Effect.fnUntraced(function* (path: string) {
  if (!/\.gz$/i.test(path)) return path
  const isParquet = /\.(parquet|pq)\.gz$/i.test(path)
  const target = isParquet ? join(yield* folder, "file.parquet") : path
  yield* Effect.tryPromise({
    try: () => pipeline(createReadStream(path), createGunzip(), isParquet ? createWriteStream(target) : nowhere()),
    catch: (error) => {
      const { code = "unreadable", path: where } = error as NodeJS.ErrnoException
      if (code === "ENOENT" && where === path) return new SourceError.Misconfigured({ detail: "there is no such file" })
      return code.startsWith("Z_")
        ? new SourceError.Misconfigured({ detail: `it is no whole gzip (${code})` })
        : noRoom(error)
    }
  })
  return target
})
