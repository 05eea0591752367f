/** The work of `tidemark symbols …`. */
import { UsageError } from "@tidemark/backfill"
import { FileProblem, Instant, type Instrument, SymbolEntry, SymbolStore } from "@tidemark/core"
import { Universe } from "@tidemark/runtime"
import { Effect, FileSystem, Option, Schema } from "effect"
import { plural } from "../view/Format.ts"
import { render } from "../view/Table.ts"
import { print, withStores } from "./Session.ts"

export interface AddInput {
  readonly symbol: string
  readonly assetClass: Option.Option<NonNullable<SymbolEntry.SymbolEntry["asset_class"]>>
  readonly calendar: Option.Option<NonNullable<SymbolEntry.SymbolEntry["calendar"]>>
  readonly sources: Option.Option<string>
  readonly listed: Option.Option<string>
  readonly delisted: Option.Option<string>
}

const usage = (message: string) => new UsageError.UsageError({ message })

const put = (instruments: ReadonlyArray<Instrument.Instrument>) =>
  Effect.flatMap(SymbolStore.SymbolStore, (store) => store.put(instruments)).pipe(withStores("write"))

const describe = (instrument: Instrument.Instrument) => ({
  symbol: instrument.symbol,
  asset_class: instrument.assetClass,
  calendar: instrument.calendar,
  sources: instrument.sources.map((listing) =>
    listing.symbol === undefined ? listing.source : `${listing.source} (${listing.symbol})`
  ),
  listed: instrument.listedAt === undefined ? null : Instant.formatDate(instrument.listedAt),
  delisted: instrument.delistedAt === undefined ? null : Instant.formatDate(instrument.delistedAt),
  active: instrument.active
})

const decodeEntry = Effect.fnUntraced(function* (input: unknown, where: string) {
  return yield* Schema.decodeUnknownEffect(SymbolEntry.SymbolEntry)(input, { onExcessProperty: "error" }).pipe(
    Effect.mapError((error) => UsageError.ofSchema(where, error)),
    Effect.flatMap(Universe.fromEntry)
  )
})

const entryOf = (input: AddInput): Record<string, unknown> => {
  const optional = {
    asset_class: input.assetClass,
    calendar: input.calendar,
    sources: Option.map(input.sources, (text) => text.split(",").map((source) => source.trim())),
    listed: input.listed,
    delisted: input.delisted
  }
  const given = Object.entries(optional).flatMap(([name, value]) =>
    value._tag === "Some" ? [[name, value.value]] : []
  )
  return { symbol: input.symbol.toUpperCase(), ...Object.fromEntries(given) }
}

export const add = Effect.fnUntraced(function* (input: AddInput) {
  const instrument = yield* decodeEntry(entryOf(input), `The symbol "${input.symbol}" cannot be added`)
  yield* put([instrument])
  yield* print({
    json: () => describe(instrument),
    text: () => `${instrument.symbol} is on your list. Fetch it: tidemark backfill --symbols ${instrument.symbol}`
  })
})

export const list = Effect.fnUntraced(function* () {
  const own = yield* Effect.flatMap(SymbolStore.SymbolStore, (store) => store.list).pipe(withStores("read", "empty"))
  const shown = own.length > 0 ? own : Universe.builtIn
  const rows = shown.map(describe)
  yield* print({
    json: () => ({ built_in: own.length === 0, symbols: rows }),
    text: () =>
      [
        render(
          ["symbol", "class", "calendar", "sources", "listed", "delisted", "active"],
          rows.map((row) => [
            row.symbol,
            row.asset_class,
            row.calendar,
            row.sources.join(", "),
            row.listed ?? "",
            row.delisted ?? "",
            row.active ? "yes" : "no"
          ])
        ),
        ...(own.length > 0 ? [] : ["", "Your list is empty, so this built-in one is used: tidemark symbols add SYMBOL"])
      ].join("\n")
  })
})

export const remove = Effect.fnUntraced(function* (input: { readonly symbols: ReadonlyArray<string> }) {
  const wanted = input.symbols.map((symbol) => symbol.toUpperCase())
  const removed = yield* Effect.gen(function* () {
    const store = yield* SymbolStore.SymbolStore
    const known = new Set((yield* store.list).map((instrument) => instrument.symbol))
    const unknown = wanted.filter((symbol) => !known.has(symbol))
    if (unknown.length > 0) {
      return yield* usage(
        `${unknown.join(", ")} ${unknown.length === 1 ? "is" : "are"} not on your list; nothing was removed. See: tidemark symbols list`
      )
    }
    return yield* store.remove(wanted)
  }).pipe(withStores("update", "empty"))
  yield* print({
    json: () => ({ removed }),
    text: () => `Removed ${removed.join(", ")}. Candles that are stored stay.`
  })
})

const parseFile = Effect.fnUntraced(function* (path: string, text: string) {
  if (/^\s*[[{]/.test(text)) {
    const parsed = yield* Effect.try({
      try: () => JSON.parse(text) as unknown,
      catch: () => usage(`${path} is not JSON`)
    })
    const entries = Array.isArray(parsed) ? parsed : (parsed as { readonly symbols?: unknown }).symbols
    if (!Array.isArray(entries)) {
      return yield* usage(
        `${path} has no list of symbols; write ["BTC/USDT", {"symbol": "AAPL", "sources": ["file:…"]}]`
      )
    }
    return entries.map((entry: unknown) => (typeof entry === "string" ? { symbol: entry } : entry))
  }
  return text
    .split(/\r?\n/)
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((line) => line !== "")
    .map((symbol) => ({ symbol }))
})

export const importFile = Effect.fnUntraced(function* (input: { readonly file: string }) {
  const fs = yield* FileSystem.FileSystem
  const text = yield* fs
    .readFileString(input.file)
    .pipe(Effect.mapError((error) => usage(`Cannot read ${FileProblem.describe(input.file, error)}`)))
  const entries = yield* parseFile(input.file, text)
  const instruments = yield* Effect.forEach(entries, (entry, i) =>
    decodeEntry(entry, `${input.file}, entry ${i + 1}; nothing was imported`)
  )
  if (instruments.length === 0) return yield* usage(`${input.file} has no symbols; nothing was imported`)
  const twice = instruments.find((one, i) => instruments.findIndex((other) => other.symbol === one.symbol) !== i)
  if (twice !== undefined) return yield* usage(`${input.file} has ${twice.symbol} twice; nothing was imported`)
  yield* put(instruments)
  yield* print({
    json: () => ({ imported: instruments.map(describe) }),
    text: () =>
      `${plural(instruments.length, "symbol")} ${instruments.length === 1 ? "is" : "are"} on your list. Fetch: tidemark backfill`
  })
})
