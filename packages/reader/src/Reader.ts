/**
 * Stored candles, adjusted as they are read.
 *
 * Factors are worked out once, from the actions and the closes before
 * dividends, and then go over the candles batch by batch. The store is read in
 * windows, one after the other, so that memory does not grow with the range in
 * a database that sorts before it answers. What the source has already applied
 * is not applied again.
 *
 * Prices are in the shares of the last time that actions were asked for, and
 * no later than now or `asOf`. Where nothing is left to apply, actions need not
 * be known. With `adjust: "none"` rows come as they are stored.
 */
import {
  ActionStore,
  Adjustment,
  Calendar,
  Candles,
  CandleStore,
  Coverage,
  type Instant,
  Interval,
  Rescaling,
  type Series,
  type StoreError,
  Timeframe
} from "@tidemark/core"
import { Clock, Effect, Result, Stream } from "effect"
import * as ReaderError from "./ReaderError.ts"

export interface Request {
  readonly series: Series.Series
  readonly calendar: Calendar.Calendar
  readonly interval: Interval.Interval
  readonly adjust: Adjustment.Mode
  /** What the source of the series has already applied. */
  readonly adjustment: Adjustment.Applied
  /** Source of the actions; else the series' own, else the first that was asked for this symbol. */
  readonly actionsFrom?: string | undefined
  /** What was known at this instant, instead of now. */
  readonly asOf?: Instant.EpochMillis | undefined
  /** Rows a batch, at most. Default 65,536. */
  readonly batchRows?: number | undefined
}

type Failure = ReaderError.ReaderError | StoreError.StoreError

/** Candles that one statement is about, at most. */
const windowRows = 65_536

const options = ({ asOf, batchRows }: Request): CandleStore.ReadOptions => ({
  ...(asOf === undefined ? {} : { asOf }),
  ...(batchRows === undefined ? {} : { batchRows })
})

const fail = (request: Request, reason: ReaderError.Reason) =>
  new ReaderError.ReaderError({ series: request.series, reason })

const closesMissing = (request: Request, needed: ReturnType<typeof Adjustment.closesNeeded>) =>
  fail(
    request,
    new ReaderError.CloseMissing({
      dividends: needed.map(({ dividend: { amount, exDate }, session }) => ({ exDate, amount, session }))
    })
  )

const failWith = (request: Request, problem: Adjustment.Problem) => {
  switch (problem._tag) {
    case "CloseMissing": {
      const { dividend, session } = problem
      return closesMissing(request, [{ dividend, session }])
    }
    case "SplitInside":
      return fail(request, new ReaderError.SplitInside({ exDate: problem.split.exDate, open: problem.open }))
    case "Implausible":
      return fail(request, new ReaderError.Implausible({ exDate: problem.action.exDate, detail: problem.detail }))
  }
}

/** The candles of the interval that there can be in the store: from the first open to the last close. */
const wanted = (request: Request, coverage: Coverage.Coverage, now: number): Interval.Interval | undefined => {
  const { calendar, interval, series } = request
  const first = coverage.fetched[0]
  const last = coverage.fetched.at(-1)
  if (first === undefined || last === undefined) return undefined
  const from = Math.max(interval.from, first.from, calendar.span.from)
  const final = Calendar.closedUntil(calendar, series.timeframe, now)
  const to = Math.min(interval.to, last.to, final, calendar.span.to)
  if (from >= to) return undefined
  const open = calendar.openAtOrAfter(series.timeframe, from)
  return open >= to
    ? undefined
    : { from: open, to: calendar.closeOf(series.timeframe, calendar.openAtOrBefore(series.timeframe, to - 1)) }
}

/** The actions for a range, if all of it was asked for. */
const actionsFor = Effect.fnUntraced(function* (
  request: Request,
  needed: Interval.Interval
): Effect.fn.Return<ReadonlyArray<ActionStore.StoredAction>, Failure, ActionStore.ActionStore> {
  const store = yield* ActionStore.ActionStore
  const { asOf, series } = request
  const symbols = [series.symbol]
  const asked = (yield* store.asked({ symbols })).filter(({ firstAt }) => asOf === undefined || firstAt <= asOf)
  const wish = request.actionsFrom ?? series.source
  const covers = (one: ActionStore.Asked) => Interval.covers([ActionStore.known(one)], needed)
  const chosen =
    asked.find(({ source }) => source === wish) ??
    (request.actionsFrom === undefined ? (asked.find(covers) ?? asked[0]) : undefined)
  if (chosen === undefined || !covers(chosen)) {
    return yield* fail(
      request,
      new ReaderError.ActionsUnknown({
        source: chosen?.source ?? wish,
        needed,
        ...(chosen === undefined ? {} : { asked: ActionStore.known(chosen) })
      })
    )
  }
  return yield* store.list({ symbols, source: chosen.source, ...(asOf === undefined ? {} : { asOf }) })
})

