/** A gap as the API tells it. */
import type { Coverage } from "@tidemark/api"
import { type Gap, Instant } from "@tidemark/core"

export const encode = ({
  attempts,
  cause,
  evidence,
  interval,
  missing,
  nextAction,
  series
}: Gap.Gap): typeof Coverage.MissingRun.Encoded => ({
  ...series,
  from: Number.isFinite(interval.from) ? Instant.format(interval.from) : null,
  to: Number.isFinite(interval.to) ? Instant.format(interval.to) : null,
  missing,
  cause,
  attempts,
  evidence,
  next_action: nextAction
})
