/** The work of `tidemark regime market` and `tidemark regime jump`: daily candles, one market. */
import type { Jobs as Wire } from "@tidemark/api"
import { UsageError } from "@tidemark/backfill"
import { DerivedStore, Instant, Instrument, Series } from "@tidemark/core"
import * as Annual from "@tidemark/features/Annual"
import * as Derivation from "@tidemark/features/Derivation"
import * as Inputs from "@tidemark/features/Inputs"
import * as History from "@tidemark/regime/History"
import { JumpModel, JumpUpdate } from "@tidemark/regime/jump"
import { MarketRegime, MarketUpdate, Regime } from "@tidemark/regime/market"
import * as Performance from "@tidemark/regime/Performance"
import * as Transitions from "@tidemark/regime/Transitions"
import { Reading } from "@tidemark/runtime"
import { Console, Effect, Option } from "effect"
import { exitWith } from "../Failure.ts"
import * as Globals from "../flags/Globals.ts"
import type { SpanFlags } from "../flags/Span.ts"
import * as RegimePlot from "../view/RegimePlot.ts"
import * as RegimeView from "../view/RegimeView.ts"
import * as Plot from "./Plot.ts"
import { instant, toSpan } from "./Range.ts"
import * as RegimeDoor from "./RegimeDoor.ts"
import * as Remote from "./Remote.ts"
import { checkSources, print, withRuntime } from "./Session.ts"

export interface DailyInput extends SpanFlags {
  readonly symbol: string
  readonly source: Option.Option<string>
  readonly batchSize: Option.Option<number>
  readonly dryRun: boolean
  readonly force: boolean
  readonly plot: Option.Option<string>
}

export interface MarketInput extends DailyInput {
  readonly profile: MarketRegime.ProfileId
}

export interface JumpInput extends DailyInput {
  readonly trainStart: Option.Option<string>
  readonly trainEnd: Option.Option<string>
  readonly lambda: Option.Option<number>
}

type Reported<Label extends string> = RegimeView.Reported<Label>

/** What a command of daily candles derives. */
interface Kind<Label extends string> {
  readonly table: DerivedStore.Table
  readonly method: DerivedStore.Method
  readonly labels: ReadonlyArray<Label>
  /** The column that a picture shows. */
  readonly shown: string
  readonly title: string
}

/** Pages that a dry run has made, by `Series.key`. */
type Made = Map<string, ReadonlyArray<DerivedStore.Rows>>

const batchRows = Effect.fnUntraced(function* (size: Option.Option<number>) {
  if (Option.isNone(size) || size.value >= 1) return Option.getOrUndefined(size)
  return yield* new UsageError.UsageError({ message: `--batch-size must be at least 1, got ${size.value}` })
})

/** What the flags mean. */
const meant = Effect.fnUntraced(function* (input: DailyInput) {
  const symbol = input.symbol.toUpperCase()
  yield* checkSources(input.source)
  // Before any work: a picture that cannot be drawn is a mistake of the user's.
  if (Option.isSome(input.plot)) yield* Plot.formatOf(input.plot.value)
  const quiet = yield* Globals.quiet
  const made: Made = new Map()
  return {
    made,
    choice: {
      choose: (series: Series.Series) =>
        series.symbol === symbol &&
        series.timeframe === "1d" &&
        (Option.isNone(input.source) || input.source.value === series.source),
      appliedBy: Reading.appliedBy
    },
    range: {
      ...(yield* toSpan(input)),
      force: input.force,
      dryRun: input.dryRun,
      batchRows: yield* batchRows(input.batchSize),
      onPage: (outcome: Derivation.Outcome, rows: DerivedStore.Rows) => {
        const key = Series.key(outcome.series)
        if (input.dryRun) made.set(key, [...(made.get(key) ?? []), rows])
        return quiet || Option.isNone(input.batchSize) ? Effect.void : Console.error(RegimeView.progress(outcome))
      }
    }
  }
})

/** What is stored of each series now; in a dry run what was made, if anything was. */
const report = Effect.fnUntraced(function* <Label extends string>(
  kind: Kind<Label>,
  inputs: ReadonlyArray<Inputs.Input>,
  outcomes: ReadonlyArray<Reported<Label>["outcome"]>,
  { made, range }: Effect.Success<ReturnType<typeof meant>>
) {
  const derived = yield* DerivedStore.DerivedStore
  return yield* Effect.forEach(
    inputs,
    Effect.fnUntraced(function* (input, i) {
      const { series, provenance } = input.stored
      const interval = Inputs.within(input, range)
      const pages = made.get(Series.key(series))
      const stored =
        interval === undefined
          ? Effect.succeed(Derivation.noRows(kind.table))
          : derived.read(kind.table, kind.method, series, interval)
      const rows = pages === undefined ? yield* stored : Derivation.join(pages)
      const history = yield* History.of(input, kind.table, rows, range)
      const labels = history.words["regime"] as ReadonlyArray<Label | null>
      const regimes = History.inTime(history, labels)
      const barsPerYear = Annual.barsPerYear(input.calendar, "1d")
      const one: Reported<Label> = {
        series,
        provenance,
        labels: kind.labels,
        method: kind.method,
        outcome: outcomes[i]!,
        history,
        shown: (history.words[kind.shown] ?? labels) as ReadonlyArray<Label | null>,
        skipped: History.skipped(history),
        late: labels.filter((label, row) => label !== null && regimes[row] === null).length,
        transitions: Transitions.of(kind.labels, labels),
        performance: Performance.byRegime(kind.labels, { close: history.close, regimes, barsPerYear })
      }
      return one
    })
  )
})

