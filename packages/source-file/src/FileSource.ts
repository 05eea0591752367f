/**
 * The user's own history: CSV and Parquet files, plain or gzipped.
 *
 * `file:PATH`, where `{symbol}` and `{timeframe}` in the path stand for what
 * is asked (`BTC/USDT` is spelled `BTC-USDT` there). Columns and the unit of
 * time are detected, or given in the configuration. A file is checked whole
 * before its first candle is used: one bad row refuses it.
 */
import { type Calendar, Candles, Instant, Source, SourceError, Timeframe } from "@tidemark/core"
import { DuckDbClient } from "@tidemark/sql-duckdb"
import { Clock, Effect, Option, Schema, Scope, Semaphore, Stream } from "effect"
import * as Reactivity from "effect/reactivity/Reactivity"
import * as FileTable from "./FileTable.ts"
import { unzipped } from "./Gzip.ts"

const id = "file"
const pageSize = 65_536
const dayMillis = 86_400_000

const Config = Schema.Struct({
  /** Path of the file, with `{symbol}` and `{timeframe}` where there are several. */
  path: Schema.NonEmptyString,
  /** Columns that have unusual names. */
  columns: Schema.Struct({
    time: Schema.optionalKey(Schema.NonEmptyString),
    open: Schema.optionalKey(Schema.NonEmptyString),
    high: Schema.optionalKey(Schema.NonEmptyString),
    low: Schema.optionalKey(Schema.NonEmptyString),
    close: Schema.optionalKey(Schema.NonEmptyString),
    volume: Schema.optionalKey(Schema.NonEmptyString),
    quoteVolume: Schema.optionalKey(Schema.NonEmptyString),
    trades: Schema.optionalKey(Schema.NonEmptyString)
  }).pipe(Schema.optionalKey),
  /** Unit of the time column; detected where absent. */
  timeUnit: Schema.optionalKey(Schema.Literals(["s", "ms", "us", "ns", "text"]))
})
type Config = typeof Config.Type

const capabilities: Source.Capabilities = {
  assetClasses: ["crypto", "equity", "index", "fx"],
  timeframes: Timeframe.all,
  pageSize,
  bytesPerCandle: 0,
  weightPerPage: 0,
  finite: true,
  hosts: [],
  lanes: 1,
  lagMillis: 0,
  adjustment: "none",
  provenance: "observed"
}

/** How a symbol is spelled in a path. */
const fileName = (symbol: string): string => symbol.replaceAll(/[/:]/g, "-")

/** Dates of a file that has no times stand for the session's candle. */
const onSessions = (calendar: Calendar.Calendar, timeframe: Timeframe.Timeframe, times: Float64Array): Float64Array => {
  if (times.length === 0 || calendar.id === "24/7") return times
  const span = { from: times[0]! - 2 * dayMillis, to: times.at(-1)! + 3 * dayMillis }
  const opens = new Map(calendar.sessions(span).map((session) => [session.date, session.open]))
  return times.map((time) => {
    const open = opens.get(Instant.formatDate(time))
    // A date on which the market was closed stays where it is: off the grid, for everyone to see.
    return open === undefined ? time : calendar.openAtOrBefore(timeframe, open)
  })
}

const toCandles = (table: FileTable.FileTable, columns: ReadonlyArray<Float64Array>): Candles.Candles => ({
  openTime: columns[0]!,
  open: columns[1]!,
  high: columns[2]!,
  low: columns[3]!,
  close: columns[4]!,
  volume: columns[5]!,
  ...(table.hasQuoteVolume ? { quoteVolume: columns[6]! } : {}),
  ...(table.hasTrades ? { trades: columns[7]! } : {})
})

