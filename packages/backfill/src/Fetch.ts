/**
 * Gets one interval from a source, page by page, for as long as it takes.
 *
 * After a failure it asks again from where the last good page ended, by the
 * reason's rules. Every page is checked before anyone sees it: it follows the
 * one before, and its candles are possible.
 */
import {
  Calendar,
  Candles,
  Instant,
  type Interval,
  type Series,
  type Source,
  SourceError,
  type StoreError
} from "@tidemark/core"
import { Clock, Effect, Random, Result, Stream } from "effect"
import { Events } from "./Events.ts"
import * as Metrics from "./Metrics.ts"
import { Policy } from "./Policy.ts"
import { noRequests, RequestCounter } from "./SourceHttp.ts"

/** What all who ask one source know of it. */
export interface Presence {
  /** It has refused connections for as long as a range is asked for: others ask once. */
  isGone: boolean
}

export interface FetchOptions<R> {
  readonly source: Source.Source
  readonly series: Series.Series
  readonly request: Source.CandlesRequest
  readonly presence?: Presence | undefined
  /** Receives each page, in order. */
  readonly onPage: (page: Source.CandlePage) => Effect.Effect<void, SourceError.SourceError | StoreError.StoreError, R>
}

const malformed = (series: Series.Series, interval: Interval.Interval, detail: string) =>
  new SourceError.SourceError({
    source: series.source,
    symbol: series.symbol,
    from: interval.from,
    to: interval.to,
    reason: new SourceError.Malformed({ detail })
  })

/** Where finality ends at an instant of the provider's clock. */
const finalAt = ({ calendar, timeframe }: Source.CandlesRequest, now: number): number =>
  Calendar.closedUntil(calendar, timeframe, now)

/** The last candle of a page has not closed at the provider: a later answer has it whole. */
const early = ({ source, symbol }: Series.Series, interval: Interval.Interval, clockAheadMillis: number) =>
  new SourceError.SourceError({
    source,
    symbol,
    ...interval,
    reason: new SourceError.Unavailable({
      detail:
        `this computer's clock is ${Math.round(clockAheadMillis / 1_000)} s ahead of the provider's, ` +
        "where the last candle has not closed yet; set the clock"
    })
  })

/** What is wrong with a page that should start at `cursor`, in words. */
const fault = (page: Source.CandlePage, cursor: number, request: Source.CandlesRequest): string | undefined => {
  const end = request.interval.to
  const { from, to } = page.interval
  if (from !== cursor) return `a page starts at ${Instant.format(from)} instead of ${Instant.format(cursor)}`
  if (to <= from || to > end) return `a page claims to answer until ${Instant.format(to)}: no progress`
  return Candles.invalidity(page.candles, page.interval) ?? Calendar.crowding(page.candles.openTime, request)
}

/** Milliseconds to wait before attempt number `attempt + 1`; `undefined` to give up. */
export const delayOf = Effect.fnUntraced(function* (reason: SourceError.Reason, attempt: number) {
  const policy = yield* Policy
  const allowed = reason._tag === "Malformed" ? policy.malformedRetries : policy.retries
  if (!SourceError.isRetryable(reason) || attempt > allowed) return undefined
  const jitter = 0.5 + (yield* Random.next)
  const backoff = Math.min(policy.maxBackoffMillis, policy.backoffMillis * 2 ** (attempt - 1)) * jitter
  if (reason._tag !== "RateLimited" || reason.retryAfterMillis === undefined) return backoff
  return reason.retryAfterMillis > policy.maxRetryAfterMillis ? undefined : Math.max(backoff, reason.retryAfterMillis)
})

/** Asks again after failures that may pass, by the reason's rules. */
export const patiently = <A>(
  question: Effect.Effect<A, SourceError.SourceError>,
  attempt = 1
): Effect.Effect<A, SourceError.SourceError> =>
  Effect.catch(question, (error) =>
    Effect.gen(function* () {
      const delayMillis = yield* delayOf(error.reason, attempt)
      if (delayMillis === undefined) return yield* error
      yield* Effect.sleep(delayMillis)
      return yield* patiently(question, attempt + 1)
    })
  )

/** Fails with the last error once asking again is pointless or was tried often enough. */
export const fetch = Effect.fnUntraced(function* <R>(
  options: FetchOptions<R>
): Effect.fn.Return<void, SourceError.SourceError | StoreError.StoreError, R | Events> {
  const { onPage, request, series, source } = options
  const presence = options.presence ?? { isGone: false }
  const events = yield* Events
  const clock = yield* Clock.Clock
  const counter = yield* RequestCounter
  const end = request.interval.to
  let cursor = request.interval.from
  /** Failures in a row of either kind; what the network does says nothing of what the provider answers. */
  const attempts = { malformed: 0, other: 0 }
  while (cursor < end) {
    const start = cursor
    const spent = noRequests()
    const result = yield* source.candles({ ...request, interval: { from: cursor, to: end } }).pipe(
      Stream.runForEach((page): ReturnType<typeof onPage> => {
        const wrong = fault(page, cursor, request)
        if (wrong !== undefined) return Effect.fail(malformed(series, { from: cursor, to: end }, wrong))
        const { clockAheadMillis = 0 } = spent
        if (
          clockAheadMillis > 0 &&
          page.interval.to > finalAt(request, clock.currentTimeMillisUnsafe() - clockAheadMillis)
        ) {
          return Effect.fail(early(series, page.interval, clockAheadMillis))
        }
        return Effect.andThen(
          onPage(page),
          Effect.sync(() => {
            cursor = page.interval.to
            presence.isGone = false
            attempts.malformed = 0
            attempts.other = 0
          })
        )
      }),
      Effect.provideService(RequestCounter, spent),
      // What comes as an answer and cannot be used is none.
      Effect.tapError((error) =>
        Effect.sync(() => {
          const isUseless = error._tag === "SourceError" && SourceError.isRetryable(error.reason)
          if (isUseless && spent.requests > 0 && spent.unanswered === 0) spent.unanswered = 1
        })
      ),
      Effect.ensuring(
        Effect.sync(() => {
          counter.requests += spent.requests
          counter.unanswered += spent.unanswered
        })
      ),
      Effect.result
    )
    if (Result.isSuccess(result)) {
      // The planner asks only for what has closed, so an answer that stops early is one that is lost.
      if (cursor < end && cursor === start) {
        return yield* malformed(
          series,
          { from: cursor, to: end },
          "the answer stops before the range that was asked for"
        )
      }
      continue
    }
    const error = result.failure
    if (error._tag === "StoreError") return yield* error
    const attempt = error.reason._tag === "Malformed" ? ++attempts.malformed : ++attempts.other
    const delayMillis = yield* delayOf(error.reason, attempt)
    const isRefused = error.reason._tag === "Unavailable" && error.reason.refused === true
    if (isRefused && delayMillis === undefined) presence.isGone = true
    if (delayMillis === undefined || (isRefused && presence.isGone)) return yield* error
    yield* Metrics.retry(series.source, error.reason)
    yield* events.publish({ _tag: "Retrying", series, attempt, delayMillis, error })
    yield* Effect.sleep(delayMillis)
  }
})
