/**
 * An option chain from the user's own file: CBOE's "quotedata" CSV, or a
 * table of contracts as CSV or Parquet, plain or gzipped.
 *
 * Every row of the file is a contract of the chain or stands, in words, in
 * `unreadable`. Figures are as the file gives them.
 */
import { ChainRows, Instant, OccSymbol, type OptionChain, SourceError } from "@tidemark/core"
import { DuckDbClient } from "@tidemark/sql-duckdb"
import { Clock, Effect } from "effect"
import * as Reactivity from "effect/reactivity/Reactivity"
import { readFile } from "node:fs/promises"
import { gunzipSync } from "node:zlib"
import * as ContractTable from "./ContractTable.ts"
import { unzipped } from "./Gzip.ts"
import * as QuoteData from "./QuoteData.ts"

export const id = "file"

export interface Options {
  /** Canonical symbol of the underlying. */
  readonly symbol: string
  /**
   * The moment that the quotes are of, where the file does not say or is wrong; of a table with several moments, the
   * one that is wanted.
   */
  readonly at?: Instant.EpochMillis | undefined
  /** Price of the underlying then, where the file does not say or is wrong. */
  readonly spot?: number | undefined
}

/** What a file holds, before the options have their say. */
interface Held {
  readonly at: Instant.EpochMillis | undefined
  readonly spot: number | undefined
  readonly rows: ReadonlyArray<ChainRows.Row | string>
}

/** What is wrong with the file, in words. */
const bad = (detail: string) => Effect.fail(new SourceError.Misconfigured({ detail }))

/** More than any exchange lists of one underlying; the whole of a quotedata file is held in memory. */
const maxTextBytes = 256 * 1024 * 1024

const textOf = (path: string) =>
  Effect.tryPromise({
    try: async () => {
      const bytes = await readFile(path)
      return (/\.gz$/i.test(path) ? gunzipSync(bytes, { maxOutputLength: maxTextBytes }) : bytes).toString("utf8")
    },
    catch: (cause) => {
      const code = typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : "unreadable"
      return new SourceError.Misconfigured({ detail: code === "ENOENT" ? "there is no such file" : `it is ${code}` })
    }
  })

/** Of the rows of several moments, those that are wanted. */
const atOneMoment = Effect.fnUntraced(function* (
  rows: ReadonlyArray<ContractTable.Cells>,
  column: string | undefined,
  wanted: Instant.EpochMillis | undefined
) {
  if (column === undefined) return { at: undefined, rows }
  const timeOf = (cells: ContractTable.Cells) => ContractTable.instantOf(cells[column] ?? "")
  const times = [...new Set(rows.map(timeOf))].filter((time) => time !== undefined).toSorted((a, b) => a - b)
  if (times.length < 2) return { at: times[0], rows }
  const at = times.find((time) => time === wanted)
  if (at !== undefined) return { at, rows: rows.filter((cells) => timeOf(cells) === at || timeOf(cells) === undefined) }
  const [first, last] = [times[0]!, times.at(-1)!]
  return yield* bad(
    `it holds ${times.length} moments in "${column}", from ${Instant.format(first)} to ${Instant.format(last)}; ` +
      `say which with --at ${Instant.format(last)}`
  )
})

/** `^GSPC`, `SPX`, `_SPX` and `$SPX` are one underlying. */
const bare = (symbol: string): string => OccSymbol.nameOf(symbol.replace(/^[$_]/, "^").toUpperCase())

/** Of the rows of several underlyings, those that are wanted; a file of one is taken at its word. */
const ofOneUnderlying = Effect.fnUntraced(function* (
  rows: ReadonlyArray<ContractTable.Cells>,
  column: string | undefined,
  symbol: string
) {
  if (column === undefined) return rows
  const nameOf = (cells: ContractTable.Cells) => bare(cells[column]?.trim() ?? "")
  const names = [...new Set(rows.map(nameOf))].filter((name) => name !== "")
  if (names.length === 0 || (names.length === 1 && names[0] === bare(symbol))) return rows
  if (!names.includes(bare(symbol))) {
    const shown = `${names.slice(0, 5).join(", ")}${names.length > 5 ? `, and ${names.length - 5} more` : ""}`
    return yield* bad(`it holds options of ${shown} in "${column}", not of ${symbol}`)
  }
  return rows.filter((cells) => nameOf(cells) === bare(symbol) || nameOf(cells) === "")
})

