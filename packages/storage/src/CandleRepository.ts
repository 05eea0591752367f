/** `CandleStore` over SQL that DuckDB and Postgres both take. */
import { Candles, CandleStore, Changes, Coverage, Interval, type Revision, Series, Timeframe } from "@tidemark/core"
import { Effect, Layer, Stream } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import * as CandleRows from "./CandleRows.ts"
import { chosen } from "./Chosen.ts"
import { Driver } from "./Driver.ts"
import { failingStream } from "./Failure.ts"
import * as FileRepository from "./FileRepository.ts"
import * as Ledger from "./Ledger.ts"
import * as Operation from "./Operation.ts"
import * as Pruning from "./Pruning.ts"
import * as Reconciling from "./Reconciling.ts"
import { compare, type Stored } from "./Replacement.ts"
import { byText, insertRows } from "./Rows.ts"
import { epochMillis, timestamp, timestampText } from "./Timestamp.ts"

const defaultBatchRows = 65_536

interface RevisionRow extends Revision.CandleValues {
  readonly open_ms: number
  readonly known_ms: number
  readonly revised_ms: number
  readonly reason: string
  readonly quote_volume: number | null
  readonly new_open: number | null
  readonly new_high: number | null
  readonly new_low: number | null
  readonly new_close: number | null
  readonly new_volume: number | null
  readonly new_quote_volume: number | null
  readonly new_trades: number | null
}

type Nullable<Row> = { readonly [Column in keyof Row]: Row[Column] | null }

interface TallyRow {
  readonly source: string
  readonly symbol: string
  readonly timeframe: Timeframe.Timeframe
  readonly month_seconds: number
  readonly rows: number
  readonly offsets: number
}

const toCandles = (columns: ReadonlyArray<Float64Array>): Candles.Candles => ({
  openTime: columns[0]!,
  open: columns[1]!,
  high: columns[2]!,
  low: columns[3]!,
  close: columns[4]!,
  volume: columns[5]!,
  quoteVolume: columns[6]!,
  trades: columns[7]!
})

