/** The work of `tidemark gamma snapshot` and `backfill`, and what `import` shares with them. */
import { OptionChains, SourceRegistry, UsageError } from "@tidemark/backfill"
import { type Gamma, Instant, Instrument, type OptionChain, SymbolStore } from "@tidemark/core"
import { GammaBackfill, Names, Record, type Simulator, Underlying } from "@tidemark/gamma/history"
import { Reading, Universe } from "@tidemark/runtime"
import { Clock, Console, Effect, Option } from "effect"
import { exitWith } from "../Failure.ts"
import * as Globals from "../flags/Globals.ts"
import type { SpanFlags } from "../flags/Span.ts"
import { count, plural } from "../view/Format.ts"
import * as GammaRunView from "../view/GammaRunView.ts"
import { toSpan } from "./Range.ts"
import { checkSources, print, withRuntime, withStores } from "./Session.ts"

export type Method = Exclude<Gamma.Method, "model">

export interface SnapshotInput {
  readonly symbol: string
  readonly source: string
  readonly method: Method
}

export interface BackfillInput extends SpanFlags {
  readonly symbol: string
  readonly days: Option.Option<number>
  readonly source: Option.Option<string>
  readonly method: Method
  readonly force: boolean
  readonly dryRun: boolean
}

const { appliedBy } = Reading

/** Makes the database where there is none, and then has the memory of what derives: rows of many columns need it. */
export const onDatabase = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  Effect.andThen(Effect.void.pipe(withStores("write")), withRuntime("update")(work))

/** The symbol of an underlying, whatever its options are called. */
export const symbolOf = Effect.fnUntraced(function* (text: string) {
  const symbol = Names.symbolOf(text)
  if (Instrument.isSymbol(symbol)) return symbol
  return yield* new UsageError.UsageError({ message: `"${text}" is no symbol. Write it as SPY, ^GSPC or BTC/USDT` })
})

/** The instrument of an underlying: of the user's list, of the built-in one, or what its name says. */
export const instrumentOf = Effect.fnUntraced(function* (text: string) {
  const symbol = yield* symbolOf(text)
  if (symbol !== text.toUpperCase()) yield* Console.error(`tidemark: options of ${text} are those of ${symbol}`)
  return Universe.instrumentOf(symbol, yield* (yield* SymbolStore.SymbolStore).list)
})

/** Sources of its prices, in order of preference. */
export const preferredOf = ({ sources }: Instrument.Instrument): ReadonlyArray<string> =>
  sources.map(({ source }) => source)

/** Keeps a chain and what follows from it. */
export const finishRecord = Effect.fnUntraced(function* (
  chain: OptionChain.OptionChain,
  instrument: Instrument.Instrument,
  method: Method,
  replace = false
) {
  const recorded = yield* Record.run(chain, { method, replace, appliedBy, preferred: preferredOf(instrument) })
  return { chain, recorded }
})

/** Tells of one chain; ends as incomplete where it says no exposure, or where something else is missing. */
export const say = Effect.fnUntraced(function* (done: GammaRunView.Recorded, isIncomplete = false) {
  yield* print({ json: () => GammaRunView.recordedJson(done), text: () => GammaRunView.recordedText(done) })
  yield* exitWith(isIncomplete || done.recorded.analysis.snapshot.netGex === null ? 3 : 0)
})

export const snapshot = Effect.fnUntraced(function* (input: SnapshotInput) {
  if (input.source !== "auto") yield* checkSources(Option.some(input.source))
  const done = yield* Effect.gen(function* () {
    const instrument = yield* instrumentOf(input.symbol)
    const chain = yield* OptionChains.ask(instrument, input.source, ({ message }) =>
      Console.error(`tidemark: ${message}; another source is asked`)
    )
    return yield* finishRecord(chain, instrument, input.method)
  }).pipe(onDatabase)
  yield* say(done)
})

const dayMillis = 86_400_000
const defaultDays = 365

