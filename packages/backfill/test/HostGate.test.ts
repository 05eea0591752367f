import { assert, describe, it } from "@effect/vitest"
import { HostGate } from "@tidemark/backfill"

const budget = { limit: 6_000, windowMillis: 60_000, usedHeader: "x-used" }
const now = 1_700_000_010_000
const nextWindow = 1_700_000_040_000

/** What a gate says right after one answer. */
const waitAfter = (status: number, headers: Record<string, string>, later = 0) => {
  const gate = HostGate.make()
  gate.observe("a.test", { status, headers }, budget, now)
  assert.strictEqual(gate.waitMillis("b.test", now), 0, "another host is not concerned")
  return gate.waitMillis("a.test", now + later)
}

describe("HostGate", () => {
  it("lets a host be asked whose budget is not used up, and closes until the next window when it nearly is", () => {
    assert.strictEqual(waitAfter(200, { "x-used": "5699" }), 0)
    // Whoever used it: other programs at the same address count too.
    const wait = waitAfter(200, { "x-used": "5700" })
    assert.isAtLeast(wait, nextWindow - now)
    assert.isBelow(wait, nextWindow - now + 1_000)
    assert.strictEqual(waitAfter(200, { "x-used": "5700" }, 31_000), 0)
    assert.strictEqual(waitAfter(200, {}), 0)
  })

  it("leaves a host alone for its Retry-After, or for a while where it gives none", () => {
    assert.strictEqual(waitAfter(429, { "retry-after": "3" }), 3_000)
    assert.strictEqual(waitAfter(418, { "retry-after": "120" }, 1_000), 119_000)
    assert.isAbove(waitAfter(429, {}), 0)
    assert.strictEqual(waitAfter(503, { "retry-after": "3" }), 0)
  })

  it("never opens sooner because a later answer asks for less", () => {
    const gate = HostGate.make()
    gate.observe("a.test", { status: 418, headers: { "retry-after": "60" } }, budget, now)
    gate.observe("a.test", { status: 429, headers: { "retry-after": "1" } }, budget, now)
    assert.strictEqual(gate.waitMillis("a.test", now), 60_000)
  })
})
