/**
 * Who asks, whether they may, and how much of it.
 *
 * While there is no key at all, whoever reaches the server is let in: it
 * listens to this machine alone then, and takes only requests that are
 * addressed to this machine, so that no page in a browser can ask through a
 * name that it has pointed here. From the first key on everybody needs one.
 */
import { Access, Problems } from "@tidemark/api"
import { Cause, Effect, Exit, Layer, Option, Redacted } from "effect"
import * as HttpMethod from "effect/http/HttpMethod"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import type * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as RateLimiter from "effect/persistence/RateLimiter"
import { unavailable } from "../api/Failure.ts"
import { Keyring, type Known } from "./Keyring.ts"

const loopbackHost = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i

/** Who has sent a request, where that can be told. */
const identify = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest, key: Redacted.Redacted) {
  const keyring = yield* Keyring
  if (Redacted.value(key) !== "") {
    const found = yield* keyring.find(key)
    if (found !== undefined) return found
    return yield* new Problems.Unauthorized({
      detail: "The key in X-API-Key is none of this server's, or was revoked."
    })
  }
  if (!(yield* keyring.isEmpty)) {
    return yield* new Problems.Unauthorized({
      detail: "Send a key in the header X-API-Key; make one: tidemark keys create"
    })
  }
  if (!loopbackHost.test(request.headers["host"] ?? "")) {
    return yield* new Problems.Forbidden({
      detail: "Without a key this server answers requests to localhost alone; make one: tidemark keys create"
    })
  }
  const anybody: Known = { name: "anybody on this machine", scope: "write" }
  return anybody
})

const addressOf = ({ remoteAddress }: HttpServerRequest.HttpServerRequest): string =>
  Option.getOrElse(remoteAddress, () => "unknown")

export interface Options {
  readonly requestsPerSecond: number
}

/** The status that a caller gets to see. */
const statusOf = (exit: Exit.Exit<HttpServerResponse.HttpServerResponse, unknown>): number => {
  if (Exit.isSuccess(exit)) return exit.value.status
  const error = Cause.squash(exit.cause)
  return typeof error === "object" && error !== null && "status" in error ? Number(error.status) : 500
}

/** Every write is told to the log, with who did it and what came of it. */
const audited =
  ({ name }: Known, { method, url }: HttpServerRequest.HttpServerRequest) =>
  <E, R>(answering: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>) =>
    Effect.onExit(answering, (exit) =>
      Effect.logInfo(`${method} ${url.split("?", 1)[0]} by ${name}`).pipe(
        Effect.annotateLogs({
          audit: true,
          caller: name,
          status: statusOf(exit)
        })
      )
    )

export const layer = ({ requestsPerSecond }: Options) =>
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
          const known = yield* identify(request, credential).pipe(
            Effect.provideService(Keyring, keyring),
            Effect.catchTag("StoreError", unavailable),
            // Whoever has no key is counted where they are, so that nobody tries keys as fast as they can.
            Effect.tapError(() => allow(`address ${addressOf(request)}`))
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
