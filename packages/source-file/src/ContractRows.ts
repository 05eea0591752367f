/**
 * The rows of a table of contracts, by the moments that they are of.
 *
 * The file is read once, into a table of DuckDB's that goes to disk where it
 * does not fit in memory; the rows of a moment are taken out of that, so that
 * a year of chains takes no more memory here than one of them.
 */
import { type ChainRows, type Instant, OccSymbol, SourceError } from "@tidemark/core"
import { DuckDbClient } from "@tidemark/sql-duckdb"
import { Effect } from "effect"
import * as Reactivity from "effect/reactivity/Reactivity"
import type { Fragment } from "effect/sql/Statement"
import { join } from "node:path"
import * as ContractTable from "./ContractTable.ts"
import * as Gzip from "./Gzip.ts"

/** What a file says of one moment, before the options have their say. */
export interface Rows {
  readonly spot: number | undefined
  readonly rows: ReadonlyArray<ChainRows.Row | string>
}

/** Rows of a file that belong to none of its moments. */
export interface Unplaced {
  readonly rows: number
  /** Why, a line for each of the first of them, in the order of the file. */
  readonly lines: ReadonlyArray<string>
}

export interface ContractRows {
  /** Name of the column that says the times, where there is one. */
  readonly timeColumn: string | undefined
  /** Those that it says, ascending; none where it says nothing that can be read. */
  readonly moments: ReadonlyArray<Instant.EpochMillis>
  /** Rows whose time cannot be read. */
  readonly timeless: Unplaced
  /** The rows of one of the moments, in the order of the file; all there are for `undefined`. */
  readonly read: (at: Instant.EpochMillis | undefined) => Effect.Effect<Rows, SourceError.Reason>
}

/** What DuckDB may take of memory, before it goes to disk. */
const memoryLimit = "128MB"

/** Rows without a time that are named one by one. */
const namedRows = 1_000

/** What is wrong with the file, in words. */
const bad = (detail: string) => Effect.fail(new SourceError.Misconfigured({ detail }))

/** `^GSPC`, `SPX`, `_SPX` and `$SPX` are one underlying. */
const bare = (symbol: string): string => OccSymbol.nameOf(symbol.replace(/^[$_]/, "^").toUpperCase())

/** Of the names in a column, those whose rows are of the symbol; `undefined` for a file of one, which is taken at its word. */
const namesOf = (texts: ReadonlyArray<string>, column: string, symbol: string) => {
  const nameOf = (text: string) => bare(text.trim())
  const names = [...new Set(texts.map(nameOf))].filter((name) => name !== "")
  if (names.length === 0 || (names.length === 1 && names[0] === bare(symbol))) return Effect.undefined
  if (!names.includes(bare(symbol))) {
    const shown = `${names.slice(0, 5).join(", ")}${names.length > 5 ? `, and ${names.length - 5} more` : ""}`
    return bad(`it holds options of ${shown} in "${column}", not of ${symbol}`)
  }
  return Effect.succeed(texts.filter((text) => nameOf(text) === bare(symbol) || nameOf(text) === ""))
}

/** A time as the file writes it, and where it does. */
interface Told {
  readonly time: string
  readonly rows: number
  readonly first: number
  readonly last: number
}

