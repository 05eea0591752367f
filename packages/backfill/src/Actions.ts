/**
 * Corporate actions of a source: asked for, kept, and what a new split means
 * for the candles of that source.
 *
 * A source that adjusts for splits tells its whole history in a new scale once
 * a share is split. Candles that were stored before that are then in another
 * scale than those which come after. So before such a series grows, the source
 * is asked what the company did; what is in the old scale is marked as stale,
 * and the plan asks for it again.
 */
import {
  ActionStore,
  type Calendar,
  CandleStore,
  type CorporateAction,
  Coverage,
  Instant,
  Interval,
  type Series,
  type Source,
  SourceError,
  type StoreError
} from "@tidemark/core"
import { Clock, Effect, Option, Result } from "effect"
import * as Fetch from "./Fetch.ts"
import * as Plan from "./Plan.ts"
import { Policy } from "./Policy.ts"
import { type Selected, unconfirmed } from "./Selection.ts"
import { RequestCounter } from "./SourceHttp.ts"
import type { Registered } from "./SourceRegistry.ts"
import * as Verify from "./Verify.ts"

/** Nobody announces a report longer before it. */
const announcedMillis = 2 * 365 * 86_400_000

export interface Request {
  readonly registered: Registered
  readonly subject: Source.Subject
  /** What is wanted; all that was ever asked for is asked for again with it. */
  readonly interval: Interval.Interval
}

/** Candles of a series that a split has left in the old scale. */
export interface Outdated {
  readonly series: Series.Series
  readonly split: CorporateAction.Split
  readonly intervals: Interval.IntervalSet
}

export interface Refreshed {
  /** What the source was asked for. */
  readonly interval: Interval.Interval
  /** How many actions it told. */
  readonly told: number
  readonly result: ActionStore.ActionsResult
  readonly outdated: ReadonlyArray<Outdated>
}

/** Whether a source serves the actions of a subject. Only companies act. */
export const serves = ({ source }: Registered, { assetClass }: Pick<Source.Subject, "assetClass">): boolean =>
  source.actions !== undefined && assetClass === "equity"

/** From an instant to the end of the day of the last session that has opened. */
export const upToNow = (
  calendar: Calendar.Calendar,
  from: Instant.EpochMillis,
  now: Instant.EpochMillis
): Interval.Interval => ActionStore.days({ from, to: Math.max(from, calendar.openAtOrBefore("1d", now)) + 1 })

/** Asks again after failures that may pass, by the reason's rules. */
const patiently = <A>(
  question: Effect.Effect<A, SourceError.SourceError>,
  attempt = 1
): Effect.Effect<A, SourceError.SourceError> =>
  Effect.catch(question, (error) =>
    Effect.gen(function* () {
      const delayMillis = yield* Fetch.delayOf(error.reason, attempt)
      if (delayMillis === undefined) return yield* error
      yield* Effect.sleep(delayMillis)
      return yield* patiently(question, attempt + 1)
    })
  )

const ask = (
  { registered, subject }: Request,
  interval: Interval.Interval
): Effect.Effect<ReadonlyArray<CorporateAction.CorporateAction>, SourceError.SourceError> => {
  const { actions } = registered.source
  if (actions !== undefined) return patiently(actions(subject, interval))
  const reason = new SourceError.Unsupported({ detail: "it serves no corporate actions" })
  return Effect.fail(new SourceError.SourceError({ source: registered.id, symbol: subject.symbol, reason }))
}

/** The open of the first session in the new shares. */
const opensAt = (calendar: Calendar.Calendar, { exDate }: CorporateAction.Split): Instant.EpochMillis | undefined => {
  const midnight = Option.getOrThrow(Instant.parse(exDate))
  const around = { from: midnight - 2 * 86_400_000, to: midnight + 30 * 86_400_000 }
  return calendar.sessions(around).find((session) => session.date >= exDate)?.open
}

