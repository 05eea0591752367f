/** The work of `tidemark symbols discover`. */
import { Fetch, SourceRegistry, UsageError } from "@tidemark/backfill"
import { Instrument, type Source, SymbolStore } from "@tidemark/core"
import { Runtime } from "@tidemark/runtime"
import { Effect, Option } from "effect"
import { count, plural } from "../view/Format.ts"
import { render } from "../view/Table.ts"
import { configuration, print, withStores } from "./Session.ts"

export interface DiscoverInput {
  readonly source: string
  readonly quote: Option.Option<string>
  readonly top: number
  readonly add: boolean
}

const usage = (message: string) => new UsageError.UsageError({ message })

const listedBy = Effect.fnUntraced(function* (name: string) {
  const { source } = yield* (yield* SourceRegistry.SourceRegistry).get(name)
  if (source.instruments !== undefined) return yield* Fetch.patiently(source.instruments)
  return yield* usage(`${name} has no list of what it has; name symbols yourself: tidemark symbols add SYMBOL`)
})

/** What trades, the most traded first; those of which that is not known last, by name. */
export const choose = (
  listed: ReadonlyArray<Source.Listed>,
  quote: string | undefined,
  top: number
): ReadonlyArray<Source.Listed> =>
  listed
    // Names that are no symbols of ours could not be stored.
    .filter(
      (one) =>
        one.active &&
        Instrument.isSymbol(one.symbol) &&
        (quote === undefined || one.quote?.toUpperCase() === quote.toUpperCase())
    )
    .toSorted((a, b) => (b.turnover ?? -1) - (a.turnover ?? -1) || (a.symbol < b.symbol ? -1 : 1))
    .slice(0, top)

const instrumentOf = (one: Source.Listed, source: string): Instrument.Instrument =>
  new Instrument.Instrument({
    symbol: one.symbol,
    assetClass: one.assetClass,
    calendar: Instrument.calendarOf(one.assetClass),
    sources: [{ source, symbol: one.sourceSymbol }],
    active: true
  })

/** Puts them on the list; what is there already stays as it is. */
const addTo = Effect.fnUntraced(function* (instruments: ReadonlyArray<Instrument.Instrument>) {
  const store = yield* SymbolStore.SymbolStore
  const known = new Set((yield* store.list).map(({ symbol }) => symbol))
  const fresh = instruments.filter(({ symbol }) => !known.has(symbol))
  yield* store.put(fresh)
  return fresh.length
})

export const run = Effect.fnUntraced(function* (input: DiscoverInput) {
  if (input.top < 1) return yield* usage(`--top takes a number from 1 on, not ${input.top}`)
  const listed = yield* listedBy(input.source).pipe(Effect.provide(Runtime.sources(yield* configuration)))
  const quote = Option.getOrUndefined(input.quote)
  const chosen = choose(listed, quote, input.top)
  if (chosen.length === 0) {
    return yield* usage(
      `${input.source} lists nothing that trades${quote === undefined ? "" : ` against ${quote.toUpperCase()}`}`
    )
  }
  const added = input.add
    ? yield* addTo(chosen.map((one) => instrumentOf(one, input.source))).pipe(withStores("write"))
    : 0
  yield* print({
    json: () => ({
      source: input.source,
      symbols: chosen.map((one) => ({
        symbol: one.symbol,
        source_symbol: one.sourceSymbol,
        asset_class: one.assetClass,
        quote: one.quote ?? null,
        turnover: one.turnover ?? null
      })),
      added
    }),
    text: () =>
      [
        render(
          ["symbol", "at the source", "class", "traded in a day"],
          chosen.map((one) => [
            one.symbol,
            one.sourceSymbol,
            one.assetClass,
            one.turnover === undefined ? "" : `${count(Math.round(one.turnover))} ${one.quote ?? ""}`
          ]),
          { right: [3] }
        ),
        "",
        input.add
          ? `${plural(added, "symbol")} put on your list, ${count(chosen.length - added)} there before. Fetch them: tidemark backfill`
          : "Put them on your list: the same command with --add"
      ].join("\n")
  })
})
