/** What long work says while it goes on. */
import { assert, describe, it } from "@effect/vitest"
import { Events } from "@tidemark/backfill"
import type { Series } from "@tidemark/core"
import { Effect, Logger } from "effect"
import { TestClock } from "effect/testing"
import * as Progress from "../src/works/Progress.ts"

const minutes: Series.Series = { source: "synthetic", symbol: "BTC/USDT", timeframe: "1m" }

const quiet = Effect.provide(Logger.layer([]))

/** Gives the lines that are said, as they come. */
const listening = () => {
  const lines: Array<string> = []
  return { lines, log: (line: string) => Effect.sync(() => void lines.push(line)) }
}

describe("the progress of long work", () => {
  it.effect("is a line after half a minute, then less and less often, and after ten minutes at the latest", () =>
    Effect.gen(function* () {
      const { lines, log } = listening()
      yield* Progress.tell((now) => Effect.succeed(String(now / 1_000)), { log })
      yield* TestClock.adjust("29 seconds")
      assert.deepStrictEqual(lines, [])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(lines, ["30"])
      yield* TestClock.adjust("2 hours")
      assert.deepStrictEqual(lines.slice(0, 8), ["30", "90", "210", "450", "930", "1530", "2130", "2730"])
      yield* TestClock.adjust("24 hours")
      assert.isBelow(lines.length, 165)
    }).pipe(quiet)
  )

  it.effect("is what has come of what was planned, of its own series and no others", () =>
    Effect.gen(function* () {
      const { lines, log } = listening()
      const { publish } = yield* Events.Events
      const stored = (series: Series.Series, candles: number) =>
        publish({ _tag: "PageStored", series, candles, inserted: candles, changed: 0, removed: 0 })
      const planned = (series: Series.Series, candles: number) =>
        publish({ _tag: "Planned", plans: [{ request: { series }, cost: { candles } }] } as unknown as Events.Event)
      yield* Progress.ofFetching(new Set(["BTC/USDT 1m"]), { log })
      yield* planned(minutes, 5_000)
      yield* planned({ ...minutes, symbol: "ETH/USDT" }, 70_000)
      yield* stored(minutes, 1_000)
      yield* stored({ ...minutes, symbol: "ETH/USDT" }, 7_000)
      yield* TestClock.adjust("30 seconds")
      yield* stored(minutes, 500)
      yield* TestClock.adjust("60 seconds")
      yield* TestClock.adjust("120 seconds")
      assert.deepStrictEqual(lines, [
        "1,000 of about 5,000 candles fetched, last synthetic BTC/USDT 1m",
        "1,500 of about 5,000 candles fetched, last synthetic BTC/USDT 1m",
        "1,500 of about 5,000 candles fetched, last synthetic BTC/USDT 1m, nothing new for 2 min"
      ])
    }).pipe(quiet, Effect.provide(Events.Events.layer))
  )

  it.effect("is how many of its subjects have been begun", () =>
    Effect.gen(function* () {
      const { lines, log } = listening()
      const made = yield* Progress.ofSubjects("features", 3, { log })
      yield* made("a", 10)
      yield* made("a", 10)
      yield* made("b", 1)
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(lines, ["features: 2 of 3 begun, 21 rows, last b"])
    }).pipe(quiet)
  )
})
