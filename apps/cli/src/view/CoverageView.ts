/** What is stored, as a matrix and a list. Pure. */
import {
  Asked,
  type CandleStore,
  Coverage,
  type Gap,
  Instant,
  Interval,
  type Provenance,
  type Timeframe
} from "@tidemark/core"
import { count, plural } from "./Format.ts"
import * as Matrix from "./Matrix.ts"
import { render } from "./Table.ts"

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

const share = (row: CoverageRow): number =>
  row.candles === 0 ? 0 : (row.candles - row.stale) / (row.candles + row.missing + row.unfetched)

/** To the minute: while a market is closed, coverage ends with the run's own clock. */
const minute = (instant: number | undefined): string =>
  instant === undefined ? "" : Instant.format(Math.floor(instant / 60_000) * 60_000)

/** Series that are listed below the matrix: more of them nobody reads. */
const shown = 100

const toCell = (row: CoverageRow): Matrix.Cell => ({
  symbol: `${row.symbol} (${row.source})`,
  timeframe: row.timeframe,
  share: share(row),
  state: row.candles === 0 ? "nothing" : row.missing + row.unfetched + row.stale === 0 ? "complete" : "partial"
})

export const toText = (rows: ReadonlyArray<CoverageRow>): string => {
  if (rows.length === 0) return "Nothing is stored yet. Fetch something: tidemark backfill"
  // What is not whole first.
  const ordered = rows.length <= shown ? rows : rows.toSorted((a, b) => share(a) - share(b))
  const list = ordered
    .slice(0, shown)
    .map((row) => [
      row.symbol,
      row.timeframe,
      row.source,
      row.provenance,
      minute(row.from),
      minute(row.to),
      count(row.candles),
      count(row.missing),
      count(row.unfetched)
    ])
  return [
    Matrix.draw(rows.map(toCell)),
    Matrix.legend,
    "",
    render(["symbol", "timeframe", "source", "provenance", "from", "to", "candles", "missing", "not fetched"], list, {
      right: [6, 7, 8]
    }),
    ...(rows.length > shown ? [`… and ${count(rows.length - shown)} series more: --json lists all`] : []),
    ...rows.flatMap((row) =>
      row.pruned.map(
        ({ candles, from, to }) =>
          `${row.source} ${row.symbol} ${row.timeframe}: ${plural(candles, "candle")} from ${minute(from)} to ${minute(to)} pruned`
      )
    ),
    ...rows
      .filter((row) => row.stale > 0)
      .map(
        (row) =>
          `${row.source} ${row.symbol} ${row.timeframe}: ${plural(row.stale, "candle")} in the scale of before a split; ` +
          "the next backfill that asks for them fetches them again"
      )
  ].join("\n")
}
