/** The rows of `series` and `coverage`: the ledger, as SQL. */
import type { Coverage, Interval, Provenance, Series } from "@tidemark/core"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { Driver } from "./Driver.ts"
import { insertRows } from "./Rows.ts"

export interface SeriesRow {
  readonly series_id: number
  readonly source: string
  readonly symbol: string
  readonly timeframe: Series.Series["timeframe"]
  readonly provenance: Provenance.Provenance
  readonly listed_ms: number | null
}

export interface CoverageRow {
  readonly series_id: number
  readonly evidence: "fetched" | "verified-empty" | "stale" | "streamed" | "pruned"
  readonly from_ms: number
  readonly to_ms: number
  readonly candles: number
  readonly confirmations: number
  readonly first_ms: number
  readonly last_ms: number
}

/** Rows of one series as a `Coverage`. */
export const fromRows = (rows: ReadonlyArray<CoverageRow>): Coverage.Coverage => {
  const fetched: Array<Coverage.Fetched> = []
  const empty: Array<Coverage.Empty> = []
  const stale: Array<Coverage.Stale> = []
  const streamed: Array<Coverage.Streamed> = []
  const pruned: Array<Coverage.Pruned> = []
  for (const row of rows) {
    const interval = { from: Number(row.from_ms), to: Number(row.to_ms) }
    if (row.evidence === "fetched") {
      fetched.push({ ...interval, rows: Number(row.candles), at: Number(row.last_ms) })
    } else if (row.evidence === "pruned") {
      pruned.push({ ...interval, rows: Number(row.candles), at: Number(row.last_ms) })
    } else if (row.evidence === "stale") {
      stale.push({ ...interval, since: Number(row.first_ms), at: Number(row.last_ms) })
    } else if (row.evidence === "streamed") {
      streamed.push({ ...interval, at: Number(row.last_ms) })
    } else {
      empty.push({
        ...interval,
        opens: Number(row.candles),
        confirmations: row.confirmations,
        firstAt: Number(row.first_ms),
        lastAt: Number(row.last_ms)
      })
    }
  }
  const ascending = (a: Interval.Interval, b: Interval.Interval) => a.from - b.from
  return {
    fetched: fetched.sort(ascending),
    empty: empty.sort(ascending),
    stale: stale.sort(ascending),
    streamed: streamed.sort(ascending),
    pruned: pruned.sort(ascending)
  }
}

const toRows = (seriesId: number, coverage: Coverage.Coverage): ReadonlyArray<CoverageRow> => [
  ...coverage.fetched.map((fetched): CoverageRow => ({
    series_id: seriesId,
    evidence: "fetched",
    from_ms: fetched.from,
    to_ms: fetched.to,
    candles: fetched.rows,
    confirmations: 1,
    first_ms: fetched.at,
    last_ms: fetched.at
  })),
  ...coverage.empty.map((empty): CoverageRow => ({
    series_id: seriesId,
    evidence: "verified-empty",
    from_ms: empty.from,
    to_ms: empty.to,
    candles: empty.opens,
    confirmations: empty.confirmations,
    first_ms: empty.firstAt,
    last_ms: empty.lastAt
  })),
  ...coverage.stale.map((stale): CoverageRow => ({
    series_id: seriesId,
    evidence: "stale",
    from_ms: stale.from,
    to_ms: stale.to,
    // Its rows are counted with what is fetched.
    candles: 0,
    confirmations: 1,
    first_ms: stale.since,
    last_ms: stale.at
  })),
  ...coverage.streamed.map((streamed): CoverageRow => ({
    series_id: seriesId,
    evidence: "streamed",
    from_ms: streamed.from,
    to_ms: streamed.to,
    // Its rows are counted with what is fetched.
    candles: 0,
    confirmations: 0,
    first_ms: streamed.at,
    last_ms: streamed.at
  })),
  ...coverage.pruned.map((pruned): CoverageRow => ({
    series_id: seriesId,
    evidence: "pruned",
    from_ms: pruned.from,
    to_ms: pruned.to,
    candles: pruned.rows,
    confirmations: 1,
    first_ms: pruned.at,
    last_ms: pruned.at
  }))
]

