/**
 * Answers that were given before, for as long as what they follow from is as it
 * was. Where that cannot be told, because others may write to the database,
 * none is given again.
 *
 * While somebody writes, hardly an answer lasts. So whoever asks what is being
 * answered just then waits for it, and takes it if it was begun after they
 * came, or if nothing was written since it was begun: one answer at a time is
 * made of each question, and none is older than who is told it.
 */
import { Changes } from "@tidemark/core"
import { Clock, Deferred, Effect, Exit } from "effect"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"

/** Of all answers together; the oldest are forgotten. */
const mostBytes = 32_000_000
/** Of one: what is larger takes the room of many that are asked for more often. */
const mostBytesOfOne = 500_000

type Response = HttpServerResponse.HttpServerResponse

interface Kept {
  readonly count: number
  readonly answer: Response
  readonly bytes: number
}

/** An answer that is being made; `undefined` where whoever made it went away. */
interface Making {
  readonly count: number | undefined
  /** Of those who asked before it was begun, the last. */
  readonly after: number
  readonly done: Deferred.Deferred<Exit.Exit<Response, unknown> | undefined>
}

export interface Question {
  /** All that an answer follows from, besides the database. */
  readonly asked: ReadonlyArray<unknown>
  /** What of the database it follows from. */
  readonly topics: ReadonlyArray<Changes.Topic>
}

const minuteMillis = 60_000

/** Part of a question whose answer moves on with time: what has closed of a series, and what is kept of it. */
export const minute = Effect.map(Clock.currentTimeMillis, (now) => Math.floor(now / minuteMillis))

/** Keeps answers by what was asked. */
export const make = Effect.gen(function* () {
  const changes = yield* Changes.Changes
  const kept = new Map<string, Kept>()
  const making = new Map<string, Making>()
  let [bytes, askers] = [0, 0]

  const forget = (key: string) => {
    bytes -= kept.get(key)?.bytes ?? 0
    kept.delete(key)
  }
  const keep = (key: string, one: Kept) => {
    forget(key)
    if (one.bytes > mostBytesOfOne) return
    kept.set(key, one)
    bytes += one.bytes
    for (const oldest of kept.keys()) {
      if (bytes <= mostBytes) break
      forget(oldest)
    }
  }

  return <E, R>({ asked, topics }: Question, answering: Effect.Effect<Response, E, R>): Effect.Effect<Response, E, R> =>
    Effect.suspend(() => {
      const key = JSON.stringify(asked)
      const asker = ++askers

      const answer = (count: number | undefined) =>
        Effect.suspend(() => {
          const own: Making = { count, after: askers, done: Deferred.makeUnsafe() }
          making.set(key, own)
          return Effect.onExit(answering, (exit) =>
            Effect.suspend(() => {
              making.delete(key)
              // What was written meanwhile may be half in it.
              if (Exit.isSuccess(exit) && count !== undefined && changes.count(topics) === count) {
                const { contentLength = 0 } = exit.value.body as { readonly contentLength?: number }
                keep(key, { count, answer: exit.value, bytes: contentLength + key.length })
              }
              return Deferred.succeed(own.done, Exit.hasInterrupts(exit) ? undefined : exit)
            })
          )
        })

      const get: Effect.Effect<Response, E, R> = Effect.suspend(() => {
        const count = changes.count(topics)
        const known = kept.get(key)
        if (known !== undefined && known.count === count) return Effect.succeed(known.answer)
        const other = making.get(key)
        if (other === undefined) return answer(count)
        const isGood = other.after >= asker || (count !== undefined && other.count === count)
        return Effect.flatMap(Deferred.await(other.done), (exit) =>
          isGood && exit !== undefined ? (exit as Exit.Exit<Response, E>) : get
        )
      })
      return get
    })
})
