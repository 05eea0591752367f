/** The work of `tidemark coverage`: what the ledger says is stored. */
import { CandleStore, Instant } from "@tidemark/core"
import { Effect, type Option } from "effect"
import * as CoverageView from "../view/CoverageView.ts"
import * as Lists from "./Lists.ts"
import { print, withStores } from "./Session.ts"

export interface Input {
  readonly symbols: Option.Option<string>
  readonly timeframes: Option.Option<string>
}

export const run = Effect.fnUntraced(function* (input: Input) {
  const timeframes = yield* Lists.timeframes(input.timeframes)
  const all = yield* Effect.flatMap(CandleStore.CandleStore, (store) => store.list).pipe(withStores("read"))
  const symbols = new Set(Lists.items(input.symbols).map((symbol) => symbol.toUpperCase()))
  const stored = all.filter(
    ({ series }) =>
      (symbols.size === 0 || symbols.has(series.symbol)) &&
      (input.timeframes._tag === "None" || timeframes.includes(series.timeframe))
  )
  const rows = stored.map(CoverageView.summarize)
  yield* print({
    json: () =>
      rows.map((row) => ({
        ...row,
        from: row.from === undefined ? null : Instant.format(row.from),
        to: row.to === undefined ? null : Instant.format(row.to)
      })),
    text: () => CoverageView.toText(rows)
  })
})