const make = Effect.fnUntraced(function* (config: Config) {
  const scope = yield* Effect.scope
  const lock = yield* Semaphore.make(1)
  // DuckDB is loaded with the first file, not with the source.
  const client = yield* Effect.cached(
    DuckDbClient.make({ path: ":memory:" }).pipe(
      Effect.provide(Reactivity.layer),
      Effect.provideService(Scope.Scope, scope),
      Effect.orDie
    )
  )
  const tables = new Map<string, FileTable.FileTable>()

  const pathOf = (subject: Source.Subject, timeframe: Timeframe.Timeframe) =>
    config.path
      .replaceAll("{symbol}", fileName(subject.sourceSymbol ?? subject.symbol))
      .replaceAll("{timeframe}", timeframe)

  const failure = (subject: Source.Subject, reason: SourceError.Reason) =>
    new SourceError.SourceError({ source: id, symbol: subject.symbol, reason })

  /** Dates alone can't be candles shorter than a day. */
  const fitting = (
    table: FileTable.FileTable,
    subject: Source.Subject,
    timeframe: Timeframe.Timeframe,
    path: string
  ): Effect.Effect<FileTable.FileTable, SourceError.SourceError> => {
    if (!(table.datesOnly && Timeframe.isIntraday(timeframe) && table.rows > 1)) return Effect.succeed(table)
    const detail = `${path}: it has dates without times of day, so its candles are not ${timeframe}; ask for --timeframes 1d`
    return Effect.fail(failure(subject, new SourceError.Misconfigured({ detail })))
  }

  /** The checked file of a subject; opened once. */
  const tableOf = Effect.fnUntraced(
    function* (subject: Source.Subject, timeframe: Timeframe.Timeframe) {
      const path = pathOf(subject, timeframe)
      const known = tables.get(path)
      if (known !== undefined) return yield* fitting(known, subject, timeframe, path)
      const sql = yield* client
      const found = yield* Effect.orDie(sql`SELECT file FROM glob(${path})`)
      if (found.length === 0) {
        const detail = `there is no file ${path}`
        return yield* failure(
          subject,
          path === config.path
            ? new SourceError.Misconfigured({ detail: `${detail}; give the path as --source file:PATH` })
            : new SourceError.NotListed({ detail })
        )
      }
      const unusable = (words: string) =>
        failure(subject, new SourceError.Misconfigured({ detail: `${path}: ${words}; nothing of it was stored` }))
      const files = yield* Effect.forEach(found, ({ file }) => unzipped(String(file))).pipe(
        Effect.provideService(Scope.Scope, scope),
        Effect.mapError(({ detail }) => unusable(detail))
      )
      const readable = files.length === 1 ? files[0]! : path
      const table = yield* FileTable.open(sql, {
        path: readable,
        columns: config.columns ?? {},
        timeUnit: config.timeUnit
      }).pipe(Effect.mapError((error) => unusable(error.message.split("\n", 1)[0]!)))
      tables.set(path, table)
      return yield* fitting(table, subject, timeframe, path)
    },
    (effect) => lock.withPermit(effect)
  )

  const rows = Effect.fnUntraced(function* (request: Source.CandlesRequest) {
    const table = yield* tableOf(request, request.timeframe)
    const sql = yield* client
    const { interval, timeframe, calendar } = request
    // A date stands for a session that may open the day before (FX) or hours later.
    const margin = table.datesOnly ? Timeframe.nominalMillis(timeframe) + 2 * dayMillis : 0
    const now = yield* Clock.currentTimeMillis
    let cursor = interval.from
    const pages = sql
      .columns(
        sql`SELECT * FROM (${table.candles}) WHERE time_ms >= ${interval.from - margin}
          AND time_ms < ${interval.to + margin} ORDER BY time_ms`,
        { batchRows: pageSize }
      )
      .pipe(
        Stream.mapError((error) =>
          failure(request, new SourceError.Unavailable({ detail: error.message.split("\n", 1)[0]! }))
        ),
        Stream.flatMap((batch) => {
          const read = toCandles(table, batch.columns as ReadonlyArray<Float64Array>)
          const candles = table.datesOnly ? { ...read, openTime: onSessions(calendar, timeframe, read.openTime) } : read
          const last = candles.openTime.at(-1)
          if (last === undefined || last < cursor) return Stream.empty
          // Right behind the row, not at the next open: a row between the two belongs to the next batch.
          const answered = { from: cursor, to: last + 1 }
          const page = Source.page(request, answered, candles, now)
          if (page !== undefined) cursor = page.interval.to
          return page === undefined ? Stream.empty : Stream.make(page)
        })
      )
    // Behind the last row the file has nothing, which is an answer too.
    const rest = Stream.suspend(() => {
      const page =
        cursor < interval.to ? Source.page(request, { from: cursor, to: interval.to }, Candles.empty, now) : undefined
      return page === undefined ? Stream.empty : Stream.make(page)
    })
    return Stream.concat(pages, rest)
  })

  const candles = (request: Source.CandlesRequest): Stream.Stream<Source.CandlePage, SourceError.SourceError> =>
    request.interval.from >= request.interval.to ? Stream.empty : Stream.unwrap(rows(request))

  const extent = Effect.fnUntraced(function* (subject: Source.Subject, timeframe: Timeframe.Timeframe) {
    const table = yield* tableOf(subject, timeframe)
    const sql = yield* client
    const [row] = yield* Effect.orDie(
      sql<{ first: number; last: number }>`SELECT CAST(min(time_ms) AS DOUBLE) AS first,
        CAST(max(time_ms) AS DOUBLE) AS last FROM (${table.candles})`
    )
    const ends = Float64Array.of(row!.first, row!.last)
    const [first, last] = table.datesOnly ? onSessions(subject.calendar, timeframe, ends) : ends
    return Option.some<Source.Extent>({
      first: first!,
      end: subject.calendar.openAtOrAfter(timeframe, last! + 1)
    })
  })

  return { candles, extent } satisfies Source.Source
})

export const plugin = Source.define({
  id,
  description: "Your own CSV or Parquet files, plain or gzipped: --source file:PATH",
  capabilities,
  config: Config,
  variables: {},
  baseUrls: [],
  argument: "path",
  make
})
