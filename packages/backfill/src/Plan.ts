/**
 * What to ask a source for, and what it will cost. Pure.
 *
 * requested range − not yet closed − pruned − outside the instrument's life −
 * beyond what the source keeps − what is covered → chunks.
 */
import {
  Calendar,
  type Candidate,
  Coverage,
  type Gap,
  type Instant,
  type Instrument,
  Interval,
  type Outage,
  type Series,
  Source,
  Timeframe
} from "@tidemark/core"
import * as Retention from "./Retention.ts"

/** The range that the user wants: an end and one of the two starts, both with defaults. */
export interface Window {
  readonly from?: Instant.EpochMillis
  readonly to?: Instant.EpochMillis
  /** The newest so many candles, instead of `from`. */
  readonly count?: number
  /** Nobody asked for this range; a source whose history ends is taken whole instead. */
  readonly byDefault?: boolean
  /** `from` is the source's first row, wherever it lies: nothing of it is cut off for not being on the grid. */
  readonly whole?: boolean
  /** Ask for these alone, whether they were asked for or not. */
  readonly only?: Interval.IntervalSet
}

export interface SeriesRequest {
  readonly series: Series.Series
  readonly instrument: Instrument.Instrument
  readonly calendar: Calendar.Calendar
  readonly capabilities: Source.Capabilities
  readonly window: Window
  readonly coverage: Coverage.Coverage
  /** How long its candles are kept here. */
  readonly keeps: Retention.Term
  /** Times in which the venue was down. */
  readonly outages: ReadonlyArray<Outage.Outage>
  /** What other sources have of what the series lacks. */
  readonly candidates?: ReadonlyArray<Candidate.Candidate>
  /** Where candles are expected, in a series that was asked on account of another; everywhere where absent. */
  readonly wanted?: Interval.IntervalSet | undefined
  /** Open of the source's oldest candle, where it has told. */
  readonly listedAt?: Instant.EpochMillis | undefined
}

/**
 * Where candles are expected of a series that was asked for some on account
 * of another: there, and from the first to the last that it was asked for on
 * its own account. `undefined`: everywhere.
 */
export const wantedBeside = (
  coverage: Coverage.Coverage,
  aside: Interval.IntervalSet,
  asked: Interval.IntervalSet = []
): Interval.IntervalSet | undefined => {
  if (aside.length === 0) return undefined
  // What was pruned was asked for once.
  const ever = Interval.union(Coverage.fetchedSet(coverage), Interval.normalize(coverage.pruned))
  const own = Interval.difference(ever, aside)
  const [first, last] = [own[0], own.at(-1)]
  return Interval.normalize([...(first && last ? [Interval.hull(first, last)] : []), ...aside, ...asked])
}

export interface Options {
  readonly now: Instant.EpochMillis
  /** Ask for everything, covered or not. */
  readonly force: boolean
  readonly pagesPerChunk: number
}

/** A part of the wanted range that cannot be had, and why. */
export interface Excluded {
  readonly interval: Interval.Interval
  readonly cause: Extract<Gap.GapCause, "not-listed" | "delisted" | "retention-limit">
  /** When it was taken away here, where that is why. */
  readonly prunedAt?: Instant.EpochMillis
}

export interface Cost {
  readonly candles: number
  readonly requests: number
  /** In the provider's own weight. */
  readonly weight: number
  readonly bytes: number
  /** What the budget and the round trips take at the least. */
  readonly millis: number
}

export interface SeriesPlan {
  readonly request: SeriesRequest
  /** What is complete when the plan is done, but for what is excluded inside; `undefined` if nothing is left to want. */
  readonly requested: Interval.Interval | undefined
  /** Candles that the calendar has in `requested` where they are wanted. */
  readonly expected: number
  readonly excluded: ReadonlyArray<Excluded>
  /** Pieces of work, ascending. */
  readonly chunks: ReadonlyArray<Interval.Interval>
  readonly cost: Cost
}

/** A network round trip with its answer, for estimates. */
const roundTripMillis = 120

export const noCost: Cost = { candles: 0, requests: 0, weight: 0, bytes: 0, millis: 0 }

/** The interval from the `count`-th newest open before `to`. */
export const newest = (
  calendar: Calendar.Calendar,
  timeframe: Timeframe.Timeframe,
  to: Instant.EpochMillis,
  count: number
): Interval.Interval => {
  let span = count * Timeframe.nominalMillis(timeframe)
  for (;;) {
    const from = Math.max(calendar.span.from, to - span)
    const opens = calendar.openTimes(timeframe, { from, to })
    if (opens.length >= count || from === calendar.span.from)
      return { from: opens[Math.max(0, opens.length - count)] ?? to - 1, to }
    span *= 2
  }
}

