/**
 * Keeps one series up to date from what a stream tells of it.
 *
 * A stream is fast, and no more than that: it may leave out, repeat, come
 * late, or say something that the provider corrects. So the ledger takes from
 * it only the next candle, right where what is covered ends, as `streamed`:
 * readable at once, not settled. Everything else is asked for as ever:
 *
 * - What lies before a candle that came too early, or was missed while nobody
 *   listened, before that candle is written.
 * - What a stream does not tell in time. A minute without trades may be told
 *   as a candle without volume, or not at all; silence says nothing, the
 *   answer does: a candle, or a hole with its evidence.
 * - What was streamed, after a while, until an answer has confirmed it. What
 *   it says otherwise is kept as a revision.
 *
 * Killed at any point it leaves nothing that the next backfill would not ask
 * for, because what is streamed counts as not settled in every plan.
 */
import {
  Calendar,
  Candles,
  CandleStore,
  Damage,
  Interval,
  type Source,
  SourceError,
  type StoreError
} from "@tidemark/core"
import { Clock, Deferred, Effect, Option, Queue, type Semaphore } from "effect"
import * as Events from "./Events.ts"
import * as Fetch from "./Fetch.ts"
import { Policy } from "./Policy.ts"
import * as Shrinking from "./Shrinking.ts"
import { noRequests, RequestCounter } from "./SourceHttp.ts"
import type { TailSeries } from "./TailSeries.ts"
import type { Writer } from "./Writer.ts"

export interface Options {
  readonly followed: TailSeries
  /** What its connection tells of it. */
  readonly inbox: Queue.Dequeue<Source.Tailed>
  readonly writer: Writer
  /** Held while its source is asked. */
  readonly lane: Semaphore.Semaphore
}

/** A clock may be so much behind the provider's until its candles count as told too early. */
const clockToleranceMillis = 60_000

/** What is wrong with candles that a stream told, in words. */
export const fault = (candles: Candles.Candles, request: Source.TailRequest, now: number): string | undefined => {
  const { calendar, timeframe } = request
  const first = candles.openTime[0]
  const last = candles.openTime.at(-1)
  if (first === undefined || last === undefined) return "a stream told of no candle"
  const { from, to } = calendar.span
  if (!(first >= from && last < to)) return "a candle at an impossible time"
  const off = candles.openTime.find((open) => calendar.openAtOrBefore(timeframe, open) !== open)
  if (off !== undefined) return `a ${timeframe} candle that opens off the grid`
  if (calendar.closeOf(timeframe, last) > now + clockToleranceMillis) return "a candle that has not closed"
  return Candles.invalidity(candles, { from: first, to: last + 1 })
}

/** Until when a series is covered without a hole behind it; `undefined` where nothing is. */
const coveredUntil = Effect.fnUntraced(function* ({ series }: TailSeries) {
  const { fetched } = yield* (yield* CandleStore.CandleStore).coverage(series)
  return fetched.at(-1)?.to
})

