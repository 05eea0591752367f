/** `SourceFiles` over the table `source_files`, which users read as it is. */
import { type Series, SourceFile } from "@tidemark/core"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import * as Operation from "./Operation.ts"
import { insertRows } from "./Rows.ts"
import { epochMillis, timestampText } from "./Timestamp.ts"

interface FileRow {
  readonly source: string
  readonly symbol: string
  readonly timeframe: Series.Series["timeframe"]
  readonly url: string
  readonly from_ms: number
  readonly to_ms: number
  readonly sha256: string
  readonly bytes: number
  readonly status: SourceFile.SourceFile["status"]
  readonly detail: string | null
  readonly fetched_ms: number
}

/** As it is inserted. */
export const toRow = ({ series, fetchedAt, ...file }: SourceFile.FileRecord) => ({
  source: series.source,
  symbol: series.symbol,
  timeframe: series.timeframe,
  url: file.url,
  range_from: timestampText(file.interval.from),
  range_to: timestampText(file.interval.to),
  sha256: file.sha256,
  bytes: file.bytes,
  status: file.status,
  detail: file.detail ?? null,
  fetched_at: timestampText(fetchedAt)
})

const fromRow = (row: FileRow): SourceFile.FileRecord => ({
  series: { source: row.source, symbol: row.symbol, timeframe: row.timeframe },
  url: row.url,
  interval: { from: Number(row.from_ms), to: Number(row.to_ms) },
  sha256: row.sha256,
  bytes: Number(row.bytes),
  status: row.status,
  ...(row.detail === null ? {} : { detail: row.detail }),
  fetchedAt: Number(row.fetched_ms)
})

const select = (sql: SqlClient.SqlClient) =>
  sql`SELECT source, symbol, timeframe, url, sha256, bytes, status, detail,
    ${epochMillis(sql, "range_from")} AS from_ms, ${epochMillis(sql, "range_to")} AS to_ms,
    ${epochMillis(sql, "fetched_at")} AS fetched_ms FROM source_files`

/** Every record, oldest first. */
export const all = (sql: SqlClient.SqlClient) =>
  Effect.map(sql<FileRow>`${select(sql)} ORDER BY fetched_at, source, url`, (rows) => rows.map(fromRow))

/** The newest of each file; rows come oldest first. */
const newest = (rows: ReadonlyArray<FileRow>): ReadonlyArray<SourceFile.FileRecord> => [
  ...new Map(rows.map((row) => [`${row.source} ${row.url}`, fromRow(row)])).values()
]

/**
 * Records files inside the current transaction. One that is what it was when
 * it was last fetched leaves no second record; gives the URLs of those that
 * were sound before and have other bytes now.
 */
export const record = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  series: Series.Series,
  files: ReadonlyArray<SourceFile.SourceFile>,
  fetchedAt: number
) {
  if (files.length === 0) return []
  const rows = yield* sql<FileRow>`${select(sql)} WHERE source = ${series.source}
    AND url IN ${sql.in(files.map(({ url }) => url))} ORDER BY fetched_at`
  const known = new Map(newest(rows).map((file) => [file.url, file]))
  const changed = files.filter((file) => {
    const before = known.get(file.url)
    return before === undefined || before.sha256 !== file.sha256 || before.status !== file.status
  })
  yield* insertRows(
    sql,
    "source_files",
    changed.map((file) => toRow({ ...file, series, fetchedAt }))
  )
  return changed.flatMap(({ sha256, url }) => {
    const before = known.get(url)
    return before?.status === "verified" && before.sha256 !== sha256 ? [url] : []
  })
})

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const operation = yield* Operation.make()
  const list = Effect.fn("SourceFiles.list")(function* (source: string) {
    return newest(yield* sql<FileRow>`${select(sql)} WHERE source = ${source} ORDER BY fetched_at, url`)
  }, operation("list files"))
  return SourceFile.SourceFiles.of({ list })
})

export const layer = Layer.effect(SourceFile.SourceFiles, make)
