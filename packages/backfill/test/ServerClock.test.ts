import { assert, describe, it } from "@effect/vitest"
import * as ServerClock from "@tidemark/backfill/ServerClock"
import { DateTime } from "effect"

const http = (instant: number) => DateTime.toDateUtc(DateTime.makeUnsafe(instant)).toUTCString()

/** What is known after answers of a server whose clock is `ahead`, at these instants of ours, each 40 ms under way. */
const after = (ahead: number, asked: ReadonlyArray<number>) =>
  asked.reduce(
    (clock, at) => ServerClock.observe(clock, http(Math.floor((at + 20 + ahead) / 1_000) * 1_000), at, at + 40),
    ServerClock.unknown
  )

describe("ServerClock", () => {
  it("takes a clock for ours until an answer forces another", () => {
    assert.strictEqual(ServerClock.offsetMillis(ServerClock.unknown), 0)
    assert.strictEqual(ServerClock.offsetMillis(after(0, [1_000_000, 1_000_300, 1_000_700, 1_001_500])), 0)
    assert.strictEqual(ServerClock.offsetMillis(ServerClock.observe(ServerClock.unknown, undefined, 1, 2)), 0)
    assert.strictEqual(ServerClock.offsetMillis(ServerClock.observe(ServerClock.unknown, "soon", 1, 2)), 0)
  })

  it("closes in on a clock that is ahead or behind, never beyond it", () => {
    const asked = Array.from({ length: 200 }, (_, i) => 1_000_000 + i * 37)
    for (const ahead of [700, 2_500, -700, -86_400_000]) {
      const offset = ServerClock.offsetMillis(after(ahead, asked))
      assert.isAtMost(Math.abs(offset - ahead), 80)
      assert.isAtMost(Math.abs(offset), Math.abs(ahead) + 20)
    }
  })

  it("begins anew when one of the clocks was set", () => {
    const before = after(5_000, [1_000_000, 1_000_500, 1_001_000])
    const set = ServerClock.observe(before, http(1_010_000), 1_010_000, 1_010_040)
    assert.strictEqual(ServerClock.offsetMillis(set), 0)
  })
})
