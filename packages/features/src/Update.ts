/**
 * Brings the features of stored series up to date: what is new, and what a
 * repair or a revision has touched, and nothing else.
 *
 * A run of features goes on from what it has saved. Where the past has
 * changed, it begins again where the run began that the change lies in: after
 * the last gap before it that could still be filled. Rows before the change
 * come out as they were and are not written again.
 */
import { Calendars } from "@tidemark/calendars"
import {
  ActionStore,
  Adjustment,
  type Calendar,
  Candles,
  CandleStore,
  type Coverage,
  FeatureStore,
  GapLedger,
  type Instant,
  Instrument,
  Interval,
  Lacking,
  Series,
  type StoreError,
  SymbolStore
} from "@tidemark/core"
import { Clock, Effect, Stream } from "effect"
import * as Annual from "./Annual.ts"
import * as Features from "./Features.ts"

export interface Options<E = never, R = never> {
  /** What a source has applied to its prices. */
  readonly appliedBy: (source: string) => Effect.Effect<Adjustment.Applied, E, R>
  /** Which of the stored series. */
  readonly choose: (series: Series.Series) => boolean
  /** Rows are wanted from here on; candles before it are read all the same. Default: all. */
  readonly from?: Instant.EpochMillis | undefined
  readonly to?: Instant.EpochMillis | undefined
  /** Make every row anew. */
  readonly force?: boolean | undefined
  readonly onPage?: ((outcome: Outcome) => Effect.Effect<void>) | undefined
}

type Range = Pick<Options, "from" | "to" | "force" | "onPage">

/** What became of one series. */
export interface Outcome {
  readonly series: Series.Series
  /** Candles that were looked at. */
  readonly processed: number
  readonly inserted: number
  readonly updated: number
  readonly error?: StoreError.StoreError | undefined
  /** A share whose prices are as they were traded, of which nobody was asked for splits. */
  readonly splitsUnknown?: boolean
}

/** Candles that are derived and written at once. */
const pageRows = 65_536

/** A split, by the open of the first session in new shares. */
interface SplitAt {
  readonly at: Instant.EpochMillis
  /** Shares before for one share after. */
  readonly factor: number
}

/** What is saved of a series. */
interface State {
  readonly run: Features.Saved
  /** Those that its rows were made with. */
  readonly splits: ReadonlyArray<SplitAt>
}

interface Job {
  readonly stored: CandleStore.StoredSeries
  readonly calendar: Calendar.Calendar
  readonly missing: ReadonlyArray<Interval.Interval>
  /** Of a series whose prices are as they were traded. */
  readonly splits: ReadonlyArray<SplitAt>
  readonly known: FeatureStore.Progress | undefined
}

/** What the store knows of a series, as a time: nothing came after it. */
const knowledge = ({ empty, fetched }: Coverage.Coverage): Instant.EpochMillis =>
  Math.max(0, ...fetched.map(({ at }) => at), ...empty.map(({ lastAt }) => lastAt))

const span = ({ fetched }: Coverage.Coverage): Interval.Interval | undefined => {
  const [first, last] = [fetched[0], fetched.at(-1)]
  return first && last && Interval.hull(first, last)
}

/** The first place before `until` where two lists of gaps differ. */
const firstDifference = (
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
  readonly state: Features.Saved | undefined
}

const startOf = Effect.fnUntraced(function* (
  { known, missing, splits, stored }: Job,
  all: Interval.Interval,
  { force = false, from = all.from }: Range
): Effect.fn.Return<Start | undefined, StoreError.StoreError, FeatureStore.FeatureStore> {
  const store = yield* FeatureStore.FeatureStore
  const anew: Start = { read: all.from, write: Math.max(from, all.from), state: undefined }
  if (known === undefined || force || anew.write < known.from) return anew
  if (known.version !== Features.method.version) return { ...anew, write: known.from }
  const state = known.state as State
  const isNew = knowledge(stored.coverage) > known.seenAt
  const touched = isNew ? yield* store.touched(known) : undefined
  const moved = firstDifference(missing, known.missing, known.until)
  const split = firstOther(splits, state.splits)
  const change = Math.min(touched ?? Infinity, moved ?? Infinity, split ?? Infinity)
  if (change < known.until) {
    const begin = runStart(missing, all.from, change)
    return { read: begin, write: Math.max(change, known.from), state: undefined }
  }
  if (known.until >= all.to) return undefined
  return { read: known.until, write: known.until, state: state.run }
})

