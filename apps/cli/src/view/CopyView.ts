/** How a copy is shown. */
import { Series } from "@tidemark/core"
import { Stores } from "@tidemark/runtime"
import type { Copy } from "@tidemark/storage"
import { count, plural } from "./Format.ts"
import { render } from "./Table.ts"

export const line = ({ done, of, series }: Copy.Progress): string =>
  `${Series.key(series)}: ${count(done)} of ${plural(of, "candle")}`

const total = (report: Copy.CopyReport, of: (series: Copy.SeriesCopy) => number): number =>
  report.series.reduce((sum, series) => sum + of(series), 0)

export const toText = (report: Copy.CopyReport): string => {
  const table = render(
    ["series", "candles", "copied", "revisions", "hash"],
    report.series.map((one) => [
      Series.key(one.series),
      count(one.candles),
      count(one.copied),
      count(one.revisions),
      one.hash.slice(0, 16)
    ]),
    { right: [1, 2, 3] }
  )
  const others = report.others === 0 ? "" : `; ${count(report.others)} other series of the target left alone`
  const copied = total(report, (one) => one.copied)
  const there = total(report, (one) => one.candles) - copied
  const options =
    report.optionChains + report.gammaSnapshots === 0
      ? ""
      : `; ${plural(report.optionChains, "new option chain")}, ${plural(report.gammaSnapshots, "new gamma snapshot")}`
  return (
    `${report.series.length === 0 ? "" : `${table}\n\n`}${report.series.length} series: ${plural(copied, "candle")} copied` +
    `${there === 0 ? "" : `, ${count(there)} were there`}; counts and hashes are equal on both sides` +
    `\n${plural(report.symbols, "symbol")}; ${plural(report.actions, "new corporate action")}${options}; new in the sync log: ${count(report.syncEntries)}${others}`
  )
}

export const toJson = (input: { readonly from: string; readonly to: string }, report: Copy.CopyReport) => ({
  from: Stores.label(input.from),
  to: Stores.label(input.to),
  candles: total(report, (one) => one.candles),
  copied: total(report, (one) => one.copied),
  symbols: report.symbols,
  actions: report.actions,
  option_chains: report.optionChains,
  gamma_snapshots: report.gammaSnapshots,
  sync_entries: report.syncEntries,
  other_series: report.others,
  series: report.series.map(({ candles, copied, hash, revisions, series }) => ({
    ...series,
    candles,
    copied,
    revisions,
    hash
  }))
})
