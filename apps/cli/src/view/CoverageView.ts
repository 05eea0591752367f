/** What is stored, as a matrix and a list. Pure. */
import type { Summary } from "@tidemark/backfill"
import { Instant } from "@tidemark/core"
import { count, plural } from "./Format.ts"
import * as Matrix from "./Matrix.ts"
import { render } from "./Table.ts"

const share = (row: Summary.CoverageRow): number =>
  row.candles === 0 ? 0 : (row.candles - row.stale) / (row.candles + row.missing + row.unfetched)

/** To the minute: while a market is closed, coverage ends with the run's own clock. */
const minute = (instant: number | undefined): string =>
  instant === undefined ? "" : Instant.format(Math.floor(instant / 60_000) * 60_000)

/** Series that are listed below the matrix: more of them nobody reads. */
const shown = 100

const toCell = (row: Summary.CoverageRow): Matrix.Cell => ({
  symbol: `${row.symbol} (${row.source})`,
  timeframe: row.timeframe,
  share: share(row),
  state: row.candles === 0 ? "nothing" : row.missing + row.unfetched + row.stale === 0 ? "complete" : "partial"
})

export const toText = (rows: ReadonlyArray<Summary.CoverageRow>): string => {
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
