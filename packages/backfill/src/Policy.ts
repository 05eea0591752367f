/**
 * How patient the engine is. One value for all sources; what a provider
 * allows is in its capabilities instead.
 */
import { Context } from "effect"

export interface Policy {
  /** A request, from asking to the last byte of the body. */
  readonly requestDeadlineMillis: number
  /** A file, from asking to its last byte, however steadily it comes. */
  readonly fileDeadlineMillis: number
  /** A file that is larger is given up. */
  readonly mostFileBytes: number
  /** Asking whether a source can be reached at all. */
  readonly checkDeadlineMillis: number
  /** How often the same page is asked again after a failure that may pass. */
  readonly retries: number
  /** How often after an answer that makes no sense: it rarely gets better. */
  readonly malformedRetries: number
  /** First wait between attempts; doubles each time, with jitter of ±50 %. */
  readonly backoffMillis: number
  readonly maxBackoffMillis: number
  /** The longest that a provider's own `Retry-After` is waited for; beyond it the series fails and says so. */
  readonly maxRetryAfterMillis: number
  /** Failures of a host in a row until it is left alone for `breakerOpenMillis`. */
  readonly breakerFailures: number
  readonly breakerOpenMillis: number
  /** Answers in a row that must lack a candle until runs leave it alone for a while. */
  readonly confirmations: number
  /** For how long, at first; doubles with each answer that lacks it too. See `Repair`. */
  readonly repairWaitMillis: number
  /** The longest that it is left alone; at once where it is known why it is missing. */
  readonly emptyExpiresMillis: number
  /** A candle that a stream has not told so long after it is final is asked for. */
  readonly overdueMillis: number
  /** How often what streams told is asked for, to confirm it. */
  readonly confirmMillis: number
  /** How often it is looked up which series there are to listen to. */
  readonly tailSurveyMillis: number
  /** Pages in a piece of work that one lane takes. */
  readonly pagesPerChunk: number
  /** Pages that wait for the store, over all lanes: the bound on memory. */
  readonly pagesInFlight: number
}

export const defaults: Policy = {
  requestDeadlineMillis: 30_000,
  fileDeadlineMillis: 30 * 60_000,
  mostFileBytes: 512 * 1024 * 1024,
  checkDeadlineMillis: 2_000,
  retries: 5,
  malformedRetries: 2,
  backoffMillis: 500,
  maxBackoffMillis: 30_000,
  maxRetryAfterMillis: 180_000,
  breakerFailures: 8,
  breakerOpenMillis: 30_000,
  confirmations: 3,
  repairWaitMillis: 86_400_000,
  emptyExpiresMillis: 30 * 86_400_000,
  overdueMillis: 10_000,
  confirmMillis: 300_000,
  tailSurveyMillis: 60_000,
  pagesPerChunk: 32,
  pagesInFlight: 16
}

export const Policy = Context.Reference<Policy>("@tidemark/backfill/Policy", { defaultValue: () => defaults })