const passedOver: CandleStore.WriteResult = { inserted: 0, changed: 0, removed: 0, unchanged: 0, isPassedOver: true }

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const driver = yield* Driver
  const ledger = yield* Ledger.make
  const operation = yield* Operation.make()

  const inside = (seriesId: number, interval: Interval.Interval) =>
    sql`series_id = ${seriesId} AND open_time >= ${timestamp(sql, interval.from)}
      AND open_time < ${timestamp(sql, interval.to)}`

  const stored = (seriesId: number, interval: Interval.Interval) =>
    driver
      .columns(
        sql`SELECT open_time, open, high, low, close, volume, quote_volume, trades, ingested_at FROM candles
          WHERE ${inside(seriesId, interval)} ORDER BY open_time`,
        defaultBatchRows
      )
      .pipe(
        Stream.map((columns): Stored => ({ candles: toCandles(columns), ingestedAt: columns[8]! })),
        Stream.runCollect,
        Effect.map((batches): Stored => {
          const size = batches.reduce((sum, batch) => sum + batch.ingestedAt.length, 0)
          const ingestedAt = new Float64Array(size)
          let at = 0
          for (const batch of batches) {
            ingestedAt.set(batch.ingestedAt, at)
            at += batch.ingestedAt.length
          }
          return { candles: Candles.concat(batches.map((batch) => batch.candles)), ingestedAt }
        })
      )

  /** Replaces rows that exist: only where the answer differs is anything written. */
  const replaceRows = Effect.fnUntraced(function* (seriesId: number, page: CandleStore.PageWrite) {
    const replacement = compare(yield* stored(seriesId, page.interval), page)
    yield* insertRows(
      sql,
      "revisions",
      replacement.revisions.map((revision) => ({
        series_id: seriesId,
        open_time: timestampText(revision.openTime),
        known_at: timestampText(revision.knownAt),
        revised_at: timestampText(page.at),
        reason: page.reason,
        ...revision.values
      }))
    )
    if (replacement.changes) {
      yield* sql`DELETE FROM candles WHERE ${inside(seriesId, page.interval)}`
      yield* driver.append("candles", CandleRows.columns(seriesId, page.candles, replacement.ingestedAt))
    }
    return replacement.result
  })

  const writePage = Effect.fnUntraced(function* (seriesId: number, page: CandleStore.PageWrite) {
    const before = yield* ledger.around(seriesId, page.interval)
    const size = Candles.length(page.candles)
    // Rows exist only inside what is covered, so a fresh interval needs neither a look nor a delete.
    const fresh = !before.fetched.some((fetched) => Interval.overlaps(fetched, page.interval))
    const isStreamed = page.isStreamed === true
    if (isStreamed && !Coverage.isContinuedBy(before, page.interval)) return passedOver
    let result: CandleStore.WriteResult = { inserted: size, changed: 0, removed: 0, unchanged: 0 }
    if (!fresh) result = yield* replaceRows(seriesId, page)
    else if (size > 0) yield* driver.append("candles", CandleRows.columns(seriesId, page.candles, page.at))
    const after = Coverage.record(before, {
      interval: page.interval,
      holes: page.holes,
      at: page.at,
      rowsAdded: result.inserted - result.removed,
      countOpens: page.countOpens,
      isStreamed
    })
    yield* ledger.replace(seriesId, page.interval, before, after)
    const rewritten = yield* FileRepository.record(sql, page.series, page.files ?? [], page.at)
    return rewritten.length === 0 ? result : { ...result, rewritten }
  })

  const writeAll = Effect.fn("CandleStore.write")(
    (pages: ReadonlyArray<CandleStore.PageWrite>) =>
      sql.withTransaction(
        Effect.gen(function* () {
          const ids = new Map<string, number>()
          // All series first, in the order that every process keeps: none waits for one that waits for it.
          for (const { provenance, series } of pages.toSorted((a, b) => Series.order(a.series, b.series))) {
            const key = Series.key(series)
            if (!ids.has(key)) ids.set(key, yield* ledger.lockOrCreate(series, provenance))
          }
          return yield* Effect.forEach(pages, (page) => writePage(ids.get(Series.key(page.series))!, page))
        })
      ),
    operation("write candles")
  )

  const write: CandleStore.CandleStore["Service"]["write"] = (pages) =>
    driver.about(
      Changes.written(
        "candles",
        pages.map(({ series }) => series.symbol)
      )
    )(writeAll(pages))

  const current = (seriesId: number, interval: Interval.Interval) =>
    sql`SELECT open_time, open, high, low, close, volume, quote_volume, trades FROM candles
      WHERE ${inside(seriesId, interval)} ORDER BY open_time`

  // What was known at an instant: rows first stored by then, and the old values of those revised since.
  const knownAt = (seriesId: number, interval: Interval.Interval, asOf: number) => {
    const instant = timestamp(sql, asOf)
    const columns = sql.literal("open_time, open, high, low, close, volume, quote_volume, trades")
    return sql`SELECT ${columns} FROM candles
        WHERE ${inside(seriesId, interval)} AND ingested_at <= ${instant}
      UNION ALL SELECT ${columns} FROM revisions
        WHERE ${inside(seriesId, interval)} AND known_at <= ${instant} AND revised_at > ${instant}
      ORDER BY open_time`
  }

  const ofSeries = <A>(
    name: string,
    series: Series.Series,
    read: (seriesId: number) => Stream.Stream<A, SqlError.SqlError>
  ) =>
    Stream.unwrap(
      Effect.map(operation(name)(ledger.find(series)), (row) =>
        row === undefined ? Stream.empty : failingStream(driver, name)(read(row.series_id))
      )
    )

  const read: CandleStore.CandleStore["Service"]["read"] = (series, interval, options) =>
    ofSeries("read candles", series, (seriesId) =>
      Stream.map(
        driver.columns(
          options?.asOf === undefined ? current(seriesId, interval) : knownAt(seriesId, interval, options.asOf),
          options?.batchRows ?? defaultBatchRows
        ),
        toCandles
      )
    )

  const { writeParquet: copy } = driver
  const writeParquet: CandleStore.CandleStore["Service"]["writeParquet"] =
    copy &&
    Effect.fn("CandleStore.writeParquet")(function* (file, parts) {
      const stored = yield* Effect.forEach(parts, (part) =>
        Effect.map(ledger.find(part.labels.series), (row) =>
          row === undefined ? [] : [{ seriesId: row.series_id, ...part }]
        )
      )
      return yield* copy(file, stored.flat())
    }, operation("write candles to a file"))

  const openTimes: CandleStore.CandleStore["Service"]["openTimes"] = (series, interval) =>
    ofSeries("read open times", series, (seriesId) =>
      Stream.map(
        driver.columns(
          sql`SELECT open_time FROM candles WHERE ${inside(seriesId, interval)} ORDER BY open_time`,
          defaultBatchRows
        ),
        (columns) => columns[0]!
      )
    )

  const coverage = Effect.fn("CandleStore.coverage")(function* (series: Series.Series) {
    const row = yield* ledger.find(series)
    return row === undefined ? Coverage.none : yield* ledger.all(row.series_id)
  }, operation("read coverage"))

  const atOneMoment = <A, E>(snapshot: Effect.Effect<A, E>) =>
    snapshot.pipe(
      sql.withTransaction,
      Effect.provideService(SqlClient.BeginTransaction, driver.beginSnapshot),
      operation("list series")
    )

  const ledgers = Effect.fnUntraced(function* (of: CandleStore.Selection) {
    // One statement, which sees one moment and waits for no writer.
    const rows = yield* sql<Ledger.SeriesRow & Nullable<Omit<Ledger.CoverageRow, "series_id">>>`
      SELECT s.series_id, source, symbol, timeframe, provenance, listed_ms,
        evidence, from_ms, to_ms, candles, confirmations, first_ms, last_ms
      FROM series s LEFT JOIN coverage c ON c.series_id = s.series_id
      WHERE ${chosen(sql, of)}`
    const covered = Map.groupBy(rows, (row) => row.series_id)
    // Sorted here: to sort a few rows takes DuckDB longer than to find them.
    const ordered = [...covered.values()].sort(
      ([a], [b]) =>
        byText(a!.symbol, b!.symbol) ||
        byText(a!.source, b!.source) ||
        Timeframe.nominalMillis(a!.timeframe) - Timeframe.nominalMillis(b!.timeframe)
    )
    return ordered.map((own) => {
      const row = own[0]!
      const coverage = Ledger.fromRows(own.filter((one) => one.evidence !== null) as ReadonlyArray<Ledger.CoverageRow>)
      const stored: CandleStore.StoredSeries = {
        series: { source: row.source, symbol: row.symbol, timeframe: row.timeframe },
        provenance: row.provenance,
        coverage,
        rows: Coverage.rows(coverage),
        listedAt: row.listed_ms === null ? undefined : Number(row.listed_ms)
      }
      return { id: row.series_id, stored }
    })
  })

  const recorded: CandleStore.CandleStore["Service"]["recorded"] = Effect.fn("CandleStore.recorded")((of) =>
    operation("list series")(Effect.map(ledgers(of), (all) => all.map(({ stored }) => stored)))
  )

  const list = atOneMoment(
    Effect.gen(function* () {
      const all = yield* ledgers({})
      const counted = yield* sql<{ series_id: number; rows: number }>`
        SELECT series_id, count(*) AS rows FROM candles GROUP BY series_id`
      const rows = new Map(counted.map((row) => [row.series_id, Number(row.rows)]))
      return all.map(({ id, stored }): CandleStore.StoredSeries => ({ ...stored, rows: rows.get(id) ?? 0 }))
    })
  ).pipe(Effect.withSpan("CandleStore.list"))

  const month = sql.literal("date_trunc('month', c.open_time)")
  const tally = Effect.map(
    operation("count candles")(sql<TallyRow>`
      SELECT s.source, s.symbol, s.timeframe, t.month_seconds, t.rows, t.offsets FROM series s JOIN (
        SELECT c.series_id, CAST(extract(epoch FROM ${month}) AS FLOAT8) AS month_seconds, count(*) AS rows,
          CAST(sum(extract(epoch FROM c.open_time) - extract(epoch FROM ${month})) AS FLOAT8) AS offsets
        FROM candles c GROUP BY c.series_id, ${month}) t ON t.series_id = s.series_id
      ORDER BY s.symbol, s.source, s.timeframe, t.month_seconds`),
    (rows) =>
      rows.map((row): CandleStore.Tally => ({
        series: { source: row.source, symbol: row.symbol, timeframe: row.timeframe },
        month: Number(row.month_seconds) * 1_000,
        rows: Number(row.rows),
        offsets: Number(row.offsets)
      }))
  ).pipe(Effect.withSpan("CandleStore.tally"))

  const reconcile: CandleStore.CandleStore["Service"]["reconcile"] = Effect.fn("CandleStore.reconcile")(
    (series, damage, at) => sql.withTransaction(Reconciling.reconcile(sql, driver.rowLock, ledger, series, damage, at)),
    operation("reconcile")
  )

  const markStale: CandleStore.CandleStore["Service"]["markStale"] = Effect.fn("CandleStore.markStale")(
    (series, { at, since, storedBefore }) =>
      sql.withTransaction(
        Effect.gen(function* () {
          const row = yield* ledger.lock(series)
          if (row === undefined) return []
          const { series_id: seriesId } = row
          const old = sql`series_id = ${seriesId} AND open_time < ${timestamp(sql, since)}`
          const [found] = yield* sql<{ first: number | null; last: number | null }>`
            SELECT ${epochMillis(sql, "min(open_time)")} AS first, ${epochMillis(sql, "max(open_time)")} AS last
            FROM candles WHERE ${old} AND ingested_at < ${timestamp(sql, storedBefore)}`
          if (found === undefined || found.first === null) return []
          // To the next row that is in the new scale, or to the split.
          const [next] = yield* sql<{ open: number | null }>`SELECT ${epochMillis(sql, "min(open_time)")} AS open
            FROM candles WHERE ${old} AND open_time > ${timestamp(sql, Number(found.last))}`
          const to = next === undefined || next.open === null ? since : Number(next.open)
          const before = yield* ledger.all(seriesId)
          const after = Coverage.markStale(before, [{ from: Number(found.first), to, since, at }])
          yield* sql`DELETE FROM coverage WHERE series_id = ${seriesId} AND evidence = 'stale'`
          yield* ledger.insert(seriesId, { ...Coverage.none, stale: after.stale })
          return Interval.normalize(after.stale.filter((run) => run.since === since && run.at === at))
        })
      ),
    operation("mark candles as stale")
  )

  const count = Effect.fn("CandleStore.count")(function* (series: Series.Series, interval: Interval.Interval) {
    const row = yield* ledger.find(series)
    if (row === undefined) return 0
    const [counted] = yield* sql<{ rows: number }>`
      SELECT count(*) AS rows FROM candles WHERE ${inside(row.series_id, interval)}`
    return Number(counted!.rows)
  }, operation("count candles"))

  const sum = Effect.fn("CandleStore.sum")(function* (series: Series.Series, interval: Interval.Interval) {
    const row = yield* ledger.find(series)
    if (row === undefined) return { rows: 0, offsets: 0 }
    const beginning = interval.from / 1_000
    const [summed] = yield* sql<{ rows: number; offsets: number | null }>`SELECT count(*) AS rows,
        CAST(sum(extract(epoch FROM open_time) - ${beginning}) AS FLOAT8) AS offsets
      FROM candles WHERE ${inside(row.series_id, interval)}`
    return { rows: Number(summed!.rows), offsets: Number(summed!.offsets ?? 0) } satisfies CandleStore.Sum
  }, operation("count candles"))

  const prune: CandleStore.CandleStore["Service"]["prune"] = Effect.fn("CandleStore.prune")(
    (series, cut) => sql.withTransaction(Pruning.prune(sql, ledger, series, cut)),
    operation("prune candles")
  )

  const exclusively: CandleStore.CandleStore["Service"]["exclusively"] = (series, work) =>
    sql
      .withTransaction(Effect.andThen(ledger.lock(series), work))
      .pipe(operation("work on a series"), Effect.withSpan("CandleStore.exclusively"))

  const revisions = Effect.fn("CandleStore.revisions")(function* (series: Series.Series, interval: Interval.Interval) {
    const row = yield* ledger.find(series)
    if (row === undefined) return []
    const rows = yield* sql<RevisionRow>`SELECT *, ${epochMillis(sql, "open_time")} AS open_ms,
        ${epochMillis(sql, "known_at")} AS known_ms, ${epochMillis(sql, "revised_at")} AS revised_ms
      FROM revisions WHERE ${inside(row.series_id, interval)} ORDER BY open_time, revised_at`
    return rows.map((revision): Revision.Revision => ({
      series,
      openTime: Number(revision.open_ms),
      knownAt: Number(revision.known_ms),
      revisedAt: Number(revision.revised_ms),
      reason: revision.reason,
      before: {
        open: revision.open,
        high: revision.high,
        low: revision.low,
        close: revision.close,
        volume: revision.volume,
        quoteVolume: revision.quote_volume ?? Number.NaN,
        trades: revision.trades ?? Number.NaN
      },
      after:
        revision.new_open === null
          ? undefined
          : {
              open: revision.new_open,
              high: revision.new_high!,
              low: revision.new_low!,
              close: revision.new_close!,
              volume: revision.new_volume!,
              quoteVolume: revision.new_quote_volume ?? Number.NaN,
              trades: revision.new_trades ?? Number.NaN
            }
    }))
  }, operation("read revisions"))

  const setListedAt: CandleStore.CandleStore["Service"]["setListedAt"] = Effect.fn("CandleStore.setListedAt")(
    (series, provenance, at) =>
      sql.withTransaction(
        Effect.gen(function* () {
          const seriesId = yield* ledger.lockOrCreate(series, provenance)
          yield* sql`UPDATE series SET listed_ms = ${at} WHERE series_id = ${seriesId}`
        })
      ),
    operation("write listing")
  )

  return CandleStore.CandleStore.of({
    write,
    read,
    writeParquet,
    openTimes,
    count,
    sum,
    coverage,
    tally,
    recorded,
    list,
    reconcile,
    markStale,
    prune,
    exclusively,
    revisions,
    setListedAt
  })
})

export const layer = Layer.effect(CandleStore.CandleStore, make)
