/** The storage that a database URL names. */
import * as UsageError from "@tidemark/backfill/UsageError"
import type { StoreError } from "@tidemark/core"
import * as Storage from "@tidemark/storage/Storage"
import { Effect, type FileSystem, Layer, type Path, Redacted } from "effect"

export type { Mode, Otherwise } from "@tidemark/storage/Storage"

type Target =
  | { readonly kind: "duckdb"; readonly path: string; readonly label: string }
  | { readonly kind: "postgres"; readonly url: Redacted.Redacted; readonly label: string }
  | { readonly kind: "malformed"; readonly scheme: string }
  | { readonly kind: "unknown"; readonly scheme: string }

const schemeOf = (url: string): string | undefined => /^([a-z][a-z0-9+.-]+):/i.exec(url)?.[1]?.toLowerCase()

/** A server's URL without what is nobody's business: no name, no password, no options. */
const serverLabel = (url: string): string | undefined => {
  if (!/^[a-z]+:\/\//i.test(url) || !URL.canParse(url)) return undefined
  const { hash, host, pathname, protocol, search, searchParams, username } = new URL(url)
  // A password with / # or ? in it ends the host early: what is then taken for host, port and path is a part of it.
  if (hash !== "" || pathname.includes("@") || (username === "" && search.includes("@"))) return undefined
  return `${protocol}//${host || (searchParams.get("host") ?? "")}${pathname}`
}

const parse = (given: string): Target => {
  const url = given.trim()
  const scheme = schemeOf(url)
  // A server's URL with a slip in it, which must not be shown as if it were a path.
  if (scheme === undefined && /postgres/i.test(url) && url.includes("@"))
    return { kind: "malformed", scheme: "postgresql" }
  if (scheme === undefined) return { kind: "duckdb", path: url, label: url }
  if (scheme === "duckdb") {
    const path = url.slice("duckdb:".length).replace(/^\/\//, "")
    return { kind: "duckdb", path, label: url }
  }
  if (scheme !== "postgresql" && scheme !== "postgres") return { kind: "unknown", scheme }
  const label = serverLabel(url)
  return label === undefined ? { kind: "malformed", scheme } : { kind: "postgres", url: Redacted.make(url), label }
}

/** Whether several processes can write to the database at once. */
export const isShared = (url: string): boolean => parse(url).kind === "postgres"

/** Where a database is, to tell whether two URLs name the same. `resolve` makes a path absolute. */
export const place = (url: string, resolve: (path: string) => string): string => {
  const target = parse(url)
  return target.kind === "duckdb" ? `duckdb:${resolve(target.path)}` : url
}

/** The file that a database is, if it is one. */
export const file = (url: string): string | undefined => {
  const target = parse(url)
  return target.kind === "duckdb" && target.path !== "" && target.path !== ":memory:" ? target.path : undefined
}

/** The URL as messages may show it: without a user's name and password. */
export const label = (url: string): string => {
  const target = parse(url)
  return "label" in target ? target.label : `${target.scheme}:…`
}

/** A connection to the database, with the schema in it. A Postgres database that nobody has used is an empty one. */
export const connect = (
  url: string,
  mode: Storage.Mode,
  otherwise: Storage.Otherwise = "fail"
): Layer.Layer<Storage.Connection, StoreError.StoreError | UsageError.UsageError, FileSystem.FileSystem | Path.Path> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const target = parse(url)
      if (target.kind === "postgres") {
        const PostgresStorage = yield* Effect.promise(() => import("@tidemark/storage-postgres/PostgresStorage"))
        return PostgresStorage.connect({ ...target, mode })
      }
      if (target.kind === "duckdb" && target.path !== "") {
        const DuckDbStorage = yield* Effect.promise(() => import("@tidemark/storage-duckdb/DuckDbStorage"))
        return DuckDbStorage.connect({ path: target.path, mode, otherwise })
      }
      const what = {
        duckdb: "Cannot use a database without a path.",
        malformed:
          "Cannot read this URL; what is / # ? @ : or % in a name or a password is written %2F %23 %3F %40 %3A %25.",
        unknown: `Cannot use this "${"scheme" in target ? target.scheme : ""}:" database.`
      }[target.kind]
      return yield* new UsageError.UsageError({
        message:
          `${what} Use duckdb:PATH, for example duckdb:./data/tidemark.duckdb, ` +
          "or postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
      })
    })
  )

/** All stores of the database. */
export const layer = (url: string, mode: Storage.Mode, otherwise?: Storage.Otherwise) =>
  Storage.over(connect(url, mode, otherwise))
