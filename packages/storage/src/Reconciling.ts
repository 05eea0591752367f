/**
 * Bringing table and ledger of a series in line again, as SQL.
 *
 * The ledger vouches for rows, never the other way round: what it does not
 * know is taken out and kept aside, what it knows and the table lacks is to be
 * asked for again.
 */
import { type CandleStore, Coverage, type Instant, Interval, type Series } from "@tidemark/core"
import { Effect } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import * as DerivedRepository from "./DerivedRepository.ts"
import type { Driver } from "./Driver.ts"
import type { Ledger } from "./Ledger.ts"
import { epochMillis, timestamp } from "./Timestamp.ts"

/** Intervals that one statement names, at most. */
const intervalsPerStatement = 200

const columns = "series_id, open_time, open, high, low, close, volume, quote_volume, trades, ingested_at"

/** Moves the rows of the intervals to `stray_candles`. */
const setAside = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  seriesId: number,
  intervals: Interval.IntervalSet,
  at: Instant.EpochMillis
): Effect.fn.Return<CandleStore.TakenOut | undefined, SqlError.SqlError> {
  let taken: CandleStore.TakenOut | undefined
  for (let i = 0; i < intervals.length; i += intervalsPerStatement) {
    const inside = sql.or(
      intervals
        .slice(i, i + intervalsPerStatement)
        .map(({ from, to }) => sql`(open_time >= ${timestamp(sql, from)} AND open_time < ${timestamp(sql, to)})`)
    )
    const rows = sql`candles WHERE series_id = ${seriesId} AND ${inside}`
    const [found] = yield* sql<{ rows: number; first: number; last: number }>`SELECT count(*) AS rows,
      ${epochMillis(sql, "min(open_time)")} AS first, ${epochMillis(sql, "max(open_time)")} AS last FROM ${rows}`
    const count = Number(found!.rows)
    if (count === 0) continue
    yield* sql`INSERT INTO stray_candles (${sql.literal(columns)}, found_at)
      SELECT ${sql.literal(columns)}, ${timestamp(sql, at)} FROM ${rows}`
    yield* sql`DELETE FROM ${rows}`
    const range = { from: Number(found!.first), to: Number(found!.last) + 1 }
    taken = { ...(taken === undefined ? range : Interval.hull(taken, range)), rows: (taken?.rows ?? 0) + count }
  }
  return taken
})

/** Inside a transaction. */
export const reconcile = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  rowLock: Driver["Service"]["rowLock"],
  ledger: Ledger,
  series: Series.Series,
  { lost, stray }: { readonly lost: Interval.IntervalSet; readonly stray: Interval.IntervalSet },
  at: Instant.EpochMillis
): Effect.fn.Return<CandleStore.TakenOut | undefined, SqlError.SqlError> {
  const row = yield* ledger.lock(series)
  if (row === undefined) return undefined
  const { series_id: seriesId } = row
  const before = yield* ledger.all(seriesId)
  // Where a lost interval cuts a run, the whole run is asked again: it cannot be counted here.
  const isCut = (run: Interval.Interval) => lost.some((interval) => Interval.overlaps(run, interval))
  const asked = Interval.union(lost, Interval.normalize(before.empty.filter(isCut)))
  const taken = yield* setAside(sql, seriesId, Interval.union(asked, stray), at)
  if (taken !== undefined) yield* DerivedRepository.forget(sql, rowLock, seriesId)
  const fetched = yield* Effect.forEach(Interval.difference(Coverage.fetchedSet(before), asked), (interval) =>
    Effect.map(
      sql<{ rows: number }>`SELECT count(*) AS rows FROM candles WHERE series_id = ${seriesId}
        AND open_time >= ${timestamp(sql, interval.from)} AND open_time < ${timestamp(sql, interval.to)}`,
      ([counted]): Coverage.Fetched => ({
        ...interval,
        rows: Number(counted!.rows),
        at: Math.max(0, ...before.fetched.filter((one) => Interval.overlaps(one, interval)).map(({ at }) => at))
      })
    )
  )
  yield* ledger.rewrite(seriesId, {
    fetched,
    empty: before.empty.filter((run) => !asked.some((interval) => Interval.overlaps(run, interval))),
    stale: Coverage.without(before.stale, asked),
    streamed: Coverage.without(before.streamed, asked),
    pruned: before.pruned
  })
  return taken
})
