/**
 * Compares what should be there with what is.
 *
 * The ledger says which candles an answer lacked; `Damage` says whether the
 * rows themselves tell the same.
 */
import {
  type Calendar,
  Candidate,
  type CandleStore,
  Coverage,
  Damage,
  type Gap,
  Instant,
  Interval,
  type Series,
  type Timeframe
} from "@tidemark/core"
import * as Months from "@tidemark/quality/Months"
import { Clock, Effect } from "effect"
import { type Excluded, type SeriesPlan, type SeriesRequest, wantedOf } from "./Plan.ts"
import { Policy } from "./Policy.ts"
import * as Repair from "./Repair.ts"
import * as Retention from "./Retention.ts"

/**
 * The months in which a table cannot be what the ledger says, by the number of
 * rows and where they lie: only they are worth looking at row by row. Pure.
 */
export const suspects = (
  calendar: Calendar.Calendar,
  timeframe: Timeframe.Timeframe,
  coverage: Coverage.Coverage,
  tallies: ReadonlyArray<CandleStore.Tally>
): Interval.IntervalSet => {
  const byMonth = new Map(tallies.map((tally) => [tally.month, tally]))
  const [first, last] = [coverage.fetched[0], coverage.fetched.at(-1)]
  const spans = [
    ...(first === undefined || last === undefined ? [] : [Interval.hull(first, last)]),
    ...tallies.map(({ month }) => ({ from: month, to: month + 1 }))
  ]
  const all = spans.length === 0 ? [] : Months.months(spans.reduce(Interval.hull))
  return Interval.normalize(
    all.flatMap(({ month, whole }) => {
      const there = byMonth.get(month) ?? { rows: 0, offsets: 0 }
      return Damage.isSame(there, Damage.vouchedFor(calendar, timeframe, coverage, whole)) ? [] : [whole]
    })
  )
}

/** The date of the session that opens at an instant. */
export const dateAt = (calendar: Calendar.Calendar, open: Instant.EpochMillis): string =>
  calendar.sessions({ from: open, to: open + 1 })[0]?.date ?? Instant.formatDate(open)

/** The command that asks for a range, for people to copy. */
export const command = (series: Series.Series, interval: Interval.Interval, flags = ""): string =>
  `tidemark backfill --symbols ${series.symbol} --timeframes ${series.timeframe} --source ${series.source} ` +
  `--start ${Instant.format(interval.from)} --end ${Instant.format(interval.to)}${flags}`

/** The command that looks at a series, for people to copy. */
export const verifyCommand = ({ source, symbol, timeframe }: Series.Series): string =>
  `tidemark verify --symbols ${symbol} --timeframes ${timeframe} --source ${source}`

/** `binance was asked 3 times, from … to …, and answered without them` */
const askedSentence = (series: Series.Series, run: Coverage.Empty, missing: number): string => {
  const times = run.confirmations === 1 ? "once" : `${run.confirmations} times`
  const second = (instant: number) => Instant.format(Math.floor(instant / 1000) * 1000)
  const when =
    run.firstAt === run.lastAt ? `at ${second(run.lastAt)}` : `from ${second(run.firstAt)} to ${second(run.lastAt)}`
  return `${series.source} was asked ${times}, ${when}, and answered without ${missing === 1 ? "it" : "them"}`
}

/** The command that asks for a gap by name, for people to copy. */
const fillCommand = (series: Series.Series, interval: Interval.Interval): string =>
  `tidemark gaps fill --symbols ${series.symbol} --timeframes ${series.timeframe} --source ${series.source} ` +
  `--start ${Instant.format(interval.from)} --end ${Instant.format(interval.to)}`

/** What to do about a hole that nobody can explain. */
const nextOf = (
  { candidates = [], series }: SeriesRequest,
  run: Coverage.Empty,
  interval: Interval.Interval,
  policy: Policy,
  now: Instant.EpochMillis
): string => {
  const outlook = Repair.outlook(run, policy, now)
  if (run.confirmations < policy.confirmations) return `${outlook}: ${command(series, interval)}`
  const fill = fillCommand(series, interval)
  const offered = candidates.filter((one) => one.verdict === "offered" && Interval.overlaps(one.interval, interval))
  return [
    ...offered.map(({ source }) => `${source} could stand in where it is read: --fill-from ${source}`),
    `${outlook}; now all the same: ${fill}`,
    ...(offered.length > 0 ? [] : ["or ask another source too: --with SOURCE"])
  ].join("; ")
}

/** Why candles are not there that the source was asked for, and what to do. */
const causeOf = (
  request: SeriesRequest,
  run: Coverage.Empty,
  { explanation, interval }: Repair.Part,
  policy: Policy,
  now: Instant.EpochMillis
): Pick<Gap.Gap, "cause" | "evidence" | "nextAction"> => {
  switch (explanation?._tag) {
    case "Outage":
      return { cause: "outage", evidence: [explanation.outage.evidence], nextAction: "nothing: the venue was down" }
    case "Quiet": {
      const evidence = `${request.series.source} leaves out candles in which nothing was traded`
      return { cause: "no-trades", evidence: [evidence], nextAction: "nothing: there is no such candle" }
    }
    case "Elsewhere":
      return { cause: "no-trades", evidence: [], nextAction: "nothing: there is no such candle" }
    case undefined:
      return { cause: "unexplained", evidence: [], nextAction: nextOf(request, run, interval, policy, now) }
  }
}

