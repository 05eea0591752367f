/** What any provider may answer with, and what the contracts expect of a source that is answered so. */
import { assert } from "@effect/vitest"
import type { Source, SourceError } from "@tidemark/core"
import { Cause, Effect, Exit, Fiber, Result } from "effect"
import { inspect } from "node:util"
import { LoopbackProvider, type Misbehaviour } from "./LoopbackProvider.ts"

/** Bodies of a 200 that are no answer of any provider. */
const garbage: ReadonlyArray<string> = [
  "",
  "null",
  "{}",
  "[",
  "<html><body>maintenance</body></html>",
  "[[1]]",
  '[["a","b","c","d","e","f","g","h","i","j"]]',
  '{"results":"no","status":"OK","chart":null}',
  "[null,null]",
  `${"[".repeat(500)}${"]".repeat(500)}`
]

/** What every source has to make of a status. */
const statuses: ReadonlyArray<{
  readonly status: number
  readonly headers?: Record<string, string>
  readonly tag: SourceError.Reason["_tag"]
}> = [
  { status: 401, tag: "Unauthorized" },
  { status: 403, tag: "Unauthorized" },
  { status: 429, headers: { "retry-after": "7" }, tag: "RateLimited" },
  { status: 500, tag: "Unavailable" },
  { status: 503, tag: "Unavailable" }
]

export interface Asking<A, E, R, R2> {
  /** The source, whose provider behaves as yet. */
  readonly make: Effect.Effect<Source.Source, E, R>
  readonly ask: (source: Source.Source) => Effect.Effect<A, SourceError.SourceError, R2>
}

/** Bodies of cases: a source is asked while its provider does what it should not. */
export const of = <A, E, R, R2>({ ask, make }: Asking<A, E, R, R2>) => {
  const facing = (how: Misbehaviour) =>
    Effect.gen(function* () {
      const provider = yield* LoopbackProvider
      const source = yield* make
      provider.misbehave(how)
      return { provider, source }
    })
  return {
    statuses: Effect.gen(function* () {
      const provider = yield* LoopbackProvider
      const source = yield* make
      for (const { headers, status, tag } of statuses) {
        provider.misbehave({ _tag: "Status", status, ...(headers === undefined ? {} : { headers }) })
        const { reason } = yield* Effect.flip(ask(source))
        assert.strictEqual(reason._tag, tag, `status ${status}`)
        if (reason._tag === "RateLimited") assert.strictEqual(reason.retryAfterMillis, 7_000)
      }
    }),
    interruption: Effect.gen(function* () {
      const { provider, source } = yield* facing({ _tag: "Stall" })
      const fiber = yield* Effect.forkChild(ask(source))
      yield* provider.arrived
      yield* Fiber.interrupt(fiber)
      yield* provider.closed
    }),
    truncation: Effect.gen(function* () {
      const { source } = yield* facing({ _tag: "Truncate" })
      const { reason } = yield* Effect.flip(ask(source))
      assert.include(["Unavailable", "Malformed"], reason._tag)
    }),
    /** Fails for a defect, and for what is taken for an answer unless it says nothing. */
    garbage: (source: Source.Source, saysNothing: (answer: A) => boolean) =>
      Effect.gen(function* () {
        const provider = yield* LoopbackProvider
        for (const body of garbage) {
          provider.misbehave({ _tag: "Body", body })
          const exit = yield* Effect.exit(ask(source))
          if (Exit.isSuccess(exit)) assert.isTrue(saysNothing(exit.value), `an answer of ${body.slice(0, 40)}`)
          else assert.isTrue(Result.isSuccess(Cause.findError(exit.cause)), `a defect for ${body.slice(0, 40)}`)
        }
      }),
    secrets: (secrets: ReadonlyArray<string>) =>
      Effect.gen(function* () {
        const provider = yield* LoopbackProvider
        const source = yield* make
        const faults: ReadonlyArray<Misbehaviour> = [
          ...statuses.map(({ status }): Misbehaviour => ({ _tag: "Status", status })),
          ...garbage.map((body): Misbehaviour => ({ _tag: "Body", body })),
          { _tag: "Truncate" }
        ]
        for (const fault of faults) {
          provider.misbehave(fault)
          const exit = yield* Effect.exit(ask(source))
          const shown = inspect(exit, { depth: 12 }) + JSON.stringify(exit)
          for (const secret of secrets) assert.notInclude(shown, secret)
        }
      })
  }
}
