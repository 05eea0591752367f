/**
 * Which of the candles that answers lacked are asked for again, and when. Pure.
 *
 * A hole that nobody can explain is asked for at once until it has been
 * confirmed, then after a wait that doubles with every answer that lacks it
 * too, up to `emptyExpiresMillis`. One that is explained is left alone for so
 * long from the start; one in an outage for ever. `gaps fill` asks all the same.
 */
import { Coverage, Instant, Interval, type Outage } from "@tidemark/core"
import * as Outages from "@tidemark/quality/Outages"
import type { SeriesPlan, SeriesRequest } from "./Plan.ts"
import type { Policy } from "./Policy.ts"

/** How long a hole that nobody can explain is left alone after so many answers without it. */
export const waitMillis = (
  { backoffMillis, confirmations, emptyExpiresMillis, repairWaitMillis }: Policy,
  answers: number
): number =>
  answers < confirmations
    ? backoffMillis * (answers - 1)
    : Math.min(emptyExpiresMillis, repairWaitMillis * 2 ** (answers - confirmations))

type Answers = Pick<Coverage.Empty, "confirmations" | "lastAt">

/** Before this instant no run asks again for a hole that nobody can explain. */
export const nextAt = ({ confirmations, lastAt }: Answers, policy: Policy): Instant.EpochMillis =>
  lastAt + waitMillis(policy, confirmations)

/** Whether a run that began at `now` asks again for it; what is not confirmed yet it asks for until it is. */
export const isDue = (answers: Answers, policy: Policy, now: Instant.EpochMillis): boolean =>
  answers.confirmations < policy.confirmations || now >= nextAt(answers, policy)

/** Why candles are missing, where that is known. */
export type Explanation =
  | { readonly _tag: "Outage"; readonly outage: Outage.Outage }
  /** The source leaves out candles in which nothing was traded. */
  | { readonly _tag: "Quiet" }
  /** Another source has none either. */
  | { readonly _tag: "Elsewhere"; readonly at: Instant.EpochMillis }

/** Missing candles of one explanation, or of none. */
export interface Part {
  readonly interval: Interval.Interval
  readonly explanation: Explanation | undefined
}

/** A whole session without a trade is more than a quiet one. */
const isBrief = ({ calendar }: SeriesRequest, interval: Interval.Interval): boolean =>
  !calendar.sessions(interval).some(({ close, open }) => interval.from <= open && close <= interval.to)

const explain = (
  request: SeriesRequest,
  run: Coverage.Empty,
  interval: Interval.Interval,
  policy: Policy
): Explanation | undefined => {
  const elsewhere = (request.candidates ?? []).filter(
    (one) => one.verdict === "empty" && Interval.covers([one.interval], interval)
  )
  if (elsewhere.length > 0) return { _tag: "Elsewhere", at: Math.max(...elsewhere.map(({ askedAt }) => askedAt)) }
  const isConfirmed = run.confirmations >= policy.confirmations
  return isConfirmed && request.capabilities.omitsQuiet === true && isBrief(request, interval)
    ? { _tag: "Quiet" }
    : undefined
}

/** A run of missing candles, cut by what explains it; ascending. */
export const partsOf = (
  request: SeriesRequest,
  run: Coverage.Empty,
  interval: Interval.Interval,
  policy: Policy
): ReadonlyArray<Part> => {
  const { calendar, candidates = [], outages, series } = request
  const elsewhere = Interval.normalize(candidates.flatMap((one) => (one.verdict === "empty" ? [one.interval] : [])))
  return Outages.explain(calendar, series.timeframe, interval, outages).flatMap(
    ({ interval, outage }): ReadonlyArray<Part> =>
      outage !== undefined
        ? [{ interval, explanation: { _tag: "Outage", outage } }]
        : [...Interval.intersection([interval], elsewhere), ...Interval.difference([interval], elsewhere)]
            .filter((part) => calendar.countOpens(series.timeframe, part) > 0)
            .toSorted((a, b) => a.from - b.from)
            .map((part) => ({ interval: part, explanation: explain(request, run, part, policy) }))
  )
}

const isPartDue = ({ explanation }: Part, run: Coverage.Empty, policy: Policy, now: Instant.EpochMillis): boolean => {
  switch (explanation?._tag) {
    case undefined:
      return isDue(run, policy, now)
    case "Outage":
      return false
    case "Quiet":
      return now >= run.lastAt + policy.emptyExpiresMillis
    case "Elsewhere":
      return now >= Math.max(run.lastAt, explanation.at) + policy.emptyExpiresMillis
  }
}

/** What a run that began at `now` asks for again, of all that answers lacked. */
export const due = (
  coverage: Coverage.Coverage,
  { request, requested }: SeriesPlan,
  policy: Policy,
  now: Instant.EpochMillis
): Interval.IntervalSet =>
  requested === undefined
    ? []
    : Coverage.emptyWithin(coverage, requested).flatMap((run) =>
        partsOf(request, run, run, policy).flatMap((part) => (isPartDue(part, run, policy, now) ? [part.interval] : []))
      )

/** When a run asks again; how often it was asked is evidence. */
export const outlook = (run: Answers, policy: Policy, now: Instant.EpochMillis): string => {
  if (isDue(run, policy, now)) return "the next run asks again"
  return `asked again not before ${Instant.format(Math.ceil(nextAt(run, policy) / 60_000) * 60_000)}`
}
