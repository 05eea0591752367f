/**
 * The single path from fetched pages to the store.
 *
 * Lanes offer pages to a bounded queue; one fiber takes whatever is there,
 * joins what belongs together, and writes it in one transaction. While it
 * writes, the lanes fetch: a full queue is what holds them back, so memory
 * does not grow with history. What a transaction holds is the most that a
 * killed process loses.
 */
import { Candles, CandleStore, type StoreError } from "@tidemark/core"
import { type Cause, Deferred, Effect, Exit, Fiber, Queue } from "effect"
import * as Metrics from "./Metrics.ts"
import { Policy } from "./Policy.ts"

/** A page on its way, and who wants to know what became of it. */
export interface Pending {
  readonly page: CandleStore.PageWrite
  readonly onWritten: (page: CandleStore.PageWrite, result: CandleStore.WriteResult) => Effect.Effect<void>
}

export interface Writer {
  /** Hands a page over; waits only while the queue is full. */
  readonly offer: (pending: Pending) => Effect.Effect<void>
  /** Completes when the writer has failed, with its error; never otherwise. */
  readonly failure: Effect.Effect<never, StoreError.StoreError>
  /** Writes what was handed over and ends. */
  readonly finish: Effect.Effect<void, StoreError.StoreError>
}

/** Beyond so many candles a page gains nothing by being joined to another, and copying it costs. */
const worthJoining = 32_768

/** Of one transaction: readers of some databases wait while it commits. A page that is larger is one by itself. */
const mostAtOnce = 65_536

/** Pages in order, as many to a transaction as it may hold. */
export const transactions = (pending: ReadonlyArray<Pending>): ReadonlyArray<ReadonlyArray<Pending>> => {
  const out: Array<Array<Pending>> = []
  let held = Infinity
  for (const next of pending) {
    const candles = Candles.length(next.page.candles)
    if (held + candles > mostAtOnce) {
      out.push([])
      held = 0
    }
    out.at(-1)!.push(next)
    held += candles
  }
  return out
}

/** Pages of one series that follow one another, as one. */
export const join = (pending: ReadonlyArray<Pending>): ReadonlyArray<Pending> => {
  const out: Array<{ readonly pages: Array<Pending>; candles: number }> = []
  for (const next of pending) {
    const candles = Candles.length(next.page.candles)
    const run = out.find(({ pages, candles: joined }) => {
      const last = pages.at(-1)!
      const follows =
        last.page.series === next.page.series &&
        last.page.interval.to === next.page.interval.from &&
        // What a stream told is written, or passed over, by itself.
        last.page.isStreamed !== true &&
        next.page.isStreamed !== true
      return follows && joined + candles <= worthJoining
    })
    if (run === undefined) {
      out.push({ pages: [next], candles })
    } else {
      run.pages.push(next)
      run.candles += candles
    }
  }
  return out.map(({ pages: run }) => {
    const [first] = run as [Pending]
    if (run.length === 1) return first
    const last = run.at(-1)!
    const files = run.flatMap((pending) => pending.page.files ?? [])
    return {
      onWritten: first.onWritten,
      page: {
        ...first.page,
        interval: { from: first.page.interval.from, to: last.page.interval.to },
        candles: Candles.concat(run.map((pending) => pending.page.candles)),
        holes: run.flatMap((pending) => pending.page.holes),
        at: last.page.at,
        ...(files.length === 0 ? {} : { files })
      }
    }
  })
}

/** Starts a writer. Not interrupted with its caller: `finish` ends it. */
export const make = Effect.gen(function* () {
  const store = yield* CandleStore.CandleStore
  const policy = yield* Policy
  const queue = yield* Queue.bounded<Pending, Cause.Done>(policy.pagesInFlight)
  const failed = yield* Deferred.make<never, StoreError.StoreError>()

  const loop = Effect.gen(function* () {
    for (;;) {
      for (const batch of transactions(join(yield* Queue.takeAll(queue)))) {
        const results = yield* store.write(batch.map((pending) => pending.page))
        for (const [i, { onWritten, page }] of batch.entries()) {
          yield* Metrics.written(page.series.source, results[i]!)
          yield* onWritten(page, results[i]!)
        }
      }
    }
  }).pipe(
    Effect.catchTag("Done", () => Effect.void),
    Effect.onExit((exit) =>
      Exit.isFailure(exit) ? Effect.andThen(Deferred.failCause(failed, exit.cause), Queue.shutdown(queue)) : Effect.void
    )
  )
  const fiber = yield* Effect.forkDetach(Effect.uninterruptible(loop))

  const writer: Writer = {
    offer: (pending) =>
      Effect.flatMap(Queue.offer(queue, pending), (accepted) => (accepted ? Effect.void : Effect.never)),
    failure: Deferred.await(failed),
    finish: Effect.andThen(Queue.end(queue), Fiber.join(fiber))
  }
  return writer
})