const knownAts = (calendar: Calendar.Calendar, { timeframe }: Series.Series, openTime: Float64Array): Float64Array =>
  openTime.map((open) => calendar.closeOf(timeframe, open))

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

const join = (batches: ReadonlyArray<Features.Batch>): Features.Batch => {
  if (batches.length === 1) return batches[0]!
  const column = (of: (batch: Features.Batch) => Float64Array) => {
    const out = new Float64Array(batches.reduce((sum, batch) => sum + of(batch).length, 0))
    let at = 0
    for (const batch of batches) {
      out.set(of(batch), at)
      at += of(batch).length
    }
    return out
  }
  return {
    openTime: column((batch) => batch.openTime),
    columns: Features.names.map((_, i) => column((batch) => batch.columns[i]!)),
    inputHash: column((batch) => batch.inputHash),
    reasons: batches.flatMap((batch) => batch.reasons)
  }
}

/** The rows from a row on, sharing memory. */
const rowsFrom = (batch: Features.Batch, row: number): Features.Batch =>
  row === 0
    ? batch
    : {
        openTime: batch.openTime.subarray(row),
        columns: batch.columns.map((column) => column.subarray(row)),
        inputHash: batch.inputHash.subarray(row),
        reasons: batch.reasons.slice(row)
      }

const derive = Effect.fnUntraced(function* (job: Job, options: Range) {
  const { calendar, known, missing, splits, stored } = job
  const { series } = stored
  const nothing: Outcome = { series, processed: 0, inserted: 0, updated: 0 }
  const whole = span(stored.coverage)
  const all = whole && Interval.clamp(whole.from, Math.min(whole.to, options.to ?? Infinity))
  if (all === undefined) return nothing
  const candles = yield* CandleStore.CandleStore
  const store = yield* FeatureStore.FeatureStore
  const start = yield* startOf(job, all, options)
  if (start === undefined) return nothing
  const perYear = Annual.barsPerYear(calendar, series.timeframe)
  const at = yield* Clock.currentTimeMillis
  const from = start.state === undefined && start.write <= (known?.from ?? Infinity) ? start.write : known!.from
  const turns = [
    ...missing.map(({ to }): Turn => ({ at: to, factor: undefined })),
    ...splits.map(({ at, factor }): Turn => ({ at, factor }))
  ].toSorted((a, b) => a.at - b.at)
  let run = new Features.Run(perYear, start.state ?? (start.read > all.from ? "warm-up after a gap" : "warm-up"))
  let last = start.read - 1
  let outcome = nothing
  let written = start.write
  const write = Effect.fnUntraced(function* (batch: Features.Batch, until: number) {
    const { columns, inputHash, openTime, reasons } = batch
    const done = yield* store.write({
      progress: {
        series,
        version: Features.method.version,
        from,
        until,
        seenAt: knowledge(stored.coverage),
        missing,
        state: { run: run.save(), splits } satisfies State
      },
      interval: { from: written, to: until },
      rows: { openTime, knownAt: knownAts(calendar, series, openTime), columns, inputHash },
      reasons,
      at
    })
    written = until
    outcome = {
      series,
      processed: outcome.processed + openTime.length,
      inserted: outcome.inserted + done.inserted,
      updated: outcome.updated + done.updated
    }
    yield* options.onPage?.(outcome) ?? Effect.void
  })
  yield* candles.read(series, { from: start.read, to: all.to }, { batchRows: pageRows }).pipe(
    Stream.runForEach((batch) => {
      const derived = pieces(batch, turns, last).map(({ before, candles }) => {
        for (const { factor } of before) {
          if (factor === undefined) run = new Features.Run(perYear, "warm-up after a gap")
          else run.split(factor)
        }
        return run.push(candles)
      })
      last = batch.openTime.at(-1)!
      const joined = join(derived)
      const first = Candles.lowerBound(joined.openTime, start.write)
      // Before the change all is as it was.
      return first === joined.openTime.length
        ? Effect.void
        : write(rowsFrom(joined, first), calendar.closeOf(series.timeframe, last))
    })
  )
  // What follows the last candle has been looked at, and there is none.
  if (written < all.to) yield* write(rowsFrom(emptyBatch, 0), all.to)
  return outcome
})