/** Marks what splits in force have left in the old scale, once a split. */
const settle = Effect.fnUntraced(function* (
  { registered, subject }: Request,
  now: Instant.EpochMillis
): Effect.fn.Return<ReadonlyArray<Outdated>, StoreError.StoreError, ActionStore.ActionStore | CandleStore.CandleStore> {
  if (registered.plugin.capabilities.adjustment === "none") return []
  const actions = yield* ActionStore.ActionStore
  const candles = yield* CandleStore.CandleStore
  const inForce = (yield* actions.unsettled(registered.id, subject.symbol)).flatMap((split) => {
    const since = opensAt(subject.calendar, split)
    return since === undefined || since > now ? [] : [{ split, since }]
  })
  if (inForce.length === 0) return []
  const stored = (yield* candles.list)
    .map(({ series }) => series)
    .filter(({ source, symbol }) => source === registered.id && symbol === subject.symbol)
  const outdated: Array<Outdated> = []
  for (const { since, split } of inForce) {
    for (const series of stored) {
      const intervals = yield* candles.markStale(series, { since, at: now })
      if (intervals.length > 0) outdated.push({ series, split, intervals })
    }
  }
  // Last: a run that is killed before does it again.
  yield* actions.settle(
    registered.id,
    subject.symbol,
    inForce.map(({ split }) => split),
    now
  )
  return outdated
})

/** Asks for actions, keeps the answer, and marks the candles that are in an old scale. */
export const refresh = Effect.fn("Actions.refresh")(function* (
  request: Request
): Effect.fn.Return<
  Refreshed,
  SourceError.SourceError | StoreError.StoreError,
  ActionStore.ActionStore | CandleStore.CandleStore
> {
  const store = yield* ActionStore.ActionStore
  const { registered, subject } = request
  const pair = { source: registered.id, symbol: subject.symbol }
  const [asked] = yield* store.asked({ symbols: [pair.symbol], source: pair.source })
  const days = ActionStore.days(request.interval)
  const interval = asked === undefined ? days : Interval.hull(asked.interval, days)
  const actions = yield* ask(request, interval)
  const at = yield* Clock.currentTimeMillis
  const result = yield* store.put({ ...pair, interval, kinds: ["split", "dividend"], actions, at })
  return { interval, told: actions.length, result, outdated: yield* settle(request, at) }
})

const nothing: ActionStore.ActionsResult = { added: [], changed: [], removed: [] }

/** What two answers have changed. */
export const both = (a: ActionStore.ActionsResult, b: ActionStore.ActionsResult): ActionStore.ActionsResult => ({
  added: [...a.added, ...b.added],
  changed: [...a.changed, ...b.changed],
  removed: [...a.removed, ...b.removed]
})

/**
 * Asks for reports and keeps them. A source tells of a few only, so what it
 * no longer tells of the past stays; an announced one that it no longer tells
 * has moved.
 */
export const refreshEarnings = Effect.fn("Actions.refreshEarnings")(function* ({
  registered,
  subject
}: Pick<Request, "registered" | "subject">) {
  const { earnings } = registered.source
  if (earnings === undefined) return nothing
  const told = yield* patiently(earnings(subject))
  const at = yield* Clock.currentTimeMillis
  const store = yield* ActionStore.ActionStore
  const put = (interval: Interval.Interval) =>
    store.put({
      source: registered.id,
      symbol: subject.symbol,
      interval: ActionStore.days(interval),
      kinds: ["earnings"],
      actions: told,
      at
    })
  const midnights = told.map(({ exDate }) => Option.getOrThrow(Instant.parse(exDate)))
  const today = ActionStore.days({ from: at, to: at + 1 }).from
  const past = midnights.filter((midnight) => midnight < today).map((from) => ({ from, to: from + 1 }))
  const ahead = { from: today, to: Math.max(today, ...midnights) + announcedMillis }
  const results = yield* Effect.forEach([...past, ahead], put)
  return results.reduce(both, nothing)
})

