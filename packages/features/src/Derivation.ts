/**
 * Brings what is derived from a series up to date: what is new, and what a
 * repair or a revision has touched, and nothing else.
 *
 * A run of a method goes on from what it has saved. Where the past has
 * changed, it begins again where the run began that the change lies in: after
 * the last gap before it that could still be filled. Rows before the change
 * come out as they were and are not written again.
 */
import {
  Calendar,
  Candles,
  CandleStore,
  type Coverage,
  DerivedStore,
  type Instant,
  Interval,
  Series,
  type StoreError
} from "@tidemark/core"
import { Clock, Effect, Stream } from "effect"
import { type Input, span, type SplitAt } from "./Inputs.ts"

/** What a method makes of candles; `knownAt` where that is not when each of them closes. */
export type Rows = Omit<DerivedStore.Rows, "knownAt"> & { readonly knownAt?: Float64Array | undefined }

/** A method at work, on candles that follow one another. */
export interface Running {
  /** The rows of candles that follow those before them, ascending: one each. */
  readonly push: (candles: Candles.Candles) => Rows
  /** From here on prices are in other shares, `factor` of one before. */
  readonly split: (factor: number) => void
  /** What it needs to go on: plain data that JSON keeps to the last bit. */
  readonly save: () => unknown
}

export interface Method extends DerivedStore.Method {
  readonly table: DerivedStore.Table
  /** At the first candle of a series, or after a gap. */
  readonly begin: (isAfterGap: boolean) => Running
  /** From what was saved; `undefined` if that was made with other settings. */
  readonly resume: (state: unknown) => Running | undefined
}

export interface Range {
  /** Rows are wanted from here on; candles before it are read all the same. Default: all. */
  readonly from?: Instant.EpochMillis | undefined
  readonly to?: Instant.EpochMillis | undefined
  /** Make every row anew. */
  readonly force?: boolean | undefined
  /** Candles that are derived and written at once. Default: 122,880. */
  readonly batchRows?: number | undefined
  /** Write nothing. */
  readonly dryRun?: boolean | undefined
  /** Told what has become of a series so far, and the rows that were made last. */
  readonly onPage?: ((outcome: Outcome, rows: DerivedStore.Rows) => Effect.Effect<void>) | undefined
}

/** What became of one series. */
export interface Outcome {
  readonly series: Series.Series
  /** Candles that rows were made of. */
  readonly processed: number
  /** 0 in a dry run, as what was updated. */
  readonly inserted: number
  readonly updated: number
  readonly error?: StoreError.StoreError | undefined
  /** A share whose prices are as they were traded, of which nobody was asked for splits. */
  readonly splitsUnknown?: boolean
}

/** A row group of DuckDB, which is written to its file at once; less goes through the log first. */
const pageRows = 122_880

/** What is saved of a series. */
export interface State {
  readonly run: unknown
  /** Those that its rows were made with. */
  readonly splits: ReadonlyArray<SplitAt>
  /** Open of the last candle that it has seen: what has happened since, the run has not been told. */
  readonly last: Instant.EpochMillis
}

/** What the store knows of a series, as a time: nothing came after it. */
export const knowledge = ({ empty, fetched }: Coverage.Coverage): Instant.EpochMillis =>
  Math.max(0, ...fetched.map(({ at }) => at), ...empty.map(({ lastAt }) => lastAt))

/** The first place before `until` where two lists of gaps differ. */
export const firstDifference = (
  a: ReadonlyArray<Interval.Interval>,
  b: ReadonlyArray<Interval.Interval>,
  until: Instant.EpochMillis
): Instant.EpochMillis | undefined => {
  const reach = [{ from: -Infinity, to: until }]
  const [left, right] = [a, b].map((set) => Interval.intersection(Interval.normalize(set), reach))
  const [first] = Interval.union(Interval.difference(left!, right!), Interval.difference(right!, left!))
  return first?.from
}

/** The first split that only one of two lists has. */
const firstOther = (a: ReadonlyArray<SplitAt>, b: ReadonlyArray<SplitAt>): Instant.EpochMillis | undefined => {
  const lacks = (list: ReadonlyArray<SplitAt>) => (one: SplitAt) =>
    !list.some(({ at, factor }) => at === one.at && factor === one.factor)
  const others = [...a.filter(lacks(b)), ...b.filter(lacks(a))].map(({ at }) => at)
  return others.length === 0 ? undefined : Math.min(...others)
}

