/** The work of `tidemark coverage`: what the ledger says is stored, and what was asked for and is not. */
import type { Coverage } from "@tidemark/api"
import * as Summary from "@tidemark/backfill/Summary"
import { Instant } from "@tidemark/core"
import { Effect, Option } from "effect"
import * as CoverageView from "../view/CoverageView.ts"
import * as Chosen from "./Chosen.ts"
import * as Lists from "./Lists.ts"
import * as Remote from "./Remote.ts"
import { print, withRuntime } from "./Session.ts"

export interface Input {
  readonly symbols: Option.Option<string>
  readonly timeframes: Option.Option<string>
}

const toRow = ({ from, to, ...rest }: Coverage.CoverageRow): Summary.CoverageRow => ({
  ...rest,
  from: from ?? undefined,
  to: to ?? undefined
})

export const run = Effect.fnUntraced(function* (input: Input) {
  const chosen = {
    symbols: [...new Set(Lists.items(input.symbols).map((symbol) => symbol.toUpperCase()))],
    timeframes: Option.isSome(input.timeframes) ? yield* Lists.timeframes(input.timeframes) : []
  }
  const rows = yield* Remote.either({
    local: Summary.coverage({ ...chosen, isCounted: true }).pipe(withRuntime("read")),
    remote: (client) =>
      Effect.map(
        client.coverage.coverage({ query: { ...Chosen.selection(chosen, Option.none()), counted: true } }),
        (rows) => rows.map(toRow)
      )
  })
  yield* print({
    json: () =>
      rows.map((row) => ({
        ...row,
        from: row.from === undefined ? null : Instant.format(row.from),
        to: row.to === undefined ? null : Instant.format(row.to),
        pruned: row.pruned.map(({ candles, from, to }) => ({
          from: Instant.format(from),
          to: Instant.format(to),
          candles
        }))
      })),
    text: () =>
      rows.length === 0 && chosen.symbols.length + chosen.timeframes.length > 0
        ? "Nothing of these is stored"
        : CoverageView.toText(rows)
  })
  const counted = rows.map(({ candles, recorded, source, symbol, timeframe }) => ({
    series: { source, symbol, timeframe },
    rows: candles,
    recorded
  }))
  yield* Chosen.sayChanged(counted)
  yield* Chosen.sayAbsent(Chosen.absent(chosen, counted))
})
