/** Which of the stored series a command is about. */
import * as Verify from "@tidemark/backfill/Verify"
import { type CandleStore, Coverage, Series, type Timeframe } from "@tidemark/core"
import { Console, Effect, Option } from "effect"
import { exitWith } from "../Failure.ts"
import { count } from "../view/Format.ts"
import * as Lists from "./Lists.ts"
import { checkSources } from "./Session.ts"

export interface SeriesFlags {
  readonly symbols: Option.Option<string>
  readonly timeframes: Option.Option<string>
  readonly source: Option.Option<string>
}

/** What the flags name. Without a flag everything counts. */
export interface Chosen {
  readonly symbols: ReadonlyArray<string>
  readonly timeframes: ReadonlyArray<Timeframe.Timeframe>
  readonly includes: (stored: Pick<CandleStore.StoredSeries, "series">) => boolean
}

export const chosen = Effect.fnUntraced(function* ({ source, symbols, timeframes }: SeriesFlags) {
  yield* checkSources(source)
  const names = Lists.items(symbols).map((symbol) => symbol.toUpperCase())
  const wanted = Option.isSome(timeframes) ? yield* Lists.timeframes(timeframes) : []
  const result: Chosen = {
    symbols: names,
    timeframes: wanted,
    includes: ({ series }) =>
      (names.length === 0 || names.includes(series.symbol)) &&
      (wanted.length === 0 || wanted.includes(series.timeframe)) &&
      (Option.isNone(source) || source.value === series.source)
  }
  return result
})

/** The same for a question to a daemon. */
export const selection = (
  { symbols, timeframes }: Pick<Chosen, "symbols" | "timeframes">,
  source: Option.Option<string>
) => ({
  ...(symbols.length === 0 ? {} : { symbols }),
  ...(timeframes.length === 0 ? {} : { timeframes }),
  ...(Option.isNone(source) ? {} : { source: source.value })
})

/** Symbols and timeframes that are named and of which nothing is among the series. */
export const absent = (
  { symbols, timeframes }: Pick<Chosen, "symbols" | "timeframes">,
  found: ReadonlyArray<Pick<CandleStore.StoredSeries, "series">>
): ReadonlyArray<string> =>
  symbols.flatMap((symbol) => {
    const ofSymbol = found.filter(({ series }) => series.symbol === symbol)
    if (timeframes.length === 0) return ofSymbol.length === 0 ? [symbol] : []
    return timeframes
      .filter((timeframe) => !ofSymbol.some(({ series }) => series.timeframe === timeframe))
      .map((timeframe) => `${symbol} ${timeframe}`)
  })

/** Says what is named and not stored; a name that means nothing is no success. */
export const sayAbsent = Effect.fnUntraced(function* (names: ReadonlyArray<string>) {
  if (names.length === 0) return
  const verb = names.length === 1 ? "is" : "are"
  yield* Console.error(`tidemark: ${names.join(", ")} ${verb} not stored; what is: tidemark coverage`)
  yield* exitWith(3)
})

/** A series with the rows that its table has, and those that were stored. */
export interface Counted {
  readonly series: Series.Series
  readonly rows: number
  readonly recorded: number
}

export const counted = ({ coverage, rows, series }: CandleStore.StoredSeries): Counted => ({
  series,
  rows,
  recorded: Coverage.rows(coverage)
})

/** Says of which series the table has another number of rows than the record, and what looks at them. */
export const sayChanged = Effect.fnUntraced(function* (all: ReadonlyArray<Counted>) {
  for (const { recorded, rows, series } of all) {
    if (rows === recorded) continue
    yield* Console.error(
      `tidemark: ${Series.key(series)}: the table has ${count(rows)} rows where ${count(recorded)} were stored: ` +
        `something else has changed it; look: ${Verify.verifyCommand(series)}`
    )
  }
})
