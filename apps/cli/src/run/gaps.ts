/** The work of `tidemark gaps …`. */
import { Backfill, Report, Survey, UsageError } from "@tidemark/backfill"
import { Gap, Instrument, Interval } from "@tidemark/core"
import { Console, Effect, type Option, Schema } from "effect"
import { exitWith } from "../Failure.ts"
import * as Globals from "../flags/Globals.ts"
import type { SpanFlags } from "../flags/Span.ts"
import * as BackfillView from "../view/BackfillView.ts"
import * as GapsView from "../view/GapsView.ts"
import * as Progress from "../view/Progress.ts"
import * as Chosen from "./Chosen.ts"
import { untilInterrupted } from "./Interrupt.ts"
import * as Lists from "./Lists.ts"
import { toSpan } from "./Range.ts"
import { print, withRuntime } from "./Session.ts"

export interface Input extends Chosen.SeriesFlags, SpanFlags {
  readonly cause: Option.Option<string>
}

const isCause = Schema.is(Gap.GapCause)

const causesOf = Effect.fnUntraced(function* (text: Option.Option<string>) {
  const names = Lists.items(text)
  const wrong = names.find((name) => !isCause(name))
  if (wrong === undefined) return new Set(names.filter(isCause))
  const all = Gap.GapCause.literals.join(", ")
  return yield* new UsageError.UsageError({ message: `There is no cause "${wrong}". Causes: ${all}` })
})

/** The gaps that the flags mean, by series. */
const find = Effect.fnUntraced(function* (input: Input) {
  const causes = yield* causesOf(input.cause)
  const { from, to } = yield* toSpan(input)
  const chosen = yield* Chosen.chosen(input)
  const surveyed = yield* Survey.run({ choose: chosen.includes, from, to })
  const absent = Chosen.absent(
    chosen,
    surveyed.map(({ stored }) => stored)
  )
  const found = surveyed.map((one) => ({
    ...one,
    gaps: Survey.gapsOf(one).filter(({ cause }) => causes.size === 0 || causes.has(cause))
  }))
  return { absent, found }
})

export const list = Effect.fnUntraced(function* (input: Input) {
  const { absent, found } = yield* find(input).pipe(withRuntime("read"))
  const gaps = found.flatMap((one) => one.gaps)
  yield* print({ json: () => GapsView.toJson(gaps), text: () => GapsView.toText(gaps, found.length) })
  yield* Chosen.sayAbsent(absent)
})

/** A series and what of it is to be asked for, and nothing else. */
const targetOf = ({ gaps, plan, stored }: Survey.Surveyed): Backfill.BackfillOptions["targets"][number] => {
  const { source, symbol, timeframe } = stored.series
  const { instrument } = plan.request
  const sourceSymbol = instrument.sources.find((listing) => listing.source === source)?.symbol
  const only = Interval.normalize(gaps.filter((gap) => !Gap.isExplained(gap)).map(({ interval }) => interval))
  return {
    instrument: new Instrument.Instrument({
      ...instrument,
      symbol,
      sources: [{ source, ...(sourceSymbol === undefined ? {} : { symbol: sourceSymbol }) }]
    }),
    timeframe,
    window: { ...only.reduce(Interval.hull), whole: true, only }
  }
}

export const fill = Effect.fnUntraced(function* (input: Input) {
  const quiet = yield* Globals.quiet
  const work = (stop: Effect.Effect<void>) =>
    Effect.scoped(
      Effect.gen(function* () {
        const { absent, found } = yield* find(input)
        yield* Chosen.sayAbsent(absent)
        const open = found.filter(({ gaps }) => gaps.some((gap) => !Gap.isExplained(gap)))
        if (open.length === 0) return undefined
        if (!quiet) yield* Progress.show
        return yield* Backfill.run({ targets: open.map(targetOf), window: {}, force: true, repair: true, stop })
      })
    ).pipe(withRuntime("write"))
  return yield* untilInterrupted(
    work,
    Effect.fnUntraced(function* (report: Report.Report | undefined) {
      yield* print({
        json: () => (report === undefined ? { series: [] } : Report.toJson(report)),
        text: () => (report === undefined ? "Nothing is missing that has no cause" : BackfillView.toText(report))
      })
      if (report?.interrupted === true) yield* Console.error("tidemark: interrupted; what was fetched is stored")
      return yield* exitWith(report === undefined ? 0 : Report.exitCode(report))
    })
  )
})
