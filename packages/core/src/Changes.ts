/**
 * Whether a database is as it was.
 *
 * Where this program alone can write to it, it knows: what was read while the
 * count was the same is still so. Where others can, there is no count.
 */
import { Context } from "effect"

/** What a write can be about, by the store that does it. */
export type Kind =
  | "actions"
  | "alerts"
  | "budgets"
  | "candles"
  | "derived"
  | "findings"
  | "gaps"
  | "jobs"
  | "keys"
  | "log"
  | "symbols"

/** A kind as a whole, or candles and their coverage, or gaps, of one symbol. */
export type Topic = Kind | `${"candles" | "gaps"} ${string}`

/** The topics of an answer that follows from some symbols; from all, where none is named. */
export const of = (kind: "candles" | "gaps", symbols: ReadonlyArray<string> = []): ReadonlyArray<Topic> =>
  symbols.length === 0 ? [kind] : symbols.map((symbol): Topic => `${kind} ${symbol}`)

/** The topics of a write about some symbols. */
export const written = (kind: "candles" | "gaps", symbols: Iterable<string>): ReadonlyArray<Topic> => [
  kind,
  ...Array.from(new Set(symbols), (symbol): Topic => `${kind} ${symbol}`)
]

export class Changes extends Context.Service<
  Changes,
  {
    /** Another number whenever something may have been written, of these topics or of any; nothing where others may write. */
    readonly count: (topics?: ReadonlyArray<Topic>) => number | undefined
  }
>()("@tidemark/core/Changes") {}