const pictureOf = <Label extends string>(
  { labels, title }: Kind<Label>,
  { history, series, shown }: Reported<Label>
): RegimePlot.Picture => ({
  title: `${series.symbol} (${series.source}) · ${title}`,
  openTime: history.openTime,
  ends: History.ends(history),
  close: history.close,
  labels: shown,
  all: labels
})

const finish = Effect.fnUntraced(function* <Label extends string>(
  kind: Kind<Label>,
  input: DailyInput,
  reported: ReadonlyArray<Reported<Label>>
) {
  const drawn = reported.filter(({ history }) => history.openTime.length > 0)
  if (Option.isSome(input.plot)) {
    yield* Plot.write(
      input.plot.value,
      drawn.map((one) => RegimePlot.chart(pictureOf(kind, one)))
    )
  }
  yield* print({
    json: () => RegimeView.toJson(reported, input.dryRun),
    text: () => RegimeView.toText(reported, input.dryRun)
  })
  if (reported.length === 0) {
    const symbol = input.symbol.toUpperCase()
    const of = Option.match(input.source, { onNone: () => "", onSome: (source) => ` of ${source}` })
    const from = Option.getOrElse(input.source, () =>
      Instrument.assetClassOf(symbol) === "crypto" ? "binance" : "yahoo"
    )
    yield* Console.error(
      `tidemark: no daily candles of ${symbol} are stored${of}; ` +
        `fetch them: tidemark backfill --symbols ${symbol} --timeframes 1d --years 20 --source ${from}`
    )
    return yield* exitWith(3)
  }
  const failed = reported.some(({ outcome }) => outcome.error !== undefined)
  const isUntold = reported.some(({ outcome }) => typeof outcome.model === "string")
  yield* exitWith(failed ? 1 : isUntold ? 3 : 0)
})

/** Has a daemon derive it. */
const there = Effect.fnUntraced(function* (
  client: Remote.Asking,
  kind: "market" | "jump",
  input: DailyInput,
  special: Pick<Wire.Wanted, "profile" | "train_start" | "train_end" | "lambda">
) {
  yield* checkSources(input.source)
  yield* RegimeDoor.refuse({ "batch-size": input.batchSize, plot: input.plot, "dry-run": input.dryRun })
  const span = yield* toSpan(input)
  const symbols = [input.symbol.toUpperCase()] as const
  yield* RegimeDoor.daily(client, kind, { ...RegimeDoor.settingsOf(input, span), ...special, symbols }, span)
})

const marketHere = Effect.fnUntraced(function* (input: MarketInput) {
  const { method } = MarketRegime.profiles[input.profile]
  const kind: Kind<Regime.Regime> = {
    table: MarketUpdate.table,
    method,
    labels: Regime.all,
    shown: "confirmed_regime",
    title: `market regime (${input.profile}, confirmed)`
  }
  const flags = yield* meant(input)
  const reported = yield* Effect.gen(function* () {
    const inputs = yield* Inputs.of(flags.choice)
    const outcomes = yield* MarketUpdate.run({ ...flags.range, inputs, profile: input.profile })
    return yield* report(kind, inputs, outcomes, flags)
  }).pipe(withRuntime("update"))
  yield* finish(kind, input, reported)
})

export const market = (input: MarketInput) =>
  Remote.either({
    local: marketHere(input),
    remote: (client) => there(client, "market", input, { profile: input.profile })
  })

/** What the flags say of the model. */
const modelOf = Effect.fnUntraced(function* (input: JumpInput) {
  const training = {
    from: yield* instant("train-start", input.trainStart),
    to: yield* instant("train-end", input.trainEnd)
  }
  if (training.from !== undefined && training.to !== undefined && training.from >= training.to) {
    return yield* new UsageError.UsageError({ message: "--train-start is not before --train-end" })
  }
  if (Option.isSome(input.lambda) && input.lambda.value < 0) {
    return yield* new UsageError.UsageError({ message: `--lambda is a price, at least 0; got ${input.lambda.value}` })
  }
  return { training, lambda: Option.getOrUndefined(input.lambda) }
})

const jumpHere = Effect.fnUntraced(function* (input: JumpInput) {
  const kind: Kind<JumpModel.Label> = {
    table: JumpUpdate.table,
    method: JumpModel.method,
    labels: JumpModel.all,
    shown: "regime",
    title: "jump model"
  }
  const flags = yield* meant(input)
  const { lambda, training } = yield* modelOf(input)
  const reported = yield* Effect.gen(function* () {
    const inputs = yield* Inputs.of(flags.choice)
    const outcomes = yield* JumpUpdate.run({ ...flags.range, inputs, training, lambda })
    return yield* report(kind, inputs, outcomes, flags)
  }).pipe(withRuntime("update"))
  yield* finish(kind, input, reported)
})

export const jump = (input: JumpInput) =>
  Remote.either({
    local: jumpHere(input),
    remote: Effect.fnUntraced(function* (client) {
      const { lambda, training } = yield* modelOf(input)
      yield* there(client, "jump", input, {
        ...(training.from === undefined ? {} : { train_start: Instant.format(training.from) }),
        ...(training.to === undefined ? {} : { train_end: Instant.format(training.to) }),
        ...(lambda === undefined ? {} : { lambda })
      })
    })
  })