/** Whether a run is going to ask for candles of a series that has some. */
const grows = ({ coverage, error, plan }: Selected, repair: boolean, policy: Policy, now: number): boolean =>
  error === undefined &&
  Coverage.rows(coverage) > 0 &&
  (plan.chunks.length > 0 || (repair && unconfirmed(coverage, plan, policy, now).length > 0))

/**
 * Before any series grows in another scale than it is in: asks once for the
 * actions of each symbol at each source that adjusts, and plans anew what a
 * split has made stale. A series whose source does not tell fails instead.
 */
export const beforeFetching = Effect.fn("Actions.beforeFetching")(function* (
  selected: ReadonlyArray<Selected>,
  options: { readonly now: Instant.EpochMillis; readonly force: boolean; readonly repair: boolean }
) {
  const policy = yield* Policy
  const candles = yield* CandleStore.CandleStore
  const out = new Map(selected.map((one) => [one, one]))
  const adjusting = selected.filter(
    ({ registered, subject }) => registered.plugin.capabilities.adjustment !== "none" && serves(registered, subject)
  )
  const pairs = Map.groupBy(adjusting, ({ registered, subject }) => `${registered.id} ${subject.symbol}`)
  for (const series of pairs.values()) {
    const growing = series.filter((one) => grows(one, options.repair, policy, options.now))
    const [first] = growing
    if (first === undefined) continue
    const { registered, subject } = first
    const from = Math.min(...series.flatMap(({ coverage }) => coverage.fetched.map((fetched) => fetched.from)))
    const counter = { requests: 0 }
    const result = yield* refresh({ registered, subject, interval: upToNow(subject.calendar, from, options.now) }).pipe(
      Effect.provideService(RequestCounter, counter),
      Effect.result
    )
    if (Result.isFailure(result) && result.failure._tag === "StoreError") return yield* result.failure
    for (const one of series) {
      const { series: name } = one.plan.request
      const requests = one === first ? counter.requests : 0
      if (Result.isFailure(result)) {
        if (growing.includes(one)) out.set(one, { ...one, requests, error: result.failure as SourceError.SourceError })
        continue
      }
      const coverage = yield* candles.coverage(name)
      const plan = Plan.make(
        { ...one.plan.request, coverage },
        { now: options.now, force: options.force, pagesPerChunk: policy.pagesPerChunk }
      )
      out.set(one, { ...one, requests, coverage, plan })
    }
  }
  return [...out.values()]
})

/** What to say of splits: what was fetched again because of one, and what is still in an old scale where nobody asked. */
export const notes = (
  { plan }: Pick<Selected, "plan">,
  before: Coverage.Coverage,
  after: Coverage.Coverage
): ReadonlyArray<string> => {
  const { request, requested } = plan
  if (requested === undefined) return []
  const date = ({ since }: Coverage.Stale) => Verify.dateAt(request.calendar, since)
  const left = Interval.normalize(after.stale)
  const refetched = Coverage.staleWithin(before, requested).filter(
    (run) => Interval.difference(Interval.intersection([run], [requested]), left).length > 0
  )
  return [
    ...new Set(refetched.map((run) => `refetched because of a split of ${date(run)}`)),
    ...Coverage.without(after.stale, [requested]).map(
      (run) =>
        `still in the scale of before the split of ${date(run)}: ${Interval.format(run)}; ` +
        `fetch it again: ${Verify.command(request.series, run)}`
    )
  ]
}

/** What revisions are caused by in an interval that is fetched again because of a split. */
export const reasonWithin = (
  { coverage, plan }: Pick<Selected, "coverage" | "plan">,
  interval: Interval.Interval
): string | undefined => {
  const [stale] = Coverage.staleWithin(coverage, interval)
  return stale === undefined ? undefined : `split of ${Verify.dateAt(plan.request.calendar, stale.since)}`
}
