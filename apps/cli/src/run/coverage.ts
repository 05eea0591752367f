/** The work of `tidemark coverage`: what the ledger says is stored, and what was asked for and is not. */
import { Retention, Summary, Survey } from "@tidemark/backfill"
import { Calendars } from "@tidemark/calendars"
import { GapLedger, Instant, Instrument, SymbolStore } from "@tidemark/core"
import { Clock, Effect, type Option } from "effect"
import * as CoverageView from "../view/CoverageView.ts"
import * as Chosen from "./Chosen.ts"
import * as Lists from "./Lists.ts"
import { configuration, print, withRuntime } from "./Session.ts"

export interface Input {
  readonly symbols: Option.Option<string>
  readonly timeframes: Option.Option<string>
}

export const run = Effect.fnUntraced(function* (input: Input) {
  const timeframes = yield* Lists.timeframes(input.timeframes)
  const { all, gaps, list } = yield* Effect.gen(function* () {
    const gaps = yield* (yield* GapLedger.GapLedger).list
    const symbols = yield* SymbolStore.SymbolStore
    return { all: yield* Survey.known(gaps), gaps, list: yield* symbols.list }
  }).pipe(withRuntime("read"))
  const calendars = new Map(list.map((instrument) => [instrument.symbol, instrument.calendar]))
  const calendarOf = (symbol: string) =>
    Calendars.get(calendars.get(symbol) ?? Instrument.calendarOf(Instrument.assetClassOf(symbol)))
  const symbols = new Set(Lists.items(input.symbols).map((symbol) => symbol.toUpperCase()))
  const stored = all.filter(
    ({ series }) =>
      (symbols.size === 0 || symbols.has(series.symbol)) &&
      (input.timeframes._tag === "None" || timeframes.includes(series.timeframe))
  )
  const { retention } = yield* configuration
  const now = yield* Clock.currentTimeMillis
  const rows = stored.map((entry) => {
    const { symbol, timeframe } = entry.series
    const calendar = calendarOf(symbol)
    return Summary.summarize(
      entry,
      gaps,
      (interval) => calendar.countOpens(timeframe, interval),
      Retention.cutoff(Retention.termOf(retention, entry.series), calendar, timeframe, now)
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
    text: () => (rows.length === 0 && all.length > 0 ? "Nothing of these is stored" : CoverageView.toText(rows))
  })
  yield* Chosen.sayChanged(stored)
  const chosen = { symbols: [...symbols], timeframes: input.timeframes._tag === "None" ? [] : timeframes }
  yield* Chosen.sayAbsent(Chosen.absent(chosen, stored))
})
