import { assert, describe, it } from "@effect/vitest"
import { Changes } from "@tidemark/core"
import { Deferred, Effect, Fiber } from "effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Remembered from "../src/api/Remembered.ts"

/** A database of which a test says what is written, and a question that counts how often it was answered. */
const asking = Effect.fnUntraced(function* ({ isAlone = true } = {}) {
  const counts = new Map<string, number>()
  const remembered = yield* Effect.provideService(
    Remembered.make,
    Changes.Changes,
    Changes.Changes.of({
      count: (topics = []) => (isAlone ? topics.reduce((sum, topic) => sum + (counts.get(topic) ?? 0), 0) : undefined)
    })
  )
  let answers = 0
  return {
    write: (topic: Changes.Topic) => Effect.sync(() => void counts.set(topic, (counts.get(topic) ?? 0) + 1)),
    /** The number of the answer that is given. */
    ask: (work: Effect.Effect<unknown, string> = Effect.void, bytes = 0) =>
      Effect.map(
        remembered(
          { asked: ["what", bytes], topics: ["candles"] },
          Effect.suspend(() => {
            const text = `${++answers}`.padEnd(bytes)
            return Effect.as(work, HttpServerResponse.text(text))
          })
        ),
        ({ body }) => Number(new TextDecoder().decode((body as unknown as { readonly body: Uint8Array }).body))
      )
  }
})

describe("an answer", () => {
  it.effect("is given again until something that it follows from is written", () =>
    Effect.gen(function* () {
      const { ask, write } = yield* asking()
      assert.deepStrictEqual([yield* ask(), yield* ask()], [1, 1])
      yield* write("jobs")
      assert.strictEqual(yield* ask(), 1)
      yield* write("candles")
      assert.deepStrictEqual([yield* ask(), yield* ask()], [2, 2])
    })
  )

  it.effect("during which something was written is not given again", () =>
    Effect.gen(function* () {
      const { ask, write } = yield* asking()
      assert.deepStrictEqual([yield* ask(write("candles")), yield* ask()], [1, 2])
    })
  )

  it.effect("that is large is made again each time", () =>
    Effect.gen(function* () {
      const { ask } = yield* asking()
      assert.deepStrictEqual([yield* ask(Effect.void, 1_000_000), yield* ask(Effect.void, 1_000_000)], [1, 2])
    })
  )

  it.effect("that is being made is waited for, by all who ask before something is written", () =>
    Effect.gen(function* () {
      const { ask } = yield* asking()
      const go = yield* Deferred.make<void>()
      const first = yield* Effect.forkChild(ask(Deferred.await(go)), { startImmediately: true })
      const others = yield* Effect.forkChild(Effect.all([ask(), ask()], { concurrency: "unbounded" }), {
        startImmediately: true
      })
      yield* Deferred.succeed(go, undefined)
      assert.deepStrictEqual([yield* Fiber.join(first), yield* Fiber.join(others)], [1, [1, 1]])
    })
  )

  it.effect("is never older than who is told it: those who come after a write share the next", () =>
    Effect.gen(function* () {
      const { ask, write } = yield* asking()
      const go = yield* Deferred.make<void>()
      const first = yield* Effect.forkChild(ask(Deferred.await(go)), { startImmediately: true })
      yield* write("candles")
      const later = yield* Effect.forkChild(Effect.all([ask(), ask(), ask()], { concurrency: "unbounded" }), {
        startImmediately: true
      })
      yield* Deferred.succeed(go, undefined)
      assert.deepStrictEqual([yield* Fiber.join(first), yield* Fiber.join(later)], [1, [2, 2, 2]])
    })
  )

  it.effect("is not given again where others may write, but shared by those who came before it was begun", () =>
    Effect.gen(function* () {
      const { ask } = yield* asking({ isAlone: false })
      assert.deepStrictEqual([yield* ask(), yield* ask()], [1, 2])
      const go = yield* Deferred.make<void>()
      const first = yield* Effect.forkChild(ask(Deferred.await(go)), { startImmediately: true })
      const later = yield* Effect.forkChild(
        Effect.all([ask(Effect.yieldNow), ask(), ask()], { concurrency: "unbounded" }),
        {
          startImmediately: true
        }
      )
      yield* Deferred.succeed(go, undefined)
      assert.deepStrictEqual([yield* Fiber.join(first), yield* Fiber.join(later)], [3, [4, 4, 4]])
    })
  )

  it.effect("whose maker goes away is made by the next who waits", () =>
    Effect.gen(function* () {
      const { ask } = yield* asking()
      const first = yield* Effect.forkChild(ask(Effect.never), { startImmediately: true })
      const other = yield* Effect.forkChild(ask(), { startImmediately: true })
      yield* Fiber.interrupt(first)
      assert.strictEqual(yield* Fiber.join(other), 2)
    })
  )

  it.effect("that fails is a failure for all who wait for it, and is not given again", () =>
    Effect.gen(function* () {
      const { ask } = yield* asking()
      const go = yield* Deferred.make<void>()
      const failing = ask(Effect.andThen(Deferred.await(go), Effect.fail("no")))
      const first = yield* Effect.forkChild(Effect.flip(failing), { startImmediately: true })
      const other = yield* Effect.forkChild(Effect.flip(ask()), { startImmediately: true })
      yield* Deferred.succeed(go, undefined)
      assert.deepStrictEqual([yield* Fiber.join(first), yield* Fiber.join(other)], ["no", "no"])
      assert.strictEqual(yield* ask(), 2)
    })
  )
})
