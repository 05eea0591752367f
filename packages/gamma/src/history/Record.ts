/** A chain, as a provider has just shown it or a file holds it: looked at, kept, and what follows from it stored. */
import {
  type Adjustment,
  type Calendar,
  Damage,
  Gamma,
  Instant,
  type Interval,
  OptionChain,
  type Provenance,
  SourceError
} from "@tidemark/core"
import { Clock, DateTime, Effect } from "effect"
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

export interface Kept {
  /** Its snapshot is the one that is stored. */
  readonly analysis: Analysis.Analysis
  /** As it is stored; none outside of the hours of a session, or without an exposure. */
  readonly signal: Gamma.Signal | undefined
  /** Whether the chain is new, was kept before, or took the place of one that was: of another, or of the same. */
  readonly state: "new" | "there" | "replaced"
  /** Whether a row of this chain and method was there: it stays as it is. */
  readonly wasThere: boolean
  /** Other methods whose rows were made anew, of a chain that took another's place. */
  readonly remade: ReadonlyArray<Gamma.Method>
}

export interface Recorded extends Kept {
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

/** What there is to say of prices at the moments of an interval, of one provenance. */
type ReaderOf<E, R> = (
  provenance: Provenance.Provenance,
  interval: Interval.Interval
) => Effect.Effect<Signalling.Reader, E, R>

const readerOf =
  <E, R>(symbol: string, { appliedBy, preferred }: Options<E, R>) =>
  (provenance: Provenance.Provenance, interval: Interval.Interval) =>
    Signalling.load({ symbol, provenance, preferred, appliedBy, interval })

const momentOf = (at: Instant.EpochMillis): Interval.Interval => ({ from: at, to: at + 1 })

/** Keeps a chain and its rows; `stored` reads back what counts. */
const put = Effect.fnUntraced(function* <E, R, E2, R2>(
  told: OptionChain.OptionChain,
  { method, replace = false }: Options<E, R>,
  prices: ReaderOf<E2, R2>
) {
  const now = yield* Clock.currentTimeMillis
  const chains = yield* OptionChain.OptionChainStore
  const store = yield* Gamma.GammaStore
  const calendar = yield* Underlying.calendarOf(told.symbol)
  const problem = unknownMoment(told, calendar)
  if (problem !== undefined) return yield* refused(told, problem)
  /** The chain that is kept, where it says the same; another one may only be replaced. */
  const before = Effect.fnUntraced(function* () {
    const kept = yield* chains.read(told)
    const stays = kept === undefined || replace || OptionChain.isSame(kept, told)
    return stays ? kept : yield* refused(told, otherKept(told, kept))
  })
  const kept = yield* before()
  const chain = kept === undefined || replace ? told : kept
  const { at, symbol } = chain
  const reader = yield* prices(chain.provenance, momentOf(at))
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
    return { analysis, signal: reader.signal(snapshot, exposure, previous) }
  })
  const own = yield* made(method)
  const remade = replace ? (yield* methodsOf(chain)).filter((other) => other !== method) : []
  const others = yield* Effect.forEach(remade, made)
  const added = yield* chains.keep([chain], now, { replace })
  // Somebody else was quicker: theirs counts, if it says the same.
  if (added === 0) yield* before()
  const entries = [own, ...others].map(({ analysis, signal }): Gamma.Entry => ({ snapshot: analysis.snapshot, signal }))
  const written = yield* store.write(entries, { replace, at: now })
  const state = added === 0 ? "there" : kept === undefined ? "new" : "replaced"
  return { ...own, state, wasThere: written.kept > 0, remade } satisfies Kept
})

/** What was put, with the row and the signal that are stored of it. */
const stored = Effect.fnUntraced(function* (kept: Kept) {
  const store = yield* Gamma.GammaStore
  const { at, method, source, symbol } = kept.analysis.snapshot
  const row = { symbols: [symbol], sources: [source], methods: [method], interval: momentOf(at) }
  const [snapshot = kept.analysis.snapshot] = yield* store.snapshots(row)
  const [signal = kept.signal] = yield* store.signals(row)
  return { ...kept, analysis: { ...kept.analysis, snapshot }, signal } satisfies Kept
})

export const run = Effect.fn("Gamma.record")(function* <E, R>(chain: OptionChain.OptionChain, options: Options<E, R>) {
  const { appliedBy, preferred } = options
  const { symbol } = chain
  const kept = yield* put(chain, options, readerOf(symbol, options))
  const resolved = yield* Resolve.run({ symbol, preferred: () => preferred ?? [], appliedBy })
  const recorded: Recorded = { ...(yield* stored(kept)), resolved }
  return recorded
})

const yearOf = (at: Instant.EpochMillis): number => DateTime.getPartUtc(DateTime.makeUnsafe(at), "year")

/**
 * Keeps several chains of a symbol, of these moments, one after another in
 * their order. Each is stored whole before the next, as by `run`; prices are
 * read once a year of them, and outcomes of signals are told at the end.
 */
export const several = <E, R>(symbol: string, moments: ReadonlyArray<Instant.EpochMillis>, options: Options<E, R>) => {
  const read = readerOf(symbol, options)
  let last: { readonly key: string; readonly reader: Signalling.Reader } | undefined
  const prices = Effect.fnUntraced(function* (provenance: Provenance.Provenance, { from, to }: Interval.Interval) {
    const year = yearOf(from)
    const key = `${provenance} ${year}`
    if (last?.key !== key) {
      const end = moments.findLast((at) => yearOf(at) === year) ?? from
      last = { key, reader: yield* read(provenance, { from, to: Math.max(to, end + 1) }) }
    }
    return last.reader
  })
  return {
    record: Effect.fn("Gamma.record")(function* (chain: OptionChain.OptionChain) {
      return yield* stored(yield* put(chain, options, prices))
    }),
    resolve: Resolve.run({ symbol, preferred: () => options.preferred ?? [], appliedBy: options.appliedBy })
  }
}
