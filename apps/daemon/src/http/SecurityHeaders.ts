/** Headers that keep browsers from doing with an answer what nobody meant. */
import { Effect } from "effect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"

const always = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store"
} as const

const nothing = "default-src 'none'; frame-ancestors 'none'"

/** The page of the documentation brings its own script and styles, and asks this server alone. */
const page =
  "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; " +
  "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"

const pathOf = (url: string): string => url.split("?", 1)[0]!

export const middleware = <E, R>(answering: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>) =>
  Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ url }) =>
    Effect.map(answering, (answer) =>
      HttpServerResponse.setHeaders(answer, {
        ...always,
        "content-security-policy": pathOf(url) === "/docs" ? page : nothing,
        // In a second another request is allowed.
        ...(answer.status === 429 ? { "retry-after": "1" } : {})
      })
    )
  )