/** The gap with what other sources have of it. */
const withCandidates = ({ candidates = [] }: SeriesRequest, gap: Gap.Gap): Gap.Gap => {
  const about = candidates.filter(({ interval }) => Interval.overlaps(interval, gap.interval))
  return about.length === 0
    ? gap
    : { ...gap, evidence: [...gap.evidence, ...about.flatMap((one) => Candidate.sentences(one, gap.interval))] }
}

/** Why a part of the wanted range cannot be had, and what to do. */
const excludedBecause = (
  { capabilities, keeps, series }: SeriesRequest,
  { cause, interval, prunedAt }: Excluded
): Pick<Gap.Gap, "evidence" | "nextAction"> => {
  if (prunedAt !== undefined) {
    const limited = capabilities.historyMillis?.[series.timeframe] !== undefined
    const again = limited ? `to have again what ${series.source} still serves of it` : "to have it again"
    return {
      evidence: [`pruned on ${Instant.formatDate(prunedAt)}: ${Retention.older(keeps, series.timeframe)}`],
      nextAction: `nothing; ${again}, ${Retention.raise(series)}, then: ${command(series, interval)}`
    }
  }
  const evidence = {
    "not-listed": `${series.source} has nothing of ${series.symbol} before ${Instant.format(interval.to)}`,
    delisted: `${series.symbol} was delisted at ${Instant.format(interval.from)}`,
    "retention-limit": `${series.source} keeps ${series.timeframe} only from ${Instant.format(interval.to)} on`
  }[cause]
  const nextAction = cause === "retention-limit" ? "another source may have it" : "nothing: there is no such candle"
  return { evidence: [evidence], nextAction }
}

/** What of the wanted range cannot be had, as gaps with that for a cause. */
export const excludedGaps = ({ excluded, request }: SeriesPlan): ReadonlyArray<Gap.Gap> =>
  excluded.flatMap((part): ReadonlyArray<Gap.Gap> => {
    const { calendar, series } = request
    const { cause, interval } = part
    const missing = calendar.countOpens(series.timeframe, interval)
    return missing === 0 ? [] : [{ series, interval, missing, cause, attempts: 0, ...excludedBecause(request, part) }]
  })

/** What was pruned of the wanted range, and is not to be had again. */
export const prunedGaps = (plan: SeriesPlan): ReadonlyArray<Gap.Gap> =>
  excludedGaps({ ...plan, excluded: plan.excluded.filter(({ prunedAt }) => prunedAt !== undefined) })

/** Evidence of a gap that nobody has asked for. */
export const notAskedYet = "the source was not asked for this range yet"

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
  const now = yield* Clock.currentTimeMillis
  const unasked = (intervals: Interval.IntervalSet, of: Pick<Gap.Gap, "cause" | "evidence">, next: string) =>
    intervals.flatMap((interval): ReadonlyArray<Gap.Gap> => {
      const missing = calendar.countOpens(series.timeframe, interval)
      const nextAction = `${next}${command(series, interval)}`
      return missing === 0 ? [] : [{ series, interval, missing, ...of, attempts: 0, nextAction }]
    })
  const absent = Interval.difference(wantedOf(plan), Coverage.fetchedSet(coverage))
  const never = request.wanted === undefined ? absent : Interval.intersection(absent, request.wanted)
  const pruned = Interval.normalize(coverage.pruned)
  const because = (sentence: string): Pick<Gap.Gap, "cause" | "evidence"> => ({
    cause: error === undefined ? "unfetched" : "source-failure",
    evidence: [error ?? sentence]
  })
  const unfetched = [
    ...unasked(Interval.difference(never, pruned), because(notAskedYet), ""),
    ...unasked(
      Interval.intersection(never, pruned),
      because("pruned once, and kept now: the source was not asked for it again yet"),
      ""
    )
  ]
  const unwanted = unasked(
    Interval.difference(absent, never),
    { cause: "not-wanted", evidence: ["only candles around it were asked for, to compare another source with"] },
    "nothing, unless you want it: "
  )
  const stale = coverage.stale.flatMap((run): ReadonlyArray<Gap.Gap> => {
    const interval = Interval.intersect(run, requested)
    const missing = interval === undefined ? 0 : calendar.countOpens(series.timeframe, interval)
    if (interval === undefined || missing === 0) return []
    const date = dateAt(calendar, run.since)
    return [
      {
        series,
        interval,
        missing,
        cause: error === undefined ? "unfetched" : "source-failure",
        evidence: [
          `what is stored is in the scale of before the split of ${date}`,
          ...(error === undefined ? [] : [error])
        ],
        attempts: 0,
        nextAction: command(series, interval)
      }
    ]
  })
  const empty = coverage.empty.flatMap((run): ReadonlyArray<Gap.Gap> => {
    const interval = Interval.intersect(run, requested)
    if (interval === undefined) return []
    return Repair.partsOf(request, run, interval, policy).map((part): Gap.Gap => {
      const missing = calendar.countOpens(series.timeframe, part.interval)
      const why = causeOf(request, run, part, policy, now)
      const evidence = [askedSentence(series, run, missing), ...why.evidence]
      return { series, interval: part.interval, missing, attempts: run.confirmations, ...why, evidence }
    })
  })
  return [...unfetched, ...unwanted, ...stale, ...empty]
    .filter(({ missing }) => missing > 0)
    .map((gap) => withCandidates(request, gap))
    .sort((a, b) => a.interval.from - b.interval.from)
})
