/** The work of `tidemark query`. */
import { UsageError } from "@tidemark/backfill"
import { Query } from "@tidemark/storage"
import { Effect, Predicate } from "effect"
import { plural } from "../view/Format.ts"
import { render } from "../view/Table.ts"
import { print, withStores } from "./Session.ts"

/** A value that JSON can hold: instants in ISO 8601, whole numbers beyond 2^53 as text. */
const plain = (value: unknown): unknown => {
  if (typeof value === "bigint") return value.toString()
  if (Predicate.isDate(value)) return value.toISOString()
  if (Array.isArray(value)) return value.map(plain)
  if (value instanceof Map) return [...value].map(([key, one]) => [plain(key), plain(one)])
  if (Predicate.isObject(value))
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]))
  return value
}

/** A value as text; null is nothing. */
const cell = (value: unknown): string => {
  const shown = plain(value)
  if (shown === null || shown === undefined) return ""
  return typeof shown === "object" ? JSON.stringify(shown) : String(shown)
}

export const run = Effect.fnUntraced(function* (input: { readonly sql: string }) {
  if (input.sql.trim() === "") {
    return yield* new UsageError.UsageError({ message: 'There is no query. Write one: tidemark query "SELECT 1"' })
  }
  const rows = yield* Effect.flatMap(Query.Query, (query) => query.run(input.sql)).pipe(withStores("read"))
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
