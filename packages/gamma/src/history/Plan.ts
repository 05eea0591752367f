/** What becomes of each slot of a history: decided before anything is computed. Pure. */
import type { Gamma, OptionChain, Provenance } from "@tidemark/core"
import type { Slot } from "./Slots.ts"

/** What a slot's row is made of. */
export type Task =
  | { readonly kind: "chain"; readonly slot: Slot; readonly chain: OptionChain.Entry }
  | { readonly kind: "simulate"; readonly slot: Slot }
  | { readonly kind: "model"; readonly slot: Slot }

export interface Plan {
  /** Ascending by slot. */
  readonly tasks: ReadonlyArray<Task>
  /** Slots that have their row already, with an exposure. */
  readonly kept: number
  /** Slots of which there is neither chain nor price. */
  readonly without: ReadonlyArray<Slot>
}

export interface Options {
  /** Ascending. */
  readonly slots: ReadonlyArray<Slot>
  /** Of the symbol, ascending by moment. */
  readonly chains: ReadonlyArray<OptionChain.Entry>
  /** Of the symbol. */
  readonly rows: ReadonlyArray<Pick<Gamma.Snapshot, "source" | "at" | "method" | "origin" | "netGex">>
  /** The source of prices, where there are any; `undefined`: none. */
  readonly prices: { readonly source: string; readonly provenance: Provenance.Provenance } | undefined
  /** Of rows that a chain is the base of. */
  readonly method: Gamma.Method
  readonly force: boolean
}

const distance = (slot: Slot, at: number): number => Math.abs(at - slot.at)

/** The entries of each slot: both ascend, and the slots' times do not overlap. */
const bySlot = <A extends { readonly at: number }>(slots: ReadonlyArray<Slot>, entries: ReadonlyArray<A>) => {
  const sorted = entries.toSorted((a, b) => a.at - b.at)
  let next = 0
  return slots.map((slot): ReadonlyArray<A> => {
    while (next < sorted.length && sorted[next]!.at < slot.from) next++
    const start = next
    while (next < sorted.length && sorted[next]!.at < slot.to) next++
    return sorted.slice(start, next)
  })
}

/**
 * The chain of a slot that is nearest to it, the earlier of two; chains that were observed before those that were
 * simulated, and those only where prices are of the same source.
 */
const chainOf = (slot: Slot, chains: ReadonlyArray<OptionChain.Entry>, prices: Options["prices"]) => {
  const observed = chains.filter(({ provenance }) => provenance === "observed")
  const usable = observed.length > 0 ? observed : chains.filter(({ source }) => source === prices?.source)
  return usable.reduce<OptionChain.Entry | undefined>(
    (best, chain) => (best === undefined || distance(slot, chain.at) < distance(slot, best.at) ? chain : best),
    undefined
  )
}

const taskOf = (slot: Slot, chains: ReadonlyArray<OptionChain.Entry>, prices: Options["prices"]): Task | undefined => {
  const chain = chainOf(slot, chains, prices)
  if (chain !== undefined) return { kind: "chain", slot, chain }
  if (prices === undefined) return undefined
  return prices.provenance === "observed" ? { kind: "model", slot } : { kind: "simulate", slot }
}

/**
 * A row of the slot does what the task would: of the same chain, or of any of no lesser origin where there is no chain.
 * One without an exposure does nothing: what it lacked may be there by now.
 */
const isDone = (task: Task, all: Options["rows"], { method, prices }: Options): boolean => {
  const rows = all.filter(({ netGex }) => netGex !== null)
  switch (task.kind) {
    case "chain":
      return rows.some((row) => row.source === task.chain.source && row.at === task.chain.at && row.method === method)
    case "model":
      return rows.some(({ origin }) => origin !== "synthetic")
    case "simulate":
      return rows.some((row) => row.source === prices?.source && row.method === method)
  }
}

export const make = (options: Options): Plan => {
  const { chains, force, prices, rows, slots } = options
  const chainsOf = bySlot(slots, chains)
  const rowsOf = bySlot(slots, rows)
  const tasks: Array<Task> = []
  const without: Array<Slot> = []
  let kept = 0
  for (const [i, slot] of slots.entries()) {
    const task = taskOf(slot, chainsOf[i]!, prices)
    if (task === undefined) without.push(slot)
    else if (!force && isDone(task, rowsOf[i]!, options)) kept++
    else tasks.push(task)
  }
  return { tasks, kept, without }
}