const table = Effect.fnUntraced(function* (path: string, options: Options) {
  const isParquet = /\.(parquet|pq)(\.gz)?$/i.test(path)
  const sql = yield* DuckDbClient.make({ path: ":memory:" }).pipe(Effect.provide(Reactivity.layer), Effect.orDie)
  const readable = yield* unzipped(path)
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
  const all = yield* Effect.mapError(
    sql<ContractTable.Cells & { readonly "row number": string }>`SELECT CAST(row_number() OVER () AS VARCHAR)
      AS "row number", ${sql.csv(columns)} FROM ${reader}`,
    readError
  )
  const ofSymbol = yield* ofOneUnderlying(all, layout.underlying, options.symbol)
  const { at, rows } = yield* atOneMoment(ofSymbol, layout.time, options.at)
  const spots = layout.spot === undefined ? [] : rows.map((cells) => Number(cells[layout.spot!] || Number.NaN))
  return {
    at,
    spot: spots.find((spot) => spot > 0),
    rows: rows.map((cells) => ContractTable.rowOf(cells, layout, Number(cells["row number"]), bare(options.symbol)))
  } satisfies Held
}, Effect.scoped)

const held = Effect.fnUntraced(function* (path: string, options: Options): Effect.fn.Return<Held, SourceError.Reason> {
  if (/\.(parquet|pq)(\.gz)?$/i.test(path)) return yield* table(path, options)
  const text = yield* textOf(path)
  if (!QuoteData.recognises(text)) return yield* table(path, options)
  const data = QuoteData.decode(text)
  return typeof data === "string" ? yield* bad(data) : data
})

const dayMillis = 86_400_000

/** The roots of the contracts, where not one of them is of the symbol: `SPXW` is of `^GSPC`, `AAPL1` of `AAPL`. */
const otherRoots = ({ contracts, symbol }: OptionChain.OptionChain): string | undefined => {
  const letters = (text: string) => text.replaceAll(/[^A-Z0-9]/gi, "").toUpperCase()
  const name = letters(OccSymbol.nameOf(symbol))
  const roots = [...new Set(contracts.root)].filter((root) => root !== "")
  if (symbol.includes("/") || roots.length === 0 || roots.some((root) => letters(root).startsWith(name)))
    return undefined
  return roots.slice(0, 3).join(", ")
}

const chainOf = Effect.fnUntraced(function* (path: string, options: Options) {
  const file = yield* held(path, options)
  const at = options.at ?? file.at
  if (at === undefined) {
    return yield* bad(
      "it does not say of which moment its quotes are; say so with --at, such as --at 2022-12-12T21:00Z"
    )
  }
  const now = yield* Clock.currentTimeMillis
  const problem = ChainRows.problemOfMoment(at, now)
  if (problem !== undefined) {
    const given = options.at === undefined ? "" : `by --at ${Instant.format(options.at)} `
    return yield* bad(`${given}${problem}; say with --at of which moment its quotes are`)
  }
  if (file.at !== undefined && Math.abs(at - file.at) > dayMillis) {
    return yield* bad(
      `it says to be of ${Instant.format(file.at)}, and --at of ${Instant.format(at)}; leave --at out, ` +
        "or take away what the file says"
    )
  }
  const { symbol } = options
  const chain = ChainRows.chain({ symbol, source: id, at, spot: options.spot ?? file.spot, rows: file.rows }, now)
  if (typeof chain === "string") return yield* bad(chain)
  const others = otherRoots(chain)
  return others === undefined
    ? chain
    : yield* bad(
        `its contracts are named ${others}, and those of ${symbol} are not; name what they are of with --symbol`
      )
})

/** The chain that a file holds. What is wrong with the file is `Misconfigured`, with the path and the way out. */
export const read = (path: string, options: Options): Effect.Effect<OptionChain.OptionChain, SourceError.SourceError> =>
  Effect.mapError(chainOf(path, options), (reason) => {
    const said =
      reason._tag === "Misconfigured" ? new SourceError.Misconfigured({ detail: `${path}: ${reason.detail}` }) : reason
    return new SourceError.SourceError({ source: id, symbol: options.symbol, reason: said })
  })
