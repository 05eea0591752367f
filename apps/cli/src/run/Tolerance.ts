/** How far prices of two sources may be apart, as people give it. */
import { UsageError } from "@tidemark/backfill"
import { Reconciliation } from "@tidemark/quality"
import { Effect, Option } from "effect"

/** Ten percent: prices further apart are of another market, and a larger number is a percentage written as such. */
const most = 0.1

/** `--tolerance`, as a share of the price; the usual one where it is not given. */
export const price = Effect.fnUntraced(function* (given: Option.Option<number>) {
  if (Option.isNone(given)) return Reconciliation.between.price
  const { value } = given
  if (value > 0 && value <= most) return value
  return yield* new UsageError.UsageError({
    message: `--tolerance is a share of the price, more than 0 and at most ${most}, where 0.005 is 0.5 %; got ${value}`
  })
})
