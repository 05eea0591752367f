/**
 * Swing structure as the reference library of "smart money concepts" marks
 * it, row for row. It marks with the future: what stands in a row was often
 * not known when that candle closed. To compare with, never to decide by:
 * that is `SmcPit`.
 */
export * as Breaks from "./compat/Breaks.ts"
export * as FairValueGaps from "./compat/FairValueGaps.ts"
export * as Liquidity from "./compat/Liquidity.ts"
export * as OrderBlocks from "./compat/OrderBlocks.ts"
export * as PreviousDay from "./compat/PreviousDay.ts"
export * as Swings from "./compat/Swings.ts"
