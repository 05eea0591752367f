/** The work of `tidemark quality compare`. */
import { SourceRegistry, Survey, UsageError } from "@tidemark/backfill"
import { type Adjustment, Candles, Coverage, Interval, Timeframe } from "@tidemark/core"
import { Reconciliation } from "@tidemark/quality"
import { Reader } from "@tidemark/reader"
import { Effect, Option, Stream } from "effect"
import { exitWith } from "../Failure.ts"
import * as CompareView from "../view/CompareView.ts"
import * as Chosen from "./Chosen.ts"
import { checkSources, print, withRuntime } from "./Session.ts"
import * as Tolerance from "./Tolerance.ts"

export interface Input extends Chosen.SeriesFlags {
  readonly with: Option.Option<string>
  readonly finer: Option.Option<string>
  readonly tolerance: Option.Option<number>
}

/** Candles that are read at once: bounds memory, whatever the history. */
const rowsAtOnce = 200_000

type Surveyed = Survey.Surveyed

const read = Effect.fnUntraced(function* (
  { plan, stored }: Surveyed,
  interval: Interval.Interval,
  adjust: Adjustment.Mode
) {
  const { capabilities } = yield* (yield* SourceRegistry.SourceRegistry).plugin(stored.series.source)
  const batches = yield* Stream.runCollect(
    Reader.candles({
      series: stored.series,
      calendar: plan.request.calendar,
      interval,
      adjust,
      adjustment: capabilities.adjustment
    })
  )
  return Candles.concat(batches)
})

/** Pieces that hold whole candles of the longer timeframe. */
const piecesOf = ({ plan, stored }: Surveyed, interval: Interval.Interval, finer: Timeframe.Timeframe) => {
  const { calendar } = plan.request
  const { timeframe } = stored.series
  const step = rowsAtOnce * Timeframe.nominalMillis(finer)
  const pieces: Array<Interval.Interval> = []
  for (let from = calendar.openAtOrAfter(timeframe, interval.from); from < interval.to;) {
    const to = Math.min(calendar.openAtOrAfter(timeframe, from + step), interval.to)
    pieces.push({ from, to })
    from = to
  }
  return pieces
}

/** From the first candle that both have been asked for, and that is still there, to the last. */
const common = (a: Surveyed, b: Surveyed): Interval.Interval | undefined => {
  const both = Interval.intersection(Coverage.fetchedSet(a.stored.coverage), Coverage.fetchedSet(b.stored.coverage))
  return both.length === 0 ? undefined : both.reduce(Interval.hull)
}

const withFiner = Effect.fnUntraced(function* (coarse: Surveyed, finer: Surveyed) {
  const interval = common(coarse, finer)
  if (interval === undefined) return Reconciliation.nothing
  const { calendar } = coarse.plan.request
  const { timeframe } = finer.stored.series
  const parts = yield* Effect.forEach(
    piecesOf(coarse, interval, timeframe),
    Effect.fnUntraced(function* (piece) {
      const ours = yield* read(coarse, piece, "none")
      const theirs = Reconciliation.aggregate(
        yield* read(finer, piece, "none"),
        timeframe,
        calendar,
        coarse.stored.series.timeframe
      )
      return Reconciliation.compare(ours, theirs, Reconciliation.exact)
    })
  )
  return parts.reduce(Reconciliation.add, Reconciliation.nothing)
})

const withOther = Effect.fnUntraced(function* (ours: Surveyed, theirs: Surveyed, tolerance: Reconciliation.Tolerance) {
  const registry = yield* SourceRegistry.SourceRegistry
  const applied = ({ stored }: Surveyed) =>
    Effect.map(registry.plugin(stored.series.source), ({ capabilities }) => capabilities.adjustment)
  const { assetClass } = ours.plan.request.instrument
  const { adjust, words } = Reconciliation.basisOf(assetClass, yield* applied(ours), yield* applied(theirs))
  const interval = common(ours, theirs)
  const pieces = interval === undefined ? [] : piecesOf(ours, interval, ours.stored.series.timeframe)
  const parts = yield* Effect.forEach(
    pieces,
    Effect.fnUntraced(function* (piece) {
      return Reconciliation.compare(yield* read(ours, piece, adjust), yield* read(theirs, piece, adjust), tolerance)
    })
  )
  return {
    basis: words,
    result: parts.reduce(Reconciliation.add, Reconciliation.nothing)
  }
})

const finerOf = Effect.fnUntraced(function* (text: string) {
  if (Timeframe.is(text)) return text
  return yield* new UsageError.UsageError({
    message: `There is no timeframe "${text}". Timeframes: ${Timeframe.all.join(", ")}`
  })
})

const work = Effect.fnUntraced(function* (input: Input, { includes, timeframes }: Chosen.Chosen, price: number) {
  const all = yield* Survey.run({ choose: ({ rows }) => rows > 0 })
  const chosen = all.filter(({ stored }) => includes(stored))
  const find = (source: string, symbol: string, timeframe: Timeframe.Timeframe) =>
    all.find(
      ({ stored: { series } }) => series.source === source && series.symbol === symbol && series.timeframe === timeframe
    )
  const out: Array<CompareView.Compared> = []
  if (Option.isSome(input.finer)) {
    const finer = yield* finerOf(input.finer.value)
    for (const one of chosen) {
      const { source, symbol, timeframe } = one.stored.series
      const shorter = find(source, symbol, finer)
      if (shorter === undefined || Timeframe.nominalMillis(timeframe) <= Timeframe.nominalMillis(finer)) continue
      out.push({
        series: one.stored.series,
        other: `its ${finer}`,
        basis: "where no shorter candle is missing",
        tolerance: Reconciliation.exact,
        result: yield* withFiner(one, shorter)
      })
    }
    return out
  }
  const other = Option.getOrUndefined(input.with)
  if (other === undefined) {
    return yield* new UsageError.UsageError({
      message: "Say what to compare with: --with SOURCE for another source, or --finer 1m for shorter candles"
    })
  }
  const tolerance = { ...Reconciliation.between, price }
  for (const one of chosen) {
    const { source, symbol, timeframe } = one.stored.series
    if (source === other || (timeframes.length > 0 && !timeframes.includes(timeframe))) continue
    const theirs = find(other, symbol, timeframe)
    if (theirs === undefined) continue
    out.push({ series: one.stored.series, other, tolerance, ...(yield* withOther(one, theirs, tolerance)) })
  }
  return out
})

export const run = Effect.fnUntraced(function* (input: Input) {
  yield* checkSources(input.with)
  const chosen = yield* Chosen.chosen(input)
  const compared = yield* work(input, chosen, yield* Tolerance.price(input.tolerance)).pipe(withRuntime("read"))
  yield* print({ json: () => CompareView.toJson(compared), text: () => CompareView.toText(compared) })
  yield* exitWith(compared.length > 0 && compared.every(CompareView.isSame) ? 0 : 3)
})
