/** `SyncLog` over the table `data_sync_log`, which users read as it is. */
import { SyncLog } from "@tidemark/core"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import * as Operation from "./Operation.ts"
import { insertRows } from "./Rows.ts"
import { epochMillis, timestampText } from "./Timestamp.ts"

interface SyncRow {
  readonly run_id: string
  readonly source: string
  readonly symbol: string
  readonly timeframe: SyncLog.SyncEntry["series"]["timeframe"]
  readonly from_ms: number | null
  readonly to_ms: number | null
  readonly started_ms: number
  readonly finished_ms: number
  readonly status: SyncLog.SyncEntry["status"]
  readonly requests: number
  readonly retries: number
  readonly inserted: number
  readonly changed: number
  readonly removed: number
  readonly missing: number
  readonly error: string | null
}

const toRow = (entry: SyncLog.SyncEntry) => ({
  run_id: entry.runId,
  symbol: entry.series.symbol,
  timeframe: entry.series.timeframe,
  source: entry.series.source,
  requested_from: entry.requested === undefined ? null : timestampText(entry.requested.from),
  requested_to: entry.requested === undefined ? null : timestampText(entry.requested.to),
  started_at: timestampText(entry.startedAt),
  finished_at: timestampText(entry.finishedAt),
  status: entry.status,
  requests: entry.requests,
  retries: entry.retries,
  inserted: entry.inserted,
  changed: entry.changed,
  removed: entry.removed,
  missing: entry.missing,
  error: entry.error ?? null
})

const fromRow = (row: SyncRow): SyncLog.SyncEntry => ({
  runId: row.run_id,
  series: { source: row.source, symbol: row.symbol, timeframe: row.timeframe },
  requested: row.from_ms === null ? undefined : { from: Number(row.from_ms), to: Number(row.to_ms) },
  startedAt: Number(row.started_ms),
  finishedAt: Number(row.finished_ms),
  status: row.status,
  requests: Number(row.requests),
  retries: Number(row.retries),
  inserted: Number(row.inserted),
  changed: Number(row.changed),
  removed: Number(row.removed),
  missing: Number(row.missing),
  error: row.error ?? undefined
})

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const operation = yield* Operation.make("log")

  const append = Effect.fn("SyncLog.append")((entries: ReadonlyArray<SyncLog.SyncEntry>) => {
    if (entries.length === 0) return Effect.void
    const runs = [...new Set(entries.map((entry) => entry.runId))]
    // In place of what is there of these runs: a write that is repeated, because nobody heard of it, is there once.
    return Effect.andThen(
      sql`DELETE FROM data_sync_log WHERE run_id IN ${sql.in(runs)}`,
      insertRows(sql, "data_sync_log", entries.map(toRow))
    ).pipe(sql.withTransaction)
  }, operation("write the sync log"))

  const recent = Effect.fn("SyncLog.recent")(function* (limit: number) {
    const rows = yield* sql<SyncRow>`SELECT *, ${epochMillis(sql, "requested_from")} AS from_ms,
        ${epochMillis(sql, "requested_to")} AS to_ms, ${epochMillis(sql, "started_at")} AS started_ms,
        ${epochMillis(sql, "finished_at")} AS finished_ms
      FROM data_sync_log ORDER BY finished_at DESC, run_id, symbol, timeframe LIMIT ${limit}`
    return rows.map(fromRow)
  }, operation("read the sync log"))

  return SyncLog.SyncLog.of({ append, recent })
})

export const layer = Layer.effect(SyncLog.SyncLog, make)