/** Never ends but with the store's failure. */
export const follow = Effect.fn("Follow.follow")(function* (options: Options) {
  const { followed, inbox, lane, writer } = options
  const { registered, request, series } = followed
  const { calendar, timeframe } = request
  const { capabilities } = registered.plugin
  const { source } = registered
  const store = yield* CandleStore.CandleStore
  const events = yield* Events.Events
  const policy = yield* Policy

  const failed = (reason: SourceError.Reason) =>
    events.publish({
      _tag: "TailFailed",
      series,
      error: new SourceError.SourceError({ source: series.source, symbol: series.symbol, reason })
    })

  /** Hands a page to the writer; the effect that it gives ends when the page is written. */
  const write = Effect.fnUntraced(function* (page: Source.CandlePage, reason: string, isStreamed: boolean) {
    const written = yield* Deferred.make<CandleStore.WriteResult>()
    yield* writer.offer({
      onWritten: (joined, result) =>
        Effect.andThen(
          Deferred.succeed(written, result),
          events.publish({ _tag: "PageStored", series, candles: Candles.length(joined.candles), ...result })
        ),
      page: {
        series,
        provenance: capabilities.provenance,
        interval: page.interval,
        candles: page.candles,
        holes: Damage.holes(calendar, timeframe, page.interval, page.candles.openTime),
        countOpens: (interval) => calendar.countOpens(timeframe, interval),
        at: yield* Clock.currentTimeMillis,
        reason,
        isStreamed
      }
    })
    return yield* Deferred.await(written)
  })

  /** Asks for an interval, and writes what comes; what fails is told, and asked for again another time. */
  const ask = Effect.fnUntraced(function* (interval: Interval.Interval, reason: string) {
    const asked = { source, series, request: { ...request, interval } }
    return yield* Fetch.fetch({
      ...asked,
      onPage: (page) =>
        Effect.flatMap(Shrinking.confirmed(asked, page), (page) => Effect.asVoid(write(page, reason, false)))
    }).pipe(
      Effect.provideService(RequestCounter, noRequests()),
      lane.withPermit,
      Effect.as(true),
      Effect.catchTag("SourceError", (error) => Effect.as(events.publish({ _tag: "TailFailed", series, error }), false))
    )
  })

  /** The end of what can be asked for now. */
  const finalNow = Effect.map(Clock.currentTimeMillis, (now) =>
    Calendar.closedUntil(calendar, timeframe, now - capabilities.lagMillis)
  )

  let covered = yield* coveredUntil(followed)
  /** Nothing is asked for before it, so that a source that fails is not asked without a pause. */
  let pausedUntil = 0
  let confirmAt = (yield* Clock.currentTimeMillis) + policy.confirmMillis

  /** Asks for what is missing before an instant; whether nothing is any more. */
  const catchUp = Effect.fnUntraced(function* (
    until: number,
    why: Extract<Events.Event, { readonly _tag: "CaughtUp" }>["why"]
  ): Effect.fn.Return<boolean, StoreError.StoreError, CandleStore.CandleStore | Events.Events> {
    // Somebody else may have brought it meanwhile.
    covered = yield* coveredUntil(followed)
    const interval = covered === undefined ? undefined : Interval.clamp(covered, until)
    if (interval === undefined || calendar.countOpens(timeframe, interval) === 0) return true
    const isDone = yield* ask(interval, "tail")
    if (!isDone) pausedUntil = (yield* Clock.currentTimeMillis) + policy.maxBackoffMillis
    covered = yield* coveredUntil(followed)
    if (isDone) yield* events.publish({ _tag: "CaughtUp", series, interval, why })
    return isDone
  })

  const take = Effect.fnUntraced(function* (candles: Candles.Candles) {
    const wrong = fault(candles, request, yield* Clock.currentTimeMillis)
    if (wrong !== undefined) return yield* failed(new SourceError.Malformed({ detail: wrong }))
    for (let i = 0; i < Candles.length(candles); i++) {
      const open = candles.openTime[i]!
      const to = calendar.closeOf(timeframe, open)
      // Told again, or later than an answer.
      if (covered !== undefined && to <= covered) continue
      const behind = covered === undefined ? 0 : calendar.countOpens(timeframe, { from: covered, to: open })
      if (behind > 0 && (yield* Clock.currentTimeMillis) >= pausedUntil) yield* catchUp(open, "jump")
      if (covered === undefined || covered > open || calendar.countOpens(timeframe, { from: covered, to: open }) > 0) {
        continue
      }
      const one = Candles.slice(candles, i, i + 1)
      // Where the market was closed between the two nothing is expected.
      const result = yield* write({ interval: { from: covered, to }, candles: one }, "stream", true)
      covered = result.isPassedOver === true ? yield* coveredUntil(followed) : to
    }
  })

  /** Asks for what was streamed and is final by now. */
  const confirm = Effect.gen(function* () {
    const until = yield* finalNow
    const { streamed } = yield* store.coverage(series)
    for (const run of streamed) {
      const interval = Interval.clamp(run.from, Math.min(run.to, until))
      if (interval !== undefined) yield* ask(interval, "confirm")
    }
    confirmAt = (yield* Clock.currentTimeMillis) + policy.confirmMillis
  })

  /** When the next candle should have been told long ago. */
  const overdueAt = (from: number): number => {
    const open = calendar.openAtOrAfter(timeframe, from)
    return Math.max(pausedUntil, calendar.closeOf(timeframe, open) + capabilities.lagMillis + policy.overdueMillis)
  }

  for (;;) {
    const now = yield* Clock.currentTimeMillis
    const wakeAt = Math.min(confirmAt, covered === undefined ? Infinity : overdueAt(covered))
    const message = yield* Effect.timeoutOption(Queue.take(inbox), Math.max(0, wakeAt - now))
    if (Option.isSome(message)) {
      const { value } = message
      if (value._tag === "Listening") {
        if (yield* catchUp(yield* finalNow, "listening")) yield* events.publish({ _tag: "InStep", series })
      } else if (value._tag === "Closed") yield* take(value.candles)
      else yield* failed(value.reason)
      continue
    }
    const at = yield* Clock.currentTimeMillis
    if (covered !== undefined && at >= overdueAt(covered)) yield* catchUp(yield* finalNow, "overdue")
    if (at >= confirmAt) yield* confirm
  }
})
