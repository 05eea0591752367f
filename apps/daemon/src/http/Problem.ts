/** Whatever goes wrong, the answer is a problem document: RFC 9457, without a word of the inside of the server. */
import { Problems } from "@tidemark/api"
import { Cause, Effect, SchemaIssue } from "effect"
import * as HttpServerError from "effect/http/HttpServerError"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import { type HttpServerResponse, setHeader } from "effect/http/HttpServerResponse"
import * as ProblemDetails from "effect/http/ProblemDetails"
import type { HttpApiSchemaError } from "effect/http-api/HttpApiError"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as Allowed from "./Allowed.ts"

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
  417: { title: "Expectation Failed", detail: "This server cannot do what the header Expect asks for." },
  415: { title: "Unsupported Media Type", detail: "Send the body as application/json." },
  431: { title: "Request Header Fields Too Large", detail: "The headers are larger than this server takes." },
  500: { title: "Internal Server Error", detail: "The server made a mistake; its log has more." },
  503: { title: "Service Unavailable", detail: "Try again in a moment." }
}

export const document = (status: number, detail?: string): ProblemDetails.ProblemDetails => {
  const known = words[status] ?? words[status < 500 ? 400 : 500]!
  return { type: ProblemDetails.blankType, status, title: known.title, detail: detail ?? known.detail }
}

export const response = (status: number, detail?: string): HttpServerResponse =>
  ProblemDetails.toResponse(document(status, detail))

/** A failure that has no words of its own gets those of its status. */
const worded = (answer: HttpServerResponse): HttpServerResponse =>
  answer.status < 400 || answer.headers["content-type"] === ProblemDetails.contentType
    ? answer
    : response(answer.status)

/** There is nothing there, or not for this method. */
const nowhere = ({ url }: HttpServerRequest.HttpServerRequest): HttpServerResponse => {
  const allowed = Allowed.methods(url)
  return allowed.length === 0 ? response(404) : setHeader(response(405), "allow", allowed.join(", "))
}

const isNowhere = (cause: Cause.Cause<unknown>): boolean => {
  const error = Cause.squash(cause)
  return HttpServerError.isHttpServerError(error) && error.reason._tag === "RouteNotFound"
}

const issuesOf = SchemaIssue.makeFormatterStandardSchemaV1()

const places = { Params: "the address", Query: "the query", Headers: "the headers", Payload: "the body" } as const

/** What of a request cannot be read: each place, and what belongs there. */
const unreadable = ({ cause, kind }: HttpApiSchemaError, place: string) => {
  const errors = issuesOf(cause.issue).issues.map(({ message, path = [] }) => ({
    path: [
      kind.toLowerCase(),
      ...path.map((segment) => (typeof segment === "object" ? segment.key : segment)).map((key) => String(key))
    ],
    message
  }))
  const detail = errors
    .map(({ message, path: [, ...rest] }) => `${[...rest, "in", place].join(" ")}: ${message}`.replace(/^in /, "In "))
    .join("; ")
  return new Problems.BadRequest({ detail, errors })
}

/** What does not fit the schema of a request says so in `detail`; an answer that does not fit its own is a mistake here. */
export const ofSchemas = HttpApiMiddleware.layerSchemaErrorTransform(HttpApiMiddleware.ProblemDetails, (error) =>
  error.kind in places
    ? Effect.fail(unreadable(error, places[error.kind as keyof typeof places]))
    : Effect.andThen(
        Effect.logError("an answer does not fit its schema", Cause.fail(error)),
        Effect.fail(new Problems.Internal({ detail: words[500]!.detail }))
      )
)

/** Turns failures and defects of what answers into problems; defects go to the log, not into the answer. */
export const middleware = <E, R>(answering: Effect.Effect<HttpServerResponse, E, R>) =>
  answering.pipe(
    Effect.catchCause((cause) => {
      if (Cause.hasInterruptsOnly(cause)) return Effect.failCause(cause)
      if (isNowhere(cause)) return Effect.map(HttpServerRequest.HttpServerRequest, nowhere)
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
