/**
 * Brings the labels of the jump model up to date for stored series of daily
 * candles: `jump_regime_history`.
 *
 * The model is fitted to the same days in every run, and is the same as long
 * as they are. A label of a day of its training could not be known before the
 * last of them closed.
 */
import { Calendar, Candles, CandleStore, type DerivedStore, Series } from "@tidemark/core"
import * as Derivation from "@tidemark/features/Derivation"
import * as Inputs from "@tidemark/features/Inputs"
import { Effect, Stream } from "effect"
import { needs } from "./History.ts"
import * as JumpFeatures from "./JumpFeatures.ts"
import { fit, method, type Model } from "./JumpModel.ts"
import { type Batch, Run, type Saved } from "./Labels.ts"

/** Sessions of an exchange in five years, about. */
export const defaultTraining = 1_260

export interface Options<E = never, R = never> extends Inputs.Options<E, R>, Derivation.Range {
  /**
   * Opens of the first day to be trained on, and of the first after the last.
   * Default: those of the model that there is, or the first 1,260 with features.
   */
  readonly training?: { readonly from?: number | undefined; readonly to?: number | undefined } | undefined
  /** Default: that of the model that there is, or 50. */
  readonly lambda?: number | undefined
}

/** What became of one series: `model` is a sentence where there is none. */
export interface Outcome extends Derivation.Outcome {
  readonly model: Model | string
}

export const table: DerivedStore.Table = {
  name: "jump_regimes",
  columns: [
    { name: "regime", kind: "text" },
    { name: "lead", kind: "number" },
    ...JumpFeatures.names.map((name): DerivedStore.Column => ({ name, kind: "number" }))
  ],
  isShared: true
}

const running = (run: Run, calendar: Calendar.Calendar, { training }: Model): Derivation.Running => {
  const trained = Calendar.endOf(calendar, "1d", training.to)
  const toRows = ({ features, inputHash, labels, lead, openTime, reasons }: Batch): Derivation.Rows => ({
    openTime,
    knownAt: openTime.map((open) => Math.max(trained, Calendar.endOf(calendar, "1d", open))),
    // A mean of no losses has no logarithm.
    columns: [labels, lead, ...features.map((column) => column.map((value) => (Number.isFinite(value) ? value : NaN)))],
    inputHash,
    reasons
  })
  return {
    push: (candles) => toRows(run.push(candles)),
    split: (factor) => run.split(factor),
    save: () => run.save()
  }
}

const methodOf = (model: Model, calendar: Calendar.Calendar): Derivation.Method => {
  const key = JSON.stringify(model)
  return {
    ...method,
    table,
    begin: (isAfterGap) => running(new Run({ model, beginning: isAfterGap ? "gap" : "series" }), calendar, model),
    resume: (state) => {
      const saved = state as Saved
      return JSON.stringify(saved.model) === key ? running(new Run(saved), calendar, model) : undefined
    }
  }
}

/** How the model that labels were told by was made. */
const settingsOf = (known: DerivedStore.Progress | undefined): Pick<Options, "training" | "lambda"> => {
  if (known === undefined) return {}
  const { lambda, training } = ((known.state as Derivation.State).run as Saved).model
  return { training: { from: training.from, to: training.to + 1 }, lambda }
}

/** The model of a series by all that is stored of it, or why there is none. */
const modelOf = Effect.fnUntraced(function* (
  input: Inputs.Input,
  { lambda, training }: Pick<Options, "training" | "lambda">
) {
  const { splits, stored } = input
  const whole = Inputs.span(stored.coverage)
  if (whole === undefined) return `nothing of it is stored`
  const batches = yield* Stream.runCollect((yield* CandleStore.CandleStore).read(stored.series, whole))
  const candles = Inputs.inLastShares(Candles.concat(batches), splits)
  const { openTime } = candles
  const from = training?.from ?? openTime[0] ?? 0
  const first = Candles.lowerBound(openTime, from)
  const last = openTime[Math.max(first, needs - 1) + defaultTraining]
  const to = training?.to ?? last
  if (to === undefined) {
    const has = Math.max(0, openTime.length - Math.max(first, needs - 1))
    return `needs ${defaultTraining} days to be trained on after ${needs - 1} to begin with, has ${has}; choose others with --train-start and --train-end`
  }
  return fit(candles, { interval: { from, to }, lambda })
})

/** One series after the other; one that fails does not stop the others. */
export const run = Effect.fn("JumpModel.update")(function* <E, R>(options: Options<E, R>) {
  const known = yield* Derivation.progressOf(method)
  return yield* Effect.forEach(
    yield* Inputs.of(options),
    Effect.fnUntraced(function* (input) {
      const { series } = input.stored
      const before = known.get(Series.key(series))
      const there = settingsOf(before)
      const model = yield* modelOf(input, {
        lambda: options.lambda ?? there.lambda,
        training: options.training ?? there.training
      })
      if (typeof model === "string") {
        const outcome: Outcome = { series, processed: 0, inserted: 0, updated: 0, model }
        return outcome
      }
      const done = yield* Derivation.run(input, methodOf(model, input.calendar), before, options)
      const outcome: Outcome = { ...done, model }
      return outcome
    })
  )
})
