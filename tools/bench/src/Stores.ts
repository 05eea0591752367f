/**
 * The databases that runs start from, and what is found in them afterwards.
 *
 * A store is made once, with the product's own code, and copied as a file.
 */
import { DuckDBInstance } from "@duckdb/node-api"
import { CandleStore } from "@tidemark/core"
import { DuckDbStorage } from "@tidemark/storage-duckdb"
import { Effect } from "effect"
import { BenchError } from "./BenchError.ts"
import * as Workload from "./Workload.ts"

/** How a contestant keeps its candles. */
export interface Layout {
  /** Statements that make its store of the attached database `tidemark`; the product's own needs none. */
  readonly create: ReadonlyArray<string> | undefined
  /** Rows of what was fetched, with `t, open, high, low, close, volume`, and whatever other values it has. */
  readonly fetched: string
  /** Number of all rows. */
  readonly total: string
}

const columns = "open, high, low, close, volume"
const allColumns = `${columns}, quote_volume, trades`

export const product: Layout = {
  create: undefined,
  fetched: `SELECT timestamp AS t, ${allColumns} FROM market_data
    WHERE symbol = '${Workload.symbol}' AND timeframe = '1m' AND source = 'binance'`,
  total: "SELECT count(*) FROM candles"
}

/** The product's columns, without anything else. */
export const plain: Layout = {
  create: ["CREATE TABLE candles AS FROM tidemark.candles"],
  fetched: `SELECT open_time AS t, ${allColumns} FROM candles WHERE series_id = 2`,
  total: product.total
}

/** Symbols as text and a key over them. */
export const keyed: Layout = {
  create: [
    `CREATE TABLE candles (symbol VARCHAR, timeframe VARCHAR, timestamp TIMESTAMP, open DOUBLE, high DOUBLE,
      low DOUBLE, close DOUBLE, volume DOUBLE, PRIMARY KEY (symbol, timeframe, timestamp))`,
    `INSERT INTO candles SELECT symbol, timeframe, timestamp, ${columns} FROM tidemark.market_data`
  ],
  fetched: `SELECT timestamp AS t, ${columns} FROM candles WHERE symbol = '${Workload.symbol}'`,
  total: product.total
}

/** Runs statements on a database of its own; gives the rows of the last. */
const query = (path: string, statements: ReadonlyArray<string>) =>
  Effect.tryPromise({
    try: async () => {
      const instance = await DuckDBInstance.create(path)
      const connection = await instance.connect()
      try {
        let rows: ReadonlyArray<Record<string, unknown>> = []
        for (const statement of statements) rows = await (await connection.runAndReadAll(statement)).getRowObjectsJson()
        return rows
      } finally {
        connection.closeSync()
        instance.closeSync()
      }
    },
    catch: (cause) => new BenchError({ detail: `${path}: ${String(cause)}` })
  })

const rowsPerWrite = 100_000

/** A Tidemark database with so many candles of another symbol. */
export const createProduct = Effect.fnUntraced(function* (path: string, rows: number) {
  const all = Workload.range(rows)
  const stored = Workload.dataset(Workload.storedSymbol)
  const series = { source: "binance", symbol: Workload.storedSymbol, timeframe: "1m" } as const
  yield* Effect.gen(function* () {
    const store = yield* CandleStore.CandleStore
    for (let from = all.from; from < all.to;) {
      const interval = { from, to: Math.min(all.to, from + rowsPerWrite * Workload.minuteMillis) }
      yield* store.write([
        {
          series,
          provenance: "observed",
          interval,
          candles: stored.candles(interval),
          holes: [],
          countOpens: ({ from, to }) => (to - from) / 60_000,
          at: Date.now(),
          reason: "fetch"
        }
      ])
      from = interval.to
    }
  }).pipe(Effect.provide(DuckDbStorage.layer({ path, mode: "write" })))
})

/** The same rows in another layout. */
export const derive = (path: string, product: string, layout: Layout) =>
  query(path, [`ATTACH '${product}' AS tidemark (READ_ONLY)`, ...(layout.create ?? []), "DETACH tidemark"])

const fingerprint = (path: string, layout: Layout) => {
  const cents = (column: string) => `sum(CAST(round(${column} * 100) AS BIGINT))::DOUBLE AS ${column}`
  return query(path, [
    `SELECT count(*)::DOUBLE AS rows, count(DISTINCT t)::DOUBLE AS "distinctOpens",
      epoch_ms(min(t))::DOUBLE AS "firstOpen", epoch_ms(max(t))::DOUBLE AS "lastOpen",
      ${columns.split(", ").map(cents).join(", ")}, any_value(total)::DOUBLE AS total
    FROM (${layout.fetched}), (${layout.total}) AS all_rows(total)`
  ])
}

/** Of every value of what was fetched, in order of time; as text, which tells every double from every other. */
export const hash = (path: string, layout: Layout) =>
  Effect.map(
    query(path, [`SELECT md5(string_agg(r::VARCHAR, '' ORDER BY r.t)) AS digest FROM (${layout.fetched}) AS r`]),
    ([row]) => String(row?.["digest"])
  )

/** Fails unless the store holds exactly what was asked for, once, and all that was there before. */
export const verify = Effect.fnUntraced(function* (
  path: string,
  layout: Layout,
  expected: Workload.Fingerprint,
  rowsBefore: number
) {
  const [found = {}] = yield* fingerprint(path, layout)
  const wanted: Record<string, number> = { ...expected, total: rowsBefore + expected.rows }
  const wrong = Object.keys(wanted).filter((key) => found[key] !== wanted[key])
  if (wrong.length > 0) {
    const differences = wrong.map((key) => `${key} is ${String(found[key])} instead of ${wanted[key]}`)
    return yield* new BenchError({ detail: `${path} does not hold what was asked for: ${differences.join(", ")}` })
  }
})
