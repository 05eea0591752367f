/**
 * The live tail: what closes is stored within seconds, beside the backfill and
 * into the same ledger, for series that are up to date and whose source tells
 * what closes.
 *
 * A connection that ends is made again after a wait that doubles; what closed
 * meanwhile is asked for. A series or a connection that fails never stops the
 * others; a store that fails stops everything, because nothing can be kept any
 * more. Interrupted, it stores what it has.
 */
import { type Series, type Source, SourceError, type StoreError } from "@tidemark/core"
import { Cause, Effect, FiberMap, Queue, Random, Semaphore, Stream } from "effect"
import { Events } from "./Events.ts"
import * as Follow from "./Follow.ts"
import { Policy } from "./Policy.ts"
import * as TailSeries from "./TailSeries.ts"
import * as Writer from "./Writer.ts"

export interface Options {
  /** Which of the series that could be listened to. */
  readonly includes: (series: Series.Series) => boolean
  /** Told whenever it was looked up what there is. */
  readonly onSurvey?: ((series: ReadonlyArray<Series.Series>) => Effect.Effect<void>) | undefined
}

/** Messages of a series that wait while it is asked for; those that are lost are asked for too. */
const inboxSize = 64
/** A source that refuses for good is tried again after so many of the longest waits. */
const refusedFactor = 10

/** Milliseconds until a connection that was lost is tried again, for the `attempt`-th time in a row. */
export const reconnectMillis = Effect.fnUntraced(function* (reason: SourceError.Reason, attempt: number) {
  const policy = yield* Policy
  const jitter = 0.5 + (yield* Random.next)
  if (!SourceError.isRetryable(reason)) return policy.maxBackoffMillis * refusedFactor * jitter
  const backoff = Math.min(policy.maxBackoffMillis, policy.backoffMillis * 2 ** (attempt - 1)) * jitter
  return reason._tag === "RateLimited" ? Math.max(backoff, reason.retryAfterMillis ?? 0) : backoff
})

/** One connection and the series on it; never ends but with the store's failure. */
const serve = Effect.fn("Tail.serve")(function* (
  { members, source }: TailSeries.Group,
  writer: Writer.Writer,
  lane: Semaphore.Semaphore
) {
  const events = yield* Events
  const inboxes = new Map<unknown, Queue.Queue<Source.Tailed>>()
  for (const { request } of members) inboxes.set(request, yield* Queue.sliding<Source.Tailed>(inboxSize))
  const { registered } = members[0]!
  const series = members.length
  let attempt = 0

  const listen = registered.source.tail!(members.map(({ request }) => request)).pipe(
    Stream.runForEach((told) => {
      if (told._tag !== "Listening") {
        const inbox = inboxes.get(told.request)
        return inbox === undefined ? Effect.void : Queue.offer(inbox, told)
      }
      attempt = 0
      return Effect.andThen(
        events.publish({ _tag: "Listening", source, series }),
        Effect.forEach(inboxes.values(), (inbox) => Queue.offer(inbox, told), { discard: true })
      )
    }),
    // A stream that just ends has lost its connection too.
    Effect.andThen(
      Effect.fail(
        new SourceError.SourceError({ source, reason: new SourceError.Unavailable({ detail: "the stream ended" }) })
      )
    ),
    // A defect of one source's library is that source's failure.
    Effect.catchCause((cause) =>
      Cause.hasInterrupts(cause) || Cause.hasFails(cause)
        ? Effect.failCause(cause)
        : Effect.fail(
            new SourceError.SourceError({
              source,
              reason: new SourceError.Malformed({ detail: `listening broke: ${Cause.pretty(cause).split("\n", 1)[0]}` })
            })
          )
    ),
    Effect.catch((error: SourceError.SourceError) =>
      Effect.gen(function* () {
        const delayMillis = yield* reconnectMillis(error.reason, ++attempt)
        yield* events.publish({ _tag: "ListeningLost", source, series, delayMillis, error })
        yield* Effect.sleep(delayMillis)
      })
    ),
    Effect.forever
  )
  const followers = Effect.forEach(
    members,
    (followed) => Follow.follow({ followed, inbox: inboxes.get(followed.request)!, writer, lane }),
    { concurrency: "unbounded", discard: true }
  )
  return yield* Effect.raceFirst(listen, followers)
})

/** Listens until it is interrupted, or the store fails. */
export const run = Effect.fn("Tail.run")(function* (options: Options) {
  const policy = yield* Policy
  return yield* Effect.uninterruptibleMask(
    Effect.fnUntraced(function* (restore) {
      const writer = yield* Writer.make
      const lanes = new Map<string, Semaphore.Semaphore>()
      const laneOf = ({ members, source }: TailSeries.Group) => {
        const lane = lanes.get(source) ?? Semaphore.makeUnsafe(members[0]!.registered.plugin.capabilities.lanes)
        lanes.set(source, lane)
        return lane
      }

      const survey = Effect.gen(function* () {
        const connections = yield* FiberMap.make<string, void, StoreError.StoreError>()
        let groups: ReadonlyArray<TailSeries.Group> = []
        const look = Effect.gen(function* () {
          for (;;) {
            const chosen = yield* TailSeries.choose(options.includes)
            groups = TailSeries.regroup(groups, chosen)
            const wanted = new Map(groups.map((group) => [TailSeries.keyOf(group), group]))
            const gone = [...connections].map(([key]) => key).filter((key) => !wanted.has(key))
            yield* Effect.forEach(gone, (key) => FiberMap.remove(connections, key), { discard: true })
            for (const [key, group] of wanted) {
              yield* FiberMap.run(connections, key, serve(group, writer, laneOf(group)), { onlyIfMissing: true })
            }
            yield* options.onSurvey?.(chosen.map(({ series }) => series)) ?? Effect.void
            yield* Effect.sleep(policy.tailSurveyMillis)
          }
        })
        return yield* Effect.raceFirst(look, FiberMap.join(connections))
      }).pipe(Effect.scoped)

      const exit = yield* Effect.exit(restore(Effect.raceFirst(survey, writer.failure)))
      // Also after an interruption: what was told and asked for is kept.
      yield* writer.finish
      return yield* exit
    })
  )
})
