/**
 * Answers that were given before, for as long as the database is as it was.
 * Where that cannot be told, because others may write to it, nothing is
 * remembered.
 */
import { Changes } from "@tidemark/core"
import { Effect } from "effect"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"

/** Of all answers together; the oldest are forgotten. */
const mostBytes = 32_000_000

interface Kept {
  readonly count: number
  readonly answer: HttpServerResponse.HttpServerResponse
  readonly bytes: number
}

/** Keeps answers by what was asked; that must be all that an answer follows from, besides the database. */
export const make = Effect.gen(function* () {
  const changes = yield* Changes.Changes
  const kept = new Map<string, Kept>()
  let bytes = 0

  const forget = (key: string) => {
    bytes -= kept.get(key)?.bytes ?? 0
    kept.delete(key)
  }
  const keep = (key: string, one: Kept) => {
    forget(key)
    kept.set(key, one)
    bytes += one.bytes
    for (const oldest of kept.keys()) {
      if (bytes <= mostBytes) break
      forget(oldest)
    }
  }

  return <E, R>(
    asked: ReadonlyArray<unknown>,
    answering: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
  ): Effect.Effect<HttpServerResponse.HttpServerResponse, E, R> =>
    Effect.suspend(() => {
      const count = changes.count()
      if (count === undefined) return answering
      const key = JSON.stringify(asked)
      const known = kept.get(key)
      if (known?.count === count) return Effect.succeed(known.answer)
      return Effect.tap(answering, (answer) =>
        Effect.sync(() => {
          const { contentLength = 0 } = answer.body as { readonly contentLength?: number }
          // What was written meanwhile may be half in it.
          if (changes.count() === count) keep(key, { count, answer, bytes: contentLength + key.length })
        })
      )
    })
})
