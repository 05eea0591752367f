/** How whole and how fresh a series is that was surveyed. Pure. */
import { Coverage, Gap, type Instant } from "@tidemark/core"
import type { Surveyed } from "./Survey.ts"

/** How many of the expected candles are missing without an explanation, by cause. */
export const open = ({ gaps }: Pick<Surveyed, "gaps">): Readonly<Partial<Record<Gap.GapCause, number>>> =>
  Object.fromEntries(
    Gap.openCauses.flatMap((cause) => {
      const missing = Gap.missingBecause(gaps, cause)
      return missing === 0 ? [] : [[cause, missing]]
    })
  )

/**
 * Milliseconds since the first candle closed that the source was not asked for
 * and that it should have: 0 while none has, so that nothing is behind while
 * its market is closed. `undefined` where nobody waits for more: nothing was
 * ever answered, the symbol is not active, its life is over, or only candles around
 * those of another source were wanted.
 */
export const lagMillis = (
  { plan, stored }: Pick<Surveyed, "plan" | "stored">,
  now: Instant.EpochMillis
): number | undefined => {
  const { calendar, capabilities, instrument, series, wanted } = plan.request
  const extent = Coverage.extent(stored.coverage)
  if (extent === undefined || !instrument.active || wanted !== undefined) return undefined
  if (extent.to >= calendar.span.to) return undefined
  const next = calendar.openAtOrAfter(series.timeframe, extent.to)
  if (instrument.delistedAt !== undefined && next >= instrument.delistedAt) return undefined
  return Math.max(0, now - capabilities.lagMillis - calendar.closeOf(series.timeframe, next))
}
