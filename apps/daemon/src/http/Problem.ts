/** Whatever goes wrong, the answer is a problem document: RFC 9457, without a word of the inside of the server. */
import { Cause, Effect } from "effect"
import * as HttpServerError from "effect/http/HttpServerError"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as ProblemDetails from "effect/http/ProblemDetails"

interface Words {
  readonly title: string
  readonly detail: string
}

const words: Readonly<Record<number, Words>> = {
  400: { title: "Bad Request", detail: "The request cannot be read." },
  404: { title: "Not Found", detail: "There is nothing at this address; what there is: /docs." },
  405: { title: "Method Not Allowed", detail: "This cannot be done with what is at this address; see /docs." },
  408: { title: "Request Timeout", detail: "The request took too long to arrive." },
  413: { title: "Content Too Large", detail: "The body of the request is larger than this server takes." },
  415: { title: "Unsupported Media Type", detail: "Send the body as application/json." },
  431: { title: "Request Header Fields Too Large", detail: "The headers are larger than this server takes." },
  500: { title: "Internal Server Error", detail: "The server made a mistake; its log has more." },
  503: { title: "Service Unavailable", detail: "Try again in a moment." }
}

export const document = (status: number, detail?: string): ProblemDetails.ProblemDetails => {
  const known = words[status] ?? words[status < 500 ? 400 : 500]!
  return { type: ProblemDetails.blankType, status, title: known.title, detail: detail ?? known.detail }
}

export const response = (status: number, detail?: string): HttpServerResponse.HttpServerResponse =>
  ProblemDetails.toResponse(document(status, detail))

/** A failure that has no words of its own gets those of its status. */
const worded = (answer: HttpServerResponse.HttpServerResponse): HttpServerResponse.HttpServerResponse =>
  answer.status < 400 || answer.headers["content-type"] === ProblemDetails.contentType
    ? answer
    : response(answer.status)

/** Turns failures and defects of what answers into problems; defects go to the log, not into the answer. */
export const middleware = <E, R>(answering: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>) =>
  answering.pipe(
    Effect.catchCause((cause) => {
      if (Cause.hasInterruptsOnly(cause)) return Effect.failCause(cause)
      return Effect.flatMap(HttpServerError.causeResponse(cause), ([answer]) =>
        answer.status < 500
          ? Effect.succeed(answer)
          : Effect.as(
              Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ method, url }) =>
                Effect.logError(`${method} ${url.split("?")[0]} could not be answered`, cause)
              ),
              answer
            )
      )
    }),
    Effect.map(worded)
  )
