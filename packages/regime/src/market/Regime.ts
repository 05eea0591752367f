/** What a market is in. */

/** In this order of scores and of ties. */
export const all = ["bull", "bear", "volatile", "transitioning"] as const
export type Regime = (typeof all)[number]
