/**
 * What a failure of ccxt means.
 *
 * Its error classes come from a module that is loaded late, so they are told
 * by name. They lose the status and headers, and look permanent where they
 * are not: what the door saw decides wherever the class does not know better.
 */
import { type HttpFetch, HttpReason, SourceError } from "@tidemark/core"

/** An answer that the library would take for one without content. */
export class Unusable extends Error {
  readonly reason: SourceError.Reason
  constructor(reason: SourceError.Reason) {
    super(reason._tag)
    this.reason = reason
  }
}

/** Names of the classes that an error is of. */
const classesOf = (cause: unknown): ReadonlySet<string> => {
  const names = new Set<string>()
  for (let at: unknown = cause; typeof at === "object" && at !== null; at = Object.getPrototypeOf(at)) {
    names.add((at as object).constructor?.name ?? "")
  }
  return names
}

/** Its first line without what a URL asks for. */
const said = (cause: unknown): string =>
  cause instanceof Error
    ? cause.message
        .split("\n", 1)[0]!
        .replaceAll(/\?[^\s"]*/g, "")
        .slice(0, 160)
    : ""

const rateLimited = (answer: HttpFetch.Answer | undefined): SourceError.Reason => {
  const retryAfter = answer && HttpReason.retryAfterMillis(answer.headers)
  return new SourceError.RateLimited({
    ...(retryAfter === undefined ? {} : { retryAfterMillis: retryAfter }),
    ...(answer?.status === 418 ? { banned: true } : {})
  })
}

export const reasonOf = (exchange: string, { answer, cause, error }: HttpFetch.Failure): SourceError.Reason => {
  if (cause instanceof Unusable) return cause.reason
  if (error !== undefined) return HttpReason.ofError(error)
  const is = classesOf(cause)
  const detail = said(cause)
  const byStatus = answer !== undefined && answer.status >= 400 ? HttpReason.ofHead(answer, detail) : undefined
  // A defect of the library on an answer that it does not understand.
  if (!is.has("BaseError")) {
    return byStatus ?? new SourceError.Malformed({ detail: `ccxt cannot read what ${exchange} answered` })
  }
  if (is.has("BadSymbol")) {
    return new SourceError.NotListed({ detail: `unknown symbol: ${exchange} has no such spot pair` })
  }
  if (byStatus?._tag === "Unauthorized") return byStatus
  if (is.has("DDoSProtection") || is.has("RateLimitExceeded")) return rateLimited(answer)
  // With a status that sounds final, as of a maintenance in a 400, the class knows better.
  if (byStatus !== undefined && !(byStatus._tag === "Refused" && is.has("OperationFailed"))) return byStatus
  if (is.has("AuthenticationError") || is.has("RestrictedLocation")) return new SourceError.Unauthorized({ detail })
  if (is.has("NotSupported")) return new SourceError.Unsupported({ detail })
  if (is.has("BadRequest")) return new SourceError.Refused({ detail, status: answer?.status ?? 400 })
  if (is.has("BadResponse")) return new SourceError.Malformed({ detail })
  return new SourceError.Unavailable({ detail, ...(answer === undefined ? {} : { status: answer.status }) })
}
