/** Ordinary inserts of a few to a few thousand rows. Candles go through the driver instead. */
import { Effect } from "effect"
import type { SqlClient, SqlError } from "effect/sql"

// Keeps the parameters of one statement well below what databases allow (65,535 in Postgres).
const rowsPerStatement = 500

/** Inserts rows that all have the same columns; does nothing for none. `onConflict` is SQL of ours. */
export const insertRows = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  table: string,
  rows: ReadonlyArray<object>,
  onConflict = ""
): Effect.fn.Return<void, SqlError.SqlError> {
  for (let at = 0; at < rows.length; at += rowsPerStatement) {
    const [first, ...rest] = rows.slice(at, at + rowsPerStatement).map((row) => ({ ...row }))
    if (first !== undefined)
      yield* sql`INSERT INTO ${sql(table)} ${sql.insert([first, ...rest])} ${sql.literal(onConflict)}`
  }
})

/** The order of texts in which both databases sort names: by their code units. */
export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
