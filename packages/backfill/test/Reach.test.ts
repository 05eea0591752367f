import { assert, describe, it } from "@effect/vitest"
import { type Source, SourceError } from "@tidemark/core"
import { Effect, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as Policy from "../src/Policy.ts"
import * as Reach from "../src/Reach.ts"
import { RequestCounter } from "../src/SourceHttp.ts"

const answering = (check: NonNullable<Source.Source["check"]>): Source.Source => ({
  candles: () => Stream.empty,
  check
})

const failing = (reason: SourceError.Reason) =>
  answering(Effect.fail(new SourceError.SourceError({ source: "probe", reason })))

describe("reach", () => {
  it.effect("a source that lacks the symbol it is asked for has answered", () =>
    Reach.reach("probe", failing(new SourceError.NotListed({ detail: "no such symbol" })))
  )

  it.effect("a source that is down or wants a key has not", () =>
    Effect.gen(function* () {
      for (const reason of [
        new SourceError.Unavailable({ detail: "down" }),
        new SourceError.Unauthorized({ detail: "no key" })
      ]) {
        const error = yield* Effect.flip(Reach.reach("probe", failing(reason)))
        assert.strictEqual(error.reason, reason)
      }
    })
  )

  it.effect("silence is waited for from the first request on, not from before it", () =>
    Effect.gen(function* () {
      const { checkDeadlineMillis } = yield* Policy.Policy
      const source = answering(
        Effect.gen(function* () {
          yield* Effect.sleep(10 * checkDeadlineMillis)
          const counter = yield* RequestCounter
          counter.requests++
          return yield* Effect.never
        })
      )
      const waiting = yield* Effect.forkChild(Effect.flip(Reach.reach("probe", source)))
      yield* TestClock.adjust(11 * checkDeadlineMillis - 1)
      assert.isUndefined(waiting.pollUnsafe())
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* Fiber.join(waiting)).reason._tag, "Unavailable")
    })
  )
})