/** Where the run begins that an instant lies in: after the last gap before it. */
const runStart = (missing: ReadonlyArray<Interval.Interval>, first: number, instant: number): number =>
  missing.reduce((start, gap) => (gap.to <= instant ? Math.max(start, gap.to) : start), first)

/** From where to read, with what, and from where to write. */
interface Start {
  readonly read: Instant.EpochMillis
  readonly write: Instant.EpochMillis
  readonly running: Running | undefined
  /** Open of the last candle that the run has seen. */
  readonly last: Instant.EpochMillis
}

const startOf = Effect.fnUntraced(function* (
  { missing, splits, stored }: Input,
  method: Method,
  known: DerivedStore.Progress | undefined,
  all: Interval.Interval,
  { force = false, from = all.from }: Range
): Effect.fn.Return<Start | undefined, StoreError.StoreError, DerivedStore.DerivedStore> {
  const store = yield* DerivedStore.DerivedStore
  const begin = Math.max(from, all.from)
  const at = (read: number, write: number): Start => ({ read, write, running: undefined, last: read - 1 })
  if (known === undefined || begin < known.from) return at(all.from, begin)
  const state = known.state as State
  const running = known.method.version === method.version ? method.resume(state.run) : undefined
  // What is wanted anew is part of what has to be: the progress vouches for all of it.
  if (running === undefined) return at(all.from, known.from)
  const isNew = knowledge(stored.coverage) > known.seenAt
  const touched = isNew ? yield* store.touched(stored.series, known) : undefined
  const moved = firstDifference(missing, known.missing, known.until)
  const split = firstOther(splits, state.splits)
  const change = Math.min(touched ?? Infinity, moved ?? Infinity, split ?? Infinity)
  const first = Math.min(change, force ? begin : Infinity)
  if (first < known.until) return at(force ? all.from : runStart(missing, all.from, first), Math.max(first, known.from))
  if (known.until >= all.to) return undefined
  return { read: known.until, write: known.until, running, last: state.last }
})

const knownAts = (calendar: Calendar.Calendar, { timeframe }: Series.Series, openTime: Float64Array): Float64Array =>
  openTime.map((open) => Calendar.endOf(calendar, timeframe, open))

/** What happens to a run at an instant, before the first candle that opens from then on. */
interface Turn {
  readonly at: Instant.EpochMillis
  /** Of a split, shares before for one share after; of a gap, nothing: the run ends. */
  readonly factor: number | undefined
}

/** A batch in pieces, with what happens before each; `last` is the open before it. */
const pieces = (batch: Candles.Candles, turns: ReadonlyArray<Turn>, last: number) => {
  const found: Array<{ readonly candles: Candles.Candles; readonly before: ReadonlyArray<Turn> }> = []
  const size = Candles.length(batch)
  let previous = last
  for (let start = 0; start < size;) {
    const open = batch.openTime[start]!
    const before = turns.filter(({ at }) => at > previous && at <= open)
    const next = turns.find(({ at }) => at > open)
    const end = next === undefined ? size : Candles.lowerBound(batch.openTime, next.at)
    found.push({ candles: Candles.slice(batch, start, end), before })
    previous = batch.openTime[end - 1]!
    start = end
  }
  return found
}

const concat = (parts: ReadonlyArray<DerivedStore.Values>): DerivedStore.Values =>
  parts[0] instanceof Float64Array
    ? Candles.joined(parts as ReadonlyArray<Float64Array>)
    : (parts as ReadonlyArray<ReadonlyArray<string | null>>).flat()

/** Rows that follow one another, as one. */
export const join = (batches: ReadonlyArray<DerivedStore.Rows>): DerivedStore.Rows => {
  const [first] = batches
  if (first !== undefined && batches.length === 1) return first
  const column = (of: (batch: DerivedStore.Rows) => DerivedStore.Values) => concat(batches.map(of))
  return {
    openTime: column((batch) => batch.openTime) as Float64Array,
    knownAt: column((batch) => batch.knownAt) as Float64Array,
    columns: first!.columns.map((_, i) => column((batch) => batch.columns[i]!)),
    inputHash: column((batch) => batch.inputHash) as Float64Array,
    reasons: batches.flatMap((batch) => batch.reasons)
  }
}

/** The rows of candles that open from an instant on, sharing memory. */
const rowsFrom = (rows: DerivedStore.Rows, from: Instant.EpochMillis): DerivedStore.Rows => {
  const row = Candles.lowerBound(rows.openTime, from)
  return row === 0
    ? rows
    : {
        openTime: rows.openTime.subarray(row),
        knownAt: rows.knownAt.subarray(row),
        columns: rows.columns.map((column) =>
          column instanceof Float64Array ? column.subarray(row) : column.slice(row)
        ),
        inputHash: rows.inputHash.subarray(row),
        reasons: rows.reasons.slice(row)
      }
}

