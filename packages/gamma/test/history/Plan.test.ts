import { assert, describe, it } from "@effect/vitest"
import type { OptionChain } from "@tidemark/core"
import { HistoryPlan, Slots } from "@tidemark/gamma/history"
import { newYork } from "../chains.ts"

const slots = Slots.of(newYork, { from: Date.parse("2024-06-03"), to: Date.parse("2024-06-05") })
const minute = 60_000

const chain = (at: number, change: Partial<OptionChain.Entry> = {}): OptionChain.Entry => ({
  symbol: "SPY",
  source: "cboe",
  at,
  spot: 500,
  provenance: "observed",
  contracts: 10,
  fetchedAt: at,
  ...change
})

type Row = HistoryPlan.Options["rows"][number]
const row = (at: number, change: Partial<Row> = {}): Row => ({
  source: "cboe",
  at,
  method: "recomputed",
  origin: "chain-observed",
  netGex: 1e9,
  ...change
})

const observed = { source: "yahoo", provenance: "observed" } as const
const simulated = { source: "synthetic", provenance: "synthetic" } as const

const make = (options: Partial<HistoryPlan.Options>) =>
  HistoryPlan.make({ slots, chains: [], rows: [], prices: observed, method: "recomputed", force: false, ...options })

const kinds = (plan: HistoryPlan.Plan) => plan.tasks.map(({ kind }) => kind)
const eight = (value: HistoryPlan.Task["kind"]): Array<HistoryPlan.Task["kind"]> =>
  Array.from({ length: 8 }, () => value)

describe("the plan of a gamma history", () => {
  it("takes a model where prices were observed, and simulated chains where prices are simulated", () => {
    assert.deepStrictEqual(kinds(make({})), eight("model"))
    assert.deepStrictEqual(kinds(make({ prices: simulated })), eight("simulate"))
  })

  it("says which slots have neither chain nor price", () => {
    const { kept, tasks, without } = make({ prices: undefined, chains: [chain(slots[2]!.at)] })
    assert.deepStrictEqual([kept, tasks.length, without], [0, 1, slots.filter((_, i) => i !== 2)])
  })

  it("takes the chain that is nearest to its slot, the earlier of two that are as near", () => {
    const { at } = slots[1]!
    const near = [chain(at - 20 * minute), chain(at - 5 * minute), chain(at + 5 * minute), chain(at + 30 * minute)]
    const [, second] = make({ chains: near }).tasks
    assert.deepInclude(second, { kind: "chain", chain: near[1]! })
    assert.deepStrictEqual(kinds(make({ chains: near })).filter((kind) => kind === "chain").length, 1)
  })

  it("takes no simulated chain for observed prices, nor one that was observed for less", () => {
    const fake = chain(slots[0]!.at, { source: "synthetic", provenance: "synthetic" })
    assert.deepStrictEqual(kinds(make({ chains: [fake] })), eight("model"))
    assert.strictEqual(kinds(make({ chains: [fake], prices: simulated }))[0], "chain")
    const real = chain(slots[0]!.at + 9 * minute)
    const [first] = make({ chains: [fake, real], prices: simulated }).tasks
    assert.deepInclude(first, { kind: "chain", chain: real })
  })

  it("leaves rows that are there, unless they are to be made anew", () => {
    const rows = [row(slots[0]!.at), row(slots[3]!.at, { method: "model", origin: "modelled", source: "yahoo" })]
    const plan = make({ rows })
    assert.deepStrictEqual([plan.kept, plan.tasks.length], [2, 6])
    assert.deepStrictEqual(make({ rows, force: true }).tasks.length, 8)
  })

  it("makes a row anew that has no exposure, whatever it is made of", () => {
    const { at } = slots[0]!
    const chains = [chain(at)]
    const modelled = row(at, { method: "model", origin: "modelled", source: "yahoo" })
    const fake = row(at, { source: "synthetic", origin: "synthetic" })
    const cases: ReadonlyArray<readonly [Partial<HistoryPlan.Options>, Row]> = [
      [{ chains }, row(at)],
      [{}, modelled],
      [{ prices: simulated }, fake]
    ]
    for (const [options, one] of cases) {
      assert.strictEqual(make({ ...options, rows: [one] }).kept, 1)
      assert.strictEqual(make({ ...options, rows: [{ ...one, netGex: null }] }).kept, 0)
    }
    // Beside one that has none there may be one that has.
    assert.strictEqual(make({ rows: [{ ...modelled, netGex: null }, row(at, { source: "file" })] }).kept, 1)
  })

  it("makes the row of a chain beside that of a model, of another method or of another moment", () => {
    const { at } = slots[0]!
    const chains = [chain(at)]
    for (const there of [
      row(at, { method: "model", origin: "modelled", source: "yahoo" }),
      row(at, { method: "vendor", origin: "vendor-reported" }),
      row(at - 1),
      row(at, { source: "polygon" })
    ]) {
      assert.strictEqual(make({ chains, rows: [there] }).tasks[0]!.kind, "chain", JSON.stringify(there))
    }
    assert.strictEqual(make({ chains, rows: [row(at)] }).kept, 1)
  })

  it("does not estimate what a chain has told, though the chain is gone, and takes no simulated row for it", () => {
    assert.strictEqual(make({ rows: [row(slots[0]!.at + minute)] }).kept, 1)
    assert.strictEqual(make({ rows: [row(slots[0]!.at, { source: "synthetic", origin: "synthetic" })] }).kept, 0)
  })
})
