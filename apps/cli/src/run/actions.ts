/** The work of `tidemark actions …`. */
import { Actions, Policy, Reach, SourceRegistry, UsageError } from "@tidemark/backfill"
import { Calendars } from "@tidemark/calendars"
import { ActionStore, type Instrument, type Source, SourceError, SymbolStore } from "@tidemark/core"
import { Runtime, Universe } from "@tidemark/runtime"
import { Clock, Console, Effect, Option, Result, Schedule } from "effect"
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

/** Symbols asked at once; the sources' own budgets hold them back further. */
const concurrency = 4

/** The first of an instrument's sources that serves its actions. */
const servingSource = Effect.fnUntraced(function* (instrument: Instrument.Instrument) {
  const registry = yield* SourceRegistry.SourceRegistry
  for (const { source } of instrument.sources) {
    const registered = yield* registry.get(source)
    if (Actions.serves(registered, instrument)) return registered
  }
  const names = instrument.sources.map(({ source }) => source).join(", ")
  return yield* new UsageError.UsageError({
    message:
      instrument.assetClass === "equity"
        ? `${names} ${instrument.sources.length === 1 ? "serves" : "serve"} no corporate actions; name a source that does, such as --source yahoo or --source polygon`
        : `there are no corporate actions of ${instrument.assetClass}; only shares have them`
  })
})

/** An instrument and the source that is asked for its actions. */
interface Choice {
  readonly instrument: Instrument.Instrument
  readonly source: string
}

const fetchOne = Effect.fnUntraced(function* (
  { instrument, source }: Choice,
  span: { readonly from: number | undefined; readonly to: number | undefined }
) {
  const { symbol } = instrument
  const registered = yield* (yield* SourceRegistry.SourceRegistry).get(source)
  const calendar = Calendars.get(instrument.calendar)
  const subject: Source.Subject = {
    symbol,
    sourceSymbol: instrument.sources.find((listing) => listing.source === source)?.symbol,
    assetClass: instrument.assetClass,
    calendar
  }
  const from = span.from ?? registered.plugin.capabilities.earliest ?? 0
  const upToNow = Actions.upToNow(from, yield* Clock.currentTimeMillis)
  const interval = { from, to: Math.max(from + 1, span.to ?? upToNow.to) }
  const asked = Effect.gen(function* () {
    const refreshed = yield* Actions.refresh({ registered, subject, interval })
    // Reports alone cannot be had: what is known of splits and dividends stays.
    const reports = yield* Effect.result(Actions.refreshEarnings({ registered, subject }))
    if (Result.isFailure(reports)) {
      if (reports.failure._tag === "StoreError") return yield* reports.failure
      return { symbol, source, refreshed, reportsError: reports.failure.message }
    }
    const result = Actions.both(refreshed.result, reports.success.result)
    const told = refreshed.told + reports.success.told
    return { symbol, source, refreshed: { ...refreshed, result, told }, reportsError: undefined }
  })
  const result = yield* Effect.result(asked)
  if (Result.isSuccess(result)) return result.success
  if (result.failure._tag === "StoreError") return yield* result.failure
  return { symbol, source, error: result.failure.message }
})

/** One that cannot be reached, and cannot be a moment later, is not asked again and again. */
const fetchReachable = Effect.fnUntraced(function* (choice: Choice, span: Parameters<typeof fetchOne>[1]) {
  const registered = yield* (yield* SourceRegistry.SourceRegistry).get(choice.source)
  const { backoffMillis } = yield* Policy.Policy
  const reached = yield* Reach.reach(choice.source, registered.source).pipe(
    Effect.retry({ times: 1, schedule: Schedule.spaced(backoffMillis) }),
    Effect.result
  )
  if (Result.isSuccess(reached)) return yield* fetchOne(choice, span)
  const { symbol } = choice.instrument
  const error = new SourceError.SourceError({ source: choice.source, symbol, reason: reached.failure.reason })
  return { symbol, source: choice.source, error: error.message }
})

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
  const choices = yield* Effect.forEach(instruments, (instrument) =>
    servingSource(instrument).pipe(
      Effect.match({
        onSuccess: ({ id }): Choice | ActionsView.Failed => ({ instrument, source: id }),
        onFailure: ({ message }): Choice | ActionsView.Failed => ({
          symbol: instrument.symbol,
          source: undefined,
          error: message
        })
      })
    )
  ).pipe(Effect.provide(Runtime.sources(yield* configuration)))
  const ask = (choice: Choice) =>
    Effect.tap(fetchReachable(choice, span), (outcome: ActionsView.Outcome) =>
      quiet ? Effect.void : Console.error(`${outcome.symbol}: ${ActionsView.isFailed(outcome) ? "failed" : "done"}`)
    )
  const isAble = (choice: Choice | ActionsView.Failed): choice is Choice => "instrument" in choice
  const able = choices.filter(isAble)
  const asked = able.length === 0 ? [] : yield* Effect.forEach(able, ask, { concurrency }).pipe(withRuntime("write"))
  const outcomes: ReadonlyArray<ActionsView.Outcome> = [
    ...asked,
    ...choices.flatMap((choice) => (isAble(choice) ? [] : [choice]))
  ]
  yield* print({ json: () => outcomes.map(ActionsView.outcomeJson), text: () => ActionsView.toText(outcomes) })
  yield* exitWith(outcomes.every(ActionsView.isWhole) ? 0 : outcomes.every(ActionsView.isFailed) ? 1 : 3)
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
