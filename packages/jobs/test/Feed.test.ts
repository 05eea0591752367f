import { assert, describe, it } from "@effect/vitest"
import * as Feed from "../src/Feed.ts"
import { Effect, Fiber, Stream } from "effect"

const say = (feed: Feed.Feed, from: number, to: number) =>
  Effect.forEach(
    Array.from({ length: to - from }, (_, i) => `${from + i}`),
    feed.log,
    { discard: true }
  )

describe("what a run says", () => {
  it.effect("is kept from its first lines and to its last, and what lies between is counted", () =>
    Effect.gen(function* () {
      const feed = yield* Feed.make
      yield* say(feed, 0, 10)
      assert.strictEqual(feed.kept(), "0\n1\n2\n3\n4\n5\n6\n7\n8\n9")
      yield* say(feed, 10, 100_000)
      const kept = feed.kept().split("\n")
      assert.isAtMost(kept.length, 1_501)
      assert.strictEqual(kept[0], "0")
      assert.strictEqual(kept.at(-1), "99999")
      const gap = kept.findIndex((line) => line.startsWith("…"))
      const left = Number(kept[gap]!.split(" ")[1])
      assert.strictEqual(left, 100_000 - (kept.length - 1))
      assert.strictEqual(Number(kept[gap + 1]) - Number(kept[gap - 1]) - 1, left)
    })
  )

  it.effect("is told in order to whoever listens from the beginning, once each", () =>
    Effect.gen(function* () {
      const feed = yield* Feed.make
      yield* say(feed, 0, 3)
      const listening = yield* Effect.forkChild(Stream.runCollect(feed.lines))
      for (let i = 3; i < 2_000; i++) {
        yield* feed.log(`${i}`)
        if (i % 100 === 0) yield* Effect.yieldNow
      }
      yield* feed.end
      const told = yield* Fiber.join(listening)
      const numbers = told.filter((line) => !line.startsWith("…")).map(Number)
      assert.deepStrictEqual(
        numbers,
        [...new Set(numbers)].toSorted((a, b) => a - b)
      )
      assert.strictEqual(numbers.at(-1), 1_999)
    })
  )
})
