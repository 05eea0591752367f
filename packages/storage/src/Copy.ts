/**
 * Copies a whole database into another, whatever the two are.
 *
 * Series by series and piece by piece, each piece in one transaction with the
 * ledger up to where it ends: so a copy that was killed goes on where it was,
 * and what is there at any moment is a valid, shorter history. What an earlier
 * copy left is compared before it is continued, and every series is read back
 * from both sides and compared when it is done: counts and content hashes.
 */
import { Coverage, Series, type StoreError } from "@tidemark/core"
import { type Context, Effect, Stream } from "effect"
import * as Actions from "./copy/Actions.ts"
import { CopyError } from "./copy/CopyError.ts"
import * as Files from "./copy/Files.ts"
import * as Gamma from "./copy/Gamma.ts"
import * as Piece from "./copy/Piece.ts"
import * as Quality from "./copy/Quality.ts"
import * as Rest from "./copy/Rest.ts"
import * as Side from "./copy/Side.ts"
import * as DerivedRepository from "./DerivedRepository.ts"
import type * as Ledger from "./Ledger.ts"
import type { Connection } from "./Storage.ts"

/** What is copied. A table that a migration adds belongs here, or its rows stay behind. */
export const tables = [
  "action_coverage",
  "candles",
  "corporate_actions",
  "coverage",
  "data_sync_log",
  "revisions",
  "series",
  "source_files",
  "symbols",
  ...Gamma.tables,
  ...Quality.tables
] as const

/** What is not: it belongs to the processes that use a database now, is derived from what is copied, or is no history. */
export const left = [
  "alert_notices",
  "alert_watch",
  "alert_webhooks",
  "alerts",
  "derivation_progress",
  ...DerivedRepository.tables,
  "api_keys",
  "job_runs",
  "jobs",
  "request_budgets",
  "stray_candles"
] as const

export { CopyError }

/** What became of one series. */
export interface SeriesCopy {
  readonly series: Series.Series
  readonly candles: number
  readonly revisions: number
  /** Of the candles, with the time each was first stored: the same on both sides. */
  readonly hash: string
  /** Candles that this copy brought; the others were there. */
  readonly copied: number
}

export interface CopyReport {
  readonly series: ReadonlyArray<SeriesCopy>
  readonly symbols: number
  /** Corporate actions that this copy brought, those that were replaced too. */
  readonly actions: number
  /** Option chains that this copy brought. */
  readonly optionChains: number
  /** Gamma snapshots that this copy brought, each with its signal. */
  readonly gammaSnapshots: number
  /** Entries of the sync log that this copy brought. */
  readonly syncEntries: number
  /** Series of the target that the source does not have, left as they are. */
  readonly others: number
}

export interface Progress {
  readonly series: Series.Series
  /** Candles there so far, of all that the source has of the series. */
  readonly done: number
  readonly of: number
}

export interface Options {
  readonly from: Context.Context<Connection>
  readonly to: Context.Context<Connection>
  readonly onProgress: (progress: Progress) => Effect.Effect<void>
}

const everything = { from: -Infinity, to: Infinity }

/** Where an earlier copy of a series stopped. */
interface Start {
  readonly from: number
  readonly rows: number
  /** Rows that are there of the run that the copy stopped in. */
  readonly openRun: number
  /** Of the rows that are there, on both sides. */
  readonly digest: string | undefined
  readonly coverage: Coverage.Coverage
  readonly listedAt: number | null
}

const fromNothing: Start = {
  from: -Infinity,
  rows: 0,
  openRun: 0,
  digest: undefined,
  coverage: Coverage.none,
  listedAt: null
}

