/** The list of instruments that are kept, over HTTP. */
import { Api, type Symbols } from "@tidemark/api"
import { type Instrument, type SymbolEntry, SymbolStore } from "@tidemark/core"
import { Universe } from "@tidemark/runtime"
import { Effect } from "effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Failure from "./Failure.ts"
import * as Files from "./Files.ts"

const toListed = (instrument: Instrument.Instrument): Symbols.Listed => Universe.toEntry(instrument)

export const layer = HttpApiBuilder.group(
  Api.Api,
  "symbols",
  Effect.fnUntraced(function* (handlers) {
    const store = yield* SymbolStore.SymbolStore
    const find = Effect.fnUntraced(function* (symbol: string) {
      const found = (yield* store.list).find((one) => one.symbol === symbol)
      return found ?? (yield* Failure.notFound(`${symbol} is not on the list; what is: GET /api/v1/symbols`))
    })
    const put = Effect.fnUntraced(function* (entry: SymbolEntry.SymbolEntry) {
      const sources = entry.sources ?? []
      yield* Files.refuse(...sources.map((source) => (typeof source === "string" ? source : source.source)))
      const instrument = yield* Universe.fromEntry(entry)
      yield* store.put([instrument])
      return toListed(instrument)
    })
    return handlers.handleAll({
      list: () =>
        Effect.gen(function* () {
          const own = yield* store.list
          return { built_in: own.length === 0, symbols: (own.length > 0 ? own : Universe.builtIn).map(toListed) }
        }).pipe(Effect.catchTag("StoreError", Failure.unavailable)),
      add: ({ payload }) =>
        Effect.gen(function* () {
          const there = (yield* store.list).some(({ symbol }) => symbol === payload.symbol)
          if (there) {
            return yield* Failure.conflict(
              `${payload.symbol} is on the list; change it: PATCH /api/v1/symbols/${encodeURIComponent(payload.symbol)}`
            )
          }
          return yield* put(payload)
        }).pipe(Effect.catchTags({ StoreError: Failure.unavailable, UsageError: Failure.unusable })),
      change: ({ params, payload }) =>
        Effect.gen(function* () {
          const before = yield* find(params.symbol)
          const { delisted, listed } = toListed(before)
          return yield* put({
            symbol: before.symbol,
            asset_class: before.assetClass,
            calendar: before.calendar,
            sources: before.sources,
            active: before.active,
            ...(listed === null ? {} : { listed }),
            ...(delisted === null ? {} : { delisted }),
            ...payload
          })
        }).pipe(Effect.catchTags({ StoreError: Failure.unavailable, UsageError: Failure.unusable })),
      remove: ({ params }) =>
        Effect.gen(function* () {
          yield* find(params.symbol)
          yield* store.remove([params.symbol])
        }).pipe(Effect.catchTag("StoreError", Failure.unavailable))
    })
  })
)