/** Loads a CSV or Parquet file; it stays loaded for the life of the scope. */
export const load = Effect.fn("ContractRows.load")(function* (path: string, symbol: string) {
  const isParquet = /\.(parquet|pq)(\.gz)?$/i.test(path)
  const sql = yield* DuckDbClient.make({ path: join(yield* Gzip.folder, "rows.duckdb"), memoryLimit }).pipe(
    Effect.provide(Reactivity.layer),
    Effect.orDie
  )
  const readable = yield* Gzip.unzipped(path)
  const reader = isParquet
    ? sql`read_parquet(${readable})`
    : sql`read_csv(${readable}, all_varchar = true, header = true, strict_mode = true)`
  const readError = (error: Error) =>
    new SourceError.Misconfigured({
      detail: `it cannot be read as ${isParquet ? "Parquet" : "CSV"} (${error.message.split("\n", 1)[0]})`
    })
  const described = yield* Effect.mapError(sql<{ column_name: string }>`DESCRIBE SELECT * FROM ${reader}`, readError)
  const layout = ContractTable.detect(described.map((row) => row.column_name))
  if (typeof layout === "string") return yield* bad(layout)
  const columns = [...new Set(Object.values(layout))].map((name) => sql`CAST(${sql(name)} AS VARCHAR) AS ${sql(name)}`)
  yield* Effect.mapError(
    sql`CREATE TABLE contracts AS SELECT row_number() OVER () AS "row number", ${sql.csv(columns)} FROM ${reader}`,
    readError
  )

  const text = (column: string) => sql`coalesce(${sql(column)}, '')`
  const isOneOf = (column: string, texts: ReadonlyArray<string>) => sql`${text(column)} IN ${sql.in(texts)}`
  const named =
    layout.underlying === undefined
      ? undefined
      : yield* Effect.flatMap(
          Effect.mapError(
            sql<{ name: string }>`SELECT ${text(layout.underlying)} AS name, min("row number") AS first
            FROM contracts GROUP BY 1 ORDER BY 2`,
            readError
          ),
          (found) =>
            namesOf(
              found.map(({ name }) => name),
              layout.underlying!,
              symbol
            )
        )
  const ofSymbol = named === undefined ? sql`true` : isOneOf(layout.underlying!, named)
  const rowsWhere = (condition: Fragment) =>
    Effect.mapError(
      sql<ContractTable.Cells & { readonly "row number": number }>`SELECT * FROM contracts
        WHERE ${ofSymbol} AND ${condition} ORDER BY "row number"`,
      readError
    )

  const told =
    layout.time === undefined
      ? []
      : yield* Effect.mapError(
          sql<Told>`SELECT ${text(layout.time)} AS time, count(*) AS rows, min("row number") AS first,
            max("row number") AS last FROM contracts WHERE ${ofSymbol} GROUP BY 1 ORDER BY 3`,
          readError
        )
  const places = Map.groupBy(told, ({ time }) => ContractTable.instantOf(time))
  const timeless = places.get(undefined) ?? []
  places.delete(undefined)
  const lines =
    timeless.length === 0
      ? []
      : yield* Effect.mapError(
          sql<{ row: number; time: string }>`SELECT "row number" AS row, ${text(layout.time!)} AS time FROM contracts
      WHERE ${ofSymbol} AND ${isOneOf(
        layout.time!,
        timeless.slice(0, namedRows).map(({ time }) => time)
      )}
      ORDER BY 1 LIMIT ${namedRows}`,
          readError
        )
  const contracts: ContractRows = {
    timeColumn: layout.time,
    moments: [...places.keys()].filter((at) => at !== undefined).toSorted((a, b) => a - b),
    timeless: {
      rows: timeless.reduce((sum, { rows }) => sum + Number(rows), 0),
      lines: lines.map(({ row, time }) => ContractTable.timeProblem(Number(row), time))
    },
    read: Effect.fnUntraced(function* (at) {
      const own = at === undefined ? undefined : (places.get(at) ?? [])
      const found = yield* rowsWhere(
        own === undefined
          ? sql`true`
          : // Where it is says which part of the table need not be looked at.
            sql`"row number" BETWEEN ${Math.min(...own.map(({ first }) => Number(first)))}
              AND ${Math.max(...own.map(({ last }) => Number(last)))} AND ${isOneOf(
                layout.time!,
                own.map(({ time }) => time)
              )}`
      )
      const spots = layout.spot === undefined ? [] : found.map((cells) => Number(cells[layout.spot!] || Number.NaN))
      return {
        spot: spots.find((spot) => spot > 0),
        rows: found.map((cells) => ContractTable.rowOf(cells, layout, Number(cells["row number"]), bare(symbol)))
      }
    })
  }
  return contracts
})
