/** Completeness at a glance: symbols × timeframes. Pure. */
import type { Report } from "@tidemark/backfill"
import { Timeframe } from "@tidemark/core"
import { render } from "./Table.ts"

/** One cell: a series, or several of one symbol and timeframe at different sources. */
export interface Cell {
  readonly symbol: string
  readonly timeframe: Timeframe.Timeframe
  readonly state: "complete" | "partial" | "failed" | "nothing"
  /** Share of the expected candles, 0 to 1. */
  readonly share: number
}

/** Below 100 % never reads as 100 %. */
export const percent = (share: number): string => {
  if (share >= 1) return "100%"
  const floored = Math.floor(share * 1000) / 10
  return `${floored >= 10 ? Math.floor(floored) : floored}%`
}

const mark = (cell: Cell | undefined): string => {
  switch (cell?.state) {
    case "complete":
      return "✓"
    case "partial":
      return `◐ ${percent(cell.share)}`
    case "failed":
      return "✗"
    default:
      return "·"
  }
}

export const ofOutcome = (outcome: Report.SeriesOutcome, share: number): Cell => ({
  symbol: outcome.series.symbol,
  timeframe: outcome.series.timeframe,
  share,
  state:
    outcome.status === "failed"
      ? "failed"
      : outcome.status === "complete"
        ? outcome.expected > 0
          ? "complete"
          : "nothing"
        : share > 0
          ? "partial"
          : "nothing"
})

export const legend = "✓ complete   ◐ partly   ✗ failed   · nothing"

export const draw = (cells: ReadonlyArray<Cell>): string => {
  const symbols = [...new Set(cells.map((cell) => cell.symbol))]
  const used = new Set(cells.map((cell) => cell.timeframe))
  const timeframes = Timeframe.all.filter((timeframe) => used.has(timeframe))
  const byKey = new Map(cells.map((cell) => [`${cell.symbol} ${cell.timeframe}`, cell]))
  const rows = symbols.map((symbol) => [
    symbol,
    ...timeframes.map((timeframe) => mark(byKey.get(`${symbol} ${timeframe}`)))
  ])
  return render(["", ...timeframes], rows)
}
