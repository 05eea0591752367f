import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Budget from "../src/Budget.ts"

describe("budget", () => {
  it.live(
    "the allowance of short windows is spent and not overspent: alone, beside another, and by two processes",
    () =>
      Effect.gen(function* () {
        const outcome = yield* Budget.run({ windows: 2, limit: 100, windowMillis: 2_000, lanes: 4 })
        const scenarios = outcome.json["scenarios"] as ReadonlyArray<Budget.Scenario>
        assert.deepStrictEqual(
          scenarios.map(({ name }) => name),
          ["alone", "beside, at once", "beside, bit by bit", "two processes"]
        )
        const [alone, ...beside] = scenarios as [Budget.Scenario, ...Array<Budget.Scenario>]
        const two = beside.pop()!
        assert.isAbove(alone.ours, 0)
        assert.strictEqual(alone.theirs, 0)
        for (const { ours, refusedThem, theirs, usedOfRest } of beside) {
          assert.isAbove(ours, 0)
          // The product may have been first, and have left nothing.
          assert.isAbove(theirs + refusedThem, 0)
          assert.strictEqual(usedOfRest, ours / (2 * 100 - theirs))
        }
        assert.isAbove(two.ours, 0)
        assert.deepStrictEqual(
          scenarios.map(({ banned }) => banned),
          [0, 0, 0, 0]
        )
      }).pipe(Effect.provide(NodeServices.layer)),
    90_000
  )
})
