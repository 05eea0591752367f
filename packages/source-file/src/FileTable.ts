/**
 * A user's file as a table of candles, through DuckDB's readers.
 *
 * Every value is read as text first and then converted, so that what cannot
 * be converted is found and named with its row instead of becoming null.
 */
import type { DuckDbClient } from "@tidemark/sql-duckdb"
import { Effect } from "effect"
import type { SqlError, Statement } from "effect/sql"
import * as Layout from "./Layout.ts"

export type TimeUnit = "s" | "ms" | "us" | "ns" | "text"

export interface FileOptions {
  readonly path: string
  readonly columns: Readonly<Partial<Record<Layout.Field, string>>>
  readonly timeUnit?: TimeUnit | undefined
}

/** A query with the columns time_ms, open, high, low, close, volume, quote_volume, trades. */
export interface FileTable {
  readonly candles: Statement.Fragment
  readonly hasQuoteVolume: boolean
  readonly hasTrades: boolean
  readonly rows: number
  /** Every time is a midnight: the file has dates, not instants. */
  readonly datesOnly: boolean
}

/** What is wrong with the file, in words. */
export class BadFile {
  readonly _tag = "BadFile"
  readonly message: string
  constructor(message: string) {
    this.message = message
  }
}

interface BadRow {
  readonly row: number
  readonly time: string | null
  readonly open: string | null
  readonly high: string | null
  readonly low: string | null
  readonly close: string | null
  readonly volume: string | null
  readonly problem: string
}

const nanosPerUnit: Readonly<Record<Exclude<TimeUnit, "text">, number>> = { s: 1e9, ms: 1e6, us: 1e3, ns: 1 }

