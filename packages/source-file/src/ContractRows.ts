/**
 * The rows of a table of contracts, by the moments that they are of.
 *
 * The file is read once, into a database of DuckDB's on disk, whose memory has
 * a limit; the rows of a moment are taken out of that, so that a year of
 * chains takes no more memory beside it than one of them.
 */
import { type Calendar, type ChainRows, type Instant, OccSymbol, SourceError } from "@tidemark/core"
import { DuckDbClient } from "@tidemark/sql-duckdb"
import { Effect } from "effect"
import type { Statement } from "effect/sql"
import * as Reactivity from "effect/reactivity/Reactivity"
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
  /** How many rows have one of them. */
  readonly timed: number
  /** Rows whose time cannot be read. */
  readonly timeless: Unplaced
  /** Rows that name no underlying, among those of several. */
  readonly nameless: Unplaced
  /** The rows of one of the moments, in the order of the file; all there are for `undefined`. */
  readonly read: (at: Instant.EpochMillis | undefined) => Effect.Effect<Rows, SourceError.Reason>
}

const none: Unplaced = { rows: 0, lines: [] }

/** What DuckDB may take of memory, before it goes to disk. */
const memoryLimit = "1GB"

/** A chain every minute of a year has fewer: what has more are times of trades. */
const mostTimes = 150_000

/** Rows without a time that are named one by one. */
const namedRows = 1_000

/** What is wrong with the file, in words. */
const bad = (detail: string) => Effect.fail(new SourceError.Misconfigured({ detail }))

/** `^GSPC`, `SPX`, `_SPX` and `$SPX` are one underlying. */
const bare = (symbol: string): string => OccSymbol.nameOf(symbol.replace(/^[$_]/, "^").toUpperCase())

/**
 * Of the names in a column, those whose rows are of the symbol, and those that name nothing and so are of nobody;
 * `undefined` for a file of one, which is taken at its word.
 */
const namesOf = (texts: ReadonlyArray<string>, column: string, symbol: string) => {
  const nameOf = (text: string) => bare(text.trim())
  const names = [...new Set(texts.map(nameOf))].filter((name) => name !== "")
  if (names.length === 0 || (names.length === 1 && names[0] === bare(symbol))) return Effect.undefined
  if (!names.includes(bare(symbol))) {
    const shown = `${names.slice(0, 5).join(", ")}${names.length > 5 ? `, and ${names.length - 5} more` : ""}`
    return bad(`it holds options of ${shown} in "${column}", not of ${symbol}`)
  }
  return Effect.succeed({
    own: texts.filter((text) => nameOf(text) === bare(symbol)),
    blank: texts.filter((text) => nameOf(text) === "")
  })
}

const wordsOf = (error: Error): string => error.message.split("\n", 1)[0]!

const failure = (kind: string) => (error: Error) => {
  const words = wordsOf(error)
  if (/no space left|could not write/i.test(words)) return Gzip.noRoom(error)
  const detail = /out of memory/i.test(words)
    ? `it takes more than ${memoryLimit} of memory to read (${words}); write it with smaller row groups, or as CSV`
    : `it cannot be read as ${kind} (${words})`
  return new SourceError.Misconfigured({ detail })
}

/** A time as the file writes it, and where it does. */
interface Told {
  readonly time: string
  readonly rows: number
  readonly first: number
  readonly last: number
}

type Numbered = ContractTable.Cells & { readonly "row number": number }

