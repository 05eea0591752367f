/** Option chains: kept once, as they were told, and read back bit for bit. */
import { assert, type Vitest } from "@effect/vitest"
import { OptionChain } from "@tidemark/core"
import { Query } from "@tidemark/storage"
import * as OptionChainBytes from "@tidemark/storage/OptionChainBytes"
import { Effect } from "effect"
import { chain, fresh, hour, quotes, start } from "./Options.ts"

/** Bit for bit: NaN is NaN, and -0 is not 0. */
const same = (actual: OptionChain.OptionChain | undefined, expected: OptionChain.OptionChain) => {
  assert.deepStrictEqual(actual, expected)
  for (const name of OptionChain.numbers) {
    assert.isTrue(
      actual!.contracts[name].every((value, i) => Object.is(value, expected.contracts[name][i])),
      name
    )
  }
}

const keep = (chains: ReadonlyArray<OptionChain.OptionChain>, at = start + hour) =>
  Effect.flatMap(OptionChain.OptionChainStore, (store) => store.keep(chains, at))
const read = (key: OptionChain.Key) => Effect.flatMap(OptionChain.OptionChainStore, (store) => store.read(key))
const list = (selection: OptionChain.Selection) =>
  Effect.flatMap(OptionChain.OptionChainStore, (store) => store.list(selection))

