/** Gaps as a daemon tells them, in the words of the domain. */
import type { Coverage } from "@tidemark/api"
import type { Gap } from "@tidemark/core"

export const toGap = ({
  attempts,
  cause,
  evidence,
  from,
  missing,
  next_action,
  to,
  ...series
}: Coverage.MissingRun): Gap.Gap => ({
  series,
  interval: { from: from ?? -Infinity, to: to ?? Infinity },
  missing,
  cause,
  attempts,
  evidence,
  nextAction: next_action
})
