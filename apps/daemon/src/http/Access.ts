/**
 * Who asks, whether they may, and how much of it.
 *
 * While there is no key at all, whoever asks from this machine is let in, if
 * the request is addressed to this machine too: else a page in a browser could
 * ask through a name that it has pointed here. Nor may another site's page ask
 * straight away: browsers send what needs no answer without asking first. From
 * the first key on everybody needs one.
 */
import { Access, Problems } from "@tidemark/api"
import { Cause, Effect, Exit, Layer, Option, Redacted } from "effect"
import * as HttpMethod from "effect/http/HttpMethod"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerError from "effect/http/HttpServerError"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as RateLimiter from "effect/persistence/RateLimiter"
import { unavailable } from "../api/Failure.ts"
import { Keyring, type Known } from "./Keyring.ts"

const loopbackHost = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i
const loopbackAddress = /^(127(\.\d{1,3}){3}|::1|::ffff:127(\.\d{1,3}){3})$/i

/** Whether a request comes from a program on this machine, or from a page that this server has sent or allows. */
export const isNear = (
  { headers, remoteAddress }: Pick<HttpServerRequest.HttpServerRequest, "headers" | "remoteAddress">,
  origins: ReadonlyArray<string>
): boolean => {
  const { host = "", origin } = headers
  const isHere = loopbackHost.test(host) && Option.exists(remoteAddress, (address) => loopbackAddress.test(address))
  return isHere && (origin === undefined || origin === `http://${host}` || origins.includes(origin))
}

/** Who has sent a request, where that can be told. */
export const identify = Effect.fnUntraced(function* (
  request: HttpServerRequest.HttpServerRequest,
  key: Redacted.Redacted,
  origins: ReadonlyArray<string>
) {
  const keyring = yield* Keyring
  if (Redacted.value(key) !== "") {
    const found = yield* Effect.catchTag(keyring.find(key), "StoreError", unavailable)
    if (found !== undefined) return found
    return yield* new Problems.Unauthorized({
      detail: "The key in X-API-Key is none of this server's, or was revoked."
    })
  }
  if (!(yield* Effect.catchTag(keyring.isEmpty, "StoreError", unavailable))) {
    return yield* new Problems.Unauthorized({
      detail: "Send a key in the header X-API-Key; make one: tidemark keys create"
    })
  }
  if (!isNear(request, origins)) {
    return yield* new Problems.Forbidden({
      detail:
        "Without a key this server answers programs on this machine alone, asked as localhost; " +
        "make one: tidemark keys create"
    })
  }
  const anybody: Known = { name: "anybody on this machine", scope: "write" }
  return anybody
})

export interface Options {
  readonly requestsPerSecond: number
  /** Origins whose pages may ask. */
  readonly cors: ReadonlyArray<string>
}

/** The failure of a handler: here it comes wrapped, so that it is not taken for one of access. */
const unwrapped = (error: unknown): unknown =>
  typeof error === "object" && error !== null && "error" in error ? error.error : error

/** The status that a caller gets to see. */
const statusOf = (exit: Exit.Exit<HttpServerResponse.HttpServerResponse, unknown>): Effect.Effect<number> =>
  Exit.isSuccess(exit)
    ? Effect.succeed(exit.value.status)
    : Effect.map(HttpServerError.causeResponse(Cause.map(exit.cause, unwrapped)), ([{ status }]) => status)

/** Every write is told to the log, with who did it and what came of it. */
const audited =
  ({ name }: Known, { method, url }: HttpServerRequest.HttpServerRequest) =>
  <E, R>(answering: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>) =>
    Effect.onExit(answering, (exit) =>
      Effect.flatMap(statusOf(exit), (status) =>
        Effect.logInfo(`${method} ${url.split("?", 1)[0]} by ${name}`).pipe(
          Effect.annotateLogs({ audit: true, caller: name, status })
        )
      )
    )

export const layer = ({ cors, requestsPerSecond }: Options) =>
  Layer.effect(
    Access.Access,
    Effect.gen(function* () {
      const keyring = yield* Keyring
      const limiter = yield* RateLimiter.RateLimiter
      const allow = (key: string) =>
        limiter
          .consume({ key, limit: requestsPerSecond, window: "1 second", algorithm: "token-bucket" })
          .pipe(
            Effect.mapError(
              () =>
                new Problems.TooManyRequests({ detail: `This server answers ${requestsPerSecond} requests a second.` })
            )
          )
      return Access.Access.of({
        key: Effect.fnUntraced(function* (answering, { credential, endpoint }) {
          const request = yield* HttpServerRequest.HttpServerRequest
          const known = yield* identify(request, credential, cors).pipe(
            Effect.provideService(Keyring, keyring),
            // Whoever has no key is counted with all who have none, so that nobody tries keys as fast as they can.
            Effect.tapError(() => allow("strangers"))
          )
          yield* allow(`caller ${known.name}`)
          const isWrite = HttpMethod.hasBody(endpoint.method)
          if (isWrite && known.scope !== "write") {
            return yield* new Problems.Forbidden({
              detail: `The key "${known.name}" is for reading; this changes something: tidemark keys create --scope write`
            })
          }
          const answer = Effect.provideService(answering, Access.Caller, { name: known.name })
          return yield* isWrite ? audited(known, request)(answer) : answer
        })
      })
    })
  ).pipe(Layer.provide(RateLimiter.layer), Layer.provide(RateLimiter.layerStoreMemory))