const wanted = (request: SeriesRequest, now: Instant.EpochMillis): Interval.Interval | undefined => {
  const { calendar, capabilities, series, window } = request
  const final = Calendar.closedUntil(calendar, series.timeframe, now - capabilities.lagMillis)
  const to = Math.min(window.to ?? Infinity, final, now)
  if (to <= calendar.span.from) return undefined
  if (window.count !== undefined) return newest(calendar, series.timeframe, to, window.count)
  const from = Math.max(window.from ?? capabilities.earliest ?? 0, calendar.span.from)
  // Also what lies beyond the years that the calendar knows.
  if (from >= to) return undefined
  return Interval.clamp(window.whole === true ? from : calendar.openAtOrAfter(series.timeframe, from), to)
}

/** What was pruned and would be again. What is kept longer now is not among it. */
const prunedFor = ({ calendar, coverage, keeps, series }: SeriesRequest, now: Instant.EpochMillis) => {
  if (coverage.pruned.length === 0) return []
  const kept = Retention.cutoff(keeps, calendar, series.timeframe, now)
  return kept === undefined ? [] : Coverage.without(coverage.pruned, [{ from: kept, to: Infinity }])
}

/** Takes off what cannot be had, and says why. */
const possible = (request: SeriesRequest, whole: Interval.Interval, now: Instant.EpochMillis) => {
  const { capabilities, instrument, series } = request
  const pruned = prunedFor(request, now)
  const gone = Interval.normalize(pruned)
  const excluded = pruned.flatMap((run): ReadonlyArray<Excluded> => {
    const interval = Interval.intersect(run, whole)
    return interval === undefined ? [] : [{ interval, cause: "retention-limit", prunedAt: run.at }]
  })
  let { from, to } = whole
  const exclude = (interval: Interval.Interval, cause: Excluded["cause"]) => {
    excluded.push(...Interval.difference([interval], gone).map((interval): Excluded => ({ interval, cause })))
  }
  const startAt = (instant: number | undefined, cause: Excluded["cause"]) => {
    if (instant === undefined || instant <= from) return
    const cut = Math.min(instant, to)
    exclude({ from, to: cut }, cause)
    from = cut
  }
  const listed = Math.max(request.listedAt ?? 0, instrument.listedAt ?? 0, capabilities.earliest ?? 0)
  startAt(listed === 0 ? undefined : listed, "not-listed")
  const keeps = capabilities.historyMillis?.[series.timeframe]
  startAt(keeps === undefined ? undefined : now - keeps, "retention-limit")
  if (instrument.delistedAt !== undefined && instrument.delistedAt < to && from < to) {
    const cut = Math.max(instrument.delistedAt, from)
    exclude({ from: cut, to }, "delisted")
    to = cut
  }
  const left = from < to ? Interval.difference([{ from, to }], gone) : []
  return {
    requested: left.length === 0 ? undefined : left.reduce(Interval.hull),
    excluded: excluded.toSorted((a, b) => a.interval.from - b.interval.from)
  }
}

/** What a plan wants to be there. */
export const wantedOf = ({ excluded, requested }: Pick<SeriesPlan, "excluded" | "requested">): Interval.IntervalSet =>
  requested === undefined
    ? []
    : Interval.difference([requested], Interval.normalize(excluded.map(({ interval }) => interval)))

/** Where candles are expected: of a series that was asked on account of another, that alone. */
export const expectedOf = (plan: Pick<SeriesPlan, "excluded" | "request" | "requested">): Interval.IntervalSet =>
  plan.request.wanted === undefined ? wantedOf(plan) : Interval.intersection(wantedOf(plan), plan.request.wanted)

/** What to say where a plan wants candles that are not kept as long. */
export const outlivedNotes = (plan: SeriesPlan, now: Instant.EpochMillis): ReadonlyArray<string> => {
  const { calendar, keeps, series } = plan.request
  const kept = Retention.cutoff(keeps, calendar, series.timeframe, now)
  const old = kept === undefined ? [] : Interval.intersection(wantedOf(plan), [{ from: -Infinity, to: kept }])
  const opens = old.reduce((sum, interval) => sum + calendar.countOpens(series.timeframe, interval), 0)
  if (opens === 0) return []
  const what = `${Interval.format(old.reduce(Interval.hull))} is ${Retention.older(keeps, series.timeframe)}`
  return [`${what}: the next prune would take it away; to keep it, ${Retention.raise(series)}`]
}

