/** Work on what follows from candles: features and regimes, what is new and what was touched. */
import { Series } from "@tidemark/core"
import { Update } from "@tidemark/features"
import type * as Derivation from "@tidemark/features/Derivation"
import * as Inputs from "@tidemark/features/Inputs"
import type { Scheduler } from "@tidemark/jobs"
import { JumpUpdate } from "@tidemark/regime/jump"
import { MarketUpdate } from "@tidemark/regime/market"
import { StructureRegime, StructureUpdate } from "@tidemark/regime/structure"
import { Reading } from "@tidemark/runtime"
import { Effect } from "effect"
import * as Progress from "./Progress.ts"
import * as Settings from "./Settings.ts"

type Figures = Pick<Derivation.Outcome, "processed" | "inserted" | "updated" | "error">

const ended = (name: string, outcomes: ReadonlyArray<Figures>, told: Pick<Scheduler.Told, "log">) =>
  Effect.gen(function* () {
    const sum = (of: (one: Figures) => number) => outcomes.reduce((all, one) => all + of(one), 0)
    const [inserted, updated] = [sum((one) => one.inserted), sum((one) => one.updated)]
    const failed = outcomes.filter(({ error }) => error !== undefined).length
    yield* told.log(`${name}: ${inserted} rows inserted, ${updated} updated, ${failed} series failed`)
    const result: Scheduler.Ended = {
      status: failed > 0 ? "failed" : "succeeded",
      result: { processed: sum((one) => one.processed), inserted, updated, failed }
    }
    return result
  })

/** The series that a job means, and what it says of the rows. */
const asked = Effect.fnUntraced(function* ({ job }: Scheduler.Told) {
  const settings = yield* Settings.of(job.settings)
  const inputs = yield* Inputs.of({ choose: Settings.includes(settings), appliedBy: Reading.appliedBy })
  yield* Settings.require(
    settings,
    inputs.map(({ stored }) => stored.series)
  )
  return { inputs, settings, range: { ...Settings.spanOf(settings), force: settings.force ?? false } }
})

/** Says how far it is over some series; what a derivation tells of each page. */
const paged = (name: string, inputs: ReadonlyArray<Inputs.Input>, told: Scheduler.Told) =>
  Effect.map(
    Progress.ofSubjects(name, inputs.length, told),
    (made): Derivation.Range["onPage"] =>
      ({ series }, { openTime }) =>
        made(Series.key(series), openTime.length)
  )

const isDaily = ({ stored }: Inputs.Input): boolean => stored.series.timeframe === "1d"

const named = (outcomes: ReadonlyArray<Derivation.Outcome>, told: Pick<Scheduler.Told, "log">) =>
  Effect.forEach(
    outcomes,
    ({ error, series }) => (error === undefined ? Effect.void : told.log(`${Series.key(series)}: ${error.message}`)),
    { discard: true }
  )

export const features = Effect.fnUntraced(function* (told: Scheduler.Told) {
  const { inputs, range } = yield* asked(told)
  const onPage = yield* paged("features", inputs, told)
  const outcomes = yield* Update.run({ ...range, inputs, onPage })
  yield* named(outcomes, told)
  return yield* ended("features", outcomes, told)
}, Effect.scoped)

/** The market regime of every stored series of daily candles. */
export const market = Effect.fnUntraced(function* (told: Scheduler.Told) {
  const { inputs, range, settings } = yield* asked(told)
  const daily = inputs.filter(isDaily)
  const onPage = yield* paged("market regimes", daily, told)
  const outcomes = yield* MarketUpdate.run({ ...range, inputs: daily, profile: settings.profile, onPage })
  yield* named(outcomes, told)
  return yield* ended("market regimes", outcomes, told)
}, Effect.scoped)

/**
 * The jump model of every stored series of daily candles that is long enough.
 * A series without a model is worth a word only where somebody has named it.
 */
export const jump = Effect.fnUntraced(function* (told: Scheduler.Told) {
  const { inputs, range, settings } = yield* asked(told)
  const { lambda, symbols = [] } = settings
  const daily = inputs.filter(isDaily)
  const training = Settings.trainingOf(settings)
  const onPage = yield* paged("jump regimes", daily, told)
  const outcomes = yield* JumpUpdate.run({ ...range, inputs: daily, training, lambda, onPage })
  yield* named(outcomes, told)
  const without = outcomes.filter(({ error, model }) => error === undefined && typeof model === "string")
  if (symbols.length > 0) {
    for (const { model, series } of without) yield* told.log(`${Series.key(series)}: no model: ${String(model)}`)
  }
  yield* told.log(`${outcomes.length - without.length} of ${outcomes.length} series have a model`)
  const done = yield* ended("jump regimes", outcomes, told)
  const isShort = done.status === "succeeded" && symbols.length > 0 && without.length > 0
  return isShort ? { ...done, status: "incomplete" as const } : done
}, Effect.scoped)

/** The structure of every symbol with 4h candles. */
export const structure = Effect.fnUntraced(function* (told: Scheduler.Told) {
  const { inputs, range } = yield* asked(told)
  const all = inputs.filter(({ stored }) => StructureRegime.timeframes.some((one) => one === stored.series.timeframe))
  const symbols = new Set(all.map(({ stored: { series } }) => `${series.source} ${series.symbol}`))
  const made = yield* Progress.ofSubjects("structure regimes", symbols.size, told)
  const onSymbol = ({ processed, source, symbol }: StructureUpdate.Outcome) => made(`${source} ${symbol}`, processed)
  const outcomes = yield* StructureUpdate.run({ ...range, inputs: all, onSymbol })
  for (const { error, source, symbol } of outcomes) {
    if (error !== undefined) yield* told.log(`${symbol} ${source}: ${error.message}`)
  }
  return yield* ended("structure regimes", outcomes, told)
}, Effect.scoped)
