/** Long lists in pages: how a request says which, and an answer where the next one begins. */
import { Schema } from "effect"

/** Rows of a page, at most, and where nobody says how many. */
export const mostRows = 10_000
export const defaultRows = 1_000

export const query = {
  /** Default: 1,000. */
  limit: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: mostRows }))),
  /** `next` of the page before. */
  after: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(4_096)))
} as const

export const page = {
  /** `after` of the request for the next page. Nothing: this was the last. The header `Link` has its address. */
  next: Schema.NullOr(Schema.String)
} as const
