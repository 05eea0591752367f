/** `FeatureStore` over the tables `features` and `feature_progress`. */
import { FeatureStore, Interval, type Series, StoreError } from "@tidemark/core"
import { Effect, Layer, Schema, Stream } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { type Column, Driver } from "./Driver.ts"
import { failingStream } from "./Failure.ts"
import * as Ledger from "./Ledger.ts"
import * as Operation from "./Operation.ts"
import { epochMillis, timestamp } from "./Timestamp.ts"

const batchRows = 65_536

interface ProgressRow {
  readonly source: string
  readonly symbol: string
  readonly timeframe: Series.Series["timeframe"]
  readonly version: number
  readonly from_ms: number
  readonly until_ms: number
  readonly seen_ms: number
  readonly missing: string
  readonly state: string
}

const Missing = Schema.fromJsonString(Schema.Array(Schema.Struct({ from: Schema.Int, to: Schema.Int })))
const State = Schema.fromJsonString(Schema.Unknown)
const decodeMissing = Schema.decodeSync(Missing)
const encodeMissing = Schema.encodeSync(Missing)
const decodeState = Schema.decodeSync(State)
const encodeState = Schema.encodeSync(State)

const fromRow = (row: ProgressRow): FeatureStore.Progress => ({
  series: { source: row.source, symbol: row.symbol, timeframe: row.timeframe },
  version: row.version,
  from: Number(row.from_ms),
  until: Number(row.until_ms),
  seenAt: Number(row.seen_ms),
  missing: decodeMissing(row.missing),
  state: decodeState(row.state)
})

const columnsOf = (
  seriesId: number,
  { at, progress, reasons, rows }: FeatureStore.FeaturePage
): ReadonlyArray<Column> => [
  { name: "series_id", kind: "constant", type: "integer", value: seriesId },
  { name: "open_time", kind: "timestamp", values: rows.openTime },
  { name: "known_at", kind: "timestamp", values: rows.knownAt },
  ...FeatureStore.columns.map((name, i): Column => ({
    name,
    kind: "double",
    values: rows.columns[i]!,
    nanIsNull: true
  })),
  { name: "input_hash", kind: "bigint", values: rows.inputHash },
  { name: "version", kind: "constant", type: "integer", value: progress.version },
  { name: "reason", kind: "text", values: reasons },
  { name: "computed_at", kind: "constant", type: "timestamp", value: at }
]

/**
 * Takes away what was derived of candles before an instant, inside the current
 * transaction. Later rows stay as they were made, and the next candle goes on
 * from them.
 */
export const prune = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, seriesId: number, before: number) {
  yield* sql`DELETE FROM features WHERE series_id = ${seriesId} AND open_time < ${timestamp(sql, before)}`
  yield* sql`DELETE FROM feature_progress WHERE series_id = ${seriesId} AND until_ms <= ${before}`
  const [known] = yield* sql<{ missing: string }>`SELECT missing FROM feature_progress
    WHERE series_id = ${seriesId} AND from_ms < ${before}`
  if (known === undefined) return
  const missing = Interval.difference(Interval.normalize(decodeMissing(known.missing)), [
    { from: -Infinity, to: before }
  ])
  yield* sql`UPDATE feature_progress SET from_ms = ${before}, missing = ${encodeMissing(missing)}
    WHERE series_id = ${seriesId}`
})

/** Takes away all that was derived of a series, inside the current transaction: the next update begins anew. */
export const forget = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, seriesId: number) {
  yield* sql`DELETE FROM features WHERE series_id = ${seriesId}`
  yield* sql`DELETE FROM feature_progress WHERE series_id = ${seriesId}`
})

