/**
 * The one door: every byte from a provider comes through here.
 *
 * A plugin gets an `HttpClient` that calls only the hosts it declares, sends
 * them elsewhere where the user says so, spends the host's budget, keeps a
 * deadline over the whole answer with its body, leaves a host alone that asks
 * for it or keeps failing, and counts. It never retries: whether to ask again
 * is decided above, where it is known what is missing.
 */
import type { Source } from "@tidemark/core"
import { Clock, Context, Duration, Effect, Exit, Layer } from "effect"
import { HttpClient, HttpClientError, HttpClientRequest } from "effect/http"
import { CircuitBreaker, RateLimiter } from "effect/persistence"
import { Events } from "./Events.ts"
import * as HostGate from "./HostGate.ts"
import { Policy } from "./Policy.ts"

/** Counts the requests made on behalf of whoever provides it. */
export const RequestCounter = Context.Reference<{ requests: number }>("@tidemark/backfill/RequestCounter", {
  defaultValue: () => ({ requests: 0 })
})

export interface ClientOptions {
  readonly source: string
  readonly capabilities: Source.Capabilities
  readonly baseUrls: ReadonlyArray<Source.BaseUrl>
  /** Value of each variable of `baseUrls` that is set. */
  readonly overrides: Readonly<Record<string, string>>
}

export class SourceHttp extends Context.Service<
  SourceHttp,
  {
    readonly clientFor: (options: ClientOptions) => HttpClient.HttpClient
  }
>()("@tidemark/backfill/SourceHttp") {}

/** How long a request waits for the one that tries whether a host works again. */
const probeMillis = 100

/** Where a request goes: its own URL, or the user's in place of the origin. */
const rewrite = (url: URL, options: ClientOptions): URL => {
  const base = options.baseUrls.find(
    (candidate) =>
      (candidate.anyHost === true || candidate.hosts.includes(url.host)) &&
      options.overrides[candidate.variable] !== undefined
  )
  if (base === undefined) return url
  const target = new URL(options.overrides[base.variable]!)
  const prefix = target.pathname.replace(/\/$/, "")
  target.pathname = `${prefix}${base.keepHost === true ? `/${url.host}` : ""}${url.pathname}`
  target.search = url.search
  return target
}

