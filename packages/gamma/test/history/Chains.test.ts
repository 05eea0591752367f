import { assert, describe } from "@effect/vitest"
import { Gamma, OptionChain } from "@tidemark/core"
import { Analysis } from "@tidemark/gamma"
import { Chains, Simulator } from "@tidemark/gamma/history"
import { Effect } from "effect"
import { newYork } from "../chains.ts"
import { appliedBy, now, onStore, simulator, store, symbol } from "./stored.ts"

const at = Date.parse("2024-06-04T15:45Z")

/** A chain whose provider tells no price of the underlying. */
const keepSpotless = Effect.gen(function* () {
  const told = yield* Simulator.chainAt(yield* simulator, at)
  const chain = { ...told, spot: Number.NaN }
  yield* (yield* OptionChain.OptionChainStore).keep([chain], now)
  return { chain, spot: told.spot }
})

const newest = Chains.newest({ symbol, method: "implied", appliedBy })

describe("a chain without a price of its underlying", () => {
  onStore(
    "is looked at with that of its row of another method, rather than with a stored one",
    Effect.gen(function* () {
      yield* store({ from: Date.parse("2024-05-01"), to: Date.parse("2024-06-07") })
      const { chain, spot } = yield* keepSpotless
      const made = { method: "recomputed", calendar: newYork, spot: spot + 1, spotAt: at - 60_000 } as const
      const { snapshot } = Analysis.of(chain, made)
      yield* (yield* Gamma.GammaStore).write([{ snapshot, signal: undefined }], { replace: false, at: now })
      const found = yield* newest
      assert.deepInclude(found!.snapshot, { method: "implied", spot: spot + 1, spotAt: at - 60_000 })
    })
  )

  onStore(
    "is looked at with the stored price where it has no row, and with none where there is none",
    Effect.gen(function* () {
      yield* keepSpotless
      assert.isNull((yield* newest)!.snapshot.spot)
      yield* store({ from: Date.parse("2024-05-01"), to: Date.parse("2024-06-07") })
      const { snapshot } = (yield* newest)!
      assert.strictEqual(snapshot.spotAt, at)
      assert.isAbove(snapshot.spot!, 0)
      assert.isNotNull(snapshot.netGex)
    })
  )
})
