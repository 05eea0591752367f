/** The work of `tidemark regime structure`. */
import { UsageError } from "@tidemark/backfill"
import { DerivedStore, type Series } from "@tidemark/core"
import * as Inputs from "@tidemark/features/Inputs"
import * as History from "@tidemark/regime/History"
import { type Happenings, StructureRegime, StructureTables, StructureUpdate } from "@tidemark/regime/structure"
import { Reading } from "@tidemark/runtime"
import { Console, Effect, Option } from "effect"
import { exitWith } from "../Failure.ts"
import * as Globals from "../flags/Globals.ts"
import type { SpanFlags } from "../flags/Span.ts"
import type * as RegimePlot from "../view/RegimePlot.ts"
import * as StructureView from "../view/StructureView.ts"
import * as Chosen from "./Chosen.ts"
import * as Plot from "./Plot.ts"
import { toSpan } from "./Range.ts"
import { print, withRuntime } from "./Session.ts"

export interface Input extends SpanFlags {
  readonly symbols: Option.Option<string>
  readonly source: Option.Option<string>
  readonly mode: Happenings.Mode
  readonly dryRun: boolean
  readonly force: boolean
  readonly plot: Option.Option<string>
}

/** Pictures that one file can hold and a person can look at. */
const mostPictures = 6

const picturesOf = Effect.fnUntraced(function* <E, R>(
  options: Inputs.Options<E, R> & Pick<StructureUpdate.Range, "from" | "to">
) {
  const derived = yield* DerivedStore.DerivedStore
  const inputs = yield* Inputs.of({
    appliedBy: options.appliedBy,
    choose: (series) => series.timeframe === "4h" && options.choose(series)
  })
  if (inputs.length > mostPictures) {
    return yield* new UsageError.UsageError({
      message: `--plot draws at most ${mostPictures} symbols, and ${inputs.length} are chosen; choose with --symbols`
    })
  }
  return yield* Effect.forEach(
    inputs,
    Effect.fnUntraced(function* (input) {
      const { series } = input.stored
      const interval = Inputs.within(input, options) ?? { from: 0, to: 1 }
      const rows = yield* derived.read(StructureTables.regimes, StructureRegime.method, series, interval)
      const history = yield* History.of(input, StructureTables.regimes, rows, interval)
      const picture: RegimePlot.Picture = {
        title: `${series.symbol} (${series.source}) · structure regime`,
        openTime: history.openTime,
        close: history.close,
        labels: history.words["regime"]!,
        all: StructureRegime.labels,
        end: input.calendar.closeOf("4h", history.openTime.at(-1) ?? 0)
      }
      return picture
    })
  )
})

export const run = Effect.fnUntraced(function* (input: Input) {
  const quiet = yield* Globals.quiet
  if (Option.isSome(input.plot)) yield* Plot.formatOf(input.plot.value)
  const chosen = yield* Chosen.chosen({ ...input, timeframes: Option.none() })
  const { from, to } = yield* toSpan(input)
  const { absent, outcomes, pictures } = yield* Effect.gen(function* () {
    const options = {
      choose: (series: Series.Series) => chosen.includes({ series }),
      appliedBy: Reading.appliedBy
    }
    const outcomes = yield* StructureUpdate.run({
      ...options,
      from,
      to,
      force: input.force,
      dryRun: input.dryRun,
      mode: input.mode,
      onSymbol: (outcome) => (quiet ? Effect.void : Console.error(StructureView.progress(outcome)))
    })
    const pictures = Option.isSome(input.plot) ? yield* picturesOf({ ...options, from, to }) : []
    const missing = chosen.symbols.filter((symbol) => !outcomes.some((one) => one.symbol === symbol))
    return { absent: missing, outcomes, pictures }
  }).pipe(withRuntime("update"))
  const drawn = pictures.filter(({ openTime }) => openTime.length > 0)
  if (Option.isSome(input.plot) && drawn.length > 0) yield* Plot.write(input.plot.value, drawn)
  yield* print({
    json: () => StructureView.toJson(outcomes, input.dryRun),
    text: () => StructureView.toText(outcomes, input.dryRun)
  })
  yield* Chosen.sayAbsent(absent)
  yield* exitWith(outcomes.some(({ error }) => error !== undefined) ? 1 : outcomes.length === 0 ? 3 : 0)
})
