/**
 * A time in which a whole venue did not trade: nobody has candles of it,
 * whatever the symbol.
 */
import type { Interval } from "./Interval.ts"

export interface Outage extends Interval {
  /** Who was down: a source's id, with the market where one source has several. */
  readonly venue: string
  /** `known`: from a list of the source's; `inferred`: most symbols vanished at once. */
  readonly origin: "known" | "inferred"
  /** How it is known, in a sentence. */
  readonly evidence: string
}
