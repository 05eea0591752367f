/** One of the two databases of a copy: what is read from it, and what is written to it. */
import { ContentHash, type Coverage, Series, Timeframe } from "@tidemark/core"
import { Context, Effect, Stream } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { createHash } from "node:crypto"
import * as CandleRows from "../CandleRows.ts"
import { Driver } from "../Driver.ts"
import { failingStream } from "../Failure.ts"
import * as Ledger from "../Ledger.ts"
import * as Operation from "../Operation.ts"
import { insertRows } from "../Rows.ts"
import type { Connection } from "../Storage.ts"
import { epochMillis, timestamp, timestampText } from "../Timestamp.ts"
import { CopyError } from "./CopyError.ts"
import * as Piece from "./Piece.ts"

/** Candles that are read and written at once, at most; bounds the memory of a copy. */
export const PieceRows = Context.Reference<number>("@tidemark/storage/copy/PieceRows", { defaultValue: () => 16_384 })

/** Instants from, and before; infinite where there is no bound. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** What is written in one transaction. */
export interface Write {
  readonly series: Series.Series
  readonly provenance: Ledger.SeriesRow["provenance"]
  readonly listedAt: number | null
  readonly span: Span
  /** How far the ledger of the target reached when it was last seen: nobody else may have written since. */
  readonly expected: number
  /** Columns of `candleColumns`. */
  readonly candles: ReadonlyArray<Float64Array>
  readonly revisions: ReadonlyArray<RevisionRow>
  /** The ledger of the series up to the end of the span. */
  readonly coverage: Coverage.Coverage
}

const values = ["open", "high", "low", "close", "volume", "quote_volume", "trades"]
const candleColumns = ["open_time", ...values, "ingested_at"]
const revisionInstants = ["open_time", "known_at", "revised_at"]
const revisionValues = ["reason", ...values, ...values.map((name) => `new_${name}`)]

export type RevisionRow = Readonly<Record<string, string | number | null>>

