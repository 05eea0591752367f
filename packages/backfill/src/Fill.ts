/** Asks the sources of stored series again for what is missing of them without an explanation, and for nothing else. */
import { Gap, Interval } from "@tidemark/core"
import { Effect } from "effect"
import * as Backfill from "./Backfill.ts"
import * as Selection from "./Selection.ts"
import type * as Survey from "./Survey.ts"

/** A series and what of it is to be asked for. */
const targetOf = ({ gaps, plan, stored }: Survey.Surveyed): Backfill.BackfillOptions["targets"][number] => {
  const { source, timeframe } = stored.series
  const only = Interval.normalize(gaps.filter((gap) => !Gap.isExplained(gap)).map(({ interval }) => interval))
  return {
    instrument: Selection.ofSource(plan.request.instrument, source),
    timeframe,
    window: { ...only.reduce(Interval.hull), whole: true, only }
  }
}

/** `undefined` where nothing is missing that anybody could be asked for. */
export const run = Effect.fn("Fill.run")(function* (
  found: ReadonlyArray<Survey.Surveyed>,
  stop: Effect.Effect<void> = Effect.never
) {
  const open = found.filter(({ gaps }) => gaps.some((gap) => !Gap.isExplained(gap)))
  if (open.length === 0) return undefined
  return yield* Backfill.run({ targets: open.map(targetOf), window: {}, force: true, repair: true, stop })
})
