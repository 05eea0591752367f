/** Events of a run that has nothing to say for a while. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Queue, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as SseCodec from "effect/encoding/Sse"
import * as Sse from "../src/api/Sse.ts"

describe("a stream of events", () => {
  it.effect("is never silent for longer than fifteen seconds, and says nothing of its own beside events", () =>
    Effect.gen(function* () {
      const events = yield* Queue.unbounded<number>()
      const heard: Array<string> = []
      // The thousandth is the last.
      const source = Stream.takeUntil(Stream.fromQueue(events), (event) => event === 1_000)
      const listening = yield* Effect.forkChild(
        Stream.runForEach(
          Sse.encode(source, (event) => ({ event })),
          (text) => Effect.sync(() => void heard.push(text))
        )
      )
      const said = () => heard.splice(0).map((text) => (text.startsWith(":") ? "beat" : text.trim()))
      const at = Effect.fnUntraced(function* (seconds: number) {
        yield* TestClock.adjust(`${seconds} seconds`)
        return said()
      })
      assert.deepStrictEqual(yield* at(14), [])
      assert.deepStrictEqual(yield* at(1), ["beat"])
      assert.deepStrictEqual(yield* at(45), ["beat", "beat", "beat"])
      yield* at(10)
      yield* Queue.offer(events, 1)
      // The silence begins anew with what is said.
      assert.deepStrictEqual(yield* at(0), ['data: {"event":1}'])
      assert.deepStrictEqual(yield* at(14), [])
      assert.deepStrictEqual(yield* at(1), ["beat"])
      yield* Queue.offer(events, 1_000)
      assert.deepStrictEqual(yield* at(0), ['data: {"event":1000}'])
      yield* Fiber.join(listening)
    })
  )

  it.effect("is read by a reader of events as its events alone", () =>
    Effect.gen(function* () {
      const texts = Stream.make(1, 2).pipe(Stream.tap(() => Effect.sleep("40 seconds")))
      const read = yield* Effect.forkChild(
        Sse.encode(texts, (event) => event).pipe(
          Stream.pipeThroughChannel(SseCodec.decode()),
          Stream.map(({ data }) => data),
          Stream.runCollect
        )
      )
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(yield* Fiber.join(read), ["1", "2"])
    })
  )
})
