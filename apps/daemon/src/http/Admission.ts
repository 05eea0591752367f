/**
 * Who asks, and how much of it: the door that every question comes through.
 *
 * While there is no key at all, whoever asks from this machine is let in, if
 * the request is addressed to this machine too: else a page in a browser could
 * ask through a name that it has pointed here. Nor may another site's page ask
 * straight away: browsers send what needs no answer without asking first. From
 * the first key on everybody needs one.
 */
import { Problems } from "@tidemark/api"
import { Context, Effect, Layer, Option, Redacted } from "effect"
import type * as HttpServerRequest from "effect/http/HttpServerRequest"
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
const identify = Effect.fnUntraced(function* (
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
  const anybody: Known = { id: "anybody", name: "anybody on this machine", scope: "write" }
  return anybody
})

export interface Options {
  readonly requestsPerSecond: number
  /** Origins whose pages may ask. */
  readonly cors: ReadonlyArray<string>
}

type Refused = Problems.Unauthorized | Problems.Forbidden | Problems.TooManyRequests | Problems.Unavailable

export class Admission extends Context.Service<
  Admission,
  {
    /** Who has sent a request, with this key or none; fails for whoever may not, or asks too much. */
    readonly admit: (
      request: HttpServerRequest.HttpServerRequest,
      key: Redacted.Redacted
    ) => Effect.Effect<Known, Refused>
  }
>()("@tidemark/daemon/Admission") {
  static readonly layer = ({ cors, requestsPerSecond }: Options) =>
    Layer.effect(
      Admission,
      Effect.gen(function* () {
        const keyring = yield* Keyring
        const limiter = yield* RateLimiter.RateLimiter
        const allow = (key: string) =>
          limiter.consume({ key, limit: requestsPerSecond, window: "1 second", algorithm: "token-bucket" }).pipe(
            Effect.mapError(
              () =>
                new Problems.TooManyRequests({
                  detail: `This server answers ${requestsPerSecond} requests a second.`
                })
            )
          )
        return Admission.of({
          admit: Effect.fnUntraced(function* (request, key) {
            const known = yield* identify(request, key, cors).pipe(
              Effect.provideService(Keyring, keyring),
              // Whoever has no key is counted with all who have none, so that nobody tries keys as fast as they can.
              Effect.tapError(() => allow("strangers"))
            )
            yield* allow(`caller ${known.id}`)
            return known
          })
        })
      })
    ).pipe(Layer.provide(RateLimiter.layer), Layer.provide(RateLimiter.layerStoreMemory))
}
