/** The work of `tidemark regime structure`. */
import { UsageError } from "@tidemark/backfill"
import { DerivedStore } from "@tidemark/core"
import * as Inputs from "@tidemark/features/Inputs"
import * as History from "@tidemark/regime/History"
import { type Happenings, StructureRegime, StructureTables, StructureUpdate } from "@tidemark/regime/structure"
import { Reading } from "@tidemark/runtime"
import { Console, Effect, Option } from "effect"
import { exitWith } from "../Failure.ts"
import * as Globals from "../flags/Globals.ts"
import type { SpanFlags } from "../flags/Span.ts"
import * as RegimePlot from "../view/RegimePlot.ts"
import * as StructureView from "../view/StructureView.ts"
import * as Chosen from "./Chosen.ts"
import * as Jobs from "./jobs.ts"
import * as Plot from "./Plot.ts"
import { toSpan } from "./Range.ts"
import * as RegimeDoor from "./RegimeDoor.ts"
import * as Remote from "./Remote.ts"
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

const isDecisive = ({ stored }: Inputs.Input): boolean => stored.series.timeframe === "4h"

/** Fails for a picture that cannot be drawn, before any work is done for it. */
const checkPlot = Effect.fnUntraced(function* ({ dryRun, plot }: Input, inputs: ReadonlyArray<Inputs.Input>) {
  if (Option.isNone(plot)) return
  const count = inputs.filter(isDecisive).length
  if (dryRun) {
    return yield* new UsageError.UsageError({ message: "--plot draws what is kept, and --dry-run keeps nothing" })
  }
  if (count > mostPictures) {
    return yield* new UsageError.UsageError({
      message: `--plot draws at most ${mostPictures} symbols, and ${count} are chosen; choose with --symbols`
    })
  }
})

const pictureOf = Effect.fnUntraced(function* (input: Inputs.Input, range: Pick<StructureUpdate.Range, "from" | "to">) {
  const interval = Inputs.within(input, range)
  if (interval === undefined) return []
  const { series } = input.stored
  const derived = yield* DerivedStore.DerivedStore
  const rows = yield* derived.read(StructureTables.regimes, StructureRegime.method, series, interval)
  const history = yield* History.of(input, StructureTables.regimes, rows, range)
  if (history.openTime.length === 0) return []
  const picture: RegimePlot.Picture = {
    title: `${series.symbol} (${series.source}) · structure regime`,
    openTime: history.openTime,
    ends: History.ends(history),
    close: history.close,
    labels: history.words["regime"]!,
    all: StructureRegime.labels
  }
  return [picture]
})

/** Has a daemon derive it; `GET /regimes/structure/current` and its history tell of what. */
const there = Effect.fnUntraced(function* (client: Remote.Asking, input: Input) {
  const { dryRun, mode, plot } = input
  yield* RegimeDoor.refuse({ plot, "dry-run": dryRun, mode: mode !== "smc-pit" })
  const { symbols } = yield* Chosen.chosen({ ...input, timeframes: Option.none() })
  const settings = RegimeDoor.settingsOf(input, yield* toSpan(input))
  const wanted = { ...settings, work: "structure", ...(symbols.length === 0 ? {} : { symbols }) }
  yield* Jobs.show(yield* Jobs.have(client, wanted))
})

const here = Effect.fnUntraced(function* (input: Input) {
  const quiet = yield* Globals.quiet
  if (Option.isSome(input.plot)) yield* Plot.formatOf(input.plot.value)
  const chosen = yield* Chosen.chosen({ ...input, timeframes: Option.none() })
  const range = yield* toSpan(input)
  const { absent, outcomes, pictures } = yield* Effect.gen(function* () {
    const inputs = yield* Inputs.of({
      choose: (series) =>
        StructureRegime.timeframes.some((one) => one === series.timeframe) && chosen.includes({ series }),
      appliedBy: Reading.appliedBy
    })
    yield* checkPlot(input, inputs)
    const outcomes = yield* StructureUpdate.run({
      ...range,
      inputs,
      force: input.force,
      dryRun: input.dryRun,
      mode: input.mode,
      onSymbol: (outcome) => (quiet ? Effect.void : Console.error(StructureView.progress(outcome)))
    })
    const pictures = Option.isSome(input.plot)
      ? (yield* Effect.forEach(inputs.filter(isDecisive), (one) => pictureOf(one, range))).flat()
      : []
    const missing = chosen.symbols.filter((symbol) => !outcomes.some((one) => one.symbol === symbol))
    return { absent: missing, outcomes, pictures }
  }).pipe(withRuntime("update"))
  if (Option.isSome(input.plot)) yield* Plot.write(input.plot.value, pictures.map(RegimePlot.chart))
  yield* print({
    json: () => StructureView.toJson(outcomes, input.dryRun),
    text: () => StructureView.toText(outcomes, input.dryRun)
  })
  yield* Chosen.sayAbsent(absent)
  yield* exitWith(outcomes.some(({ error }) => error !== undefined) ? 1 : outcomes.length === 0 ? 3 : 0)
})

export const run = (input: Input) => Remote.either({ local: here(input), remote: (client) => there(client, input) })
