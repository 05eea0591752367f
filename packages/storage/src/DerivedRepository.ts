/** `DerivedStore` over the tables of what is derived, and `derivation_progress`. */
import { type CandleStore, DerivedStore, Interval, Series, StoreError } from "@tidemark/core"
import { Effect, Layer, Schema, Stream } from "effect"
import { SqlClient, type SqlError, type Statement } from "effect/sql"
import { chosen } from "./Chosen.ts"
import { type Column, Driver } from "./Driver.ts"
import * as Ledger from "./Ledger.ts"
import * as Operation from "./Operation.ts"
import { byText } from "./Rows.ts"
import { epochMillis, timestamp } from "./Timestamp.ts"

const batchRows = 65_536

/** The tables that rows go from when the candles go that they follow from. */
export const tables = [
  "features",
  "market_regimes",
  "jump_regimes",
  "structure_regimes",
  "structure_event_rows"
] as const

interface ProgressRow {
  readonly source: string
  readonly symbol: string
  readonly timeframe: Series.Series["timeframe"]
  readonly method: string
  readonly version: number
  readonly from_ms: number
  readonly until_ms: number
  readonly reach_ms: number
  readonly seen_ms: number
  readonly missing: string
  readonly state: string
  readonly token: string
}

const Missing = Schema.fromJsonString(Schema.Array(Schema.Struct({ from: Schema.Int, to: Schema.Int })))
const State = Schema.fromJsonString(Schema.Unknown)
const decodeMissing = Schema.decodeSync(Missing)
const encodeMissing = Schema.encodeSync(Missing)
const decodeState = Schema.decodeSync(State)
const encodeState = Schema.encodeSync(State)

const fromRow = (row: ProgressRow): DerivedStore.Progress => ({
  series: { source: row.source, symbol: row.symbol, timeframe: row.timeframe },
  method: { id: row.method, version: row.version },
  from: Number(row.from_ms),
  until: Number(row.until_ms),
  reach: Number(row.reach_ms),
  seenAt: Number(row.seen_ms),
  missing: decodeMissing(row.missing),
  state: decodeState(row.state),
  token: row.token
})

const columnOf = ({ kind, name }: DerivedStore.Column, values: DerivedStore.Values): Column =>
  kind === "text"
    ? { name, kind, values: values as ReadonlyArray<string | null> }
    : kind === "time"
      ? { name, kind: "timestamp", values: values as Float64Array }
      : { name, kind: "double", values: values as Float64Array, nanIsNull: true }

const columnsOf = (seriesId: number, { at, progress, rows, table }: DerivedStore.Page): ReadonlyArray<Column> => [
  { name: "series_id", kind: "constant", type: "integer", value: seriesId },
  { name: "open_time", kind: "timestamp", values: rows.openTime },
  { name: "known_at", kind: "timestamp", values: rows.knownAt },
  ...table.columns.map((column, i) => columnOf(column, rows.columns[i]!)),
  { name: "input_hash", kind: "bigint", values: rows.inputHash },
  ...(table.isShared
    ? [{ name: "method", kind: "text", values: rows.reasons.map(() => progress.method.id) } satisfies Column]
    : []),
  { name: "version", kind: "constant", type: "integer", value: progress.method.version },
  { name: "reason", kind: "text", values: rows.reasons },
  { name: "computed_at", kind: "constant", type: "timestamp", value: at }
]

/**
 * Takes away what was derived of candles before an instant, inside the current
 * transaction. Later rows stay as they were made, and the next candle goes on
 * from them.
 */
