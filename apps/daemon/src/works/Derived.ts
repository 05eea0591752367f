/** Work on what follows from candles: features and regimes, what is new and what was touched. */
import { Series } from "@tidemark/core"
import { Update } from "@tidemark/features"
import type * as Derivation from "@tidemark/features/Derivation"
import * as Inputs from "@tidemark/features/Inputs"
import type { Scheduler } from "@tidemark/jobs"
import { MarketUpdate } from "@tidemark/regime/market"
import { StructureRegime, StructureUpdate } from "@tidemark/regime/structure"
import { Reading } from "@tidemark/runtime"
import { Effect } from "effect"
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

const inputs = Effect.fnUntraced(function* ({ job }: Scheduler.Told) {
  const settings = yield* Settings.of(job.settings)
  const found = yield* Inputs.of({ choose: Settings.includes(settings), appliedBy: Reading.appliedBy })
  yield* Settings.require(
    settings,
    found.map(({ stored }) => stored.series)
  )
  return found
})

const named = (outcomes: ReadonlyArray<Derivation.Outcome>, told: Pick<Scheduler.Told, "log">) =>
  Effect.forEach(
    outcomes,
    ({ error, series }) => (error === undefined ? Effect.void : told.log(`${Series.key(series)}: ${error.message}`)),
    { discard: true }
  )

export const features = Effect.fnUntraced(function* (told: Scheduler.Told) {
  const outcomes = yield* Update.run({ inputs: yield* inputs(told) })
  yield* named(outcomes, told)
  return yield* ended("features", outcomes, told)
})

/** The market regime of every stored series of daily candles. */
export const market = Effect.fnUntraced(function* (told: Scheduler.Told) {
  const daily = (yield* inputs(told)).filter(({ stored }) => stored.series.timeframe === "1d")
  const outcomes = yield* MarketUpdate.run({ inputs: daily })
  yield* named(outcomes, told)
  return yield* ended("market regimes", outcomes, told)
})

/** The structure of every symbol with 4h candles. */
export const structure = Effect.fnUntraced(function* (told: Scheduler.Told) {
  const all = (yield* inputs(told)).filter(({ stored }) =>
    StructureRegime.timeframes.some((one) => one === stored.series.timeframe)
  )
  const outcomes = yield* StructureUpdate.run({ inputs: all })
  for (const { error, source, symbol } of outcomes) {
    if (error !== undefined) yield* told.log(`${symbol} ${source}: ${error.message}`)
  }
  return yield* ended("structure regimes", outcomes, told)
})
