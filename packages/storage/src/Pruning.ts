/**
 * Taking the oldest part of a series away, as SQL.
 *
 * What is known of rows goes with them, in every table that speaks of single
 * candles. A record that reaches beyond the cut stays: the next look at the
 * series writes it anew.
 */
import { type CandleStore, Coverage, Instant, type Interval, type Series } from "@tidemark/core"
import { DateTime, Effect } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import * as DerivedRepository from "./DerivedRepository.ts"
import type { Ledger } from "./Ledger.ts"
import { timestamp } from "./Timestamp.ts"

/** The first instant of the month that an instant is in. */
const monthOf = (instant: Instant.EpochMillis): string =>
  Instant.formatDate(DateTime.toEpochMillis(DateTime.startOf(DateTime.makeUnsafe(instant), "month")))

/** Inside a transaction. */
export const prune = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  ledger: Ledger,
  series: Series.Series,
  { at, before, countOpens }: CandleStore.Cut
): Effect.fn.Return<CandleStore.PruneResult, SqlError.SqlError> {
  const row = yield* ledger.lock(series)
  if (row === undefined) return { rows: 0, revisions: 0 }
  const { series_id: seriesId } = row
  const cut = timestamp(sql, before)
  const old = sql`series_id = ${seriesId} AND open_time < ${cut}`
  const counted = (rows: ReadonlyArray<{ readonly rows: number }>) => Number(rows[0]!.rows)
  const rows = counted(yield* sql<{ rows: number }>`SELECT count(*) AS rows FROM candles WHERE ${old}`)
  const revisions = counted(yield* sql<{ rows: number }>`SELECT count(*) AS rows FROM revisions WHERE ${old}`)
  const known = yield* ledger.begunBy(seriesId, before)
  const parts = Coverage.fetchedBefore(known, before)
  const rowsOf = ({ from, to }: Interval.Interval) =>
    Effect.map(
      sql<{ rows: number }>`SELECT count(*) AS rows FROM candles WHERE series_id = ${seriesId}
        AND open_time >= ${timestamp(sql, from)} AND open_time < ${timestamp(sql, to)}`,
      counted
    )
  const taken = yield* Effect.forEach(parts, (part) => Effect.map(rowsOf(part), (rows) => ({ ...part, rows })))
  yield* sql`DELETE FROM candles WHERE ${old}`
  yield* sql`DELETE FROM stray_candles WHERE ${old}`
  yield* sql`DELETE FROM revisions WHERE ${old}`
  yield* DerivedRepository.prune(sql, seriesId, before)
  const ofSeries = sql`source = ${series.source} AND symbol = ${series.symbol} AND timeframe = ${series.timeframe}`
  yield* sql`DELETE FROM data_quality WHERE ${ofSeries} AND month < CAST(${monthOf(before)} AS DATE)`
  yield* sql`DELETE FROM data_anomalies WHERE ${ofSeries} AND anomaly_to <= ${cut}`
  yield* sql`DELETE FROM data_gaps WHERE ${ofSeries} AND gap_to <= ${cut}`
  yield* sql`DELETE FROM source_files WHERE ${ofSeries} AND range_to <= ${cut}`
  const after = Coverage.prune(known, { at, before, countOpens, taken })
  if (parts.length > 0) yield* ledger.replaceBegunBy(seriesId, before, after)
  return { rows, revisions }
})
