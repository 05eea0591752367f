/**
 * The only error that a source may fail with.
 *
 * The engine decides by `reason`: whether to ask again, after how long, or
 * whom to ask instead. A message never contains a key, a token or a URL's
 * query.
 */
import { Schema } from "effect"
import * as Interval from "./Interval.ts"

/** Told to slow down (429, 418). Asked again after `retryAfterMillis`, or after a backoff. */
export class RateLimited extends Schema.TaggedError<RateLimited>()("RateLimited", {
  retryAfterMillis: Schema.optionalKey(Schema.Finite),
  /** The provider shut the address or key out altogether (Binance's 418). */
  banned: Schema.optionalKey(Schema.Boolean)
}) {}

/** Missing or rejected credentials, or an address that may not ask (401, 403, 451). */
export class Unauthorized extends Schema.TaggedError<Unauthorized>()("Unauthorized", {
  detail: Schema.String
}) {}

/** The source has no such timeframe, asset class or feature. */
export class Unsupported extends Schema.TaggedError<Unsupported>()("Unsupported", {
  detail: Schema.String
}) {}

/** The source does not know the symbol. */
export class NotListed extends Schema.TaggedError<NotListed>()("NotListed", {
  detail: Schema.String
}) {}

/** Older than the source keeps. */
export class RetentionLimit extends Schema.TaggedError<RetentionLimit>()("RetentionLimit", {
  /** The earliest instant that it serves, epoch milliseconds. */
  earliest: Schema.Finite
}) {}

/** No usable answer: no connection, a deadline, a 5xx. Asked again. */
export class Unavailable extends Schema.TaggedError<Unavailable>()("Unavailable", {
  detail: Schema.String,
  /** The HTTP status, where there was one. */
  status: Schema.optionalKey(Schema.Int),
  /** Nothing listens there: the connection itself was refused. */
  refused: Schema.optionalKey(Schema.Boolean)
}) {}

/** The provider refuses the request itself (400, 404, 422): asking the same again is pointless. */
export class Refused extends Schema.TaggedError<Refused>()("Refused", {
  detail: Schema.String,
  status: Schema.Int
}) {}

/** An answer that is not what the provider documents, or holds impossible candles. */
export class Malformed extends Schema.TaggedError<Malformed>()("Malformed", {
  detail: Schema.String
}) {}

/** The source, or what it is given (its file, its configuration), is set up wrongly. */
export class Misconfigured extends Schema.TaggedError<Misconfigured>()("Misconfigured", {
  detail: Schema.String
}) {}

export const Reason = Schema.Union([
  RateLimited,
  Unauthorized,
  Unsupported,
  NotListed,
  RetentionLimit,
  Unavailable,
  Refused,
  Malformed,
  Misconfigured
])
export type Reason = typeof Reason.Type

const retryLater = "run the same command again later, it continues where it stopped"

/** What happened, in words. */
export const describe = (reason: Reason): string => {
  switch (reason._tag) {
    case "RateLimited": {
      const wait = reason.retryAfterMillis === undefined ? "" : ` for ${Math.ceil(reason.retryAfterMillis / 1000)} s`
      return reason.banned === true
        ? `the provider has shut this address out${wait}`
        : `the provider asks to slow down${wait}`
    }
    case "Unauthorized":
      return `access refused: ${reason.detail}`
    case "Unsupported":
      return `not supported: ${reason.detail}`
    case "NotListed":
      return reason.detail
    case "RetentionLimit":
      return "the range is older than the provider keeps"
    case "Unavailable":
      return `no usable answer: ${reason.detail}`
    case "Refused":
      return `the provider refuses the request: ${reason.detail}`
    case "Malformed":
      return `an answer that makes no sense: ${reason.detail}`
    case "Misconfigured":
      return reason.detail
  }
}

/** What to do about it, where the description does not say so itself. */
const advice = (reason: Reason): string => {
  switch (reason._tag) {
    case "RateLimited":
    case "Unavailable":
      return `; ${retryLater}`
    case "Malformed":
      return `; nothing of it was stored; ${retryLater}`
    case "RetentionLimit":
      return "; ask for a later start"
    case "Unsupported":
      return "; see: tidemark sources list"
    case "NotListed":
    case "Refused":
    case "Unauthorized":
    case "Misconfigured":
      return ""
  }
}

/** Whether asking the same again later may help. */
export const isRetryable = (reason: Reason): boolean =>
  reason._tag === "RateLimited" || reason._tag === "Unavailable" || reason._tag === "Malformed"

export class SourceError extends Schema.TaggedError<SourceError>()("SourceError", {
  source: Schema.String,
  /** Canonical symbol and range, where the failure belongs to one. */
  symbol: Schema.optionalKey(Schema.String),
  from: Schema.optionalKey(Schema.Finite),
  to: Schema.optionalKey(Schema.Finite),
  reason: Reason
}) {
  override get message(): string {
    const where = this.symbol === undefined ? "" : ` ${this.symbol}`
    const range =
      this.from === undefined || this.to === undefined ? "" : ` ${Interval.format({ from: this.from, to: this.to })}`
    return `${this.source}${where}${range}: ${describe(this.reason)}${advice(this.reason)}`
  }
}