const emptyBatch: Features.Batch = {
  openTime: new Float64Array(0),
  columns: Features.names.map(() => new Float64Array(0)),
  inputHash: new Float64Array(0),
  reasons: []
}

/** The splits of a share whose prices are as they were traded, and whether anybody has been asked for them. */
const splitsOf = Effect.fnUntraced(function* (
  series: Series.Series,
  calendar: Calendar.Calendar
): Effect.fn.Return<
  { splits: ReadonlyArray<SplitAt>; isKnown: boolean },
  StoreError.StoreError,
  ActionStore.ActionStore
> {
  const actions = yield* ActionStore.ActionStore
  const symbols = [series.symbol]
  const asked = yield* actions.asked({ symbols })
  const from = asked.find(({ source }) => source === series.source) ?? asked[0]
  if (from === undefined) return { splits: [], isKnown: false }
  const now = yield* Clock.currentTimeMillis
  const told = yield* actions.list({ symbols, source: from.source, kinds: ["split"] })
  const splits = told.flatMap(({ action }): ReadonlyArray<SplitAt> => {
    if (action._tag !== "Split") return []
    const at = Adjustment.sessionsAt(calendar, action.exDate)?.on.open
    return at === undefined || at > now ? [] : [{ at, factor: action.from / action.to }]
  })
  return { splits: splits.toSorted((a, b) => a.at - b.at), isKnown: true }
})

/** One after the other; a series that fails does not stop the others. */
export const run = Effect.fn("Features.update")(function* <E, R>(options: Options<E, R>) {
  const candles = yield* CandleStore.CandleStore
  const store = yield* FeatureStore.FeatureStore
  const gaps = Map.groupBy(yield* (yield* GapLedger.GapLedger).list, (gap) => Series.key(gap.series))
  const listed = yield* (yield* SymbolStore.SymbolStore).list
  const instruments = new Map(listed.map((instrument) => [instrument.symbol, instrument]))
  const known = new Map((yield* store.progress).map((progress) => [Series.key(progress.series), progress]))
  const chosen = (yield* candles.list).filter(({ series }) => options.choose(series))
  return yield* Effect.forEach(
    chosen,
    Effect.fnUntraced(function* (stored) {
      const { coverage, series } = stored
      const instrument = instruments.get(series.symbol)
      const assetClass = instrument?.assetClass ?? Instrument.assetClassOf(series.symbol)
      const calendar = Calendars.get(instrument?.calendar ?? Instrument.calendarOf(assetClass))
      const isTraded = assetClass === "equity" && (yield* options.appliedBy(series.source)) === "none"
      const { isKnown, splits } = isTraded ? yield* splitsOf(series, calendar) : { isKnown: true, splits: [] }
      const whole = span(coverage)
      const lacking =
        whole && Lacking.lacking(series, calendar, coverage, whole, gaps.get(Series.key(series)) ?? []).missing
      // Rows in the scale of before a split do not go on in the new one.
      const missing = Interval.union(lacking ?? [], Interval.normalize(coverage.stale))
      const job = { stored, calendar, missing, splits, known: known.get(Series.key(series)) }
      return yield* derive(job, options).pipe(
        Effect.map((outcome): Outcome => (isKnown ? outcome : { ...outcome, splitsUnknown: true })),
        Effect.catch((error) => Effect.succeed<Outcome>({ series, processed: 0, inserted: 0, updated: 0, error }))
      )
    })
  )
})
