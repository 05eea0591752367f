/** A few days of a deployment's life: the whole of it is `nx run soak:run`. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as Soak from "@tidemark/soak/Soak"
import { Effect } from "effect"

describe("a deployment in which everything fails at random", () => {
  it.live(
    "keeps its history as the provider has it, does nothing twice at once, and tells of each alert once",
    () =>
      Effect.gen(function* () {
        const found = yield* Soak.run({ millis: 20_000, seed: 5, say: () => Effect.void })
        assert.deepStrictEqual(found.wrong, [], JSON.stringify(found, null, 2))
        assert.isAbove(found.candles, 1_000)
        assert.isAbove(
          Object.values(found.mishaps).reduce((sum, count) => sum + count, 0),
          0
        )
      }).pipe(Effect.provide(NodeServices.layer)),
    240_000
  )
})
