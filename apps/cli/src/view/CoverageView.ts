/** What is stored, as a matrix and a list. Pure. */
import { type CandleStore, Instant, type Provenance, type Timeframe } from "@tidemark/core"
import { count } from "./Format.ts"
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
  /** Candles that the source was asked for and did not have. */
  readonly missing: number
  /** Stretches that were never asked for between the first and the last. */
  readonly unfetched: number
}

export const summarize = ({ coverage, provenance, rows, series }: CandleStore.StoredSeries): CoverageRow => ({
  symbol: series.symbol,
  timeframe: series.timeframe,
  source: series.source,
  provenance,
  from: coverage.fetched[0]?.from,
  to: coverage.fetched.at(-1)?.to,
  candles: rows,
  missing: coverage.empty.reduce((sum, run) => sum + run.opens, 0),
  unfetched: Math.max(0, coverage.fetched.length - 1)
})

const share = (row: CoverageRow): number =>
  row.candles + row.missing === 0 ? 0 : row.candles / (row.candles + row.missing)

const toCell = (row: CoverageRow): Matrix.Cell => ({
  symbol: `${row.symbol} (${row.source})`,
  timeframe: row.timeframe,
  share: share(row),
  state: row.candles === 0 ? "nothing" : row.missing === 0 && row.unfetched === 0 ? "complete" : "partial"
})

export const toText = (rows: ReadonlyArray<CoverageRow>): string => {
  if (rows.length === 0) return "Nothing is stored yet. Fetch something: tidemark backfill"
  const list = rows.map((row) => [
    row.symbol,
    row.timeframe,
    row.source,
    row.provenance,
    row.from === undefined ? "" : Instant.format(row.from),
    row.to === undefined ? "" : Instant.format(row.to),
    count(row.candles),
    count(row.missing)
  ])
  return [
    Matrix.draw(rows.map(toCell)),
    Matrix.legend,
    "",
    render(["symbol", "timeframe", "source", "provenance", "from", "to", "candles", "missing"], list, {
      right: [6, 7]
    })
  ].join("\n")
}
