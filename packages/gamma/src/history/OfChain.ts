/** What a chain says, at a stored price where it tells none itself. */
import type { Calendar, Instant, OptionChain } from "@tidemark/core"
import * as Analysis from "../Analysis.ts"
import type { Method } from "../Kept.ts"

export interface Options {
  readonly method: Method
  readonly calendar: Calendar.Calendar
  /**
   * Of the chain's moment, and when it was made where that is known; or why there is none, in words; `undefined`
   * where the chain tells its own.
   */
  readonly price: { readonly price: number; readonly at: Instant.EpochMillis | undefined } | string | undefined
}

/** Where neither tells a price the row says why. */
export const ofChain = (chain: OptionChain.OptionChain, { calendar, method, price }: Options): Analysis.Analysis => {
  const spot = typeof price === "object" ? { spot: price.price, spotAt: price.at } : {}
  const analysis = Analysis.of(chain, { method, calendar, ...spot })
  if (typeof price !== "string") return analysis
  const { reason } = analysis.snapshot
  return {
    ...analysis,
    snapshot: { ...analysis.snapshot, reason: `${reason}; the chain tells no price, and ${price}` }
  }
}