const make = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const driver = yield* Driver
  const ledger = yield* Ledger.make
  const operation = yield* Operation.make()
  const pieceRows = yield* PieceRows

  const within = (seriesId: number, { from, to }: Span) => {
    const lower = Number.isFinite(from) ? sql`AND open_time >= ${timestamp(sql, from)}` : sql.literal("")
    const upper = Number.isFinite(to) ? sql`AND open_time < ${timestamp(sql, to)}` : sql.literal("")
    return sql`series_id = ${seriesId} ${lower} ${upper}`
  }

  /** A span cut at where the rows of a table begin and end, in windows that hold so many candles at most. */
  const windows = Effect.fnUntraced(function* (table: "candles" | "revisions", row: Ledger.SeriesRow, span: Span) {
    const [extent] = yield* sql<{ first: number | null; last: number | null }>`
      SELECT ${epochMillis(sql, "min(open_time)")} AS first, ${epochMillis(sql, "max(open_time)")} AS last
      FROM ${sql(table)} WHERE ${within(row.series_id, span)}`
    if (extent === undefined || extent.first === null) return []
    const step = pieceRows * Timeframe.nominalMillis(row.timeframe)
    const end = Number(extent.last) + 1
    const out: Array<Span> = []
    for (let from = Number(extent.first); from < end; from += step) out.push({ from, to: Math.min(from + step, end) })
    return out
  })

  /** What `read` gives of each window, one after the other: no statement is about more than that. */
  const windowed = <A>(
    table: "candles" | "revisions",
    row: Ledger.SeriesRow,
    span: Span,
    read: (window: Span) => Stream.Stream<A, SqlError.SqlError>
  ) => {
    const name = `read ${table}`
    return Stream.fromIterableEffect(operation(name)(windows(table, row, span))).pipe(
      Stream.flatMap((window) => failingStream(driver, name)(read(window)))
    )
  }

  const candles = (row: Ledger.SeriesRow, span: Span) =>
    windowed("candles", row, span, (window) =>
      driver.columns(
        sql`SELECT ${sql.literal(candleColumns.join(", "))} FROM candles WHERE ${within(row.series_id, window)}
          ORDER BY open_time`,
        pieceRows
      )
    )

  const millis = (name: string) => sql`${epochMillis(sql, name)} AS ${sql(name)}`

  /** As they are inserted: instants as text. */
  const revisions = (row: Ledger.SeriesRow, span: Span) =>
    windowed(
      "revisions",
      row,
      span,
      (window) =>
        sql<Readonly<Record<string, string | number | bigint | null>>>`SELECT ${sql.csv(revisionInstants.map(millis))},
          ${sql.literal(revisionValues.join(", "))}
        FROM revisions WHERE ${within(row.series_id, window)} ORDER BY revisions.open_time, revisions.known_at,
          revisions.revised_at`.stream
    ).pipe(
      Stream.map((values): RevisionRow => ({
        ...Object.fromEntries(revisionInstants.map((name) => [name, timestampText(Number(values[name]))])),
        ...Object.fromEntries(revisionValues.map((name) => [name, values[name] as string | number | null]))
      }))
    )

  const list = operation("list series")(sql<Ledger.SeriesRow>`SELECT * FROM series ORDER BY source, symbol, timeframe`)

  return {
    database: driver.database,
    list,
    find: (series: Series.Series) => operation("find a series")(ledger.find(series)),
    coverage: (seriesId: number) => operation("read coverage")(ledger.all(seriesId)),
    candles,
    revisions,
    count: (seriesId: number, span: Span) =>
      Effect.map(
        operation("count candles")(
          sql<{ rows: number }>`SELECT count(*) AS rows FROM candles WHERE ${within(seriesId, span)}`
        ),
        ([row]) => Number(row!.rows)
      ),

    /** The candles of a span, with the time each was first stored. */
    hashCandles: Effect.fnUntraced(function* (row: Ledger.SeriesRow, span: Span) {
      const hash = ContentHash.make(candleColumns.length)
      yield* Stream.runForEach(candles(row, span), (columns) => Effect.sync(() => hash.update(columns)))
      return { rows: hash.rows(), digest: hash.digest() }
    }),

    /** All revisions of a series. */
    hashRevisions: Effect.fnUntraced(function* (row: Ledger.SeriesRow) {
      const hash = createHash("sha256")
      let rows = 0
      yield* Stream.runForEach(revisions(row, { from: -Infinity, to: Infinity }), (values) =>
        Effect.sync(() => {
          rows++
          hash.update(`${JSON.stringify(Object.values(values))}\n`)
        })
      )
      return { rows, digest: hash.digest("hex") }
    }),

    /** Puts a piece in place of whatever is in its span; the same piece twice is once. */
    write: (piece: Write) =>
      Effect.gen(function* () {
        const seriesId = yield* ledger.lockOrCreate(piece.series, piece.provenance)
        const reach = Piece.reach(yield* ledger.all(seriesId))
        const beyond = yield* sql<{ rows: number }>`SELECT count(*) AS rows FROM candles
          WHERE ${within(seriesId, { from: piece.expected, to: Infinity })}`
        const isAsLeft = reach === piece.expected && Number(beyond[0]!.rows) === 0
        // Not heard of, but written: this very piece, which is then written again.
        if (!isAsLeft && reach !== Piece.reach(piece.coverage)) {
          return yield* new CopyError({
            database: driver.database,
            series: Series.key(piece.series),
            detail: "was written to by somebody else while it was copied. Stop that, and run the same command again"
          })
        }
        yield* sql`UPDATE series SET listed_ms = ${piece.listedAt} WHERE series_id = ${seriesId}`
        yield* sql`DELETE FROM candles WHERE ${within(seriesId, piece.span)}`
        yield* sql`DELETE FROM revisions WHERE ${within(seriesId, piece.span)}`
        const [openTime, open, high, low, close, volume, quoteVolume, trades, ingestedAt] = piece.candles
        if (openTime !== undefined && openTime.length > 0) {
          const candles = {
            openTime,
            open: open!,
            high: high!,
            low: low!,
            close: close!,
            volume: volume!,
            quoteVolume: quoteVolume!,
            trades: trades!
          }
          yield* driver.append("candles", CandleRows.columns(seriesId, candles, ingestedAt!))
        }
        yield* insertRows(
          sql,
          "revisions",
          piece.revisions.map((row) => ({ series_id: seriesId, ...row }))
        )
        // The last piece settles all of it: what was known of earlier ranges may have changed since they were copied.
        const from = piece.span.to === Infinity ? -Infinity : piece.span.from
        yield* Number.isFinite(from)
          ? sql`DELETE FROM coverage WHERE series_id = ${seriesId} AND to_ms >= ${from}`
          : sql`DELETE FROM coverage WHERE series_id = ${seriesId}`
        yield* ledger.insert(seriesId, Piece.from(piece.coverage, from))
      }).pipe(sql.withTransaction, operation("write candles"))
  }
})

export type Side = Effect.Success<typeof make>

export const of = (context: Context.Context<Connection>): Effect.Effect<Side> => Effect.provide(make, context)
