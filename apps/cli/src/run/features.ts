/** The work of `tidemark features`. */
import { Update } from "@tidemark/features"
import * as Inputs from "@tidemark/features/Inputs"
import { Reading } from "@tidemark/runtime"
import { Console, Effect } from "effect"
import { exitWith } from "../Failure.ts"
import * as Globals from "../flags/Globals.ts"
import type { SpanFlags } from "../flags/Span.ts"
import * as FeaturesView from "../view/FeaturesView.ts"
import * as Chosen from "./Chosen.ts"
import { toSpan } from "./Range.ts"
import { print, withRuntime } from "./Session.ts"

export interface Input extends Chosen.SeriesFlags, SpanFlags {
  readonly force: boolean
}

export const run = Effect.fnUntraced(function* (input: Input) {
  const quiet = yield* Globals.quiet
  const chosen = yield* Chosen.chosen(input)
  const { absent, outcomes } = yield* Effect.gen(function* () {
    const { from, to } = yield* toSpan(input)
    const inputs = yield* Inputs.of({ choose: (series) => chosen.includes({ series }), appliedBy: Reading.appliedBy })
    const outcomes = yield* Update.run({
      inputs,
      from,
      to,
      force: input.force,
      onPage: (outcome) => (quiet ? Effect.void : Console.error(FeaturesView.progress(outcome)))
    })
    return {
      absent: Chosen.absent(
        chosen,
        inputs.map(({ stored }) => stored)
      ),
      outcomes
    }
  }).pipe(withRuntime("update"))
  yield* print({ json: () => FeaturesView.toJson(outcomes), text: () => FeaturesView.toText(outcomes) })
  yield* Chosen.sayAbsent(absent)
  yield* exitWith(outcomes.some(({ error }) => error !== undefined) ? 1 : 0)
})
