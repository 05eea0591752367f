/** The work of `tidemark query`. */
import { UsageError } from "@tidemark/backfill"
import { Query } from "@tidemark/storage"
import { DateTime, Effect } from "effect"
import { plural } from "../view/Format.ts"
import { render } from "../view/Table.ts"
import { print, withStores } from "./Session.ts"

/** A value as text: instants in ISO 8601, null as nothing. */
const cell = (value: unknown): string => {
  if (value === null || value === undefined) return ""
  if (DateTime.isDateTime(value)) return DateTime.formatIso(value)
  if (Object.prototype.toString.call(value) === "[object Date]")
    return (value as { toISOString(): string }).toISOString()
  if (typeof value === "bigint") return value.toString()
  return typeof value === "object" ? JSON.stringify(value) : String(value)
}

export const run = Effect.fnUntraced(function* (input: { readonly sql: string }) {
  if (input.sql.trim() === "") {
    return yield* new UsageError.UsageError({ message: 'There is no query. Write one: tidemark query "SELECT 1"' })
  }
  const rows = yield* Effect.flatMap(Query.Query, (query) => query.run(input.sql)).pipe(withStores("read"))
  yield* print({
    json: () => rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, json(value)]))),
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

const json = (value: unknown): unknown => (typeof value === "bigint" ? value.toString() : value)