/** Looks at what the target has of a series; fails unless it is what the source has, up to some instant. */
const findStart = Effect.fnUntraced(function* (
  source: Side.Side,
  target: Side.Side,
  row: Ledger.SeriesRow,
  sourceCoverage: Coverage.Coverage
): Effect.fn.Return<Start, StoreError.StoreError | CopyError> {
  const there = yield* target.find(row)
  if (there === undefined) return fromNothing
  const differs = (what: string) =>
    new CopyError({
      database: target.database,
      series: Series.key(row),
      detail: `has ${what} than the database it is to be copied from. Copy into an empty database instead`
    })
  if (there.provenance !== row.provenance) return yield* differs("another provenance")
  const coverage = yield* target.coverage(there.series_id)
  const end = Piece.reach(coverage)
  const mine = yield* target.hashCandles(there, { from: -Infinity, to: end })
  if ((yield* target.count(there.series_id, everything)) !== mine.rows) return yield* differs("other candles")
  if (end === -Infinity) return fromNothing
  if (end > Piece.reach(sourceCoverage)) return yield* differs("a longer history")
  const theirs = yield* source.hashCandles(row, { from: -Infinity, to: end })
  if (mine.digest !== theirs.digest) return yield* differs("other candles")
  const run = Piece.runAt(sourceCoverage, end)
  const openRun = run === undefined ? 0 : yield* target.count(there.series_id, { from: run.from, to: Infinity })
  return {
    from: end,
    rows: mine.rows,
    openRun,
    digest: mine.digest,
    coverage,
    listedAt: there.listed_ms === null ? null : Number(there.listed_ms)
  }
})

/** The ledger of a series, which knows all of its candles; one that does not is to be mended first. */
const settledCoverage = Effect.fnUntraced(function* (
  source: Side.Side,
  row: Ledger.SeriesRow
): Effect.fn.Return<Coverage.Coverage, StoreError.StoreError | CopyError> {
  const coverage = yield* source.coverage(row.series_id)
  const beyond = yield* source.count(row.series_id, { from: Piece.reach(coverage), to: Infinity })
  if (beyond === 0) return coverage
  const now = yield* source.coverage(row.series_id)
  // Written meanwhile, with its ledger.
  if (!Piece.same(now, coverage)) return coverage
  return yield* new CopyError({
    database: source.database,
    series: Series.key(row),
    detail: `has ${beyond === 1 ? "a candle" : `${beyond} candles`} that its record of what was fetched does not know. A backfill of the series mends that`
  })
})

const countFrom = (openTimes: Float64Array, from: number): number => {
  const first = openTimes.findIndex((time) => time >= from)
  return first < 0 ? 0 : openTimes.length - first
}

const copySeries = Effect.fnUntraced(function* (
  source: Side.Side,
  target: Side.Side,
  row: Ledger.SeriesRow,
  onProgress: Options["onProgress"]
): Effect.fn.Return<SeriesCopy, StoreError.StoreError | CopyError> {
  const series: Series.Series = { source: row.source, symbol: row.symbol, timeframe: row.timeframe }
  const coverage = yield* settledCoverage(source, row)
  // A source that is written to meanwhile is copied as far as it was known to reach.
  const end = Piece.reach(coverage)
  const known = { from: -Infinity, to: end }
  const of = yield* source.count(row.series_id, known)
  const start = yield* findStart(source, target, row, coverage)
  let expected = start.from
  let from = start.from
  let done = start.rows
  let openRun = start.openRun
  yield* onProgress({ series, done, of })

  /** Writes what lies from where the last piece ended to `to`, which is the open of a candle or infinite. */
  const write = Effect.fnUntraced(function* (candles: ReadonlyArray<Float64Array>, to: number) {
    const openTimes = candles[0] ?? new Float64Array()
    const run = Piece.runAt(coverage, to)
    if (run !== undefined) {
      const continued = run.from < from
      openRun = (continued ? openRun : 0) + countFrom(openTimes, run.from)
    }
    const span = { from, to }
    yield* target.write({
      series,
      provenance: row.provenance,
      listedAt: row.listed_ms === null ? null : Number(row.listed_ms),
      span,
      expected,
      candles,
      revisions: yield* Stream.runCollect(source.revisions(row, span)),
      coverage: Piece.cut(coverage, to, openRun)
    })
    from = to
    expected = Piece.reach(Piece.cut(coverage, to, openRun))
    done += openTimes.length
    yield* onProgress({ series, done, of })
  })

  const listed = row.listed_ms === null ? null : Number(row.listed_ms)
  const isComplete = of > 0 && start.rows === of && start.listedAt === listed && Piece.same(start.coverage, coverage)
  if (!isComplete) {
    // One piece is held back, because it ends where the next begins.
    let held: ReadonlyArray<Float64Array> = []
    yield* Stream.runForEach(
      source.candles(row, { from, to: end }),
      Effect.fnUntraced(function* (candles) {
        if (held.length > 0) yield* write(held, candles[0]![0]!)
        held = candles
      })
    )
    yield* write(held, Infinity)
  }
  const there = (yield* target.find(series))!
  const hash = isComplete ? start.digest! : yield* compareCandles(source, row, known, target, there)
  const revisions = yield* compareRest(source, row, coverage, target, there)
  return { series, candles: of, revisions, hash, copied: done - start.rows }
})

