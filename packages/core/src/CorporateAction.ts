/**
 * What a company does to its shares: splits and dividends change what a price
 * means, earnings are dates to know of.
 *
 * Dates are the exchange's own, without a time: `2020-08-31`.
 */
import { Schema } from "effect"

/** An ISO date. */
export const Day = Schema.String.pipe(Schema.check(Schema.isPattern(/^\d{4}-\d{2}-\d{2}$/)))

/** From this session on, `to` shares are what `from` were: 4-for-1 is `from: 1, to: 4`. */
export class Split extends Schema.TaggedClass<Split>()("Split", {
  exDate: Day,
  from: Schema.Finite,
  to: Schema.Finite
}) {}

/** From this session on, shares trade without the right to `amount` a share, as of that day's shares. */
export class Dividend extends Schema.TaggedClass<Dividend>()("Dividend", {
  exDate: Day,
  amount: Schema.Finite,
  currency: Schema.optionalKey(Schema.String),
  declared: Schema.optionalKey(Day),
  recorded: Schema.optionalKey(Day),
  paid: Schema.optionalKey(Day)
}) {}

/** The day of a report, past or announced. */
export class Earnings extends Schema.TaggedClass<Earnings>()("Earnings", {
  exDate: Day,
  estimate: Schema.optionalKey(Schema.Finite),
  reported: Schema.optionalKey(Schema.Finite)
}) {}

export const CorporateAction = Schema.Union([Split, Dividend, Earnings])
export type CorporateAction = typeof CorporateAction.Type
