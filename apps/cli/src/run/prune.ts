/** The work of `tidemark prune`. */
import { Prune } from "@tidemark/backfill"
import { type CandleStore, Series } from "@tidemark/core"
import { Console, Effect } from "effect"
import { exitWith } from "../Failure.ts"
import * as PruneView from "../view/PruneView.ts"
import * as Chosen from "./Chosen.ts"
import { untilInterrupted } from "./Interrupt.ts"
import { print, withRuntime } from "./Session.ts"

export interface Input extends Chosen.SeriesFlags {
  readonly dryRun: boolean
  readonly evenIfNeeded: boolean
}

export const run = Effect.fnUntraced(function* (input: Input) {
  const chosen = yield* Chosen.chosen(input)
  const { dryRun, evenIfNeeded } = input
  const found: Array<CandleStore.StoredSeries> = []
  const choose = (stored: CandleStore.StoredSeries) => {
    const isChosen = chosen.includes(stored)
    if (isChosen) found.push(stored)
    return isChosen
  }
  const work = (stop: Effect.Effect<void>) =>
    Prune.run({ choose, dryRun, evenIfNeeded, stop }).pipe(withRuntime(dryRun ? "read" : "update"))
  return yield* untilInterrupted(
    work,
    Effect.fnUntraced(function* (report) {
      yield* print({ json: () => PruneView.toJson(report), text: () => PruneView.toText(report) })
      if (report.strangers.length > 0) {
        const names = report.strangers.join(", ")
        yield* Console.error(
          `tidemark: "retention" in the configuration names ${names}, of which nothing is stored or on your list: is it spelled as in tidemark coverage?`
        )
      }
      for (const { error, series } of report.outcomes) {
        if (error !== undefined) yield* Console.error(`tidemark: ${Series.key(series)}: ${error}`)
      }
      if (report.interrupted)
        yield* Console.error("tidemark: interrupted; run the same command again, it continues here")
      const code = Prune.exitCode(report)
      // What failed counts more than a name that nothing is stored of.
      if (code === 0) yield* Chosen.sayAbsent(Chosen.absent(chosen, found))
      return yield* exitWith(code)
    })
  )
})
