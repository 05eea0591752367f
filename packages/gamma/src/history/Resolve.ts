/** Outcomes of signals whose time has come. */
import { type Adjustment, Gamma, type Instant, type Provenance } from "@tidemark/core"
import { Clock, Effect } from "effect"
import { Outcomes } from "../traps/index.ts"
import * as Closes from "./Closes.ts"
import * as Underlying from "./Underlying.ts"

export interface Resolved {
  /** Signals that were told. */
  readonly told: number
  /** Those whose time has not come. */
  readonly pending: number
  /** When the candles close that tell of others, and are not stored; ascending, each once. */
  readonly missing: ReadonlyArray<Instant.EpochMillis>
  /** Those that nothing can tell of: without a price, or without the volatility that they are measured by. */
  readonly never: number
}

export interface Options<E, R> {
  /** Of this symbol only. */
  readonly symbol?: string | undefined
  /** Sources of prices in order of preference, by symbol. */
  readonly preferred: (symbol: string) => ReadonlyArray<string>
  readonly appliedBy: (source: string) => Effect.Effect<Adjustment.Applied, E, R>
}

/** Whether prices that were observed tell of a row; else those that were simulated do. */
const provenanceOf = (origin: Gamma.Origin): Provenance.Provenance =>
  origin === "synthetic" ? "synthetic" : "observed"

/** A row without a chain is told by the prices that it was made of; one with a chain by whichever are preferred. */
const pricesOf = ({ method, origin, source }: Gamma.Signal) => ({
  provenance: provenanceOf(origin),
  source: method === "model" || origin === "synthetic" ? source : undefined
})

/** Looks at all signals that are pending: nothing is read but the closes that tell of them. */
export const run = Effect.fn("Gamma.resolve")(function* <E, R>(options: Options<E, R>) {
  const { appliedBy, preferred, symbol } = options
  const now = yield* Clock.currentTimeMillis
  const store = yield* Gamma.GammaStore
  const waiting = yield* store.signals({
    ...(symbol === undefined ? {} : { symbols: [symbol] }),
    outcomes: ["pending"]
  })
  const due = waiting.filter(({ dueAt }) => dueAt <= now)
  const able = due.filter((signal) => Outcomes.isDue(signal, now))
  const groups = Map.groupBy(able, (signal) => JSON.stringify([signal.symbol, pricesOf(signal)]))
  const looked = yield* Effect.forEach(
    groups.values(),
    Effect.fnUntraced(function* (signals) {
      const [first] = signals
      const { symbol } = first!
      const which = { symbol, appliedBy, preferred: preferred(symbol), ...pricesOf(first!) }
      const underlying = yield* Underlying.find(which)
      const closeAt: Closes.CloseAt =
        underlying === undefined
          ? () => undefined
          : yield* Closes.read(
              underlying,
              signals.map(({ dueAt }) => dueAt)
            )
      return signals.map((signal) => Outcomes.resolve(signal, closeAt(signal.dueAt, signal.at), now))
    })
  )
  const told = looked.flat().filter(({ outcome }) => outcome !== "pending")
  const missing = looked.flat().flatMap(({ dueAt, outcome }) => (outcome === "pending" ? [dueAt] : []))
  const resolved: Resolved = {
    told: told.length === 0 ? 0 : yield* store.resolve(told),
    pending: waiting.length - due.length,
    missing: [...new Set(missing)].toSorted((a, b) => a - b),
    never: due.length - able.length
  }
  return resolved
})