/** How many of the rows that were there follow from something else now; both ascend by open. */
const countChanged = (before: ReadonlyArray<ReadonlyArray<Float64Array>>, page: FeatureStore.FeaturePage): number => {
  const { rows, progress } = page
  let changed = 0
  let j = 0
  for (const [opens, hashes, versions] of before) {
    for (let i = 0; i < opens!.length; i++) {
      while (j < rows.openTime.length && rows.openTime[j]! < opens![i]!) j++
      const isThere = rows.openTime[j] === opens![i]
      if (!isThere || rows.inputHash[j] !== hashes![i] || versions![i] !== progress.version) changed++
    }
  }
  return changed
}

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const driver = yield* Driver
  const ledger = yield* Ledger.make
  const operation = yield* Operation.make

  const inside = (seriesId: number, interval: Interval.Interval) =>
    sql`series_id = ${seriesId} AND open_time >= ${timestamp(sql, interval.from)}
      AND open_time < ${timestamp(sql, interval.to)}`

  const replace = Effect.fnUntraced(function* (
    seriesId: number,
    page: FeatureStore.FeaturePage
  ): Effect.fn.Return<FeatureStore.FeatureWrite, SqlError.SqlError> {
    const { interval, progress, rows } = page
    const [known] = yield* sql<{ from_ms: number; until_ms: number }>`
      SELECT from_ms, until_ms FROM feature_progress WHERE series_id = ${seriesId}`
    const there = known && { from: Number(known.from_ms), to: Number(known.until_ms) }
    const before =
      there === undefined || !Interval.overlaps(there, interval)
        ? []
        : yield* Stream.runCollect(
            driver.columns(
              sql`SELECT open_time, CAST(input_hash AS FLOAT8) AS input_hash, version FROM features
                WHERE ${inside(seriesId, interval)} ORDER BY open_time`,
              batchRows
            )
          )
    if (before.length > 0) yield* sql`DELETE FROM features WHERE ${inside(seriesId, interval)}`
    if (rows.openTime.length > 0) yield* driver.append("features", columnsOf(seriesId, page))
    const stored = { series_id: seriesId, version: progress.version, from_ms: progress.from, until_ms: progress.until }
    yield* sql`DELETE FROM feature_progress WHERE series_id = ${seriesId}`
    yield* sql`INSERT INTO feature_progress ${sql.insert({
      ...stored,
      seen_ms: progress.seenAt,
      missing: encodeMissing(progress.missing),
      state: encodeState(progress.state),
      computed_ms: page.at
    })}`
    const existing = before.reduce((sum, [opens]) => sum + opens!.length, 0)
    return { inserted: Math.max(0, rows.openTime.length - existing), updated: countChanged(before, page) }
  })

  const write = Effect.fn("FeatureStore.write")(
    function* (page: FeatureStore.FeaturePage) {
      const { series } = page.progress
      const row = yield* ledger.lock(series)
      if (row === undefined) {
        const reason = new StoreError.StatementFailed({ detail: `${series.symbol} ${series.timeframe} is not stored` })
        return yield* new StoreError.StoreError({ database: driver.database, operation: "write features", reason })
      }
      return yield* replace(row.series_id, page)
    },
    sql.withTransaction,
    operation("write features")
  )

  const read: FeatureStore.FeatureStore["Service"]["read"] = (series, interval) =>
    Stream.unwrap(
      Effect.map(operation("read features")(ledger.find(series)), (row) =>
        row === undefined
          ? Stream.empty
          : failingStream(
              driver,
              "read features"
            )(
              driver.columns(
                sql`SELECT open_time, known_at, CAST(input_hash AS FLOAT8) AS input_hash,
                    ${sql.literal(FeatureStore.columns.join(", "))} FROM features
                  WHERE ${inside(row.series_id, interval)} ORDER BY open_time`,
                batchRows
              )
            ).pipe(
              Stream.map(([openTime, knownAt, inputHash, ...columns]): FeatureStore.FeatureRows => ({
                openTime: openTime!,
                knownAt: knownAt!,
                inputHash: inputHash!,
                columns
              }))
            )
      )
    )

  const progress = Effect.map(
    operation("list features")(
      sql<ProgressRow>`SELECT s.source, s.symbol, s.timeframe, p.version, p.from_ms, p.until_ms, p.seen_ms, p.missing,
          p.state FROM feature_progress p JOIN series s ON s.series_id = p.series_id`
    ),
    (rows) => rows.map(fromRow)
  ).pipe(Effect.withSpan("FeatureStore.progress"))

  const touched = Effect.fn("FeatureStore.touched")(function* ({ seenAt, series, until }: FeatureStore.Progress) {
    const row = yield* ledger.find(series)
    if (row === undefined) return undefined
    const seen = timestamp(sql, seenAt)
    const before = sql`series_id = ${row.series_id} AND open_time < ${timestamp(sql, until)}`
    const [found] = yield* sql<{ open: number | null }>`SELECT ${epochMillis(sql, "min(open_time)")} AS open FROM (
        SELECT open_time FROM candles WHERE ${before} AND ingested_at > ${seen}
        UNION ALL SELECT open_time FROM revisions WHERE ${before} AND revised_at > ${seen}) AS t`
    return found?.open === null || found === undefined ? undefined : Number(found.open)
  }, operation("look for changed candles"))

  return FeatureStore.FeatureStore.of({ write, read, progress, touched })
})

export const layer = Layer.effect(FeatureStore.FeatureStore, make)
