/**
 * Brings the labels of the jump model up to date for stored series of daily
 * candles: `jump_regime_history`.
 *
 * The model is fitted to the same days in every run, and is the same as long
 * as they are. A label of a day of its training could not be known before the
 * last of them closed.
 */
import { Calendar, type DerivedStore, Series } from "@tidemark/core"
import * as Derivation from "@tidemark/features/Derivation"
import * as Inputs from "@tidemark/features/Inputs"
import { Effect } from "effect"
import { needs } from "./History.ts"
import * as JumpFeatures from "./JumpFeatures.ts"
import { fit, method, type Model } from "./JumpModel.ts"
import { type Batch, Run, type Saved } from "./Labels.ts"

/** Sessions of an exchange in five years, about. */
export const defaultTraining = 1_260

export interface Options extends Derivation.Range {
  /** Series of daily candles. */
  readonly inputs: ReadonlyArray<Inputs.Input>
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

/** The model that labels were told by. */
const modelBefore = (known: DerivedStore.Progress | undefined): Model | undefined =>
  known === undefined ? undefined : ((known.state as Derivation.State).run as Saved).model

/** The model of a series by all that is stored of it, or why there is none. */
const modelOf = Effect.fnUntraced(function* (
  input: Inputs.Input,
  before: Model | undefined,
  { lambda = before?.lambda, training = {} }: Pick<Options, "training" | "lambda">
) {
  const isAsBefore = training.from === undefined && training.to === undefined && lambda === before?.lambda
  // Days that it was trained on may have gone; it is the same model all the same.
  if (before !== undefined && isAsBefore && input.stored.coverage.pruned.length > 0) return before
  const candles = yield* Inputs.candlesOf(input)
  const { openTime } = candles
  const from = training.from ?? before?.training.from ?? openTime[0] ?? 0
  const to = training.to ?? (before === undefined ? undefined : before.training.to + 1)
  const model = fit(candles, {
    interval: { from, to: to ?? (openTime.at(-1) ?? 0) + 1 },
    breaks: input.missing.map((gap) => gap.to),
    days: to === undefined ? defaultTraining : undefined,
    lambda
  })
  if (to !== undefined || typeof model === "string" || model.training.days === defaultTraining) return model
  return (
    `needs ${defaultTraining} days to be trained on after ${needs - 1} to begin with, has ${model.training.days}; ` +
    "choose others with --train-start and --train-end"
  )
})

const nothing = { processed: 0, inserted: 0, updated: 0 } as const

/** One series after the other; one that fails does not stop the others. */
export const run = Effect.fn("JumpModel.update")(function* (options: Options) {
  const known = yield* Derivation.progressOf(method)
  return yield* Effect.forEach(options.inputs, (input) => {
    const { series } = input.stored
    const before = known.get(Series.key(series))
    return Effect.gen(function* () {
      const model = yield* modelOf(input, modelBefore(before), options)
      const without: Outcome = { series, ...nothing, model }
      if (typeof model === "string") return without
      const done = yield* Derivation.run(input, methodOf(model, input.calendar), before, options)
      const outcome: Outcome = { ...done, model }
      return outcome
    }).pipe(
      Effect.catch((error) =>
        Effect.succeed<Outcome>({ series, ...nothing, error, model: "its candles could not be read" })
      )
    )
  })
})
