import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import * as Ingest from "../src/Ingest.ts"
import * as Postgres from "../src/Postgres.ts"
import { conclude, holds, line, median, type Target } from "../src/Verdict.ts"

const target = (bound: Target["bound"], value: number): Target => ({ name: "a / b", value, bound, limit: 0.7 })

describe("Verdict", () => {
  it("a target is met or missed exactly at its limit as its bound says", () => {
    assert.deepStrictEqual(
      (["at least", "at most", "less than"] as const).map((bound) =>
        [0.69, 0.7, 0.71].map((value) => holds(target(bound, value)))
      ),
      [
        [false, true, true],
        [true, true, false],
        [true, false, false]
      ]
    )
    assert.strictEqual(line(target("at least", 0.7123)), "a / b = 0.712 (target ≥ 0.7): holds")
    assert.strictEqual(line(target("at least", 0.5)), "a / b = 0.500 (target ≥ 0.7): MISSED")
  })

  it("the median of an even number of values lies between the middle two", () => {
    assert.strictEqual(median([9, 1, 5]), 5)
    assert.strictEqual(median([9, 1, 5, 4]), 4.5)
  })

  it.effect("one missed target among met ones fails the run", () =>
    Effect.gen(function* () {
      const outcome = { json: {}, text: [], targets: [target("at least", 1), target("at least", 0.1)] }
      assert.isTrue(Exit.isFailure(yield* Effect.exit(conclude(outcome, false))))
      assert.isTrue(
        Exit.isSuccess(yield* Effect.exit(conclude({ ...outcome, targets: [target("at least", 1)] }, true)))
      )
    })
  )
})

describe("Ingest", () => {
  const options: Ingest.Options = { candles: 10_000, ccxtCandles: 4000, storeRows: 1, rounds: 3 }
  const run = (contestant: Ingest.Run["contestant"], round: number, candles: number, seconds: number): Ingest.Run => ({
    contestant,
    round,
    candles,
    seconds,
    startSeconds: 1,
    peakBytes: 1e6
  })

  it("fewer candles count as start-up plus the steady rate over all of them", () => {
    const short = run("ccxt", 1, 4000, 4)
    assert.strictEqual(Ingest.steadyRate(short), 1000)
    assert.strictEqual(Ingest.secondsFor(short, 10_000), 10)
    assert.strictEqual(Ingest.rate(short, 10_000), 1000)
  })

  it("a run that is mostly start-up is said to tell nothing of the steady rate", () => {
    const runs = [run("bare", 1, 10_000, 9), run("tidemark", 1, 10_000, 1.5), run("ccxt", 1, 4000, 4)]
    const notes = Ingest.outcome(options, runs).text.filter((text) => text.startsWith("!"))
    assert.strictEqual(notes.length, 1)
    assert.include(notes[0], "tidemark")
  })

  it("ratios are taken within a round, so that a slow machine in one of them does not count", () => {
    // Tidemark is twice as slow as bare in every round; in the last two everything takes ten and three times as long.
    const runs = [1, 10, 3].flatMap((slowness, i) => [
      run("bare", i + 1, 10_000, 2 * slowness),
      run("tidemark", i + 1, 10_000, 4 * slowness),
      run("ccxt", i + 1, 4000, 4)
    ])
    const [bare] = Ingest.outcome(options, runs).targets
    assert.strictEqual(bare!.name, "tidemark / bare")
    assert.strictEqual(bare!.value, 0.5)
  })
})

describe("Postgres", () => {
  const options: Postgres.Options = { candles: 1000, upsertCandles: 10, rounds: 3, symbols: 1, days: 1, repetitions: 1 }
  const names = ["COPY", "tidemark", "upsert"] as const

  it("ratios are taken within a round, and upsert's fewer candles count as a rate", () => {
    // COPY does 1000 a second, tidemark 400 and upsert 10; everything takes ten and three times as long after.
    const runs = [1, 10, 3].flatMap((slowness, i) =>
      names.map((contestant, at): Postgres.Run => {
        const rate = [1000, 400, 10][at]! / slowness
        return { contestant, round: i + 1, rate, seconds: (contestant === "upsert" ? 10 : 1000) / rate }
      })
    )
    const { targets, text } = Postgres.outcome(options, { names, runs, reads: [5, 7, 6] })
    assert.deepStrictEqual(
      targets.map(({ bound, limit, name, value }) => [name, value, bound, limit]),
      [["tidemark / COPY", 0.4, "at least", 0.5]]
    )
    assert.include(text.at(-1), "tidemark / upsert = 40.0; read back: 6 candles/s")
  })
})
