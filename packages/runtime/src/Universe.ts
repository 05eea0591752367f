/**
 * Which instruments a command is about.
 *
 * The user's list, or the built-in one while theirs is empty. Only the
 * built-in instruments fall back to synthetic data where no real source can
 * be reached; a list of the user's own does not, unless it names it.
 */
import { SourceRegistry, UsageError } from "@tidemark/backfill"
import { Instant, Instrument, type SymbolEntry } from "@tidemark/core"
import { Effect, Option } from "effect"

import * as Sources from "./Sources.ts"

const instrument = (symbol: string, sources: ReadonlyArray<string>): Instrument.Instrument => {
  const assetClass = Instrument.assetClassOf(symbol)
  return new Instrument.Instrument({
    symbol,
    assetClass,
    calendar: Instrument.calendarOf(assetClass),
    sources: sources.map((source) => ({ source })),
    active: true
  })
}

export const builtIn: ReadonlyArray<Instrument.Instrument> = [
  instrument("BTC/USDT", ["binance", "synthetic"]),
  instrument("ETH/USDT", ["binance", "synthetic"]),
  instrument("AAPL", ["yahoo", "synthetic"]),
  instrument("SPY", ["yahoo", "synthetic"])
]

/** What a canonical symbol is: as the user's list has it, else the built-in one, else what its name says, without a source. */
export const instrumentOf = (symbol: string, list: ReadonlyArray<Instrument.Instrument>): Instrument.Instrument =>
  [...list, ...builtIn].find((one) => one.symbol === symbol) ?? instrument(symbol, [])

/** A source that serves an asset class and needs no key. */
const openSource = (assetClass: Instrument.AssetClass): string => (assetClass === "crypto" ? "binance" : "yahoo")

/** Sources of an asset class where the user names none. Exchange rates differ by who quotes them, so theirs are named. */
const defaultSources = (assetClass: Instrument.AssetClass): ReadonlyArray<string> =>
  assetClass === "fx" ? [] : [openSource(assetClass)]

const assetClassNames: Readonly<Record<NonNullable<SymbolEntry.SymbolEntry["asset_class"]>, Instrument.AssetClass>> = {
  crypto: "crypto",
  equity: "equity",
  stock: "equity",
  etf: "equity",
  index: "index",
  fx: "fx",
  forex: "fx"
}

const usage = (message: string) => new UsageError.UsageError({ message })

const dateOf = Effect.fnUntraced(function* (symbol: string, field: string, text: string) {
  const instant = Instant.parse(text)
  if (Option.isNone(instant)) return yield* usage(`${symbol}: "${text}" is no date for ${field}; write YYYY-MM-DD`)
  return instant.value
})

/** An entry with everything filled in that follows from its symbol. */
export const fromEntry = Effect.fnUntraced(function* (entry: SymbolEntry.SymbolEntry) {
  const assetClass =
    entry.asset_class === undefined ? Instrument.assetClassOf(entry.symbol) : assetClassNames[entry.asset_class]
  const sources = (entry.sources ?? defaultSources(assetClass)).map((source) =>
    typeof source === "string" ? { source } : source
  )
  if (sources.length === 0) {
    return yield* usage(
      `${entry.symbol}: name its sources, for example --sources ${openSource(assetClass)} or ` +
        "--sources file:history/{symbol}-{timeframe}.csv; see: tidemark sources list"
    )
  }
  yield* Effect.forEach(sources, ({ source }) => SourceRegistry.find(Sources.entries, source), { discard: true }).pipe(
    Effect.mapError(({ message }) => usage(`${entry.symbol}: ${message}`))
  )
  const listedAt = entry.listed === undefined ? undefined : yield* dateOf(entry.symbol, "listed", entry.listed)
  const delistedAt = entry.delisted === undefined ? undefined : yield* dateOf(entry.symbol, "delisted", entry.delisted)
  return new Instrument.Instrument({
    symbol: entry.symbol,
    assetClass,
    calendar: entry.calendar ?? Instrument.calendarOf(assetClass),
    sources,
    ...(listedAt === undefined ? {} : { listedAt }),
    ...(delistedAt === undefined ? {} : { delistedAt }),
    active: entry.active ?? true
  })
})

/** What a user may have meant: same letters, another spelling. */
const similar = (symbol: string, known: ReadonlyArray<string>): string | undefined => {
  const letters = (text: string) => text.replaceAll(/[^A-Z0-9]/gi, "").toUpperCase()
  return known.find((candidate) => letters(candidate) === letters(symbol))
}

export interface Choice {
  /** Symbols the user names; all active ones if empty. */
  readonly symbols: ReadonlyArray<string>
  /** `auto`, or the one source to use. */
  readonly source: string
}

/** The instruments of a command, each with the sources to try. */
export const resolve = Effect.fnUntraced(function* (choice: Choice, list: ReadonlyArray<Instrument.Instrument>) {
  const base = list.length > 0 ? list : builtIn
  const known = new Map(base.map((one) => [one.symbol, one]))
  const explicit = choice.source !== "auto"
  const find = Effect.fnUntraced(function* (text: string) {
    const symbol = text.toUpperCase()
    const found = known.get(symbol)
    if (found !== undefined) return found
    if (!Instrument.isSymbol(symbol)) {
      return yield* usage(`"${text}" is no symbol. Write it as BTC/USDT, AAPL, ^GSPC or EUR/USD`)
    }
    const near = similar(symbol, [...known.keys()])
    if (near !== undefined) return yield* usage(`There is no symbol ${symbol}. Did you mean ${near}?`)
    if (explicit) return instrument(symbol, [choice.source])
    const assetClass = Instrument.assetClassOf(symbol)
    const source = openSource(assetClass)
    const sources = defaultSources(assetClass).length === 0 ? ` --sources ${source}` : ""
    return yield* usage(
      `The symbol ${symbol} is not on your list (${[...known.keys()].join(", ")}). ` +
        `Add it: tidemark symbols add ${symbol}${sources}; or name a source that has it, for example: --source ${source}`
    )
  })
  const chosen =
    choice.symbols.length > 0 ? yield* Effect.forEach(new Set(choice.symbols), find) : base.filter((one) => one.active)
  if (!explicit) return chosen
  const [id] = choice.source.split(":")
  return chosen.map(
    (one) =>
      new Instrument.Instrument({
        ...one,
        sources: [{ source: choice.source, ...symbolAt(one, id!) }]
      })
  )
})

const symbolAt = (one: Instrument.Instrument, id: string) => {
  const listing = one.sources.find((candidate) => candidate.source.split(":")[0] === id)
  return listing?.symbol === undefined ? {} : { symbol: listing.symbol }
}

/** An instrument as its entry is written, with everything filled in. */
export const toEntry = (one: Instrument.Instrument) => ({
  symbol: one.symbol,
  asset_class: one.assetClass,
  calendar: one.calendar,
  sources: one.sources.map((listing) =>
    listing.symbol === undefined ? listing.source : `${listing.source} (${listing.symbol})`
  ),
  listed: one.listedAt === undefined ? null : Instant.formatDate(one.listedAt),
  delisted: one.delistedAt === undefined ? null : Instant.formatDate(one.delistedAt),
  active: one.active
})
