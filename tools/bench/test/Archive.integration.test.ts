import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Archive from "../src/Archive.ts"

describe("archive", () => {
  it.live(
    "every contestant ends with exactly the candles of the provider, and both ways leave the same rows",
    () =>
      Effect.gen(function* () {
        const outcome = yield* Archive.run({ months: 1, storeRows: 3_000, rounds: 1, latencyMillis: 0 })
        const runs = outcome.json["runs"] as ReadonlyArray<Archive.Run>
        assert.deepStrictEqual(
          runs.map(({ candles, contestant }) => [contestant, candles]),
          ["bare", "archive", "rest"].map((name) => [name, 44_640])
        )
        assert.isTrue(runs.every((run) => run.seconds > 0 && run.peakBytes > 30e6))
      }).pipe(Effect.provide(NodeServices.layer)),
    60_000
  )
})