export const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const { rowLock } = yield* Driver

  const rowOf = ({ source, symbol, timeframe }: Series.Series, lock: Driver["Service"]["rowLock"]) =>
    Effect.map(
      sql<SeriesRow>`SELECT * FROM series WHERE source = ${source} AND symbol = ${symbol}
        AND timeframe = ${timeframe} ${sql.literal(lock)}`,
      (rows) => rows[0]
    )

  const find = (series: Series.Series) => rowOf(series, "")

  /** The row, which nobody else writes under until the transaction ends. */
  const lock = (series: Series.Series) => rowOf(series, rowLock)

  const lockOrCreate = Effect.fnUntraced(function* (series: Series.Series, provenance: Provenance.Provenance) {
    const row = yield* lock(series)
    if (row !== undefined) return row.series_id
    // Another process may create it at the same time: then this waits for that one, and takes its row.
    yield* sql`INSERT INTO series (series_id, source, symbol, timeframe, provenance)
      VALUES (nextval('series_ids'), ${series.source}, ${series.symbol}, ${series.timeframe}, ${provenance})
      ON CONFLICT DO NOTHING`
    return (yield* lock(series))!.series_id
  })

  /** What overlaps or touches the interval. */
  const around = (seriesId: number, interval: Interval.Interval) =>
    Effect.map(
      sql<CoverageRow>`SELECT * FROM coverage WHERE series_id = ${seriesId}
        AND from_ms <= ${interval.to} AND to_ms >= ${interval.from}`,
      fromRows
    )

  const all = (seriesId: number) =>
    Effect.map(sql<CoverageRow>`SELECT * FROM coverage WHERE series_id = ${seriesId}`, fromRows)

  const begun = (seriesId: number, by: number) => sql`series_id = ${seriesId} AND from_ms <= ${by}`

  /** What begins by an instant. */
  const begunBy = (seriesId: number, by: number) =>
    Effect.map(sql<CoverageRow>`SELECT * FROM coverage WHERE ${begun(seriesId, by)}`, fromRows)

  const insert = (seriesId: number, coverage: Coverage.Coverage) =>
    insertRows(sql, "coverage", toRows(seriesId, coverage))

  /** Writes `after` in place of `before`, which is all that overlaps or touches the interval. */
  const replace = Effect.fnUntraced(function* (
    seriesId: number,
    interval: Interval.Interval,
    before: Coverage.Coverage,
    after: Coverage.Coverage
  ) {
    const [old] = before.fetched
    const [grown] = after.fetched
    // The common case, a page that continues what is there: the one row grows where it is.
    if (
      old !== undefined &&
      grown !== undefined &&
      before.fetched.length === 1 &&
      after.fetched.length === 1 &&
      before.empty.length === 0 &&
      before.stale.length === 0 &&
      before.streamed.length === 0 &&
      before.pruned.length === 0
    ) {
      yield* sql`UPDATE coverage SET from_ms = ${grown.from}, to_ms = ${grown.to}, candles = ${grown.rows},
        last_ms = ${grown.at} WHERE series_id = ${seriesId} AND evidence = 'fetched' AND from_ms = ${old.from}`
      yield* insert(seriesId, { ...after, fetched: [] })
      return
    }
    if (Object.values(before).some((layer) => layer.length > 0)) {
      yield* sql`DELETE FROM coverage WHERE series_id = ${seriesId} AND from_ms <= ${interval.to}
        AND to_ms >= ${interval.from}`
    }
    yield* insert(seriesId, after)
  })

  /** Writes all that is known of a series anew. */
  const rewrite = Effect.fnUntraced(function* (seriesId: number, coverage: Coverage.Coverage) {
    yield* sql`DELETE FROM coverage WHERE series_id = ${seriesId}`
    yield* insert(seriesId, coverage)
  })

  /** Writes `after` in place of what begins by an instant. */
  const replaceBegunBy = Effect.fnUntraced(function* (seriesId: number, by: number, after: Coverage.Coverage) {
    yield* sql`DELETE FROM coverage WHERE ${begun(seriesId, by)}`
    yield* insert(seriesId, after)
  })

  return { find, lock, lockOrCreate, around, all, begunBy, replace, replaceBegunBy, rewrite, insert }
})

export type Ledger = Effect.Success<typeof make>