export const prune = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, seriesId: number, before: number) {
  yield* Effect.forEach(
    tables,
    (table) => sql`DELETE FROM ${sql(table)} WHERE series_id = ${seriesId} AND open_time < ${timestamp(sql, before)}`,
    { discard: true }
  )
  yield* sql`DELETE FROM derivation_progress WHERE series_id = ${seriesId} AND reach_ms <= ${before}`
  const known = yield* sql<{ method: string; missing: string }>`SELECT method, missing FROM derivation_progress
    WHERE series_id = ${seriesId} AND from_ms < ${before}`
  for (const { method, missing } of known) {
    const rest = Interval.difference(Interval.normalize(decodeMissing(missing)), [{ from: -Infinity, to: before }])
    yield* sql`UPDATE derivation_progress SET from_ms = ${before},
        until_ms = CASE WHEN until_ms < ${before} THEN ${before} ELSE until_ms END, missing = ${encodeMissing(rest)},
        token = ${crypto.randomUUID()}
      WHERE series_id = ${seriesId} AND method = ${method}`
  }
})

/**
 * Takes away all that was derived of a symbol at a source, inside the current
 * transaction: what follows from one of its series may be kept with another.
 * The next update begins anew.
 */
export const forget = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  rowLock: Driver["Service"]["rowLock"],
  seriesId: number
) {
  // Locked: nobody may be writing them meanwhile.
  const siblings = yield* sql<{ series_id: number }>`SELECT series_id FROM series
    WHERE (source, symbol) IN (SELECT source, symbol FROM series WHERE series_id = ${seriesId})
    ORDER BY series_id ${sql.literal(rowLock)}`
  const ids = siblings.map(({ series_id }) => series_id)
  yield* Effect.forEach(
    [...tables, "derivation_progress"],
    (table) => sql`DELETE FROM ${sql(table)} WHERE series_id IN ${sql.in(ids)}`,
    { discard: true }
  )
})

/** How many of the rows that were there follow from something else now; both ascend by open. */
const countChanged = (
  before: ReadonlyArray<ReadonlyArray<Float64Array>>,
  { progress, rows }: DerivedStore.Page
): number => {
  let changed = 0
  let j = 0
  for (const [opens, hashes, versions] of before) {
    for (let i = 0; i < opens!.length; i++) {
      while (j < rows.openTime.length && rows.openTime[j]! < opens![i]!) j++
      const isThere = rows.openTime[j] === opens![i]
      if (!isThere || rows.inputHash[j] !== hashes![i] || versions![i] !== progress.method.version) changed++
    }
  }
  return changed
}

type Cell = number | string | null
type FoundRow = Readonly<Record<string, Cell>>

