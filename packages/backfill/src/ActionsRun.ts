/**
 * Asks sources for the corporate actions of many symbols: each the first of
 * its sources that serves them. One that fails does not stop the others.
 */
import { Calendars } from "@tidemark/calendars"
import { type Instrument, type Source, SourceError } from "@tidemark/core"
import { Clock, Effect, Result, Schedule } from "effect"
import * as Actions from "./Actions.ts"
import { Policy } from "./Policy.ts"
import * as Reach from "./Reach.ts"
import { SourceRegistry } from "./SourceRegistry.ts"
import { UsageError } from "./UsageError.ts"

/** What became of asking for one symbol. */
export type Outcome = Told | Failed

export interface Told {
  readonly symbol: string
  readonly source: string
  readonly refreshed: Actions.Refreshed
  /** Why its reports could not be had. */
  readonly reportsError: string | undefined
}

export interface Failed {
  readonly symbol: string
  /** `undefined` where no source could be asked. */
  readonly source: string | undefined
  readonly error: string
}

export const isFailed = (outcome: Outcome): outcome is Failed => "error" in outcome

/** Whether all was told. */
export const isWhole = (outcome: Outcome): boolean => !isFailed(outcome) && outcome.reportsError === undefined

/** Symbols asked at once; the sources' own budgets hold them back further. */
const concurrency = 4

/** The first of an instrument's sources that serves its actions. */
const servingSource = Effect.fnUntraced(function* (instrument: Instrument.Instrument) {
  const registry = yield* SourceRegistry
  for (const { source } of instrument.sources) {
    const registered = yield* registry.get(source)
    if (Actions.serves(registered, instrument)) return registered
  }
  const names = instrument.sources.map(({ source }) => source).join(", ")
  return yield* new UsageError({
    message:
      instrument.assetClass === "equity"
        ? `${names} ${instrument.sources.length === 1 ? "serves" : "serve"} no corporate actions; name a source that does, such as --source yahoo or --source polygon`
        : `there are no corporate actions of ${instrument.assetClass}; only shares have them`
  })
})

/** An instrument and the source that is asked for its actions. */
export interface Choice {
  readonly instrument: Instrument.Instrument
  readonly source: string
}

/** Dates of the actions that are asked for. Default: all up to now. */
export interface Span {
  readonly from: number | undefined
  readonly to: number | undefined
}

const fetchOne = Effect.fnUntraced(function* ({ instrument, source }: Choice, span: Span) {
  const { symbol } = instrument
  const registered = yield* (yield* SourceRegistry).get(source)
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
const fetchReachable = Effect.fnUntraced(function* (choice: Choice, span: Span) {
  const registered = yield* (yield* SourceRegistry).get(choice.source)
  const { backoffMillis } = yield* Policy
  const reached = yield* Reach.reach(choice.source, registered.source).pipe(
    Effect.retry({ times: 1, schedule: Schedule.spaced(backoffMillis) }),
    Effect.result
  )
  if (Result.isSuccess(reached)) return yield* fetchOne(choice, span)
  const { symbol } = choice.instrument
  const error = new SourceError.SourceError({ source: choice.source, symbol, reason: reached.failure.reason })
  return { symbol, source: choice.source, error: error.message }
})

/** Who is asked for each, and of whom nobody can be. */
export const choose = Effect.fn("ActionsRun.choose")(function* (instruments: ReadonlyArray<Instrument.Instrument>) {
  const choices: Array<Choice> = []
  const failed: Array<Failed> = []
  for (const instrument of instruments) {
    const source = yield* Effect.result(servingSource(instrument))
    if (Result.isSuccess(source)) choices.push({ instrument, source: source.success.id })
    else failed.push({ symbol: instrument.symbol, source: undefined, error: source.failure.message })
  }
  return { choices, failed }
})

/** Asks, and keeps what is told. */
export const run = Effect.fn("ActionsRun.run")(function* (
  choices: ReadonlyArray<Choice>,
  span: Span,
  onOutcome: (outcome: Outcome) => Effect.Effect<void>
) {
  return yield* Effect.forEach(choices, (choice) => Effect.tap(fetchReachable(choice, span), onOutcome), {
    concurrency
  })
})
