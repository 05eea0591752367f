/** The work of `tidemark query`. */
import { UsageError } from "@tidemark/backfill"
import { Query } from "@tidemark/storage"
import { Effect, Predicate } from "effect"
import * as Base64 from "effect/encoding/Base64"
import { plural } from "../view/Format.ts"
import { render } from "../view/Table.ts"
import * as Remote from "./Remote.ts"
import { print, withStores } from "./Session.ts"

/** A value that JSON can hold: instants in ISO 8601, whole numbers beyond 2^53 as text, bytes in base 64. */
const plain = (value: unknown): unknown => {
  if (typeof value === "bigint") return value.toString()
  if (value instanceof Uint8Array) return Base64.encode(value)
  if (Predicate.isDate(value)) return value.toISOString()
  if (Array.isArray(value)) return value.map(plain)
  if (value instanceof Map) return [...value].map(([key, one]) => [plain(key), plain(one)])
  if (Predicate.isObject(value))
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]))
  return value
}

/** A value as text; null is nothing, and of bytes it says how many. */
const cell = (value: unknown): string => {
  if (value instanceof Uint8Array) return plural(value.length, "byte")
  const shown = plain(value)
  if (shown === null || shown === undefined) return ""
  return typeof shown === "object" ? JSON.stringify(shown) : String(shown)
}

export const run = Effect.fnUntraced(function* (input: { readonly sql: string }) {
  if (input.sql.trim() === "") {
    return yield* new UsageError.UsageError({ message: 'There is no query. Write one: tidemark query "SELECT 1"' })
  }
  const rows = yield* Remote.either({
    local: Effect.flatMap(Query.Query, (query) => query.run(input.sql)).pipe(withStores("read")),
    remote: () =>
      Effect.fail(
        new UsageError.UsageError({
          message:
            "A daemon takes no SQL: whoever may read would read all of its database, keys and jobs too. Ask it for what " +
            "it answers (tidemark coverage, status, quality list, export), or leave --remote out where its database can " +
            "be opened: --database postgresql://…, or a DuckDB file while the daemon is stopped"
        })
      )
  })
  yield* print({
    json: () => rows.map(plain),
    text: () => {
      const names = Object.keys(rows[0] ?? {})
      const numeric = names.flatMap((name, i) => (typeof rows[0]![name] === "number" ? [i] : []))
      return rows.length === 0
        ? "0 rows"
        : `${render(
            names,
            rows.map((row) => names.map((name) => cell(row[name]))),
            { right: numeric }
          )}\n${plural(rows.length, "row")}`
    }
  })
})
