/** The storage that a database URL names. */
import { UsageError } from "@tidemark/backfill"
import { Effect, Layer } from "effect"

/** `read` changes nothing, `update` writes to a database that is there, `write` makes one. */
export type Mode = "read" | "update" | "write"

/** The file of a `duckdb:` URL or of a plain path. */
const duckDbPath = (url: string): string | undefined => {
  if (url.startsWith("duckdb:")) return url.slice("duckdb:".length).replace(/^\/\//, "")
  return /^[a-z][a-z0-9+.-]+:/i.test(url) ? undefined : url
}

/** The URL as messages may show it: without a user's name and password. */
export const label = (url: string): string => url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, "$1")

export const layer = (url: string, mode: Mode) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const path = duckDbPath(url)
      if (path === undefined || path === "") {
        const scheme = url.split(":", 1)[0]
        return yield* new UsageError.UsageError({
          message: `Cannot use a "${scheme}:" database. Use duckdb:PATH, for example --database duckdb:./data/tidemark.duckdb`
        })
      }
      const { DuckDbStorage } = yield* Effect.promise(() => import("@tidemark/storage-duckdb"))
      return DuckDbStorage.layer({ path, mode })
    })
  )
