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
  CandleStore,
  type CorporateAction,
  Coverage,
  Instant,
  Interval,
  type Source,
  SourceError,
  type StoreError
} from "@tidemark/core"
import { Clock, Effect, Option, Result } from "effect"
import * as Fetch from "./Fetch.ts"
import * as Plan from "./Plan.ts"
import { Policy } from "./Policy.ts"
import * as Repair from "./Repair.ts"
import * as Rescale from "./Rescale.ts"
import type { Selected } from "./Selection.ts"
import { noRequests, RequestCounter } from "./SourceHttp.ts"
import type { Registered } from "./SourceRegistry.ts"
import * as Verify from "./Verify.ts"

/** Nobody announces a report longer before it. */
const announcedMillis = 2 * 365 * 86_400_000

export interface Request extends Rescale.Pair {
  /** What is wanted; all that was ever asked for is asked for again with it. */
  readonly interval: Interval.Interval
}

export interface Refreshed extends Rescale.Settled {
  /** What the source was asked for. */
  readonly interval: Interval.Interval
  /** How many actions it told. */
  readonly told: number
  readonly result: ActionStore.ActionsResult
}

/** Whether a source serves the actions of a subject. Only companies act. */
export const serves = ({ source }: Registered, { assetClass }: Pick<Source.Subject, "assetClass">): boolean =>
  source.actions !== undefined && assetClass === "equity"

/** From an instant to the end of today. */
export const upToNow = (from: Instant.EpochMillis, now: Instant.EpochMillis): Interval.Interval =>
  ActionStore.days({ from, to: Math.max(from, now) + 1 })

const ask = (
  { registered, subject }: Request,
  interval: Interval.Interval
): Effect.Effect<ReadonlyArray<CorporateAction.CorporateAction>, SourceError.SourceError> => {
  const { actions } = registered.source
  if (actions !== undefined) return Fetch.patiently(actions(subject, interval))
  const reason = new SourceError.Unsupported({ detail: "it serves no corporate actions" })
  return Effect.fail(new SourceError.SourceError({ source: registered.id, symbol: subject.symbol, reason }))
}

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
  return { interval, told: actions.length, result, ...(yield* Rescale.settle(request, at)) }
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
export const refreshEarnings = Effect.fn("Actions.refreshEarnings")(function* ({ registered, subject }: Rescale.Pair) {
  const { earnings } = registered.source
  if (earnings === undefined) return { told: 0, result: nothing }
  const told = yield* Fetch.patiently(earnings(subject))
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
  return { told: told.length, result: results.reduce(both, nothing) }
})

/** Whether a run is going to ask for candles of a series that has some. */
const grows = ({ coverage, error, plan }: Selected, repair: boolean, policy: Policy, now: number): boolean =>
  error === undefined &&
  Coverage.rows(coverage) > 0 &&
  (plan.chunks.length > 0 || (repair && Repair.due(coverage, plan, policy, now).length > 0))

/** The series of one symbol at one source: all that are wanted, and those of them that grow. */
interface Growing {
  readonly all: ReadonlyArray<Selected>
  readonly growing: ReadonlyArray<Selected>
  readonly first: Selected
}

/** Asks for the actions of one symbol at one source, and plans its series anew. */
const refreshGrowing = Effect.fnUntraced(function* (
  { all, first, growing }: Growing,
  options: { readonly now: Instant.EpochMillis; readonly force: boolean }
) {
  const policy = yield* Policy
  const candles = yield* CandleStore.CandleStore
  const { registered, subject } = first
  const from = Math.min(...all.flatMap(({ coverage }) => coverage.fetched.map((fetched) => fetched.from)))
  const counter = noRequests()
  const result = yield* refresh({ registered, subject, interval: upToNow(from, options.now) }).pipe(
    Effect.provideService(RequestCounter, counter),
    Effect.result
  )
  if (Result.isFailure(result) && result.failure._tag === "StoreError") return yield* result.failure
  return yield* Effect.forEach(
    all,
    Effect.fnUntraced(function* (one) {
      const requests = one === first ? counter : noRequests()
      if (Result.isFailure(result)) {
        const error = result.failure as SourceError.SourceError
        return growing.includes(one) ? { ...one, requests, error } : one
      }
      const coverage = yield* candles.coverage(one.plan.request.series)
      const plan = Plan.make(
        { ...one.plan.request, coverage },
        { now: options.now, force: options.force, pagesPerChunk: policy.pagesPerChunk }
      )
      const notes = [...one.notes, ...result.success.waiting.map(Rescale.waitingNote)]
      return { ...one, requests, coverage, plan, notes }
    })
  )
})

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
  const adjusting = selected.filter(
    ({ registered, subject }) => registered.plugin.capabilities.adjustment !== "none" && serves(registered, subject)
  )
  const pairs = Map.groupBy(adjusting, ({ registered, subject }) => `${registered.id} ${subject.symbol}`)
  const due = [...pairs.values()].flatMap((all): ReadonlyArray<Growing> => {
    const growing = all.filter((one) => grows(one, options.repair, policy, options.now))
    const [first] = growing
    return first === undefined ? [] : [{ all, growing, first }]
  })
  const refreshed = yield* Effect.forEach(
    Map.groupBy(due, ({ first }) => first.registered),
    ([registered, pairsOfIt]) =>
      Effect.forEach(
        pairsOfIt,
        (pair) =>
          Effect.map(refreshGrowing(pair, options), (after) => pair.all.map((one, i) => [one, after[i]!] as const)),
        { concurrency: registered.plugin.capabilities.lanes }
      ),
    { concurrency: "unbounded" }
  )
  const renewed = new Map<Selected, Selected>(refreshed.flat(2))
  return selected.map((one) => renewed.get(one) ?? one)
})

/** What to say of splits: what was fetched again because of one, and what is still in an old scale. */
export const notes = (
  { notes, plan }: Pick<Selected, "plan" | "notes">,
  before: Coverage.Coverage,
  after: Coverage.Coverage,
  now: Instant.EpochMillis
): ReadonlyArray<string> => {
  const { request, requested } = plan
  if (requested === undefined) return notes
  const { calendar, capabilities, series } = request
  const date = ({ since }: Coverage.Stale) => Verify.dateAt(calendar, since)
  const left = Interval.normalize(after.stale)
  const refetched = Coverage.staleWithin(before, requested).filter(
    (run) => Interval.difference(Interval.intersection([run], [requested]), left).length > 0
  )
  const keeps = capabilities.historyMillis?.[series.timeframe] ?? Infinity
  const served = {
    from: calendar.openAtOrAfter(series.timeframe, Math.max(now - keeps, calendar.span.from)),
    to: Infinity
  }
  const still = (run: Coverage.Stale) =>
    `still in the scale of before the split of ${date(run)}: ${Interval.format(run)}`
  return [
    ...new Set(refetched.map((run) => `refetched because of a split of ${date(run)}`)),
    ...Coverage.without(after.stale, [served]).map(
      (run) => `${still(run)}; ${series.source} no longer serves it, so it can only be read as it is: --adjust none`
    ),
    ...Coverage.without(after.stale, [requested, { from: calendar.span.from, to: served.from }]).map(
      (run) => `${still(run)}; fetch it again: ${Verify.command(series, run)}`
    ),
    ...notes
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