/** Cuts to pieces of about `pagesPerChunk` pages, on candle opens; pieces without a candle are dropped. */
const cut = (request: SeriesRequest, missing: Interval.IntervalSet, pagesPerChunk: number) => {
  const { calendar, capabilities, series } = request
  const step = pagesPerChunk * capabilities.pageSize * Timeframe.nominalMillis(series.timeframe)
  const chunks: Array<Interval.Interval> = []
  for (const interval of missing) {
    let from = interval.from
    while (from < interval.to) {
      const wanted = capabilities.cutAtOrAfter?.(series.timeframe, from + step) ?? from + step
      const to = wanted >= interval.to ? interval.to : calendar.openAtOrAfter(series.timeframe, wanted)
      const chunk = { from, to: Math.min(to, interval.to) }
      if (calendar.countOpens(series.timeframe, chunk) > 0) chunks.push(chunk)
      from = chunk.to
    }
  }
  return chunks
}

/** What asking for these intervals costs. */
export const costOf = (
  request: SeriesRequest,
  intervals: ReadonlyArray<Interval.Interval>,
  now: Instant.EpochMillis
): Cost => {
  const { calendar, capabilities, series } = request
  let candles = 0
  let requests = 0
  let weight = 0
  let bytes = 0
  for (const interval of intervals) {
    const opens = calendar.countOpens(series.timeframe, interval)
    const pages = Math.max(1, Math.ceil(opens / capabilities.pageSize))
    const cost = capabilities.cost?.(request.instrument, series.timeframe, interval, now) ?? {
      requests: pages,
      weight: pages * capabilities.weightPerPage,
      bytes: opens * capabilities.bytesPerCandle
    }
    candles += opens
    requests += cost.requests
    weight += cost.weight
    bytes += cost.bytes
  }
  if (capabilities.hosts.length === 0) return { ...noCost, candles }
  const budget = Source.budgetOf(capabilities)
  const budgetMillis = budget === undefined ? 0 : (weight / budget.limit) * budget.windowMillis
  return {
    candles,
    requests,
    weight,
    bytes,
    millis: Math.max(budgetMillis, (requests * roundTripMillis) / capabilities.lanes)
  }
}

export const addCost = (a: Cost, b: Cost): Cost => ({
  candles: a.candles + b.candles,
  requests: a.requests + b.requests,
  weight: a.weight + b.weight,
  bytes: a.bytes + b.bytes,
  millis: a.millis + b.millis
})

/**
 * What was fetched while the source might still have corrected it, and now is
 * past that: it is asked for once more. Nothing before that time has passed.
 */
const unsettled = (
  { calendar, capabilities, coverage, series }: SeriesRequest,
  now: Instant.EpochMillis
): Interval.IntervalSet => {
  const { revisedMillis = 0 } = capabilities
  if (revisedMillis === 0) return []
  return Interval.normalize(
    coverage.fetched.flatMap(({ at, from, to }) => {
      if (now < at + revisedMillis || at - revisedMillis >= to) return []
      const open = calendar.openAtOrBefore(series.timeframe, Math.max(calendar.span.from, at - revisedMillis))
      const late = Interval.clamp(Math.max(from, open), to)
      return late === undefined ? [] : [late]
    })
  )
}

export const make = (request: SeriesRequest, options: Options): SeriesPlan => {
  const { calendar, coverage, series } = request
  const whole = wanted(request, options.now)
  if (whole === undefined) {
    return { request, requested: undefined, expected: 0, excluded: [], chunks: [], cost: noCost }
  }
  const { excluded, requested } = possible(request, whole, options.now)
  if (requested === undefined) {
    return { request, requested, expected: 0, excluded, chunks: [], cost: noCost }
  }
  const { only } = request.window
  const wished = wantedOf({ excluded, requested })
  const missing =
    only !== undefined
      ? Interval.intersection(only, wished)
      : options.force
        ? wished
        : Interval.union(
            Interval.difference(wished, Coverage.settledSet(coverage)),
            Interval.intersection(unsettled(request, options.now), wished)
          )
  const chunks = cut(request, missing, options.pagesPerChunk)
  return {
    request,
    requested,
    expected: expectedOf({ request, requested, excluded }).reduce(
      (sum, interval) => sum + calendar.countOpens(series.timeframe, interval),
      0
    ),
    excluded,
    chunks,
    cost: costOf(request, chunks, options.now)
  }
}

/**
 * The intervals to ask again for empty runs that are not confirmed yet: each
 * run alone, except that runs which fit in one page together share a request.
 */
export const repairs = (
  request: SeriesRequest,
  empty: ReadonlyArray<Interval.Interval>
): ReadonlyArray<Interval.Interval> => {
  const { calendar, capabilities, series } = request
  const windows: Array<Interval.Interval> = []
  for (const run of empty) {
    const last = windows.at(-1)
    const joined = last && Interval.hull(last, run)
    if (joined !== undefined && calendar.countOpens(series.timeframe, joined) <= capabilities.pageSize) {
      windows[windows.length - 1] = joined
    } else {
      windows.push({ from: run.from, to: run.to })
    }
  }
  return windows
}
