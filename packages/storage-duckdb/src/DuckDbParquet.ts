/** Parquet files as DuckDB writes them, and how the rows of its table `candles` get into one. */
import { Labelled, type ParquetWriter } from "@tidemark/core"
import type { DuckDbClient } from "@tidemark/sql-duckdb"
import type { Driver } from "@tidemark/storage"
import { Effect } from "effect"
import type { SqlError, Statement } from "effect/sql"

/** Those that are not text. */
const types: Partial<Record<string, string>> = {
  timestamp: "TIMESTAMPTZ",
  ...Object.fromEntries(
    ["open", "high", "low", "close", "volume", "quote_volume", "trades"].map((column) => [column, "DOUBLE"])
  )
}

export const typeOf = (column: string): string => types[column] ?? "VARCHAR"

/** A text in SQL: what COPY writes takes no parameters. */
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** The columns of a file, each as an expression. */
export const list = (file: ParquetWriter.File, expressionOf: (column: string) => string): string =>
  Labelled.columns
    .filter((column) => !file.partitioned || !Labelled.perSeries.has(column))
    .map((column) => `${expressionOf(column)} AS ${column}`)
    .join(", ")

/** Writes what a query gives, in its order; snappy is what every reader knows. */
export const copy = Effect.fnUntraced(function* (
  client: DuckDbClient.DuckDbClient,
  path: string,
  query: Statement.Fragment
) {
  const [written] = yield* client<{ count: number }>`
    COPY (${query}) TO ${client.literal(quoted(path))} (FORMAT parquet, COMPRESSION snappy, RETURN_STATS)`
  return Number(written?.count ?? 0)
})

const timestampOf = (millis: number): string => `make_timestamp(${Math.round(millis) * 1_000})`

/**
 * Writes rows of the table `candles`. DuckDB keeps the order of what it reads,
 * and sorting is most of the work: rows that lie in order, as a backfill
 * leaves most, are not sorted.
 */
export const fromTable =
  (client: DuckDbClient.DuckDbClient) =>
  (file: ParquetWriter.File, parts: ReadonlyArray<Driver.StoredRows>): Effect.Effect<number, SqlError.SqlError> =>
    client.withTransaction(
      Effect.gen(function* () {
        const queries = yield* Effect.forEach(
          parts,
          Effect.fnUntraced(function* ({ interval, labels, seriesId }) {
            const rows = `FROM candles WHERE series_id = ${seriesId} AND open_time >= ${timestampOf(interval.from)}
              AND open_time < ${timestampOf(interval.to)}`
            const [sorted] = yield* client<{ yes: boolean }>`SELECT count(*) = 0 AS yes FROM (
              SELECT open_time <= lag(open_time) OVER () AS falls ${client.literal(rows)}) WHERE falls`
            const texts = Labelled.texts(labels)
            const columns = list(file, (column) => {
              if (column === "timestamp") return "CAST(open_time AS TIMESTAMPTZ)"
              return column in texts ? quoted(texts[column as keyof typeof texts]) : column
            })
            // What is the same in every row is added to rows that are in order already.
            return `SELECT ${columns} FROM (SELECT * ${rows} ${sorted!.yes ? "" : "ORDER BY open_time"})`
          })
        )
        const none = `SELECT ${list(file, (column) => `CAST(NULL AS ${typeOf(column)})`)} WHERE false`
        return yield* copy(client, file.path, client.literal(queries.length === 0 ? none : queries.join(" UNION ALL ")))
      })
    )
