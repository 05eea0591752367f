/** What a chain says, at a stored price where it tells none itself. */
import type { Calendar, OptionChain } from "@tidemark/core"
import * as Analysis from "../Analysis.ts"
import type { Method } from "../Kept.ts"
import type { Price } from "./Prices.ts"

export interface Options {
  readonly method: Method
  readonly calendar: Calendar.Calendar
  /** Of the chain's moment, or why there is none, in words; `undefined` where the chain tells its own. */
  readonly price: Price | string | undefined
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
