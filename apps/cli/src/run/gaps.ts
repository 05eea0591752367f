/** The work of `tidemark gaps …`. */
import { Candidates, Fill, Survey, UsageError } from "@tidemark/backfill"
import { Gap } from "@tidemark/core"
import { Reader } from "@tidemark/reader"
import { Console, Effect, Option, Schema, Stream } from "effect"
import { exitWith } from "../Failure.ts"
import * as Globals from "../flags/Globals.ts"
import type { SpanFlags } from "../flags/Span.ts"
import * as CandidatesView from "../view/CandidatesView.ts"
import * as GapsView from "../view/GapsView.ts"
import * as Progress from "../view/Progress.ts"
import * as Chosen from "./Chosen.ts"
import { untilInterrupted } from "./Interrupt.ts"
import * as GapsDoor from "./GapsDoor.ts"
import * as Lists from "./Lists.ts"
import * as Remote from "./Remote.ts"
import { toSpan } from "./Range.ts"
import { checkSources, print, withRuntime } from "./Session.ts"
import * as Tolerance from "./Tolerance.ts"

export interface Input extends Chosen.SeriesFlags, SpanFlags {
  readonly cause: Option.Option<string>
}

export interface FillInput extends Input {
  readonly with: Option.Option<string>
  readonly tolerance: Option.Option<number>
}

const usage = (message: string) => new UsageError.UsageError({ message })

const isCause = Schema.is(Gap.GapCause)

const causesOf = Effect.fnUntraced(function* (text: Option.Option<string>) {
  const names = Lists.items(text)
  const wrong = names.find((name) => !isCause(name))
  if (wrong === undefined) return new Set(names.filter(isCause))
  const all = Gap.GapCause.literals.join(", ")
  return yield* usage(`There is no cause "${wrong}". Causes: ${all}`)
})

/** The gaps that the flags mean, by series. */
const find = Effect.fnUntraced(function* (input: Input, chosen: Chosen.Chosen) {
  const causes = yield* causesOf(input.cause)
  const { from, to } = yield* toSpan(input)
  const surveyed = yield* Survey.run({ choose: chosen.includes, from, to })
  const absent = Chosen.absent(
    chosen,
    surveyed.map(({ stored }) => stored)
  )
  const found = surveyed.map((one) => ({
    ...one,
    gaps: Survey.gapsOf(one).filter(({ cause }) => causes.size === 0 || causes.has(cause))
  }))
  return { absent, causes, found }
})

/** What a daemon knows to be missing. */
const listThere = Effect.fnUntraced(function* (input: Input, chosen: Chosen.Chosen, client: Remote.Asking) {
  const causes = [...(yield* causesOf(input.cause))]
  const { from, to } = yield* toSpan(input)
  const query = {
    ...Chosen.selection(chosen, input.source),
    ...(causes.length === 0 ? {} : { causes }),
    ...Remote.span({ from, to })
  }
  const pages = yield* Remote.pages((page) => client.coverage.gaps({ query: { ...query, ...page } }))
  const gaps = pages.flatMap((page) => page.gaps.map(GapsDoor.toGap))
  const series = yield* client.coverage.coverage({ query: Chosen.selection(chosen, input.source) })
  yield* print({ json: () => GapsView.toJson(gaps), text: () => GapsView.toText(gaps, series.length) })
  yield* Chosen.sayAbsent(
    Chosen.absent(
      chosen,
      series.map((one) => ({ series: one }))
    )
  )
})

const listHere = Effect.fnUntraced(function* (input: Input, chosen: Chosen.Chosen) {
  const { absent, found } = yield* find(input, chosen).pipe(withRuntime("read"))
  const gaps = found.flatMap((one) => one.gaps)
  yield* print({ json: () => GapsView.toJson(gaps), text: () => GapsView.toText(gaps, found.length) })
  yield* Chosen.sayChanged(found.map(({ stored }) => Chosen.counted(stored)))
  yield* Chosen.sayAbsent(absent)
})

export const list = Effect.fnUntraced(function* (input: Input) {
  const chosen = yield* Chosen.chosen(input)
  return yield* Remote.either({
    local: listHere(input, chosen),
    remote: (client) => listThere(input, chosen, client)
  })
})

/** Asks another source for what is still missing. */
const fillWith = Effect.fnUntraced(function* (
  input: FillInput,
  chosen: Chosen.Chosen,
  other: { readonly source: string; readonly tolerance: number },
  stop: Effect.Effect<void>
) {
  const { causes, found } = yield* find(input, chosen)
  const lacking = found.map((surveyed) => ({
    surveyed,
    gaps: surveyed.gaps.filter(({ cause }) => (causes.size === 0 ? cause === "unexplained" : causes.has(cause)))
  }))
  const read = (request: Candidates.ReadRequest) => Stream.runCollect(Reader.candles(request))
  const answered = yield* Candidates.ask({ ...other, lacking, read, stop })
  const after = yield* find(input, chosen)
  return { answered, open: after.found.flatMap(({ gaps }) => gaps.filter((gap) => !Gap.isExplained(gap))) }
})

/** Another source and how closely it has to agree, where one is named. */
const otherOf = Effect.fnUntraced(function* ({ tolerance, with: name }: FillInput) {
  if (Option.isNone(name)) {
    if (Option.isNone(tolerance)) return undefined
    return yield* usage("--tolerance is for another source: name it with --with SOURCE")
  }
  return { source: name.value, tolerance: yield* Tolerance.price(tolerance) }
})

export const fill = Effect.fnUntraced(function* (input: FillInput) {
  const quiet = yield* Globals.quiet
  yield* checkSources(input.with)
  const chosen = yield* Chosen.chosen(input)
  const other = yield* otherOf(input)
  const work = (stop: Effect.Effect<void>) =>
    Effect.scoped(
      Effect.gen(function* () {
        const { absent, found } = yield* find(input, chosen)
        yield* Chosen.sayAbsent(absent)
        if (other !== undefined) {
          yield* Candidates.check(
            other.source,
            found.map(({ stored }) => stored.series)
          )
        }
        if (!quiet) yield* Progress.show
        const own = yield* Fill.run(found, stop)
        if (other === undefined || own?.interrupted === true) return { own, elsewhere: undefined }
        return { own, elsewhere: yield* fillWith(input, chosen, other, stop) }
      })
    ).pipe(withRuntime("update"))
  return yield* untilInterrupted(
    work,
    Effect.fnUntraced(function* (filled: CandidatesView.Filled) {
      yield* print({ json: () => CandidatesView.toJson(filled), text: () => CandidatesView.toText(filled) })
      if (CandidatesView.isInterrupted(filled)) {
        yield* Console.error("tidemark: interrupted; what was fetched is stored")
      }
      return yield* exitWith(CandidatesView.exitCode(filled))
    })
  )
})
