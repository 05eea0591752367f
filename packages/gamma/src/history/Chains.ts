/** Chains that are kept, looked at again. */
import { type Adjustment, Damage, Gamma, type Instant, OptionChain, Provenance } from "@tidemark/core"
import { Effect } from "effect"
import type { Method } from "../Kept.ts"
import { ofChain } from "./OfChain.ts"
import * as Signalling from "./Signalling.ts"
import * as Underlying from "./Underlying.ts"

export interface Options<E, R> {
  readonly symbol: string
  readonly source?: string | undefined
  readonly method: Method
  /** The newest at or before this moment. Default: the newest. */
  readonly at?: Instant.EpochMillis | undefined
  /** Of these alone. Default: all, and what was observed before what was simulated, whichever is newer. */
  readonly provenances?: ReadonlyArray<Provenance.Provenance> | undefined
  /** What a source has applied to its prices. */
  readonly appliedBy: (source: string) => Effect.Effect<Adjustment.Applied, E, R>
  /** Sources of prices in order of preference. */
  readonly preferred?: ReadonlyArray<string> | undefined
}

/** The spot of a chain that tells none: that of any row of it, whose method does not matter to it, else the stored price. */
const priceOf = Effect.fnUntraced(function* <E, R>(
  { at, provenance, source, symbol }: OptionChain.OptionChain,
  { appliedBy, preferred }: Pick<Options<E, R>, "appliedBy" | "preferred">
) {
  const interval = { from: at, to: at + 1 }
  const rows = yield* (yield* Gamma.GammaStore).snapshots({ symbols: [symbol], sources: [source], interval })
  for (const { spot, spotAt } of rows) if (spot !== null) return { price: spot, at: spotAt ?? undefined }
  return (yield* Signalling.load({ symbol, provenance, preferred, appliedBy, interval })).priceAt(at)
})

/** What the newest chain says, at its own spot or one that is stored; `undefined` where no chain is kept. */
export const newest = Effect.fn("Gamma.newest")(function* <E, R>(options: Options<E, R>) {
  const { at, method, provenances, source, symbol } = options
  const chains = yield* OptionChain.OptionChainStore
  const last = Effect.fnUntraced(function* (provenances: ReadonlyArray<Provenance.Provenance>) {
    if (provenances.length === 0) return undefined
    const [entry] = yield* chains.list({
      symbols: [symbol],
      ...(source === undefined ? {} : { sources: [source] }),
      provenances,
      interval: { from: Damage.everything.from, to: at === undefined ? Damage.everything.to : at + 1 },
      last: 1
    })
    return entry
  })
  const wanted = provenances ?? Provenance.Provenance.literals
  const observed = yield* last(wanted.filter((one) => one === "observed"))
  const entry = observed ?? (yield* last(wanted.filter((one) => one !== "observed")))
  const chain = entry === undefined ? undefined : yield* chains.read(entry)
  if (chain === undefined) return undefined
  const calendar = yield* Underlying.calendarOf(symbol)
  return ofChain(chain, {
    method,
    calendar,
    price: Number.isFinite(chain.spot) ? undefined : yield* priceOf(chain, options)
  })
})
