/** Instants in the one form that DuckDB and Postgres read alike: a TIMESTAMP without zone, in UTC. */
import { DateTime } from "effect"
import type { SqlClient, Statement } from "effect/sql"

/** Epoch milliseconds as text for a TIMESTAMP column. */
export const timestampText = (instant: number): string =>
  DateTime.formatIso(DateTime.makeUnsafe(instant)).replace("T", " ").slice(0, -1)

/** Epoch milliseconds as a TIMESTAMP to compare with. */
export const timestamp = (sql: SqlClient.SqlClient, instant: number): Statement.Fragment =>
  sql`CAST(${timestampText(instant)} AS TIMESTAMP)`

/** The epoch milliseconds of a TIMESTAMP column, as SQL. `column` is a name of ours, never input. */
export const epochMillis = (sql: SqlClient.SqlClient, column: string): Statement.Fragment =>
  sql.literal(`CAST(round(extract(epoch FROM ${column}) * 1000) AS BIGINT)`)
