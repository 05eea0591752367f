/** A chain that comes a second time, is another one, or is of a moment that there is not. */
import { assert, describe } from "@effect/vitest"
import { Gamma, OptionChain } from "@tidemark/core"
import { Record, Simulator, Slots } from "@tidemark/gamma/history"
import { Effect } from "effect"
import { newYork } from "../chains.ts"
import { appliedBy, onStore, simulator, store } from "./stored.ts"

const [slot] = Slots.of(newYork, { from: Date.parse("2024-06-03"), to: Date.parse("2024-06-04") })

const observed = Effect.map(
  Effect.flatMap(simulator, (generator) => Simulator.chainAt(generator, slot!.at)),
  (chain): OptionChain.OptionChain => ({ ...chain, source: "file", provenance: "observed" })
)

const run = (chain: OptionChain.OptionChain, more: { readonly method?: "implied"; readonly replace?: boolean } = {}) =>
  Record.run(chain, { method: "recomputed", appliedBy, ...more })

const everything = Effect.gen(function* () {
  const gamma = yield* Gamma.GammaStore
  const chains = yield* OptionChain.OptionChainStore
  return {
    chains: yield* Effect.forEach(yield* chains.list({}), chains.read),
    rows: yield* gamma.snapshots({}),
    signals: yield* gamma.signals({})
  }
})

/** The same contracts, of which twice as many are open. */
const doubled = (chain: OptionChain.OptionChain): OptionChain.OptionChain => ({
  ...chain,
  contracts: { ...chain.contracts, openInterest: chain.contracts.openInterest.map((open) => 2 * open) }
})

describe("a chain that is told again", () => {
  onStore(
    "is shown by the row and the signal that are stored, though others would be made of it by now",
    Effect.gen(function* () {
      const chain = yield* observed
      assert.strictEqual((yield* run(chain)).state, "new")
      const before = yield* everything
      // Prices that came later would give the signal other indicators.
      yield* store(
        { from: Date.parse("2024-01-02"), to: Date.parse("2024-06-15") },
        { source: "yahoo", provenance: "observed" }
      )
      const { analysis, signal, state, wasThere } = yield* run(chain)
      assert.deepStrictEqual([state, wasThere], ["there", true])
      assert.deepStrictEqual(analysis.snapshot, before.rows[0]!)
      assert.isNull(before.signals[0]!.rsiScore)
      assert.isNull(signal!.rsiScore)
      assert.deepStrictEqual(yield* everything, { ...before, signals: [signal!] })
    })
  )

  onStore(
    "and says something else is refused with the way out, and nothing of it is kept",
    Effect.gen(function* () {
      const chain = yield* observed
      yield* run(chain)
      const before = yield* everything
      const others = [doubled(chain), { ...chain, spot: chain.spot + 1 }, { ...chain, unreadable: ["row 3 is none"] }]
      for (const other of others) {
        const { message } = yield* Effect.flip(run(other))
        assert.match(
          message,
          /^file SPY: another chain of 2024-06-03T13:45Z is kept, of .*tidemark gamma import FILE --replace/
        )
        assert.deepStrictEqual(yield* everything, before)
      }
    })
  )

  onStore(
    "takes the place of the kept one where it shall, and so do its rows of every method",
    Effect.gen(function* () {
      const chain = yield* observed
      yield* run(chain)
      yield* run(chain, { method: "implied" })
      const before = yield* everything
      const { analysis, remade, state, wasThere } = yield* run(doubled(chain), { replace: true })
      assert.deepStrictEqual([remade, state, wasThere], [["implied"], "replaced", false])
      const after = yield* everything
      assert.deepStrictEqual(after.chains, [doubled(chain)])
      assert.lengthOf(after.signals, 2)
      const net = ({ method, netGex }: Gamma.Snapshot) => [method, netGex!]
      assert.deepStrictEqual(
        after.rows.map(net),
        before.rows.map((row) => net({ ...row, netGex: 2 * row.netGex! }))
      )
      assert.deepInclude(after.rows, analysis.snapshot)
    })
  )

  onStore(
    "has a row where it had none for want of a price",
    Effect.gen(function* () {
      const nameless = { ...(yield* observed), spot: Number.NaN }
      assert.isNull((yield* run(nameless)).analysis.snapshot.netGex)
      yield* store(
        { from: Date.parse("2024-01-02"), to: Date.parse("2024-06-15") },
        { source: "yahoo", provenance: "observed" }
      )
      const { analysis, wasThere } = yield* run(nameless)
      assert.isNumber(analysis.snapshot.netGex)
      assert.isFalse(wasThere)
      assert.deepStrictEqual((yield* everything).rows, [analysis.snapshot])
    })
  )
})

describe("several chains", () => {
  onStore(
    "say what each of them says alone, over the turn of a year too",
    Effect.gen(function* () {
      const range = { from: Date.parse("2023-01-02"), to: Date.parse("2024-01-20") }
      yield* store(range, { source: "yahoo", provenance: "observed" })
      const generator = yield* simulator
      const slots = Slots.of(newYork, { from: Date.parse("2023-12-28"), to: Date.parse("2024-01-05") })
      const moments = slots.filter((_, i) => i % 3 === 0).map(({ at }) => at)
      const all = yield* Effect.forEach(moments, (at) =>
        Effect.map(Simulator.chainAt(generator, at), (chain): OptionChain.OptionChain => ({
          ...chain,
          source: "file",
          provenance: "observed",
          spot: Number.NaN
        }))
      )
      const alone = yield* Effect.forEach(all, (chain) => run(chain))
      const before = yield* everything
      assert.lengthOf(before.signals, moments.length)
      assert.isTrue(before.rows.every(({ netGex, spot }) => netGex !== null && spot !== null))
      assert.deepStrictEqual(
        new Set(before.signals.map(({ session }) => session.slice(0, 4))),
        new Set(["2023", "2024"])
      )
      const { record, resolve } = Record.several("SPY", moments, { method: "recomputed", appliedBy, replace: true })
      const kept = yield* Effect.forEach(all, record)
      yield* resolve
      assert.deepStrictEqual(yield* everything, before)
      assert.deepStrictEqual(
        kept.map(({ analysis, state }) => [state, analysis.snapshot]),
        alone.map(({ analysis }) => ["replaced", analysis.snapshot])
      )
    })
  )
})

describe("a chain of a moment that the calendar does not know", () => {
  onStore(
    "is refused, and nothing of it is kept",
    Effect.gen(function* () {
      const chain = yield* observed
      for (const text of ["1850-01-01", "2150-01-01"]) {
        const { message } = yield* Effect.flip(run({ ...chain, at: Date.parse(text) }))
        assert.match(
          message,
          /^file SPY: the chain says to be of .* the calendar XNYS knows 1970-01-01 to 2100-12-31;.*--at/
        )
      }
      assert.deepStrictEqual(yield* everything, { chains: [], rows: [], signals: [] })
    })
  )
})