/**
 * Actions of another source, for a series whose source has applied its own
 * splits: those count, as far as it was asked. Where it never was, those of
 * the other source must have been in its prices when they were stored.
 */
const withOwnSplits = Effect.fnUntraced(function* (
  request: Request,
  told: ReadonlyArray<ActionStore.StoredAction>,
  needed: Interval.Interval,
  now: Instant.EpochMillis
): Effect.fn.Return<
  ReadonlyArray<ActionStore.StoredAction>,
  Failure,
  ActionStore.ActionStore | CandleStore.CandleStore
> {
  const { asOf, series } = request
  if (told.every(({ source }) => source === series.source)) return told
  const store = yield* ActionStore.ActionStore
  const symbols = [series.symbol]
  const [asked] = yield* store.asked({ symbols, source: series.source })
  if (asked === undefined) {
    const splits = told.filter(({ action }) => action._tag === "Split")
    yield* inOneScale(request, splits, now)
    return told
  }
  if (!Interval.covers([ActionStore.known(asked)], needed)) {
    return yield* fail(
      request,
      new ReaderError.ActionsUnknown({ source: series.source, needed, asked: ActionStore.known(asked) })
    )
  }
  const own = yield* store.list({
    symbols,
    source: series.source,
    kinds: ["split"],
    ...(asOf === undefined ? {} : { asOf })
  })
  return [...own, ...told.filter(({ action }) => action._tag !== "Split")]
})

/** The close of a session: from the series itself, else from the days of the same source. */
const closeOf = Effect.fnUntraced(function* (
  request: Request,
  session: Calendar.Session
): Effect.fn.Return<number | undefined, StoreError.StoreError, CandleStore.CandleStore> {
  const store = yield* CandleStore.CandleStore
  const { adjustment, calendar, series } = request
  const daily: Series.Series = { ...series, timeframe: "1d" }
  for (const one of series.timeframe === "1d" ? [series] : [series, daily]) {
    const from = calendar.openAtOrBefore(one.timeframe, session.open)
    const range = { from, to: session.close }
    // A close in another scale is none.
    const coverage = yield* store.coverage(one)
    if (adjustment !== "none" && Coverage.staleWithin(coverage, range).length > 0) continue
    const batches = yield* Stream.runCollect(store.read(one, range, options(request)))
    const candles = Candles.concat(batches)
    const close = Adjustment.closeIn(candles, calendar, one.timeframe, session)
    // The last candle that is stored is the last there was only if what follows it has been asked for.
    const last = candles.openTime.at(-1)
    if (close !== undefined && Interval.covers(Coverage.fetchedSet(coverage), { from: last!, to: session.close })) {
      return close
    }
  }
  return undefined
})

/** What is stored of the interval, window by window. */
const stored = (
  store: CandleStore.CandleStore["Service"],
  request: Request,
  coverage: Coverage.Coverage
): Stream.Stream<Candles.Candles, StoreError.StoreError> => {
  const { interval, series } = request
  const [first, last] = [coverage.fetched[0], coverage.fetched.at(-1)]
  const known = first && last && Interval.intersect(interval, Interval.hull(first, last))
  if (known === undefined) return Stream.empty
  const windows: Array<Interval.Interval> = []
  const step = windowRows * Timeframe.nominalMillis(series.timeframe)
  for (let { from } = known; from < known.to; from += step) windows.push({ from, to: Math.min(from + step, known.to) })
  return Stream.flatMap(Stream.fromIterable(windows), (window) => store.read(series, window, options(request)))
}

/** The splits of the series' source: while it is read, none may be added. */
const splitsOf = Effect.fnUntraced(function* ({
  series
}: Request): Effect.fn.Return<ReadonlyArray<string>, StoreError.StoreError, ActionStore.ActionStore> {
  const store = yield* ActionStore.ActionStore
  const found = yield* store.list({ symbols: [series.symbol], source: series.source, kinds: ["split"] })
  return found.map(({ action }) => JSON.stringify(action))
})

