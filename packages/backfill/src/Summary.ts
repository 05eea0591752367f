/** What is stored, in figures: what the ledger says of each series, and how much of it is missing. Asks no source anything. */
import {
  Asked,
  CandleStore,
  Coverage,
  type Gap,
  GapLedger,
  Instrument,
  Interval,
  type Provenance,
  SymbolStore,
  type Timeframe
} from "@tidemark/core"
import { Calendars } from "@tidemark/calendars"
import { Clock, Effect } from "effect"
import * as Retention from "./Retention.ts"
import * as Survey from "./Survey.ts"

/** What is stored of a series, and what is not. */
export interface CoverageRow {
  readonly symbol: string
  readonly timeframe: Timeframe.Timeframe
  readonly source: string
  readonly provenance: Provenance.Provenance
  readonly from: number | undefined
  readonly to: number | undefined
  readonly candles: number
  /** Rows that were stored: another number only if something else has changed the table. */
  readonly recorded: number
  /** Candles that the source was asked for and did not have. */
  readonly missing: number
  /** Candles between the first and the last that were ever asked for, which nobody has answered for. */
  readonly unfetched: number
  /** What was pruned and is not kept any more: from, to, candles. */
  readonly pruned: ReadonlyArray<{ readonly from: number; readonly to: number; readonly candles: number }>
  /** Candles in the scale of before a split, to be fetched again. */
  readonly stale: number
}

/**
 * `gaps`: those that are recorded. `countOpens`: candles that the series' calendar expects in an interval. `keptFrom`:
 * open of the first candle that is kept; all are where absent.
 */
export const summarize = (
  { coverage, provenance, rows, series }: CandleStore.StoredSeries,
  gaps: ReadonlyArray<Gap.Gap>,
  countOpens: (interval: Interval.Interval) => number,
  keptFrom: number | undefined
): CoverageRow => {
  const from = coverage.fetched[0]?.from
  const to = coverage.fetched.at(-1)?.to
  const pruned =
    keptFrom === undefined ? [] : Coverage.prunedWithout(coverage.pruned, [{ from: keptFrom, to: Infinity }])
  const kept = { ...coverage, pruned: Coverage.without(coverage.pruned, Interval.normalize(pruned)) }
  const whole = Asked.span(series, kept, gaps)
  const between =
    whole === undefined
      ? []
      : Interval.difference([whole], Interval.union(Coverage.fetchedSet(coverage), Interval.normalize(pruned)))
  return {
    symbol: series.symbol,
    timeframe: series.timeframe,
    source: series.source,
    provenance,
    from,
    to,
    candles: rows,
    recorded: Coverage.rows(coverage),
    missing: coverage.empty.reduce((sum, run) => sum + run.opens, 0),
    pruned: pruned.map(({ from, rows, to }) => ({ from, to, candles: rows })),
    unfetched: between.reduce((sum, interval) => sum + countOpens(interval), 0),
    stale:
      coverage.stale.reduce((sum, run) => sum + countOpens(run), 0) -
      Interval.intersection(Interval.normalize(coverage.empty), Interval.normalize(coverage.stale)).reduce(
        (sum, run) => sum + countOpens(run),
        0
      )
  }
}

export interface Options extends CandleStore.Selection {
  /** Whether to count the rows of the table too; else they are taken to be what the ledger says. */
  readonly isCounted: boolean
}

/** Of every series that is chosen; also of those that were asked for, though nothing is stored of them. */
export const coverage = Effect.fn("Summary.coverage")(function* (options: Options) {
  const gaps = yield* (yield* GapLedger.GapLedger).of(options)
  const chosen = (yield* Survey.known(gaps, options)).filter(({ series }) => CandleStore.includes(options, series))
  const calendars = yield* (yield* SymbolStore.SymbolStore).calendars(options.symbols ?? [])
  const retention = yield* Retention.Retention
  const now = yield* Clock.currentTimeMillis
  return chosen.map((stored) => {
    const { symbol, timeframe } = stored.series
    const calendar = Calendars.get(calendars.get(symbol) ?? Instrument.calendarOf(Instrument.assetClassOf(symbol)))
    return summarize(
      stored,
      gaps,
      (interval) => calendar.countOpens(timeframe, interval),
      Retention.cutoff(Retention.termOf(retention, stored.series), calendar, timeframe, now)
    )
  })
})