const toColumns = (table: DerivedStore.Table, found: ReadonlyArray<FoundRow>): DerivedStore.Rows => {
  const numbers = (name: string) =>
    Float64Array.from(found, (row) => (row[name] === null ? Number.NaN : Number(row[name])))
  const words = (name: string) => found.map((row) => row[name] as string | null)
  return {
    openTime: numbers("open_ms"),
    knownAt: numbers("known_ms"),
    inputHash: numbers("input_hash"),
    columns: table.columns.map(({ kind, name }) => (kind === "text" ? words(name) : numbers(name))),
    reasons: words("reason")
  }
}

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const driver = yield* Driver
  const ledger = yield* Ledger.make
  const operation = yield* Operation.make("derived")

  const inside = (
    seriesId: number | Statement.Fragment,
    { isShared }: DerivedStore.Table,
    method: Pick<DerivedStore.Method, "id">,
    interval: Interval.Interval
  ) => {
    const opens = sql`series_id = ${seriesId} AND open_time >= ${timestamp(sql, interval.from)}
      AND open_time < ${timestamp(sql, interval.to)}`
    return isShared ? sql`${opens} AND method = ${method.id}` : opens
  }

  const refuse = (doing: string, detail: string) =>
    new StoreError.StoreError({
      database: driver.database,
      operation: doing,
      reason: new StoreError.StatementFailed({ detail })
    })

  const replace = Effect.fnUntraced(function* (
    seriesId: number,
    page: DerivedStore.Page,
    token: string
  ): Effect.fn.Return<DerivedStore.Written, SqlError.SqlError | StoreError.StoreError> {
    const { after, interval, isLast, progress, rows, table } = page
    const { method, series } = progress
    const own = sql`series_id = ${seriesId} AND method = ${method.id}`
    const [known] = yield* sql<{ from_ms: number; reach_ms: number; token: string }>`
      SELECT from_ms, reach_ms, token FROM derivation_progress WHERE ${own}`
    // It was written, and nobody heard of it.
    if (known?.token === token) return { inserted: rows.openTime.length, updated: 0, token }
    if (known?.token !== after) {
      const what = `${method.id} of ${Series.key(series)}`
      return yield* refuse(`write ${what}`, "somebody else has written it meanwhile; run the command again")
    }
    const there = known && { from: Number(known.from_ms), to: Number(known.reach_ms) }
    const reach = isLast ? progress.until : Math.max(progress.until, there?.to ?? 0)
    // Whatever lies behind the last row follows from candles that are none any more.
    const gone = isLast ? { from: interval.from, to: Math.max(interval.to, there?.to ?? 0) } : interval
    const isThere = there !== undefined && Interval.overlaps(there, gone)
    const before = isThere
      ? yield* Stream.runCollect(
          driver.columns(
            sql`SELECT open_time, CAST(input_hash AS FLOAT8) AS input_hash, version FROM ${sql(table.name)}
              WHERE ${inside(seriesId, table, method, gone)} ORDER BY open_time`,
            batchRows
          )
        )
      : []
    if (isThere) yield* sql`DELETE FROM ${sql(table.name)} WHERE ${inside(seriesId, table, method, gone)}`
    if (rows.openTime.length > 0) yield* driver.append(table.name, columnsOf(seriesId, page))
    yield* sql`DELETE FROM derivation_progress WHERE ${own}`
    yield* sql`INSERT INTO derivation_progress ${sql.insert({
      series_id: seriesId,
      method: method.id,
      version: method.version,
      from_ms: progress.from,
      until_ms: progress.until,
      reach_ms: reach,
      seen_ms: progress.seenAt,
      missing: encodeMissing(progress.missing),
      state: encodeState(progress.state),
      token,
      computed_ms: page.at
    })}`
    const existing = before.reduce((sum, [opens]) => sum + opens!.length, 0)
    return {
      inserted: Math.max(0, rows.openTime.length - existing),
      updated: countChanged(before, page),
      token
    }
  })

  const writeAs = Effect.fnUntraced(
    function* (page: DerivedStore.Page, token: string) {
      const { method, series } = page.progress
      const row = yield* ledger.lock(series)
      const doing = `write ${method.id} of ${Series.key(series)}`
      if (row === undefined) return yield* refuse(doing, "the series is not stored")
      if (page.interval.from >= page.interval.to) return yield* refuse(doing, "its interval is none")
      return yield* replace(row.series_id, page, token)
    },
    sql.withTransaction,
    operation("write what was derived")
  )

  const write = Effect.fn("DerivedStore.write")((page: DerivedStore.Page) =>
    Effect.flatMap(
      Effect.sync(() => crypto.randomUUID()),
      (token) => writeAs(page, token)
    )
  )

  const columnsIn = (table: DerivedStore.Table) =>
    sql.csv([
      sql`${epochMillis(sql, "open_time")} AS open_ms`,
      sql`${epochMillis(sql, "known_at")} AS known_ms`,
      sql`CAST(input_hash AS FLOAT8) AS input_hash`,
      sql`reason`,
      ...table.columns.map(({ kind, name }) =>
        kind === "time" ? sql`${epochMillis(sql, name)} AS ${sql(name)}` : sql`${sql(name)}`
      )
    ])

  const read = Effect.fn("DerivedStore.read")(function* (
    table: DerivedStore.Table,
    method: Pick<DerivedStore.Method, "id">,
    series: Series.Series,
    interval: Interval.Interval,
    limit?: number
  ): Effect.fn.Return<DerivedStore.Rows, SqlError.SqlError> {
    const { source, symbol, timeframe } = series
    const seriesId = sql`(SELECT series_id FROM series
      WHERE source = ${source} AND symbol = ${symbol} AND timeframe = ${timeframe})`
    const found = yield* sql<FoundRow>`SELECT ${columnsIn(table)} FROM ${sql(table.name)}
      WHERE ${inside(seriesId, table, method, interval)}
      ORDER BY ${sql.literal(["open_time", ...(table.order ?? [])].join(", "))}
      ${limit === undefined ? sql.literal("") : sql`LIMIT ${limit}`}`
    return toColumns(table, found)
  }, operation("read what was derived"))

  /** What is asked most often, the newest of one series: in two steps it takes half the time. */
  const newestOf = Effect.fnUntraced(function* (table: DerivedStore.Table, rows: Statement.Fragment) {
    const [last] = yield* sql<{ open: number | null }>`
      SELECT ${epochMillis(sql, "max(open_time)")} AS open FROM ${sql(table.name)} WHERE ${rows}`
    return last === undefined || last.open === null
      ? sql`FALSE`
      : sql`${rows} AND open_time = ${timestamp(sql, Number(last.open))}`
  })

  const newest = Effect.fn("DerivedStore.newest")(function* (
    table: DerivedStore.Table,
    method: Pick<DerivedStore.Method, "id">,
    of: CandleStore.Selection
  ) {
    const made = table.isShared ? sql`method = ${method.id}` : sql`TRUE`
    const found = yield* sql<Ledger.SeriesRow>`SELECT * FROM series WHERE ${chosen(sql, of)}`
    const series = found.toSorted((a, b) => byText(a.symbol, b.symbol) || byText(a.source, b.source))
    const [first, ...others] = series
    if (first === undefined) return []
    const newest =
      others.length === 0
        ? yield* newestOf(table, sql`${made} AND series_id = ${first.series_id}`)
        : sql`(series_id, open_time) IN (
            SELECT series_id, max(open_time) FROM ${sql(table.name)}
            WHERE ${made} AND series_id IN (SELECT series_id FROM series WHERE ${chosen(sql, of)}) GROUP BY series_id)`
    const rows = yield* sql<FoundRow & { readonly series_id: number; readonly version: number }>`
      SELECT series_id, version, ${columnsIn(table)} FROM ${sql(table.name)} WHERE ${made} AND ${newest}`
    return series.flatMap(({ provenance, series_id, source, symbol, timeframe }) => {
      const found = rows.filter((row) => row.series_id === series_id)
      if (found.length === 0) return []
      const newest: DerivedStore.Newest = {
        series: { source, symbol, timeframe },
        provenance,
        version: found[0]!.version,
        rows: toColumns(table, found)
      }
      return [newest]
    })
  }, operation("read what was derived"))

  const progress = Effect.fn("DerivedStore.progress")(function* ({ id }: Pick<DerivedStore.Method, "id">) {
    const rows = yield* sql<ProgressRow>`SELECT s.source, s.symbol, s.timeframe, p.method, p.version, p.from_ms,
        p.until_ms, p.reach_ms, p.seen_ms, p.missing, p.state, p.token
      FROM derivation_progress p JOIN series s ON s.series_id = p.series_id WHERE p.method = ${id}`
    return rows.map(fromRow)
  }, operation("list what was derived"))

  const touched = Effect.fn("DerivedStore.touched")(function* (
    series: Series.Series,
    { seenAt, until }: Pick<DerivedStore.Progress, "until" | "seenAt">
  ) {
    const row = yield* ledger.find(series)
    if (row === undefined) return undefined
    const seen = timestamp(sql, seenAt)
    const before = sql`series_id = ${row.series_id} AND open_time < ${timestamp(sql, until)}`
    const [found] = yield* sql<{ open: number | null }>`SELECT ${epochMillis(sql, "min(open_time)")} AS open FROM (
        SELECT open_time FROM candles WHERE ${before} AND ingested_at > ${seen}
        UNION ALL SELECT open_time FROM revisions WHERE ${before} AND revised_at > ${seen}) AS t`
    return found?.open === null || found === undefined ? undefined : Number(found.open)
  }, operation("look for changed candles"))

  return DerivedStore.DerivedStore.of({ write, read, newest, progress, touched })
})

export const layer = Layer.effect(DerivedStore.DerivedStore, make)
