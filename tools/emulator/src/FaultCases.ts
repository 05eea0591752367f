/**
 * What every source has to make of a fault: a table for suites that put a
 * source before this emulator. A provider's own ways are said by the suite.
 */
import type { SourceError } from "@tidemark/core"
import * as Fault from "./Fault.ts"

/** Why it fails; or that all candles or contracts come, those that are whole, or a believable empty answer. */
export type Verdict = SourceError.Reason["_tag"] | "all" | "fewer" | "nothing"

export interface FaultCase {
  readonly name: string
  readonly fault: (options: Fault.Options) => Fault.Fault
  /** If every answer is so. */
  readonly always: Verdict
  /** Even if one answer is so: what asking again would not change. */
  readonly once?: SourceError.Reason["_tag"]
}

const status = (code: number): FaultCase => ({
  name: String(code),
  fault: (o) => Fault.ServerError({ status: code, ...o }),
  always: "Unavailable"
})

const common: ReadonlyArray<FaultCase> = [
  { name: "429", fault: (o) => Fault.RateLimited({ retryAfterSeconds: 0, ...o }), always: "RateLimited" },
  { name: "429 for a second", fault: (o) => Fault.RateLimited({ retryAfterSeconds: 1, ...o }), always: "RateLimited" },
  { name: "a ban", fault: (o) => Fault.Banned({ retryAfterSeconds: 0, ...o }), always: "RateLimited" },
  status(500),
  status(502),
  status(503),
  status(520),
  status(408),
  { name: "silence", fault: (o) => Fault.Stall({ after: "nothing", ...o }), always: "Unavailable" },
  { name: "a body that stalls at once", fault: (o) => Fault.Stall({ after: "headers", ...o }), always: "Unavailable" },
  { name: "a body that stalls halfway", fault: (o) => Fault.Stall({ after: 5_000, ...o }), always: "Unavailable" },
  {
    name: "a connection cut in the body",
    fault: (o) => Fault.Truncate({ variant: "connection", ...o }),
    always: "Unavailable"
  },
  { name: "JSON cut short", fault: (o) => Fault.Truncate({ variant: "json", ...o }), always: "Malformed" },
  { name: "200 with HTML", fault: Fault.Html, always: "Malformed" },
  { name: "200 without a body", fault: Fault.EmptyBody, always: "Malformed" },
  { name: "200 without candles", fault: Fault.Empty, always: "nothing" },
  { name: "candles twice", fault: Fault.Duplicates, always: "Malformed" },
  { name: "candles out of order", fault: Fault.OutOfOrder, always: "Malformed" },
  { name: "a repeated page", fault: Fault.RepeatedPage, always: "Malformed" },
  {
    name: "a start ignored, oldest",
    fault: (o) => Fault.IgnoredStartTime({ rows: "oldest", ...o }),
    always: "Malformed"
  },
  {
    name: "a start ignored, newest",
    fault: (o) => Fault.IgnoredStartTime({ rows: "newest", ...o }),
    always: "Malformed"
  },
  // Where rows have no close, an unfinished one is told by its open.
  { name: "an unfinished last candle", fault: Fault.UnfinishedLast, always: "all" },
  { name: "prices as words", fault: (o) => Fault.WrongTypes({ as: "text", ...o }), always: "Malformed" },
  { name: "prices as null", fault: (o) => Fault.WrongTypes({ as: "null", ...o }), always: "Malformed" },
  { name: "prices as numbers", fault: (o) => Fault.WrongTypes({ as: "number", ...o }), always: "all" },
  { name: "an object instead of a list", fault: Fault.NonArray, always: "Malformed" },
  { name: "a negative volume", fault: Fault.NegativeVolume, always: "Malformed" },
  { name: "a high below the low", fault: Fault.HighBelowLow, always: "Malformed" },
  { name: "a connection reset", fault: Fault.Reset, always: "Unavailable" },
  { name: "a redirect to another host", fault: Fault.Redirect, always: "Unavailable" },
  { name: "a slow answer", fault: (o) => Fault.Slow({ millis: 50, ...o }), always: "all" },
  { name: "a body of many megabytes", fault: (o) => Fault.HugeBody({ megabytes: 8, ...o }), always: "Malformed" }
]

const merged = (
  base: ReadonlyArray<FaultCase>,
  otherwise: Readonly<Record<string, Partial<Omit<FaultCase, "name">>>>,
  own: ReadonlyArray<FaultCase>
): ReadonlyArray<FaultCase> => {
  const unknown = Object.keys(otherwise).find((name) => !base.some((one) => one.name === name))
  if (unknown !== undefined) throw new Error(`there is no fault case "${unknown}"`)
  return [...base.map((one) => ({ ...one, ...otherwise[one.name] })), ...own]
}

/** The common cases with what is otherwise at one provider, by name, and its own. An unknown name is a mistake. */
export const of = (
  otherwise: Readonly<Record<string, Partial<Omit<FaultCase, "name">>>>,
  own: ReadonlyArray<FaultCase> = []
): ReadonlyArray<FaultCase> => merged(common, otherwise, own)

/** What only candles can have. */
const candlesOnly = new Set([
  "a repeated page",
  "a start ignored, oldest",
  "a start ignored, newest",
  "an unfinished last candle",
  "a negative volume",
  "a high below the low",
  "prices as numbers"
])
/** What becomes of contracts: one that comes twice counts once, their order means nothing, and a null says nothing. */
const ofContracts: Readonly<Record<string, Partial<Omit<FaultCase, "name">>>> = {
  "200 without candles": { always: "Malformed" },
  "candles twice": { always: "all" },
  "candles out of order": { always: "all" },
  "prices as words": { always: "fewer" },
  "prices as null": { always: "all" }
}

/** The cases of `of` as they are for option chains. */
export const ofChains = (
  otherwise: Readonly<Record<string, Partial<Omit<FaultCase, "name">>>> = {},
  own: ReadonlyArray<FaultCase> = []
): ReadonlyArray<FaultCase> => {
  const base = common.filter(({ name }) => !candlesOnly.has(name))
  return merged(merged(base, ofContracts, []), otherwise, own)
}
