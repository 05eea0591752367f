/**
 * Candles for a backtest: those of the symbols and the range that are asked
 * for, observed unless more is asked for by name, and all of them or an error
 * that says which are missing and what fetches them.
 */
import {
  type ActionStore,
  Candles,
  type CandleStore,
  type GapLedger,
  Interval,
  type Labelled,
  type ParquetWriter,
  type StoreError,
  type SymbolStore,
  Candidate,
  type Series
} from "@tidemark/core"
import { Effect, Stream } from "effect"
import * as Choice from "./Choice.ts"
import type * as ChoiceError from "./ChoiceError.ts"
import * as Problems from "./Problems.ts"
import * as Reader from "./Reader.ts"
import type * as ReaderError from "./ReaderError.ts"
import * as Resample from "./Resample.ts"

export type Request<E = never, R = never> = Choice.Request<E, R> & {
  /** Rows a batch, at most. Default 65,536. */
  readonly batchRows?: number | undefined
  /** Default: missing candles are an error. */
  readonly allowGaps?: boolean | undefined
  /** Default: whether the rows are what was stored is looked at before any is read. `later`: by whoever reads them. */
  readonly damage?: "first" | "later" | undefined
}

type Failure = ReaderError.ReaderError | StoreError.StoreError
type Stores = ActionStore.ActionStore | CandleStore.CandleStore

/** What keeps a request from being answered in full. */
export type Problem = ReaderError.ReaderError | ChoiceError.NotStored | ChoiceError.Outside

/** Whether a problem is that candles are missing, or not kept that long, and nothing worse. */
export const isGap = (problem: Problem): boolean =>
  problem._tag === "ReaderError" && (problem.reason._tag === "Missing" || problem.reason._tag === "Pruned")

/** Whether a problem is that the rows are not what was stored: nothing of them is to be given out. */
export const isDamage = (problem: Problem): boolean =>
  problem._tag === "ReaderError" && problem.reason._tag === "Damaged"

/** The rows of one symbol and timeframe. */
export interface Part {
  /** Of the chosen series. */
  readonly labels: Labelled.Labels
  /** All that rows can have: those of a series that stands in have their own. */
  readonly allLabels: ReadonlyArray<Labelled.Labels>
  readonly interval: Interval.Interval
  /** Where a range can be cut so that no candle is: the first open at or after an instant. */
  readonly openAtOrAfter: (instant: number) => number
  /** Ascending, in batches. */
  readonly rows: (interval: Interval.Interval) => Stream.Stream<Labelled.Labelled, Failure, Stores>
  /** Whether rows are not what was stored; none of such an interval is to be given out. */
  readonly damaged: (
    interval: Interval.Interval
  ) => Effect.Effect<ReadonlyArray<ReaderError.ReaderError>, StoreError.StoreError, CandleStore.CandleStore>
  /** How many rows there are now; nothing where that takes reading them. */
  readonly expected: number | undefined
  /** Whether rows are what the store holds, as it is. */
  readonly isAsStored: boolean
}

export interface Opened {
  /** By symbol and timeframe. */
  readonly parts: ReadonlyArray<Part>
  readonly problems: ReadonlyArray<Problem>
}

const readerOf =
  <E, R>(request: Request<E, R>, { adjust, applied, calendar, stored }: Choice.Chosen) =>
  (interval: Interval.Interval): Stream.Stream<Candles.Candles, Failure, Stores> =>
    Reader.candles({
      series: stored.series,
      calendar,
      interval,
      adjust,
      adjustment: applied,
      actionsFrom: request.actionsFrom,
      asOf: request.asOf,
      batchRows: request.batchRows
    })

/** The interval in pieces: those that another series stands in for, and the rest. */
const pieces = (interval: Interval.Interval, filled: Interval.IntervalSet) =>
  Interval.splitAt(
    interval,
    filled.flatMap(({ from, to }) => [from, to])
  ).map((piece) => ({ piece, isFilled: Interval.has(filled, piece.from) }))

/** Gaps that another source was compared over and found to tell another price: nothing of it stands in there. */
const refusedOf = (verdicts: ReadonlyArray<Candidate.Candidate>, series: Series.Series, source: string) =>
  Interval.normalize(
    Candidate.about(verdicts, series)
      .candidates.filter((one) => one.source === source && one.verdict === "differs")
      .map(({ interval }) => interval)
  )

interface Known {
  readonly gaps: ReadonlyArray<GapLedger.RecordedGap>
  readonly verdicts: ReadonlyArray<Candidate.Candidate>
}

/** All series that rows of a choice can be of. */
const readOf = ({ standIn, ...own }: Choice.Choice): ReadonlyArray<Choice.Chosen> =>
  standIn === undefined ? [own] : [own, standIn]