/** Snapshots lie between these: the flags' range, up to now. */
const intervalOf = Effect.fnUntraced(function* (input: BackfillInput) {
  const { from, to } = yield* toSpan(input)
  if (from !== undefined && Option.isSome(input.days)) {
    return yield* new UsageError.UsageError({ message: "--days and --start say different things; give one of them" })
  }
  const days = Option.getOrElse(input.days, () => defaultDays)
  if (days < 1) return yield* new UsageError.UsageError({ message: `--days must be at least 1, got ${days}` })
  const now = yield* Clock.currentTimeMillis
  const end = Math.min(to ?? now, now)
  const start = from ?? end - days * dayMillis
  if (start < end) return { from: start, to: end }
  return yield* new UsageError.UsageError({
    message: `--start ${Instant.format(start)} lies in the future; there is no history of it yet`
  })
})

/** What simulates chains: of prices that it simulated itself, or for a model where there is nothing else. */
const simulatorOf = Effect.fnUntraced(function* (instrument: Instrument.Instrument) {
  const registered = yield* (yield* SourceRegistry.SourceRegistry).get("synthetic")
  const simulator: Simulator.Simulator = {
    source: registered.source,
    subject: OptionChains.subjectOf(instrument, "synthetic")
  }
  return simulator
})

const noPrices = (symbol: string, source: Option.Option<string>): string => {
  const of = Option.match(source, { onNone: () => "", onSome: (name) => ` of ${name}` })
  const from = Option.match(source, { onNone: () => "", onSome: (name) => ` --source ${name}` })
  return (
    `no candles of ${symbol} are stored${of}, and its sessions without a chain stay empty; ` +
    `fetch them: tidemark backfill --symbols ${symbol}${from}`
  )
}

export const backfill = Effect.fnUntraced(function* (input: BackfillInput) {
  yield* checkSources(input.source)
  const interval = yield* intervalOf(input)
  const quiet = yield* Globals.quiet
  const done = yield* Effect.gen(function* () {
    const instrument = yield* instrumentOf(input.symbol)
    const { symbol } = instrument
    const calendar = yield* Underlying.calendarOf(symbol)
    if (interval.from < calendar.span.from) {
      return yield* new UsageError.UsageError({
        message: `sessions of ${symbol} are known from ${Instant.formatDate(calendar.span.from)} on; begin there or later`
      })
    }
    const options = {
      symbol,
      calendar,
      interval,
      method: input.method,
      force: input.force,
      source: Option.getOrUndefined(input.source),
      preferred: preferredOf(instrument),
      appliedBy
    }
    if (input.dryRun) return { symbol, plan: yield* GammaBackfill.plan(options) }
    const outcome = yield* GammaBackfill.run({
      ...options,
      simulator: yield* simulatorOf(instrument),
      onProgress: (made, of) =>
        quiet ? Effect.void : Console.error(`${symbol}: ${count(made)} of ${plural(of, "snapshot")}`)
    })
    return { symbol, outcome }
  }).pipe(
    withRuntime("update", "empty"),
    Effect.onInterrupt(() =>
      Console.error("tidemark: interrupted; what was made is stored, and the same command goes on from there")
    )
  )
  const { symbol } = done
  if (done.plan !== undefined) {
    const { prices, slots } = done.plan
    const source = prices?.source
    const planned = GammaBackfill.planned(done.plan)
    const sessions = new Set(slots.map(({ session }) => session)).size
    yield* print({
      json: () => ({
        symbol,
        source: source ?? null,
        slots: slots.length,
        sessions,
        planned: GammaRunView.plannedJson(planned)
      }),
      text: () => GammaRunView.planText(symbol, slots.length, sessions, planned)
    })
    return
  }
  const { outcome } = done
  const { source } = outcome
  const backfilled = { symbol, outcome }
  yield* print({
    json: () => GammaRunView.backfillJson(backfilled),
    text: () => GammaRunView.backfillText(backfilled)
  })
  if (source === undefined) yield* Console.error(`tidemark: ${noPrices(symbol, input.source)}`)
  yield* exitWith(outcome.without.slots > 0 || outcome.unknown.length > 0 ? 3 : 0)
})
