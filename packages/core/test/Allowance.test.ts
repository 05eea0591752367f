import { assert, describe, it } from "@effect/vitest"
import { Allowance } from "@tidemark/core"
import { Schema } from "effect"

const rolling: Allowance.Limit = { limit: 10, windowMillis: 1_000, aligned: false }
const aligned: Allowance.Limit = { limit: 600, windowMillis: 6_000, aligned: true }

/** Spends `weight` as often as it can until `end`, waiting as it is told; when it was granted. */
const spend = (limit: Allowance.Limit, weight: number, start: number, end: number): ReadonlyArray<number> => {
  const at: Array<number> = []
  let allowance = Allowance.untouched
  for (let now = start; now < end;) {
    const taken = Allowance.take(allowance, limit, weight, now)
    allowance = taken.allowance
    if (taken.waitMillis === 0) at.push(now)
    now += taken.waitMillis
  }
  return at
}

const weights = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 7 }))
const pauses = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 700 }))).check(
  Schema.isMinLength(30),
  Schema.isMaxLength(60)
)

describe("a budget that rolls", () => {
  it.prop("never has more than the limit in any span of its length", [weights, pauses], ([weight, gaps]) => {
    let allowance = Allowance.untouched
    let now = 0
    const spent: Array<number> = []
    for (const gap of gaps) {
      now += gap
      for (;;) {
        const taken = Allowance.take(allowance, rolling, weight, now)
        allowance = taken.allowance
        if (taken.waitMillis === 0) break
        now += taken.waitMillis
      }
      spent.push(now)
    }
    for (const from of spent) {
      const inside = spent.filter((at) => at >= from && at <= from + rolling.windowMillis).length * weight
      assert.isAtMost(inside, rolling.limit)
    }
  })

  it("is used up, and what waits is told the instant at which there is room", () => {
    const at = spend(rolling, 5, 0, 5_050)
    assert.deepStrictEqual(at.slice(0, 4), [0, 0, 1_010, 1_010])
    assert.strictEqual(at.length, 10)
  })
})

describe("a budget in windows of the clock", () => {
  it("is used to at least 98 % of every whole window, and never beyond", () => {
    const at = spend(aligned, 2, 3_000, 60_000)
    for (let window = 1; window < 10; window++) {
      const used = at.filter((time) => Math.floor(time / aligned.windowMillis) === window).length * 2
      assert.isAtLeast(used, aligned.limit * 0.98)
      assert.isAtMost(used, aligned.limit)
    }
  })

  it("counts what others have used, and forgets it with the window", () => {
    const seen = Allowance.report(Allowance.untouched, aligned, 590, 6_100)
    assert.strictEqual(Allowance.take(seen, aligned, 2, 6_200).waitMillis, 0)
    const waits = Allowance.take(seen, aligned, 20, 6_200).waitMillis
    assert.isAtLeast(waits, 5_800)
    assert.strictEqual(Allowance.take(seen, aligned, 20, 6_200 + waits).waitMillis, 0)
  })

  it("does not take the count of an earlier window for that of this one", () => {
    const { allowance } = Allowance.take(Allowance.untouched, aligned, 2, 12_500)
    assert.deepStrictEqual(Allowance.report(allowance, aligned, 599, 11_900), allowance)
  })

  it("does not wait for a window that a clock set back has put far ahead", () => {
    const { allowance } = Allowance.take(Allowance.untouched, aligned, 590, 9e12)
    assert.strictEqual(Allowance.take(allowance, aligned, 20, 6_200).waitMillis, 0)
  })

  it("lets a request through that is heavier than the limit, once a window is whole", () => {
    assert.strictEqual(Allowance.take(Allowance.untouched, aligned, 5_000, 6_100).waitMillis, 0)
  })
})

describe("a pause", () => {
  it("stops everything until its end, with a limit or without, and is not shortened", () => {
    const paused = Allowance.pause(Allowance.pause(Allowance.untouched, 9_000), 4_000)
    assert.strictEqual(Allowance.take(paused, undefined, 1, 6_000).waitMillis, 3_000)
    assert.strictEqual(Allowance.take(paused, aligned, 1, 6_000).waitMillis, 3_000)
    assert.strictEqual(Allowance.take(paused, undefined, 1, 9_000).waitMillis, 0)
  })
})
