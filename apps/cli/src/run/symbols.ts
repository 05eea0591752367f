/** The work of `tidemark symbols …`. */
import { UsageError } from "@tidemark/backfill"
import { FileProblem, type Instrument, SymbolEntry, SymbolStore } from "@tidemark/core"
import { Universe } from "@tidemark/runtime"
import { Effect, FileSystem, Option, Schema } from "effect"
import { plural } from "../view/Format.ts"
import { render } from "../view/Table.ts"
import * as Remote from "./Remote.ts"
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

const decode = (input: unknown, where: string) =>
  Schema.decodeUnknownEffect(SymbolEntry.SymbolEntry)(input, { onExcessProperty: "error" }).pipe(
    Effect.mapError((error) => UsageError.ofSchema(where, error))
  )

const decodeEntry = (input: unknown, where: string) => Effect.flatMap(decode(input, where), Universe.fromEntry)

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
  const where = `The symbol "${input.symbol}" cannot be added`
  const entry = yield* decode(entryOf(input), where)
  const added = yield* Remote.either({
    local: Effect.gen(function* () {
      const instrument = yield* Universe.fromEntry(entry)
      yield* put([instrument])
      return Universe.toEntry(instrument)
    }),
    remote: Effect.fnUntraced(function* (client) {
      const { symbol, ...rest } = entry
      const known = yield* client.symbols.list()
      const isThere = !known.built_in && known.symbols.some((one) => one.symbol === symbol)
      return isThere
        ? yield* client.symbols.change({ params: { symbol }, payload: rest })
        : yield* client.symbols.add({ payload: entry })
    })
  })
  yield* print({
    json: () => added,
    text: () =>
      `${added.symbol} is on your list, which counts instead of the built-in one. ` +
      `Fetch it: tidemark backfill --symbols ${added.symbol}`
  })
})

export const list = Effect.fnUntraced(function* () {
  const { built_in, symbols: rows } = yield* Remote.either({
    local: Effect.flatMap(SymbolStore.SymbolStore, (store) => store.list).pipe(
      withStores("read", "empty"),
      Effect.map((own) => ({
        built_in: own.length === 0,
        symbols: (own.length > 0 ? own : Universe.builtIn).map(Universe.toEntry)
      }))
    ),
    remote: (client) => client.symbols.list()
  })
  yield* print({
    json: () => ({ built_in, symbols: rows }),
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
        ...(!built_in ? [] : ["", "Your list is empty, so this built-in one is used: tidemark symbols add SYMBOL"])
      ].join("\n")
  })
})

const checkKnown = (wanted: ReadonlyArray<string>, known: ReadonlySet<string>) => {
  const unknown = wanted.filter((symbol) => !known.has(symbol))
  if (unknown.length === 0) return Effect.void
  const verb = unknown.length === 1 ? "is" : "are"
  return Effect.fail(
    usage(`${unknown.join(", ")} ${verb} not on your list; nothing was removed. See: tidemark symbols list`)
  )
}

export const remove = Effect.fnUntraced(function* (input: { readonly symbols: ReadonlyArray<string> }) {
  const wanted = input.symbols.map((symbol) => symbol.toUpperCase())
  const removed = yield* Remote.either({
    local: Effect.gen(function* () {
      const store = yield* SymbolStore.SymbolStore
      const known = new Set((yield* store.list).map((instrument) => instrument.symbol))
      yield* checkKnown(wanted, known)
      return yield* store.remove(wanted)
    }).pipe(withStores("update", "empty")),
    remote: Effect.fnUntraced(function* (client) {
      const { built_in, symbols } = yield* client.symbols.list()
      yield* checkKnown(wanted, new Set(built_in ? [] : symbols.map(({ symbol }) => symbol)))
      yield* Effect.forEach(wanted, (symbol) => client.symbols.remove({ params: { symbol } }))
      return wanted
    })
  })
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
    json: () => ({ imported: instruments.map(Universe.toEntry) }),
    text: () =>
      `${plural(instruments.length, "symbol")} ${instruments.length === 1 ? "is" : "are"} on your list. Fetch: tidemark backfill`
  })
})
