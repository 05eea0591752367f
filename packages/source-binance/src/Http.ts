/** The engine's client as Binance answers it: the body of a 200, or the reason why there is none. */
import { HttpReason, SourceError } from "@tidemark/core"
import { Effect, Option, Schema } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"

const ErrorBody = Schema.fromJsonString(Schema.Struct({ code: Schema.Int, msg: Schema.String }))
const decodeErrorBody = Schema.decodeUnknownOption(ErrorBody)

const reasonOf = (response: HttpClientResponse.HttpClientResponse, body: Uint8Array): SourceError.Reason => {
  const error = Option.getOrUndefined(decodeErrorBody(new TextDecoder().decode(body)))
  const detail = error && `${error.code} ${error.msg}`
  switch (error?.code) {
    case -1121:
      return new SourceError.NotListed({
        detail: "unknown symbol: Binance has no such market; see `tidemark symbols discover --source binance`"
      })
    case -1120:
      return new SourceError.Unsupported({ detail: "Binance has no such timeframe" })
    case -1003:
      return new SourceError.RateLimited({
        ...(response.status === 418 ? { banned: true } : {}),
        ...Option.match(Option.fromUndefinedOr(HttpReason.retryAfterMillis(response.headers)), {
          onNone: () => ({}),
          onSome: (retryAfterMillis) => ({ retryAfterMillis })
        })
      })
    default:
      return HttpReason.ofStatus(response, detail)
  }
}

export interface Http {
  readonly get: (
    host: string,
    path: string,
    urlParams?: Readonly<Record<string, string>>
  ) => Effect.Effect<Uint8Array, SourceError.Reason>
  /** The same of a host that says 404 for what it does not have. */
  readonly find: (host: string, path: string) => Effect.Effect<Option.Option<Uint8Array>, SourceError.Reason>
}

export const make = Effect.gen(function* () {
  const client = yield* HttpClient.HttpClient

  const ask = (host: string, path: string, urlParams: Readonly<Record<string, string>> = {}) =>
    client.get(`https://${host}${path}`, { urlParams }).pipe(
      Effect.flatMap((response) =>
        Effect.map(response.arrayBuffer, (body) => ({ response, body: new Uint8Array(body) }))
      ),
      Effect.mapError(HttpReason.ofError)
    )

  const http: Http = {
    get: (host, path, urlParams) =>
      Effect.flatMap(ask(host, path, urlParams), ({ body, response }) =>
        response.status === 200 ? Effect.succeed(body) : Effect.fail(reasonOf(response, body))
      ),
    find: (host, path) =>
      Effect.flatMap(ask(host, path), ({ body, response }) => {
        if (response.status === 200) return Effect.succeed(Option.some(body))
        return response.status === 404
          ? Effect.succeed(Option.none<Uint8Array>())
          : Effect.fail(reasonOf(response, body))
      })
  }
  return http
})