export const cases = (it: Vitest.MethodsNonLive<OptionChain.OptionChainStore | Query.Query>): void => {
  it.effect("O01 a chain comes back bit for bit, whatever its columns hold", () =>
    Effect.gen(function* () {
      const odd = OptionChain.allocate(4)
      odd.root.splice(0, 4, "", "SPX", "ünïcode", "SPX")
      odd.bid.set([-0, Infinity, -Infinity, Number.MIN_VALUE])
      odd.ask.set([0.1 + 0.2, Math.PI, 1e300, 2 ** 53])
      odd.strike.set([2 ** 31, -(2 ** 31), 2 ** 31 - 1, 0.123_456_789_012])
      odd.openInterest.set([-(2 ** 31), 1, 2, 3])
      odd.last.set([-0, 1, 2.5, Number.NaN])
      odd.volume.set([2 ** 31, 1, 2, 3])
      odd.gamma.set([0.000_001, 0.123_456_78, 1, Number.NaN])
      odd.isCall.set([1, 0, 1, 1])
      const unreadable = ["a row without a strike", 'SPY240119C00"\n']
      const chains = [
        chain({ contracts: quotes(3_000), unreadable }),
        chain({ contracts: odd, spot: Number.NaN, provenance: "synthetic", unreadable }),
        chain({ contracts: OptionChain.allocate(0) }),
        chain({ contracts: OptionChain.allocate(3) })
      ]
      assert.strictEqual(yield* keep(chains), 4)
      for (const one of chains) same(yield* read(one), one)
      assert.isUndefined(yield* read({ ...chains[0]!, at: start + 1 }))
      assert.isUndefined(yield* read({ ...chains[0]!, source: "other" }))
    })
  )

  it.effect("O02 a moment is kept once: what is there stays as it is", () =>
    Effect.gen(function* () {
      const first = chain()
      const second: OptionChain.OptionChain = { ...first, spot: 1, contracts: quotes(2) }
      const other: OptionChain.OptionChain = { ...first, source: "other" }
      assert.strictEqual(yield* keep([first, second], 1_000), 1)
      assert.strictEqual(yield* keep([second, other], 2_000), 1)
      same(yield* read(first), first)
      const { provenance, spot, symbol } = first
      const told = { symbol, spot, provenance, contracts: 10, at: start }
      assert.deepStrictEqual(yield* list({ symbols: [symbol] }), [
        { ...told, source: "contract", fetchedAt: 1_000 },
        { ...told, source: "other", fetchedAt: 2_000 }
      ])
    })
  )

  it.effect("O03 lists what is selected, ascending by symbol, source and moment", () =>
    Effect.gen(function* () {
      const [a, b] = [fresh(), fresh()]
      yield* keep(
        [b, a].flatMap((symbol) => [2, 0, 1].map((i) => chain({ symbol, at: start + i * hour, contracts: quotes(1) })))
      )
      const told = (selection: OptionChain.Selection) =>
        Effect.map(list({ symbols: [a, b], ...selection }), (found) =>
          found.map(({ at, symbol }) => `${symbol === a ? "a" : "b"}${(at - start) / hour}`)
        )
      assert.deepStrictEqual(yield* told({}), ["a0", "a1", "a2", "b0", "b1", "b2"])
      assert.deepStrictEqual(yield* told({ symbols: [b] }), ["b0", "b1", "b2"])
      assert.deepStrictEqual(yield* told({ interval: { from: start + hour, to: start + 2 * hour } }), ["a1", "b1"])
      assert.deepStrictEqual(yield* told({ sources: ["other"] }), [])
      assert.deepStrictEqual(yield* told({ symbols: [] }), [])
    })
  )

  it.effect("O07 the newest so many, of the provenance that is wanted, in the order of all", () =>
    Effect.gen(function* () {
      const [a, b] = [fresh(), fresh()]
      const made = [a, b].flatMap((symbol) =>
        [0, 1, 2, 3].map((i) =>
          chain({
            symbol,
            at: start + i * hour,
            contracts: quotes(1),
            provenance: i === 3 ? "synthetic" : "observed"
          })
        )
      )
      yield* keep(made)
      const told = (selection: OptionChain.Selection) =>
        Effect.map(list({ symbols: [a, b], ...selection }), (found) =>
          found.map(({ at, symbol }) => `${symbol === a ? "a" : "b"}${(at - start) / hour}`)
        )
      assert.deepStrictEqual(yield* told({ last: 3 }), ["a2", "a3", "b3"])
      assert.deepStrictEqual(yield* told({ last: 1, symbols: [b] }), ["b3"])
      assert.deepStrictEqual(yield* told({ last: 1, provenances: ["observed"] }), ["a2"])
      assert.deepStrictEqual(yield* told({ last: 2, interval: { from: start, to: start + 2 * hour } }), ["a1", "b1"])
      assert.deepStrictEqual(yield* told({ last: 0 }), [])
      assert.deepStrictEqual(yield* told({ last: 99, provenances: ["synthetic"] }), ["a3", "b3"])
      assert.deepStrictEqual(yield* told({ provenances: [] }), [])
    })
  )

  it.effect("O08 says of which symbols and sources chains are kept, and of when the newest is", () =>
    Effect.gen(function* () {
      const { underlyings } = yield* OptionChain.OptionChainStore
      const [a, b] = [fresh(), fresh()]
      const of = (symbol: string, source: string, at: number) => chain({ symbol, source, at, contracts: quotes(1) })
      yield* keep([of(b, "x", start), of(a, "y", start + 7), of(a, "X", start + hour), of(a, "y", start)])
      const ours = (yield* underlyings).filter(({ symbol }) => symbol === a || symbol === b)
      assert.deepStrictEqual(ours, [
        { symbol: a, source: "X", newest: start + hour },
        { symbol: a, source: "y", newest: start + 7 },
        { symbol: b, source: "x", newest: start }
      ])
    })
  )

  it.effect("O09 replacing puts a chain in place of the one of its key, and of no other", () =>
    Effect.gen(function* () {
      const store = yield* OptionChain.OptionChainStore
      const [first, other] = [chain(), chain()]
      const second: OptionChain.OptionChain = {
        ...first,
        spot: Number.NaN,
        provenance: "synthetic",
        contracts: quotes(40),
        unreadable: ["row 3 is none"]
      }
      const added = chain({ symbol: first.symbol, at: start + hour })
      assert.isTrue(OptionChain.isSame(first, { ...first, contracts: quotes(10) }))
      assert.isFalse(OptionChain.isSame(first, second))
      yield* keep([first, other], 1_000)
      assert.strictEqual(yield* store.keep([{ ...second, spot: 7 }, second, added], 2_000, { replace: true }), 2)
      same(yield* read(first), second)
      same(yield* read(other), other)
      assert.deepStrictEqual(
        (yield* list({ symbols: [first.symbol] })).map(({ contracts, fetchedAt }) => [contracts, fetchedAt]),
        [
          [40, 2_000],
          [10, 2_000]
        ]
      )
      const changed = chain({ symbol: first.symbol, contracts: quotes(10) })
      changed.contracts.ask[9] = Number.NaN
      assert.isFalse(OptionChain.isSame(changed, first))
    })
  )

  it.effect("O04 all of a call or none", () =>
    Effect.gen(function* () {
      const good = Array.from({ length: 40 }, () => chain())
      const broken = chain({ at: Number.NaN })
      assert.strictEqual((yield* Effect.exit(keep([...good, broken])))._tag, "Failure")
      assert.deepStrictEqual(yield* list({ symbols: good.map(({ symbol }) => symbol) }), [])
      assert.strictEqual(yield* keep(good), 40)
    })
  )

  it.effect("O05 three thousand contracts are at most 60 kB, and are counted where users read", () =>
    Effect.gen(function* () {
      const one = chain({ contracts: quotes(3_000) })
      yield* keep([one])
      const rows = yield* Effect.flatMap(Query.Query, (query) =>
        query.run(
          `SELECT spot, provenance, contracts, octet_length(data) AS bytes FROM option_chains WHERE symbol = '${one.symbol}'`
        )
      )
      const [{ bytes, contracts, ...rest }] = rows as [Record<string, unknown>]
      assert.deepStrictEqual([rest, Number(contracts)], [{ spot: 472.25, provenance: "observed" }, 3_000])
      assert.isAtMost(Number(bytes), 60_000)
    })
  )

  it("O06 bytes that are no chain are refused with the reason", () => {
    const bytes = OptionChainBytes.encode(chain())
    const next = Uint8Array.from(bytes)
    next[0] = 2
    assert.throws(() => OptionChainBytes.decode(next), /form 2, which this program does not know/)
    assert.throws(() => OptionChainBytes.decode(Uint8Array.of()), /form none/)
    assert.throws(() => OptionChainBytes.decode(bytes.subarray(0, bytes.length - 9)))
  })
}
