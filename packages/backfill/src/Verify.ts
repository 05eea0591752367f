/**
 * Compares what should be there with what is.
 *
 * The ledger says which candles an answer lacked; the rows themselves say
 * what is stored. Both must tell the same: a candle that the calendar
 * expects in a fetched interval is a row or a recorded empty run.
 */
import {
  type Calendar,
  Candles,
  CandleStore,
  type Coverage,
  type Gap,
  Instant,
  Interval,
  type Series,
  Timeframe
} from "@tidemark/core"
import { Effect, Stream } from "effect"
import type { SeriesPlan } from "./Plan.ts"
import { Policy } from "./Policy.ts"

/** Candles looked at in one piece: bounds memory, whatever the history. */
const opensPerPiece = 262_144

/** Runs of candles that `present` lacks within the interval, as holes that end where their last candle closes. */
export const holes = (
  calendar: Calendar.Calendar,
  timeframe: Timeframe.Timeframe,
  interval: Interval.Interval,
  present: Float64Array
): ReadonlyArray<Coverage.Hole> => {
  const expected = calendar.openTimes(timeframe, interval)
  return Candles.missingRuns(expected, present).map((run) => ({
    from: expected[run.start]!,
    to: calendar.closeOf(timeframe, expected[run.end - 1]!),
    opens: run.end - run.start
  }))
}

const join = (columns: ReadonlyArray<Float64Array>): Float64Array => {
  if (columns.length === 1) return columns[0]!
  const out = new Float64Array(columns.reduce((sum, column) => sum + column.length, 0))
  let at = 0
  for (const column of columns) {
    out.set(column, at)
    at += column.length
  }
  return out
}

/** The candles that the ledger vouches for and the table lacks. */
export const lost = Effect.fn("Verify.lost")(function* (
  series: Series.Series,
  calendar: Calendar.Calendar,
  coverage: Coverage.Coverage,
  intervals: Interval.IntervalSet
) {
  const store = yield* CandleStore.CandleStore
  const known = Interval.normalize(coverage.empty)
  const found: Array<Interval.Interval> = []
  const step = opensPerPiece * Timeframe.nominalMillis(series.timeframe)
  for (const interval of Interval.intersection(intervals, Interval.normalize(coverage.fetched))) {
    for (let from = interval.from; from < interval.to; from += step) {
      const piece = { from, to: Math.min(from + step, interval.to) }
      const present = join(yield* Stream.runCollect(store.openTimes(series, piece)))
      const missing = holes(calendar, series.timeframe, piece, present)
      if (missing.length > 0) found.push(...Interval.difference(Interval.normalize(missing), known))
    }
  }
  return Interval.normalize(found)
})

/** The command that asks for a range, for people to copy. */
export const command = (series: Series.Series, interval: Interval.Interval, flags = ""): string =>
  `tidemark backfill --symbols ${series.symbol} --timeframes ${series.timeframe} --source ${series.source} ` +
  `--start ${Instant.format(interval.from)} --end ${Instant.format(interval.to)}${flags}`

/** What is missing of the requested range, with cause, evidence and next action. */
export const gaps = Effect.fnUntraced(function* (
  plan: SeriesPlan,
  coverage: Coverage.Coverage,
  error: string | undefined
): Effect.fn.Return<ReadonlyArray<Gap.Gap>> {
  const { requested, request } = plan
  if (requested === undefined) return []
  const { calendar, series } = request
  const policy = yield* Policy
  const unfetched = Interval.difference([requested], Interval.normalize(coverage.fetched)).flatMap(
    (interval): ReadonlyArray<Gap.Gap> => {
      const missing = calendar.countOpens(series.timeframe, interval)
      if (missing === 0) return []
      return [
        {
          series,
          interval,
          missing,
          cause: error === undefined ? "unfetched" : "source-failure",
          evidence: [error ?? "the source was not asked for this range yet"],
          attempts: 0,
          nextAction: command(series, interval)
        }
      ]
    }
  )
  const empty = coverage.empty.flatMap((run): ReadonlyArray<Gap.Gap> => {
    const interval = Interval.intersect(run, requested)
    const missing = interval === undefined ? 0 : calendar.countOpens(series.timeframe, interval)
    if (interval === undefined || missing === 0) return []
    const times = run.confirmations === 1 ? "once" : `${run.confirmations} times`
    const when =
      run.firstAt === run.lastAt
        ? `at ${Instant.format(run.lastAt)}`
        : `from ${Instant.format(run.firstAt)} to ${Instant.format(run.lastAt)}`
    return [
      {
        series,
        interval,
        missing,
        cause: "unexplained",
        evidence: [
          `${series.source} was asked ${times}, ${when}, and answered without ${missing === 1 ? "it" : "them"}`
        ],
        attempts: run.confirmations,
        nextAction:
          run.confirmations < policy.confirmations
            ? `the next run asks again: ${command(series, interval)}`
            : `nothing more to ask for; look up whether the venue was down, or ask all the same: ${command(series, interval, " --force")}`
      }
    ]
  })
  return [...unfetched, ...empty].sort((a, b) => a.interval.from - b.interval.from)
})
