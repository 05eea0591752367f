/** One chain, as a provider has just shown it: looked at, kept, and what follows from it stored. */
import { type Adjustment, type Calendar, Damage, Gamma, Instant, OptionChain, SourceError } from "@tidemark/core"
import { Clock, Effect } from "effect"
import type * as Analysis from "../Analysis.ts"
import type { Method } from "../Kept.ts"
import { ofChain } from "./OfChain.ts"
import * as Resolve from "./Resolve.ts"
import * as Signalling from "./Signalling.ts"
import * as Underlying from "./Underlying.ts"

export interface Options<E, R> {
  readonly method: Method
  /** Put it in place of another of its symbol, source and moment, with the rows of that one. */
  readonly replace?: boolean | undefined
  /** What a source has applied to its prices. */
  readonly appliedBy: (source: string) => Effect.Effect<Adjustment.Applied, E, R>
  /** Sources of prices in order of preference. */
  readonly preferred?: ReadonlyArray<string> | undefined
}

export interface Recorded {
  /** Its snapshot is the one that is stored. */
  readonly analysis: Analysis.Analysis
  /** As it is stored; none outside of the hours of a session. */
  readonly signal: Gamma.Signal | undefined
  /** Whether a row of this chain and method was there: it stays as it is. */
  readonly wasThere: boolean
  /** Other methods whose rows were made anew, of a chain that took another's place. */
  readonly remade: ReadonlyArray<Gamma.Method>
  readonly resolved: Resolve.Resolved
}

/** Nothing of a chain was kept, and why. */
const refused = ({ source, symbol }: OptionChain.OptionChain, detail: string) =>
  Effect.fail(new SourceError.SourceError({ source, symbol, reason: new SourceError.Misconfigured({ detail }) }))

/** What is wrong with its moment; `undefined` where the calendar knows it. */
const unknownMoment = ({ at }: OptionChain.OptionChain, { id, span }: Calendar.Calendar) =>
  at >= span.from && at < span.to
    ? undefined
    : `the chain says to be of ${Instant.format(at)}, and the calendar ${id} knows ${Instant.formatDate(span.from)} ` +
      `to ${Instant.formatDate(span.to - 1)}; nothing of it was kept. If a file is of another moment, say so with --at`

const otherKept = ({ at, source, symbol }: OptionChain.OptionChain, kept: OptionChain.OptionChain): string =>
  `another chain of ${Instant.format(at)} is kept, of ${OptionChain.length(kept.contracts)} contracts, and says ` +
  "something else; it stays, and nothing of this one was kept. " +
  `See what it says: tidemark gamma show --symbol ${symbol} --source ${source}. ` +
  "A file takes its place with: tidemark gamma import FILE --replace"

/** Methods that the stored rows of a chain are of. */
const methodsOf = Effect.fnUntraced(function* ({ at, source, symbol }: OptionChain.Key) {
  const store = yield* Gamma.GammaStore
  const rows = yield* store.snapshots({ symbols: [symbol], sources: [source], interval: { from: at, to: at + 1 } })
  // A model's row is of prices of that source: no chain's.
  return rows.flatMap(({ method }) => (method === "model" ? [] : [method]))
})

export const run = Effect.fn("Gamma.record")(function* <E, R>(told: OptionChain.OptionChain, options: Options<E, R>) {
  const { appliedBy, method, preferred, replace = false } = options
  const now = yield* Clock.currentTimeMillis
  const chains = yield* OptionChain.OptionChainStore
  const store = yield* Gamma.GammaStore
  const calendar = yield* Underlying.calendarOf(told.symbol)
  const problem = unknownMoment(told, calendar)
  if (problem !== undefined) return yield* refused(told, problem)
  /** The chain that counts: the one that is kept, where it says the same. */
  const settled = Effect.fnUntraced(function* () {
    const kept = yield* chains.read(told)
    if (kept === undefined || replace) return told
    return OptionChain.isSame(kept, told) ? kept : yield* refused(told, otherKept(told, kept))
  })
  const chain = yield* settled()
  const { at, provenance, symbol } = chain
  const reader = yield* Signalling.load({
    symbol,
    provenance,
    preferred,
    appliedBy,
    interval: { from: at, to: at + 1 }
  })
  const price = Number.isFinite(chain.spot) ? undefined : reader.priceAt(at)
  const made = Effect.fnUntraced(function* (of: Method) {
    const analysis = ofChain(chain, { method: of, calendar, price })
    const [previous] = yield* store.snapshots({
      symbols: [symbol],
      sources: [chain.source],
      methods: [of],
      interval: { from: Damage.everything.from, to: at },
      last: 1
    })
    const { exposure, snapshot } = analysis
    const signal = snapshot.hours === "session" ? reader.signal(snapshot, exposure, previous) : undefined
    return { analysis, signal }
  })
  const own = yield* made(method)
  const remade = replace ? (yield* methodsOf(chain)).filter((other) => other !== method) : []
  const others = yield* Effect.forEach(remade, made)
  const added = yield* chains.keep([chain], now, { replace })
  // Somebody else was quicker: theirs counts, if it says the same.
  if (added === 0) yield* settled()
  const entries = [own, ...others].map(({ analysis, signal }): Gamma.Entry => ({ snapshot: analysis.snapshot, signal }))
  const { kept } = yield* store.write(entries, { replace, at: now })
  const resolved = yield* Resolve.run({ symbol, preferred: () => preferred ?? [], appliedBy })
  const row = {
    symbols: [symbol],
    sources: [chain.source],
    methods: [method],
    interval: { from: at, to: at + 1 }
  }
  const [snapshot = own.analysis.snapshot] = yield* store.snapshots(row)
  const [signal = own.signal] = yield* store.signals(row)
  const recorded: Recorded = { analysis: { ...own.analysis, snapshot }, signal, wasThere: kept > 0, remade, resolved }
  return recorded
})
