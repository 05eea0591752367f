/**
 * What can go wrong between a client and a provider, as values.
 *
 * A fault waits in the emulator's queue until a request comes that it
 * matches, and changes that one answer. Faults of the data (`Duplicates`,
 * `NegativeVolume`, …) match only requests for candles; all others match any
 * request, unless `match.path` says which.
 */

/** How a fault picks its requests. */
export interface Options {
  readonly match?: {
    /** Only requests whose path starts so. */
    readonly path?: string
    /** Lets so many matching requests pass first. */
    readonly after?: number
  }
  /** How many requests it spoils: 1 where absent, `Infinity` for all from now on. */
  readonly times?: number
}

interface Fields {
  /** 429, with `Retry-After` where given. */
  readonly RateLimited: { readonly retryAfterSeconds?: number }
  /** 418, an address shut out; 120 s where absent. */
  readonly Banned: { readonly retryAfterSeconds?: number }
  /** A status from 400 on, 500 where absent, with the provider's usual body for it or `body`. */
  readonly ServerError: { readonly status?: number; readonly body?: string }
  /** Goes silent for ever: before the status line, after the headers (where absent) or after so many bytes of the body. */
  readonly Stall: { readonly after?: "nothing" | "headers" | number }
  /** Half a body: the connection ends early (where absent), or a complete answer holds cut JSON. */
  readonly Truncate: { readonly variant?: "connection" | "json" }
  /** 200 with a web page. */
  readonly Html: object
  /** 200 without any candles, though there are some. */
  readonly Empty: object
  /** 200 with a body of no bytes. */
  readonly EmptyBody: object
  /** Every third candle comes twice. */
  readonly Duplicates: object
  /** Candles in a shuffled order. */
  readonly OutOfOrder: object
  /** The candles of the previous answer, whatever is asked. */
  readonly RepeatedPage: object
  /** The oldest candles, or the newest (where absent), whatever start is asked. */
  readonly IgnoredStartTime: { readonly rows?: "oldest" | "newest" }
  /** The last candle closes in the future. */
  readonly UnfinishedLast: object
  /** The first candle's prices as numbers, nulls or words (where absent). */
  readonly WrongTypes: { readonly as?: "number" | "null" | "text" }
  /** 200 with an object where a list belongs. */
  readonly NonArray: object
  /** The first candle's volume below zero. */
  readonly NegativeVolume: object
  /** The first candle's high and low swapped, and apart. */
  readonly HighBelowLow: object
  /** The connection is reset before any byte. */
  readonly Reset: object
  /** The answer comes late; 1000 ms where absent. */
  readonly Slow: { readonly millis?: number }
  /** The body comes in ten parts, each so much after the one before; 1000 ms where absent. */
  readonly Trickle: { readonly millis?: number }
  /** Every candle opens 17.5 s late, as parts of the archive do. */
  readonly OffGrid: object
  /** 302 to another host, or to `to`. */
  readonly Redirect: { readonly to?: string }
  /** 200 with so many megabytes of valid JSON without content; 64 where absent. */
  readonly HugeBody: { readonly megabytes?: number }
}

export type Tag = keyof Fields
export type Fault = { readonly [T in Tag]: { readonly _tag: T } & Fields[T] & Options }[Tag]

const make =
  <T extends Tag>(_tag: T) =>
  (fields?: Fields[T] & Options): Extract<Fault, { readonly _tag: T }> =>
    // The mapped union and the pair of tag and fields are one type, which the compiler can't see for an open T.
    ({ _tag, ...fields }) as unknown as Extract<Fault, { readonly _tag: T }>

export const RateLimited = make("RateLimited")
export const Banned = make("Banned")
export const ServerError = make("ServerError")
export const Stall = make("Stall")
export const Truncate = make("Truncate")
export const Html = make("Html")
export const Empty = make("Empty")
export const EmptyBody = make("EmptyBody")
export const Duplicates = make("Duplicates")
export const OutOfOrder = make("OutOfOrder")
export const RepeatedPage = make("RepeatedPage")
export const IgnoredStartTime = make("IgnoredStartTime")
export const UnfinishedLast = make("UnfinishedLast")
export const WrongTypes = make("WrongTypes")
export const NonArray = make("NonArray")
export const NegativeVolume = make("NegativeVolume")
export const HighBelowLow = make("HighBelowLow")
export const Reset = make("Reset")
export const Slow = make("Slow")
export const Trickle = make("Trickle")
export const OffGrid = make("OffGrid")
export const Redirect = make("Redirect")
export const HugeBody = make("HugeBody")

const ofData: ReadonlySet<Tag> = new Set<Tag>([
  "Empty",
  "Duplicates",
  "OutOfOrder",
  "RepeatedPage",
  "IgnoredStartTime",
  "UnfinishedLast",
  "WrongTypes",
  "NonArray",
  "NegativeVolume",
  "HighBelowLow",
  "OffGrid"
])

/** Whether it changes candles, and so matches only requests for them. */
export const isOfData = (fault: Fault): boolean => ofData.has(fault._tag)