const openOne = <E, R>(request: Request<E, R>, choice: Choice.Choice, { gaps, verdicts }: Known) => {
  const { adjust, calendar, interval, labels, standIn, stored } = choice
  const { fillable, missing } = Problems.lacking(choice, gaps)
  const own = readerOf(request, choice)
  const common = {
    labels,
    allLabels: standIn === undefined ? [labels] : [labels, standIn.labels],
    interval,
    expected: undefined,
    damaged: (within: Interval.Interval) =>
      Effect.map(
        Effect.forEach(readOf(choice), (one) => Problems.damaged({ ...one, interval: within })),
        (found) => found.flat()
      ),
    openAtOrAfter: (at: number) => calendar.openAtOrAfter(labels.series.timeframe, at)
  }
  const label = Stream.map((candles: Candles.Candles): Labelled.Labelled => ({ labels, candles }))
  if (request.resample !== undefined) {
    const options = { calendar, timeframe: request.resample, missing }
    const part: Part = {
      ...common,
      rows: (within) => label(Resample.resample(options)(own(within))),
      isAsStored: false
    }
    return { part, problems: Problems.problems(choice, missing) }
  }
  if (standIn === undefined || fillable.length === 0) {
    const isAsStored = adjust === "none" && request.asOf === undefined
    const expected = Problems.rowsIn(choice)
    const part: Part = { ...common, expected, rows: (within) => label(own(within)), isAsStored }
    return { part, problems: Problems.problems(choice, missing) }
  }
  const other = readerOf(request, standIn)
  const refused = refusedOf(verdicts, stored.series, standIn.stored.series.source)
  const fillableBy = Interval.difference([standIn.interval], refused)
  const filled = Interval.intersection(fillable, fillableBy)
  const both = Problems.lacking(standIn, gaps)
  const rows: Part["rows"] = (within) =>
    Stream.flatMap(
      Stream.fromIterable(pieces(within, filled)),
      ({ isFilled, piece }): Stream.Stream<Labelled.Labelled, Failure, Stores> =>
        isFilled ? Stream.map(other(piece), (candles) => ({ labels: standIn.labels, candles })) : label(own(piece))
    )
  // Missing is what neither has.
  const left = Interval.union(Interval.difference(missing, fillableBy), Interval.intersection(missing, both.missing))
  const lost = left.filter((one) => calendar.countOpens(stored.series.timeframe, one) > 0)
  return { part: { ...common, rows, isAsStored: false }, problems: Problems.problems(choice, lost) }
}

/** Looks at what there is and whether it is what was stored, and reads no candle yet. */
export const open = Effect.fn("Market.open")(function* <E, R>(
  request: Request<E, R>
): Effect.fn.Return<
  Opened,
  ChoiceError.Ambiguous | ChoiceError.Unfit | StoreError.StoreError | E,
  CandleStore.CandleStore | SymbolStore.SymbolStore | GapLedger.GapLedger | R
> {
  const { chosen, problems, ...known } = yield* Choice.choose(request)
  const opened = chosen.map((choice) => openOne(request, choice, known))
  const looked = request.damage === "later" ? [] : chosen.flatMap(readOf)
  const damaged = (yield* Effect.forEach(looked, Problems.damaged)).flat()
  return {
    parts: opened.map(({ part }) => part),
    problems: [...problems, ...damaged, ...opened.flatMap((one) => one.problems)]
  }
})

/**
 * The candles of a request in memory, a batch of columns for each symbol,
 * timeframe and source; fails with the first thing that keeps them from being
 * whole. `Opened` has them as streams, and with gaps.
 */
export const candles = Effect.fn("Market.candles")(function* <E, R>(request: Request<E, R>) {
  const { parts, problems } = yield* open(request)
  const problem = problems.find((one) => request.allowGaps !== true || !isGap(one))
  if (problem !== undefined) return yield* problem
  const batches = yield* Stream.runCollect(
    Stream.flatMap(Stream.fromIterable(parts), (part) => part.rows(part.interval))
  )
  return [...Map.groupBy(batches, ({ labels }) => labels)].map(([labels, of]): Labelled.Labelled => ({
    labels,
    candles: Candles.concat(of.map(({ candles }) => candles))
  }))
})

/** What of a part is written to a Parquet file: all rows of an interval, or those with certain labels. */
export const forParquet = (
  { isAsStored, labels, rows }: Part,
  interval: Interval.Interval,
  only?: Labelled.Labels
): ParquetWriter.Part<Failure, Stores> => ({
  labels,
  rows: Stream.filter(rows(interval), (batch) => only === undefined || batch.labels === only),
  asStored: isAsStored ? interval : undefined
})
