/**
 * What an option market shows of one underlying at one moment, as columns: a
 * row a contract, as the provider gave it. Nothing is computed, corrected or
 * left out here; what cannot be used is counted where it is used.
 */
import { Context, type Effect } from "effect"
import type { EpochMillis } from "./Instant.ts"
import type { Interval } from "./Interval.ts"
import type { Provenance } from "./Provenance.ts"
import type { StoreError } from "./StoreError.ts"

/** Columns of one length; `NaN` where the provider says nothing. */
export interface Contracts {
  /** Of the contract's name, such as `SPX` or `SPXW`: it tells how a contract settles. */
  readonly root: ReadonlyArray<string>
  /** Days since 1970-01-01 of the expiration date, a date of the exchange's own calendar. */
  readonly expiry: Float64Array
  readonly strike: Float64Array
  /** 1 for a call, 0 for a put. */
  readonly isCall: Uint8Array
  /** Prices of one share, in the currency of the underlying. */
  readonly bid: Float64Array
  readonly ask: Float64Array
  readonly last: Float64Array
  /** Contracts traded in the session. */
  readonly volume: Float64Array
  /** Contracts open, as of the provider's last count: most often that of the night before. */
  readonly openInterest: Float64Array
  /** The provider's own figures: a share a year, change of the price by the spot, change of that by the spot. */
  readonly impliedVolatility: Float64Array
  readonly delta: Float64Array
  readonly gamma: Float64Array
  /** Shares of one contract; 100 for most. */
  readonly multiplier: Float64Array
}

/** The columns of numbers, `isCall` apart. */
export const numbers = [
  "expiry",
  "strike",
  "bid",
  "ask",
  "last",
  "volume",
  "openInterest",
  "impliedVolatility",
  "delta",
  "gamma",
  "multiplier"
] as const satisfies ReadonlyArray<keyof Contracts>

export interface OptionChain {
  /** Canonical symbol of the underlying. */
  readonly symbol: string
  readonly source: string
  /** The moment that the quotes are of, as the provider says: one that is delayed says an earlier one. */
  readonly at: EpochMillis
  /** Price of the underlying then; `NaN` where it is not known. */
  readonly spot: number
  readonly provenance: Provenance
  readonly contracts: Contracts
  /** Rows of the answer that are no contract, in words. */
  readonly unreadable: ReadonlyArray<string>
}

export const length = (contracts: Contracts): number => contracts.strike.length

/** `size` contracts of which nothing is known, for a decoder to fill; the root is the array that it fills too. */
export const allocate = (size: number): Contracts & { readonly root: Array<string> } => {
  const column = () => new Float64Array(size).fill(Number.NaN)
  return {
    root: Array.from({ length: size }, () => ""),
    expiry: column(),
    strike: column(),
    isCall: new Uint8Array(size),
    bid: column(),
    ask: column(),
    last: column(),
    volume: column(),
    openInterest: column(),
    impliedVolatility: column(),
    delta: column(),
    gamma: column(),
    multiplier: new Float64Array(size).fill(100)
  }
}

/** Whether two say the same of the same contracts in the same order, value by value. */
export const isSame = (a: OptionChain, b: OptionChain): boolean =>
  Object.is(a.spot, b.spot) &&
  a.provenance === b.provenance &&
  length(a.contracts) === length(b.contracts) &&
  a.unreadable.length === b.unreadable.length &&
  a.unreadable.every((line, i) => line === b.unreadable[i]) &&
  a.contracts.root.every((root, i) => root === b.contracts.root[i]) &&
  a.contracts.isCall.every((side, i) => side === b.contracts.isCall[i]) &&
  numbers.every((name) => a.contracts[name].every((value, i) => Object.is(value, b.contracts[name][i])))

/** Which chain it is: a source shows one of a symbol at a moment. */
export type Key = Pick<OptionChain, "symbol" | "source" | "at">

/** A chain that is kept, without its contracts. */
export interface Entry extends Key {
  readonly spot: number
  readonly provenance: Provenance
  readonly contracts: number
  /** When it was asked for. */
  readonly fetchedAt: EpochMillis
}

export interface Selection {
  readonly symbols?: ReadonlyArray<string> | undefined
  readonly sources?: ReadonlyArray<string> | undefined
  readonly provenances?: ReadonlyArray<Provenance> | undefined
  /** Of the moments that they are of. */
  readonly interval?: Interval | undefined
  /** The newest so many, of one moment those that come first; still in the order of all. */
  readonly last?: number | undefined
}

/** Of which symbol a source's chains are kept, and how far. */
export interface Underlying extends Pick<OptionChain, "symbol" | "source"> {
  /** The moment of the newest. */
  readonly newest: EpochMillis
}

/** Chains as they were told, so that whatever is computed of them can be computed anew. */
export class OptionChainStore extends Context.Service<
  OptionChainStore,
  {
    /**
     * Several at once, all or none; those that are there stay as they are, or go where `replace` is set. How many were
     * written.
     */
    readonly keep: (
      chains: ReadonlyArray<OptionChain>,
      fetchedAt: EpochMillis,
      options?: { readonly replace: boolean }
    ) => Effect.Effect<number, StoreError>
    /** Ascending by symbol, source and moment. */
    readonly list: (selection: Selection) => Effect.Effect<ReadonlyArray<Entry>, StoreError>
    /** Each symbol of each source once, ascending by both. */
    readonly underlyings: Effect.Effect<ReadonlyArray<Underlying>, StoreError>
    /** `undefined` where none is kept. */
    readonly read: (key: Key) => Effect.Effect<OptionChain | undefined, StoreError>
  }
>()("@tidemark/core/OptionChainStore") {}