export const open = Effect.fnUntraced(function* (
  sql: DuckDbClient.DuckDbClient,
  options: FileOptions
): Effect.fn.Return<FileTable, BadFile | SqlError.SqlError> {
  const isParquet = /\.(parquet|pq)$/i.test(options.path)
  const reader = isParquet
    ? sql`read_parquet(${options.path})`
    : sql`read_csv(${options.path}, all_varchar = true, strict_mode = true)`
  const described = yield* Effect.mapError(
    sql<{ column_name: string }>`DESCRIBE SELECT * FROM ${reader}`,
    (error) => new BadFile(`it cannot be read as ${isParquet ? "Parquet" : "CSV"} (${error.message.split("\n", 1)[0]})`)
  )
  const layout = Layout.detect(
    described.map((row) => row.column_name),
    options.columns
  )
  if (typeof layout === "string") return yield* Effect.fail(new BadFile(layout))

  const text = (column: string) => sql`CAST(${sql(column)} AS VARCHAR)`
  const optional = (column: string | undefined) => (column === undefined ? sql`CAST(NULL AS VARCHAR)` : text(column))
  const time =
    layout.timeOfDay === undefined ? text(layout.time) : sql`${text(layout.time)} || ' ' || ${text(layout.timeOfDay)}`
  const raw = sql`SELECT row_number() OVER () AS row, trim(${time}) AS time, ${text(layout.open)} AS open,
    ${text(layout.high)} AS high, ${text(layout.low)} AS low, ${text(layout.close)} AS close,
    ${text(layout.volume)} AS volume, ${optional(layout.quoteVolume)} AS quote_volume,
    ${optional(layout.trades)} AS trades FROM ${reader}`

  // Numbers count from 1970 in a unit that their size tells; text may carry an offset, and is UTC without one.
  const number = sql`TRY_CAST(time AS DOUBLE)`
  const unit =
    options.timeUnit === undefined
      ? sql`CASE WHEN abs(${number}) < 1e11 THEN 1e9 WHEN abs(${number}) < 1e14 THEN 1e6
          WHEN abs(${number}) < 1e17 THEN 1e3 ELSE 1 END`
      : sql`${options.timeUnit === "text" ? 0 : nanosPerUnit[options.timeUnit]}`
  const dashed = sql`regexp_replace(time, '^([0-9]{4})[./]([0-9]{2})[./]([0-9]{2})', '\\1-\\2-\\3')`
  // DuckDB wants the seconds.
  const whole = sql`regexp_replace(${dashed}, '([T ][0-9]{2}:[0-9]{2})(Z|[+-][0-9]{2}:?[0-9]{2})?$', '\\1:00\\2')`
  const hasOffset = sql`regexp_matches(time, '[0-9]{2}:[0-9]{2}.*(Z|[+-][0-9]{2}:?[0-9]{2})$')`
  const ofText = sql`CASE WHEN ${hasOffset} THEN epoch_ms(TRY_CAST(${whole} AS TIMESTAMPTZ))
    ELSE epoch_ms(TRY_CAST(${whole} AS TIMESTAMP)) END`
  const isNumber = sql`regexp_matches(time, '^[0-9]{9,}([.][0-9]+)?$')`
  const ofNumber = sql`CAST(floor(${number} * (${unit}) / 1e6) AS BIGINT)`
  const timeMs = options.timeUnit === "text" ? ofText : sql`CASE WHEN ${isNumber} THEN ${ofNumber} ELSE ${ofText} END`
  const value = (column: string) => sql.literal(`TRY_CAST(${column} AS DOUBLE)`)
  const candles = sql`SELECT ${timeMs} AS time_ms, ${value("open")} AS open, ${value("high")} AS high,
    ${value("low")} AS low, ${value("close")} AS close, ${value("volume")} AS volume,
    ${value("quote_volume")} AS quote_volume, ${value("trades")} AS trades FROM (${raw})`

  const bad = yield* sql<BadRow>`SELECT * FROM (
      SELECT r.row, r.time, r.open, r.high, r.low, r.close, r.volume, CASE
        WHEN time_ms IS NULL THEN 'time'
        WHEN n_open IS NULL OR NOT isfinite(n_open) THEN 'open'
        WHEN n_high IS NULL OR NOT isfinite(n_high) THEN 'high'
        WHEN n_low IS NULL OR NOT isfinite(n_low) THEN 'low'
        WHEN n_close IS NULL OR NOT isfinite(n_close) THEN 'close'
        WHEN n_volume IS NULL OR NOT isfinite(n_volume) THEN 'volume'
        WHEN n_high < n_low OR n_high < n_open OR n_high < n_close THEN 'high-too-low'
        WHEN n_low > n_open OR n_low > n_close THEN 'low-too-high'
        WHEN n_volume < 0 THEN 'negative-volume'
      END AS problem
      FROM (SELECT *, ${timeMs} AS time_ms, ${value("open")} AS n_open, ${value("high")} AS n_high,
        ${value("low")} AS n_low, ${value("close")} AS n_close, ${value("volume")} AS n_volume FROM (${raw})) r)
    WHERE problem IS NOT NULL ORDER BY row LIMIT 1`
  if (bad[0] !== undefined) return yield* Effect.fail(new BadFile(describe(bad[0], layout)))

  const twice = yield* sql<{ time: string; rows: number }>`SELECT min(time) AS time, count(*) AS rows
    FROM (SELECT time, ${timeMs} AS time_ms FROM (${raw})) GROUP BY time_ms HAVING count(*) > 1 ORDER BY time_ms LIMIT 1`
  if (twice[0] !== undefined) {
    return yield* Effect.fail(new BadFile(`it has ${twice[0].rows} rows for the time ${twice[0].time}; keep one`))
  }
  const [facts] = yield* sql<{ rows: number; timed: number }>`SELECT count(*) AS rows,
    count(*) FILTER (WHERE time_ms % 86400000 <> 0) AS timed FROM (${candles})`
  if (facts!.rows === 0) return yield* Effect.fail(new BadFile("it has no rows"))
  return {
    candles,
    hasQuoteVolume: layout.quoteVolume !== undefined,
    hasTrades: layout.trades !== undefined,
    rows: Number(facts!.rows),
    datesOnly: Number(facts!.timed) === 0
  }
})

const describe = (bad: BadRow, layout: Layout.Layout): string => {
  const where = `row ${bad.row} (${bad.time})`
  switch (bad.problem) {
    case "high-too-low":
      return `${where} has its high ${bad.high} below another price (open ${bad.open}, low ${bad.low}, close ${bad.close})`
    case "low-too-high":
      return `${where} has its low ${bad.low} above another price (open ${bad.open}, close ${bad.close})`
    case "negative-volume":
      return `${where} has the negative volume ${bad.volume}`
    case "time":
      return `row ${bad.row} has no time that can be read in "${layout.time}": ${bad.time === null || bad.time === "" ? "it is empty" : `"${bad.time}"`}`
    default: {
      const field = bad.problem as "open" | "high" | "low" | "close" | "volume"
      const value = bad[field]
      return `${where} has no number in "${layout[field]}": ${value === null || value === "" ? "it is empty" : `"${value}"`}`
    }
  }
}
