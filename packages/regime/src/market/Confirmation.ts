/** A regime that has lasted: a candidate takes over when it has been there for five days running. */
import type { Regime } from "./Regime.ts"

export interface Confirmation {
  /** `null` before the first. */
  readonly confirmed: Regime | null
  readonly candidate: Regime | null
  /** Days in a row that the candidate has been there. */
  readonly days: number
}

export const persistence = 5

export const none: Confirmation = { confirmed: null, candidate: null, days: 0 }

/** After a day of `regime`; a day without one ends the row, and confirms nothing. */
export const next = ({ candidate, confirmed, days }: Confirmation, regime: Regime | null): Confirmation => {
  if (regime === null) return { confirmed, candidate: null, days: 0 }
  // Counted no further than it takes, so that what is saved of a run does not depend on how long it stays.
  const lasted = regime === candidate ? Math.min(days + 1, persistence) : 1
  return { confirmed: lasted === persistence ? regime : confirmed, candidate: regime, days: lasted }
}