const make = Effect.gen(function* () {
  const inner = yield* HttpClient.HttpClient
  const limiter = yield* RateLimiter.RateLimiter
  const breaker = yield* CircuitBreaker.CircuitBreaker
  const events = yield* Events
  const policy = yield* Policy
  const gate = HostGate.make()

  const transportError = (request: HttpClientRequest.HttpClientRequest, description: string) =>
    new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request, description }) })

  const clientFor = (options: ClientOptions): HttpClient.HttpClient => {
    const hosts = new Map(options.capabilities.hosts.map((host) => [host.name, host]))

    const wait = (host: string, millis: number) =>
      millis <= 0
        ? Effect.void
        : Effect.andThen(
            events.publish({ _tag: "BudgetWait", source: options.source, host, millis }),
            Effect.sleep(millis)
          )

    /** Returns once the host may be asked: its pause is over and there is budget. */
    const admit = Effect.fnUntraced(function* (request: HttpClientRequest.HttpClientRequest, url: URL) {
      const budget = hosts.get(url.host)?.budget
      if (budget !== undefined) {
        const { delay } = yield* Effect.orDie(
          limiter.consume({
            key: url.host,
            limit: budget.limit,
            window: budget.windowMillis,
            onExceeded: "delay",
            tokens: budget.weightOf?.(url) ?? 1
          })
        )
        yield* wait(url.host, Duration.toMillis(delay))
      }
      for (;;) {
        const pause = gate.waitMillis(url.host, yield* Clock.currentTimeMillis)
        if (pause === 0) return
        if (pause > policy.maxRetryAfterMillis) {
          const seconds = Math.ceil(pause / 1000)
          return yield* transportError(request, `the provider asked to be left alone for another ${seconds} s`)
        }
        yield* wait(url.host, pause)
      }
    })

    /** The whole answer within the deadline: the response keeps the body that is read here for whoever reads it next. */
    const exchange = (request: HttpClientRequest.HttpClientRequest, url: URL) =>
      inner.execute(HttpClientRequest.setUrl(request, rewrite(url, options))).pipe(
        Effect.flatMap((response) => Effect.map(response.arrayBuffer, ({ byteLength }) => ({ response, byteLength }))),
        // An error of the inner client names the rewritten URL; ours names the declared host.
        Effect.mapError((error) =>
          error.reason._tag === "TransportError"
            ? new HttpClientError.HttpClientError({
                reason: new HttpClientError.TransportError({ request, cause: error.reason.cause })
              })
            : transportError(request, "the connection broke before the whole answer was there")
        ),
        Effect.timeoutOrElse({
          duration: policy.requestDeadlineMillis,
          orElse: () =>
            Effect.fail(transportError(request, `no whole answer within ${policy.requestDeadlineMillis / 1000} s`))
        }),
        Effect.provideService(HttpClient.TracerPropagationEnabled, false)
      )

    /** The exchange behind the breaker: while the host is left alone the request waits, as after a `Retry-After`. */
    const guarded = (
      request: HttpClientRequest.HttpClientRequest,
      url: URL,
      waitedMillis: number
    ): ReturnType<typeof exchange> =>
      breaker
        .execute(exchange(request, url), {
          key: url.host,
          classify: (exit) =>
            Exit.isSuccess(exit) && exit.value.response.status < 500 ? CircuitBreaker.success : CircuitBreaker.failure()
        })
        .pipe(
          Effect.catchTag("CircuitBreakerError", ({ reason }) => {
            const millis = reason._tag === "CircuitOpen" ? Duration.toMillis(reason.retryAfter) + 1 : probeMillis
            if (waitedMillis + millis > policy.maxRetryAfterMillis) {
              return Effect.fail(transportError(request, "it fails again and again and was left alone for a while"))
            }
            return Effect.andThen(wait(url.host, millis), guarded(request, url, waitedMillis + millis))
          })
        )

    return HttpClient.make(
      Effect.fnUntraced(function* (request, url) {
        if (!hosts.has(url.host)) {
          return yield* transportError(request, `the source ${options.source} does not declare this host`)
        }
        yield* admit(request, url)
        const counter = yield* RequestCounter
        counter.requests++
        const startedAt = yield* Clock.currentTimeMillis
        const done = (status: number | undefined, bytes: number) =>
          Effect.flatMap(Clock.currentTimeMillis, (now) =>
            events.publish({
              _tag: "RequestDone",
              source: options.source,
              host: url.host,
              status,
              bytes,
              millis: now - startedAt
            })
          )
        const answer = yield* guarded(request, url, 0).pipe(Effect.tapError(() => done(undefined, 0)))
        const { response } = answer
        yield* done(response.status, answer.byteLength)
        gate.observe(url.host, response, hosts.get(url.host)?.budget, yield* Clock.currentTimeMillis)
        return response
      })
    )
  }

  return SourceHttp.of({ clientFor })
})

/** Over any `HttpClient`, with a budget and a breaker in memory. */
export const layer = Layer.unwrap(
  Effect.map(Policy, (policy) =>
    Layer.effect(SourceHttp, make).pipe(
      Layer.provide(RateLimiter.layer.pipe(Layer.provide(RateLimiter.layerStoreMemory))),
      Layer.provide(
        CircuitBreaker.layer({
          tripPolicy: CircuitBreaker.consecutive(policy.breakerFailures),
          openDuration: policy.breakerOpenMillis
        }).pipe(Layer.provide(CircuitBreaker.layerStoreMemory()))
      )
    )
  )
)
