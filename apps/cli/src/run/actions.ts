/** The work of `tidemark actions …`. */
import { ActionsRun, UsageError } from "@tidemark/backfill"
import { ActionStore, SymbolStore } from "@tidemark/core"
import { Runtime, Universe } from "@tidemark/runtime"
import { Console, Effect, Option } from "effect"
import { exitWith } from "../Failure.ts"
import * as Globals from "../flags/Globals.ts"
import type { SpanFlags } from "../flags/Span.ts"
import * as ActionsView from "../view/ActionsView.ts"
import * as Lists from "./Lists.ts"
import { toSpan } from "./Range.ts"
import { checkSources, configuration, print, withRuntime, withStores } from "./Session.ts"

export interface FetchInput extends SpanFlags {
  readonly symbols: Option.Option<string>
  readonly source: string
}

export interface ListInput extends SpanFlags {
  readonly symbols: Option.Option<string>
  readonly kinds: Option.Option<string>
}

export const fetch = Effect.fnUntraced(function* (input: FetchInput) {
  const span = yield* toSpan(input)
  if (input.source !== "auto") yield* checkSources(Option.some(input.source))
  const quiet = yield* Globals.quiet
  const list = yield* Effect.flatMap(SymbolStore.SymbolStore, (store) => store.list).pipe(withStores("update", "empty"))
  const chosen = yield* Universe.resolve({ symbols: Lists.items(input.symbols), source: input.source }, list)
  // Of a whole list, what cannot have any is not worth a word.
  const instruments = Option.isSome(input.symbols) ? chosen : chosen.filter(({ assetClass }) => assetClass === "equity")
  if (instruments.length === 0) {
    return yield* new UsageError.UsageError({
      message: "There are no shares on your list, and only shares have corporate actions. Name one: --symbols AAPL"
    })
  }
  // What no source can serve is said before a database is made for it.
  const { choices, failed } = yield* ActionsRun.choose(instruments).pipe(
    Effect.provide(Runtime.sources(yield* configuration))
  )
  const say = (outcome: ActionsRun.Outcome) =>
    quiet ? Effect.void : Console.error(`${outcome.symbol}: ${ActionsRun.isFailed(outcome) ? "failed" : "done"}`)
  const asked = choices.length === 0 ? [] : yield* ActionsRun.run(choices, span, say).pipe(withRuntime("write"))
  const outcomes = [...asked, ...failed]
  yield* print({ json: () => outcomes.map(ActionsView.outcomeJson), text: () => ActionsView.toText(outcomes) })
  yield* exitWith(outcomes.every(ActionsRun.isWhole) ? 0 : outcomes.every(ActionsRun.isFailed) ? 1 : 3)
})

const kindsOf = Effect.fnUntraced(function* (text: Option.Option<string>) {
  if (Option.isNone(text)) return undefined
  const names = Lists.items(text)
  const kinds = ActionStore.kinds.filter((kind) => names.includes(kind))
  if (kinds.length === names.length && kinds.length > 0) return kinds
  return yield* new UsageError.UsageError({
    message: `--kinds ${text.value} names something else than ${ActionStore.kinds.join(", ")}`
  })
})

export const list = Effect.fnUntraced(function* (input: ListInput) {
  const { from, to } = yield* toSpan(input)
  const kinds = yield* kindsOf(input.kinds)
  const symbols = Lists.items(input.symbols).map((symbol) => symbol.toUpperCase())
  const stored = yield* Effect.flatMap(ActionStore.ActionStore, (store) =>
    store.list({
      ...(symbols.length === 0 ? {} : { symbols }),
      ...(kinds === undefined ? {} : { kinds }),
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to })
    })
  ).pipe(withStores("read"))
  yield* print({ json: () => stored.map(ActionsView.listJson), text: () => ActionsView.listText(stored) })
})