export const noRows = ({ columns }: DerivedStore.Table): DerivedStore.Rows => ({
  openTime: new Float64Array(0),
  knownAt: new Float64Array(0),
  columns: columns.map(({ kind }) => (kind === "text" ? [] : new Float64Array(0))),
  inputHash: new Float64Array(0),
  reasons: []
})

const derive = Effect.fnUntraced(function* (
  input: Input,
  method: Method,
  known: DerivedStore.Progress | undefined,
  range: Range
) {
  const { calendar, missing, splits, stored } = input
  const { series } = stored
  const nothing: Outcome = { series, processed: 0, inserted: 0, updated: 0 }
  const whole = span(stored.coverage)
  const all = whole && Interval.clamp(whole.from, Math.min(whole.to, range.to ?? Infinity))
  if (whole === undefined || all === undefined) return nothing
  const candles = yield* CandleStore.CandleStore
  const store = yield* DerivedStore.DerivedStore
  const start = yield* startOf(input, method, known, all, range)
  if (start === undefined || start.write >= all.to) return nothing
  const at = yield* Clock.currentTimeMillis
  const from = start.running === undefined && start.write <= (known?.from ?? Infinity) ? start.write : known!.from
  const turns = [
    ...missing.map(({ to }): Turn => ({ at: to, factor: undefined })),
    ...splits.map(({ at, factor }): Turn => ({ at, factor }))
  ].toSorted((a, b) => a.at - b.at)
  let running = start.running ?? method.begin(start.read > all.from)
  let last = start.last
  let token = known?.token
  let outcome = nothing
  let written = start.write
  const write = Effect.fnUntraced(function* (rows: DerivedStore.Rows, until: number) {
    const page: DerivedStore.Page = {
      table: method.table,
      progress: {
        series,
        method: { id: method.id, version: method.version },
        from,
        until,
        seenAt: knowledge(stored.coverage),
        missing,
        state: { run: running.save(), splits, last } satisfies State
      },
      after: token,
      interval: { from: written, to: until },
      isLast: until >= whole.to,
      rows,
      at
    }
    const done = range.dryRun === true ? undefined : yield* store.write(page)
    written = until
    token = done?.token
    outcome = {
      series,
      processed: outcome.processed + rows.openTime.length,
      inserted: outcome.inserted + (done?.inserted ?? 0),
      updated: outcome.updated + (done?.updated ?? 0)
    }
    // Where a series ends says nothing new of its candles.
    if (rows.openTime.length > 0) yield* range.onPage?.(outcome, rows) ?? Effect.void
  })
  yield* candles.read(series, { from: start.read, to: all.to }, { batchRows: range.batchRows ?? pageRows }).pipe(
    Stream.runForEach((batch) => {
      const made = pieces(batch, turns, last).map(({ before, candles }): DerivedStore.Rows => {
        for (const { factor } of before) {
          if (factor === undefined) running = method.begin(true)
          else running.split(factor)
        }
        const rows = running.push(candles)
        return { ...rows, knownAt: rows.knownAt ?? knownAts(calendar, series, rows.openTime) }
      })
      last = batch.openTime.at(-1)!
      // Before the change all is as it was.
      const rows = rowsFrom(join(made), start.write)
      return rows.openTime.length === 0 ? Effect.void : write(rows, Calendar.endOf(calendar, series.timeframe, last))
    })
  )
  // What follows the last candle has been looked at, and there is none.
  if (written < all.to) yield* write(noRows(method.table), all.to)
  return outcome
})

/** How far a method has come, by `Series.key`. */
export const progressOf = Effect.fnUntraced(function* (method: Pick<DerivedStore.Method, "id">) {
  const all = yield* (yield* DerivedStore.DerivedStore).progress(method)
  return new Map(all.map((progress) => [Series.key(progress.series), progress]))
})

/** One series; a failure of the store is its outcome. */
export const run = Effect.fn("Derivation.run")(function* (
  input: Input,
  method: Method,
  known: DerivedStore.Progress | undefined,
  range: Range
) {
  return yield* derive(input, method, known, range).pipe(
    Effect.map((outcome): Outcome => (input.splitsUnknown ? { ...outcome, splitsUnknown: true } : outcome)),
    Effect.catch((error) =>
      Effect.succeed<Outcome>({ series: input.stored.series, processed: 0, inserted: 0, updated: 0, error })
    )
  )
})
