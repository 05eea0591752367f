/**
 * What an HTTP failure means, in the reasons that the engine decides by.
 *
 * The same for every provider unless its plugin knows better. Details name
 * the method, the host and the path, never the query, where keys live.
 */
import { DateTime, Option } from "effect"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import { Malformed, RateLimited, type Reason, Refused, Unauthorized, Unavailable } from "./SourceError.ts"

/** `GET api.example.com/path` */
export const describeRequest = (request: HttpClientRequest.HttpClientRequest): string =>
  Option.match(HttpClientRequest.toUrl(request), {
    onNone: () => request.method,
    onSome: (url) => `${request.method} ${url.host}${url.pathname}`
  })

/** `Retry-After` in milliseconds: seconds, or a date, which is taken against that of the answer. */
export const retryAfterMillis = (headers: Readonly<Record<string, string | undefined>>): number | undefined => {
  const value = headers["retry-after"]
  if (value === undefined) return undefined
  const seconds = Number(value)
  if (Number.isFinite(seconds)) return seconds >= 0 ? seconds * 1_000 : undefined
  const [until, now] = [value, headers["date"] ?? ""].map((date) => DateTime.make(date))
  return Option.isSome(until!) && Option.isSome(now!)
    ? Math.max(0, DateTime.toEpochMillis(until.value) - DateTime.toEpochMillis(now.value))
    : undefined
}

/** Why a request was not even sent: the provider asked to be left alone for longer than anybody waits. */
export class LeftAlone extends Error {
  readonly millis: number
  readonly banned: boolean
  constructor(millis: number, banned: boolean) {
    super(`left alone for another ${Math.ceil(millis / 1_000)} s`)
    this.millis = millis
    this.banned = banned
  }
}

/** Why an answer with this status is not one. `detail` is what the provider's body says, if anything. */
export const ofStatus = (response: HttpClientResponse.HttpClientResponse, detail?: string): Reason =>
  ofHead(
    { status: response.status, headers: response.headers, where: describeRequest(response.request) },
    detail === "" ? undefined : detail
  )

/** The same, of what is left of an answer: its status, its headers and where it came from. */
export const ofHead = (
  answer: {
    readonly status: number
    readonly headers: Readonly<Record<string, string | undefined>>
    readonly where: string
  },
  detail?: string
): Reason => {
  const { status } = answer
  const said = `${answer.where} answered ${status}${detail === undefined ? "" : ` (${detail})`}`
  switch (status) {
    case 401:
    case 402:
    case 403:
    case 407:
    case 451:
      return new Unauthorized({ detail: said })
    case 418:
    case 429: {
      const retryAfter = retryAfterMillis(answer.headers)
      return new RateLimited({
        ...(retryAfter === undefined ? {} : { retryAfterMillis: retryAfter }),
        ...(status === 418 ? { banned: true } : {})
      })
    }
    default:
      return status >= 400 && status < 500 && status !== 408 && status !== 425
        ? new Refused({ detail: said, status })
        : new Unavailable({ detail: said, status })
  }
}

/** Why there was no answer, or none that could be read. */
export const ofError = (error: HttpClientError.HttpClientError): Reason => {
  const where = describeRequest(error.request)
  switch (error.reason._tag) {
    case "StatusCodeError":
      return ofStatus(error.reason.response)
    case "DecodeError":
    case "EmptyBodyError":
      return new Malformed({ detail: `${where}: the body cannot be read` })
    case "TransportError":
      if (error.reason.cause instanceof LeftAlone) {
        const { banned, millis } = error.reason.cause
        return new RateLimited({ retryAfterMillis: millis, ...(banned ? { banned } : {}) })
      }
      return new Unavailable({
        detail: `${where}: ${error.reason.description ?? causeOf(error.reason.cause)}`,
        ...(isRefused(error) ? { refused: true } : {})
      })
    case "EncodeError":
    case "InvalidUrlError":
      return new Unavailable({ detail: `${where}: the request cannot be made` })
  }
}

/** Whether nothing listens where a request was sent. */
export const isRefused = ({ reason }: HttpClientError.HttpClientError): boolean =>
  reason._tag === "TransportError" && causeOf(reason.cause) === "ECONNREFUSED"

/** Node's network errors say what happened in a code (ECONNREFUSED, ENOTFOUND), often one or two causes deep. */
export const causeOf = (cause: unknown): string => {
  for (let at = cause, depth = 0; depth < 4 && typeof at === "object" && at !== null; depth++) {
    if ("code" in at && typeof at.code === "string") return at.code
    at = "cause" in at ? at.cause : undefined
  }
  return "no connection"
}