/** Loads a CSV or Parquet file; it stays loaded for the life of the scope. */
export const load = Effect.fn("ContractRows.load")(function* (
  path: string,
  { calendar, symbol }: { readonly symbol: string; readonly calendar: Calendar.Calendar }
) {
  const isParquet = /\.(parquet|pq)(\.gz)?$/i.test(path)
  const orFail = Effect.mapError(failure(isParquet ? "Parquet" : "CSV"))
  const sql = yield* DuckDbClient.make({ path: join(yield* Gzip.folder, "rows.duckdb"), memoryLimit }).pipe(
    Effect.provide(Reactivity.layer),
    Effect.mapError(Gzip.noRoom)
  )
  // A path is one file: what stands for others in patterns stands for itself.
  const readable = (yield* Gzip.unzipped(path)).replaceAll(/[[*?]/g, "[$&]")
  const reader = isParquet
    ? sql`read_parquet(${readable})`
    : sql`read_csv(${readable}, all_varchar = true, header = true, strict_mode = true, comment = '')`
  const described = yield* orFail(sql<{ column_name: string }>`DESCRIBE SELECT * FROM ${reader}`)
  const layout = ContractTable.detect(described.map((row) => row.column_name))
  if (typeof layout === "string") return yield* bad(layout)
  const columns = [...new Set(Object.values(layout))].map((name) => sql`CAST(${sql(name)} AS VARCHAR) AS ${sql(name)}`)
  yield* orFail(
    sql`CREATE TABLE contracts AS SELECT row_number() OVER () AS "row number", ${sql.csv(columns)} FROM ${reader}`
  )

  const text = (column: string) => sql`coalesce(${sql(column)}, '')`
  const isOneOf = (column: string, texts: ReadonlyArray<string>) => sql`${text(column)} IN ${sql.in(texts)}`

  const linesOf = Effect.fnUntraced(function* (
    column: string,
    where: Statement.Fragment,
    say: (row: number, text: string) => string
  ) {
    const rows = yield* orFail(
      sql<{ row: number; text: string }>`SELECT "row number" AS row, ${text(column)} AS text FROM contracts
        WHERE ${where} ORDER BY 1 LIMIT ${namedRows}`
    )
    return rows.map((one) => say(Number(one.row), one.text))
  })

  const ofSymbol = Effect.fnUntraced(function* (column: string) {
    const found = yield* orFail(
      sql<{ name: string; rows: number }>`SELECT ${text(column)} AS name, count(*) AS rows, min("row number") AS first
        FROM contracts GROUP BY 1 ORDER BY 3`
    )
    const names = yield* namesOf(
      found.map(({ name }) => name),
      column,
      symbol
    )
    if (names === undefined) return { isWanted: sql`true`, nameless: none }
    const { blank, own } = names
    const nameless =
      blank.length === 0
        ? none
        : {
            rows: found.reduce((sum, { name, rows }) => (blank.includes(name) ? sum + Number(rows) : sum), 0),
            lines: yield* linesOf(column, isOneOf(column, blank), (row) => `row ${row} names no underlying`)
          }
    return { isWanted: isOneOf(column, own), nameless }
  })
  const { isWanted, nameless } =
    layout.underlying === undefined ? { isWanted: sql`true`, nameless: none } : yield* ofSymbol(layout.underlying)

  const told = (column: string) =>
    orFail(
      sql<Told>`SELECT ${text(column)} AS time, count(*) AS rows, min("row number") AS first,
        max("row number") AS last FROM contracts WHERE ${isWanted} GROUP BY 1 ORDER BY 3`
    )
  if (layout.time !== undefined) {
    const [{ times } = { times: 0 }] = yield* orFail(
      sql<{ times: number }>`SELECT approx_count_distinct(${sql(layout.time)}) AS times FROM contracts`
    )
    if (times > mostTimes) {
      return yield* bad(
        `it holds about ${times} times in "${layout.time}", as a list of trades does, not of chains; ` +
          "take that column out, and say with --at of which moment the quotes are"
      )
    }
  }
  const places = Map.groupBy(layout.time === undefined ? [] : yield* told(layout.time), ({ time }) =>
    ContractTable.instantOf(time, calendar)
  )
  const moments = [...places.keys()].filter((at) => at !== undefined)

  const named = (column: string, timeless: ReadonlyArray<Told>) => {
    const texts = timeless.slice(0, namedRows).map(({ time }) => time)
    return linesOf(column, sql`${isWanted} AND ${isOneOf(column, texts)}`, ContractTable.timeProblem)
  }
  const timeless = places.get(undefined) ?? []
  const countOf = (some: ReadonlyArray<Told>) => some.reduce((sum, { rows }) => sum + Number(rows), 0)

  const placesOf = (at: Instant.EpochMillis) => {
    const own = places.get(at) ?? []
    const [first, last] = [own.map((one) => Number(one.first)), own.map((one) => Number(one.last))]
    const times = own.map(({ time }) => time)
    // Between which rows they are says what of the table need not be looked at.
    return sql`"row number" BETWEEN ${Math.min(...first)} AND ${Math.max(...last)} AND ${isOneOf(layout.time!, times)}`
  }

  const contracts: ContractRows = {
    timeColumn: layout.time,
    moments: moments.toSorted((a, b) => a - b),
    timed: countOf([...places.values()].flat()) - countOf(timeless),
    timeless: {
      rows: countOf(timeless),
      lines: timeless.length === 0 ? [] : yield* named(layout.time!, timeless)
    },
    nameless,
    read: Effect.fnUntraced(function* (at) {
      const found = yield* orFail(
        sql<Numbered>`SELECT * FROM contracts
          WHERE ${isWanted} AND ${at === undefined ? sql`true` : placesOf(at)} ORDER BY "row number"`
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
