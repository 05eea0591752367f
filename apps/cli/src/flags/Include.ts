/** What was not observed is shown to those who ask for it by name. */
import { Flag } from "effect/cli"

export const flag = Flag.String("include").pipe(
  Flag.withDescription("Also what was not observed: modelled, synthetic, or both with a comma between them"),
  Flag.optional
)