const cameOut = (target: Side.Side, row: Ledger.SeriesRow, detail: string) =>
  new CopyError({
    database: target.database,
    series: Series.key(row),
    detail: `came out with ${detail}. If the source was written to meanwhile, run the same command again`
  })

/** Reads the candles back from both sides; gives their hash. */
const compareCandles = Effect.fnUntraced(function* (
  source: Side.Side,
  row: Ledger.SeriesRow,
  known: Side.Span,
  target: Side.Side,
  there: Ledger.SeriesRow
): Effect.fn.Return<string, StoreError.StoreError | CopyError> {
  const theirs = yield* source.hashCandles(row, known)
  const mine = yield* target.hashCandles(there, everything)
  if (mine.rows !== theirs.rows) return yield* cameOut(target, row, `${mine.rows} candles instead of ${theirs.rows}`)
  if (mine.digest !== theirs.digest) return yield* cameOut(target, row, "other values in its candles")
  return mine.digest
})

/** Reads revisions and ledger back from both sides; gives the number of revisions. */
const compareRest = Effect.fnUntraced(function* (
  source: Side.Side,
  row: Ledger.SeriesRow,
  coverage: Coverage.Coverage,
  target: Side.Side,
  there: Ledger.SeriesRow
): Effect.fn.Return<number, StoreError.StoreError | CopyError> {
  const theirs = yield* source.hashRevisions(row)
  const mine = yield* target.hashRevisions(there)
  if (mine.digest !== theirs.digest) {
    return yield* cameOut(target, row, `${mine.rows} revisions that are not the ${theirs.rows} of the source`)
  }
  if (!Piece.same(yield* target.coverage(there.series_id), coverage)) {
    return yield* cameOut(target, row, "another record of what was fetched")
  }
  return mine.rows
})

/** Whether there is nothing in a database that could be copied. */
export const isEmpty = Effect.fnUntraced(function* (
  context: Context.Context<Connection>
): Effect.fn.Return<boolean, StoreError.StoreError> {
  const side = yield* Side.of(context)
  const series = (yield* side.list).length
  const rest = (yield* Rest.countSymbols(context)) + (yield* Actions.count(context)) + (yield* Gamma.count(context))
  return series + rest === 0
})

/** Copies everything, and proves it. */
export const run = Effect.fn("Copy.run")(function* (
  options: Options
): Effect.fn.Return<CopyReport, StoreError.StoreError | CopyError> {
  const source = yield* Side.of(options.from)
  const target = yield* Side.of(options.to)
  const rows = yield* source.list
  const series = yield* Effect.forEach(rows, (row) => copySeries(source, target, row, options.onProgress))
  // Last, when nothing can be refused any more.
  const symbols = yield* Rest.copySymbols(options.from, options.to)
  const actions = yield* Actions.copy(options.from, options.to)
  yield* Files.copy(options.from, options.to)
  yield* Quality.copy(options.from, options.to)
  const gamma = yield* Gamma.copy(options.from, options.to)
  const syncEntries = yield* Rest.copySyncLog(options.from, options.to)
  const copied = new Set(rows.map(Series.key))
  const others = (yield* target.list).filter((row) => !copied.has(Series.key(row))).length
  return { series, symbols, actions, ...gamma, syncEntries, others }
})