/**
 * Fails where rows of an adjusting source may be in another scale than the
 * rest: those that lie before a split which nobody has brought them in line
 * with, and were stored when the source may still have told the old one.
 */
const inOneScale = Effect.fnUntraced(function* (
  request: Request,
  splits: ReadonlyArray<ActionStore.StoredAction>,
  now: Instant.EpochMillis
): Effect.fn.Return<void, Failure, CandleStore.CandleStore | ActionStore.ActionStore> {
  const actions = yield* ActionStore.ActionStore
  const candles = yield* CandleStore.CandleStore
  const { calendar, interval, series } = request
  const [asked] = yield* actions.asked({ symbols: [series.symbol], source: series.source })
  for (const { doneBy, exDate, since } of Rescaling.inForce(calendar, splits, now, asked?.firstAt)) {
    const before = Interval.clamp(interval.from, Math.min(interval.to, since))
    if (before === undefined) continue
    const doubtful = yield* candles
      .read(series, before, { asOf: Math.min(doneBy, now), batchRows: 1 })
      .pipe(Stream.take(1), Stream.runCollect)
    const first = doubtful[0]?.openTime[0]
    if (first !== undefined) {
      return yield* fail(request, new ReaderError.Unsettled({ exDate, range: { ...before, from: first }, doneBy }))
    }
  }
})

/** The candles of the interval, ascending, in batches. */
export const candles = (
  request: Request
): Stream.Stream<Candles.Candles, Failure, CandleStore.CandleStore | ActionStore.ActionStore> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const store = yield* CandleStore.CandleStore
      const { adjust, adjustment, asOf, calendar, interval, series } = request
      const coverage = yield* store.coverage(series)
      if (adjust === "none") return stored(store, request, coverage)
      const now = asOf ?? (yield* Clock.currentTimeMillis)
      const [stale] = adjustment === "none" ? [] : Coverage.staleWithin(coverage, interval)
      if (stale !== undefined) {
        const range = { from: stale.from, to: stale.to }
        return yield* fail(request, new ReaderError.Stale({ range, since: stale.since }))
      }
      const begun = yield* Clock.currentTimeMillis
      const before = yield* splitsOf(request)
      const actionStore = yield* ActionStore.ActionStore
      if (adjustment !== "none") {
        yield* inOneScale(request, yield* actionStore.unsettled(series.source, series.symbol), now)
      }
      // Another process may fetch the series again, in a new scale, while it is read here.
      const unchanged = Effect.gen(function* () {
        const after = yield* splitsOf(request)
        const revised = asOf === undefined ? yield* store.revisions(series, interval) : []
        if (after.join() === before.join() && revised.every(({ revisedAt }) => revisedAt < begun)) return
        return yield* fail(request, new ReaderError.Changed())
      })
      const rows =
        adjustment === "none"
          ? stored(store, request, coverage)
          : Stream.concat(stored(store, request, coverage), Stream.drain(Stream.fromEffect(unchanged)))
      const needed = wanted(request, coverage, now)
      if (needed === undefined || !Adjustment.needsActions(adjust, adjustment)) return rows
      const told = yield* actionsFor(request, needed)
      const actions = adjustment === "none" ? told : yield* withOwnSplits(request, told, needed, now)
      const adjusting: Adjustment.Options = {
        calendar,
        actions: actions.map(({ action }) => action),
        mode: adjust,
        applied: adjustment,
        from: needed.from,
        until: now
      }
      const closes = new Map<number, number | undefined>()
      const neededCloses = Adjustment.closesNeeded(adjusting)
      for (const { session } of neededCloses) closes.set(session.open, yield* closeOf(request, session))
      const unknown = neededCloses.filter(({ session }) => closes.get(session.open) === undefined)
      if (unknown.length > 0) return yield* closesMissing(request, unknown)
      const factors = Adjustment.factors(adjusting, (session) => closes.get(session.open))
      if (Result.isFailure(factors)) return yield* failWith(request, factors.failure)
      return Stream.mapEffect(rows, (batch) => {
        const adjusted = Adjustment.apply(factors.success, calendar, series.timeframe, batch)
        return Result.isSuccess(adjusted)
          ? Effect.succeed(adjusted.success)
          : Effect.fail(failWith(request, adjusted.failure))
      })
    })
  )
