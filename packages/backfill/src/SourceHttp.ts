/**
 * The one door: every byte from a provider comes through here.
 *
 * A plugin gets an `HttpClient` that calls only the hosts it declares, sends
 * them elsewhere where the user says so, spends the host's budget, keeps a
 * deadline over the whole answer with its body, leaves a host alone that asks
 * for it or keeps failing, and counts. It never retries: whether to ask again
 * is decided above, where it is known what is missing.
 */
import { Allowance, HttpReason, RequestBudgets, type Source, SourceError } from "@tidemark/core"
import { Cause, Clock, Context, Duration, Effect, Exit, Layer, Option, Stream } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import type * as HttpMethod from "effect/http/HttpMethod"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as Events from "./Events.ts"
import * as Metrics from "./Metrics.ts"
import { Policy } from "./Policy.ts"
import * as ServerClock from "./ServerClock.ts"

/** What whoever provides it wants to know of the requests made on its behalf. */
export interface RequestCount {
  requests: number
  /** Of those, how many brought no answer that could be used: none, a refusal for now, or nonsense. */
  unanswered: number
  /** By how much our clock is certain to be ahead of the provider's, rounded up to the second that its answers tell. */
  clockAheadMillis?: number
}

export const noRequests = (): RequestCount => ({ requests: 0, unanswered: 0 })

export const RequestCounter = Context.Reference<RequestCount>("@tidemark/backfill/RequestCounter", {
  defaultValue: noRequests
})

export interface ClientOptions {
  readonly source: string
  readonly capabilities: Source.Capabilities
  readonly baseUrls: ReadonlyArray<Source.BaseUrl>
  /** Value of each variable of `baseUrls` that is set. */
  readonly overrides: Readonly<Record<string, string>>
  /** Tells accounts apart where a host counts by key; never the key. Empty for a source without one. */
  readonly account: string
}

export class SourceHttp extends Context.Service<
  SourceHttp,
  {
    readonly clientFor: (options: ClientOptions) => HttpClient.HttpClient
  }
>()("@tidemark/backfill/SourceHttp") {}

/** How long a request waits for the one that tries whether a host works again. */
const probeMillis = 100
/** Wait after a 429 that does not say how long, and after a 418, which is a ban. */
const defaultPauseMillis = 5_000
const defaultBanMillis = 120_000

type Request = HttpClientRequest.HttpClientRequest

/** The variable that sends requests to a host elsewhere, if one is set. */
export const replacing = (url: URL, { baseUrls, overrides }: ClientOptions) => {
  const base = baseUrls.find((candidate) => candidate.anyHost === true || candidate.hosts.includes(url.host))
  const variable = [base?.variable, base?.otherwise].find((name) => name !== undefined && overrides[name] !== undefined)
  return base === undefined || variable === undefined ? undefined : { base, variable }
}

/** Where a request goes: its own URL, or the user's in place of the origin. */
export const rewrite = (url: URL, options: ClientOptions): URL => {
  const replaced = replacing(url, options)
  if (replaced === undefined) return url
  const { base, variable } = replaced
  const target = new URL(options.overrides[variable]!)
  const prefix = target.pathname.replace(/\/$/, "")
  target.pathname = `${prefix}${base.keepHost === true ? `/${url.host}` : ""}${url.pathname}`
  target.search = url.search
  return target
}

const limitOf = (budget: Source.RequestBudget | undefined): Allowance.Limit | undefined =>
  budget && { limit: budget.limit, windowMillis: budget.windowMillis, aligned: budget.usedHeader !== undefined }

const transportError = (request: Request, description: string, cause?: HttpReason.LeftAlone) =>
  new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request, description, cause }) })

/** A request as anybody may see it: without query, headers and body, where keys live. */
const shown = ({ method }: Request, { origin, pathname }: URL): Request =>
  HttpClientRequest.make(method as HttpMethod.HttpMethod)(`${origin}${pathname}`)

/** Whether asking the same again may bring another answer. */
const isRefusalForNow = (response: HttpClientResponse.HttpClientResponse): boolean =>
  response.status >= 300 && SourceError.isRetryable(HttpReason.ofStatus(response))

const join = (chunks: ReadonlyArray<Uint8Array>): ArrayBuffer => {
  const out = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    out.set(chunk, at)
    at += chunk.length
  }
  return out.buffer
}

const make = Effect.gen(function* () {
  const inner = yield* HttpClient.HttpClient
  const budgets = yield* RequestBudgets.RequestBudgets
  const breaker = yield* CircuitBreaker.CircuitBreaker
  const events = yield* Events.Events
  const policy = yield* Policy
  const clocks = new Map<string, ServerClock.ServerClock>()
  /** Whose last refusal was a ban. */
  const bans = new Set<string>()

  const clientFor = (options: ClientOptions): HttpClient.HttpClient => {
    const hosts = new Map(options.capabilities.hosts.map((host) => [host.name, host]))
    const isAligned = (host: string): boolean => hosts.get(host)?.budget?.usedHeader !== undefined

    /** What the clock of a provider that counts by its clock shows when ours shows `at`. */
    const theirs = (host: string, at: number): number =>
      isAligned(host) ? at + ServerClock.offsetMillis(clocks.get(host) ?? ServerClock.unknown) : at

    const keyOf = (host: string): string => (options.account === "" ? host : `${host} ${options.account}`)

    const wait = (host: string, millis: number, why: Events.Wait["why"]) =>
      Effect.andThen(
        events.publish({ _tag: "BudgetWait", source: options.source, host, millis, why }),
        Effect.sleep(millis)
      )

    /** What is known of the host's budget, changed in one step. */
    const update = <A>(
      request: Request,
      host: string,
      step: (allowance: Allowance.Allowance) => readonly [A, Allowance.Allowance]
    ) =>
      Effect.mapError(budgets.update(keyOf(host), step), (error) =>
        transportError(request, `the budget that all share cannot be looked up: ${error.message}`)
      )

    /** Returns once the host may be asked: its pause is over and there is budget. */
    const admit = Effect.fnUntraced(function* (request: Request, url: URL) {
      const budget = hosts.get(url.host)?.budget
      const weight = budget?.weightOf?.(url) ?? 1
      const clock = yield* Clock.Clock
      for (;;) {
        const [millis, pausedMillis, banned] = yield* update(request, url.host, (allowance) => {
          // The time of the step, which may come a while after it was asked for.
          const now = theirs(url.host, clock.currentTimeMillisUnsafe())
          const taken = Allowance.take(allowance, limitOf(budget), weight, now)
          return [[taken.waitMillis, allowance.pausedUntil - now, allowance.banned === true] as const, taken.allowance]
        })
        // Another process may have been told.
        if (banned) bans.add(keyOf(url.host))
        if (millis === 0) return
        if (pausedMillis > policy.maxRetryAfterMillis) {
          const cause = new HttpReason.LeftAlone(pausedMillis, bans.has(keyOf(url.host)))
          return yield* transportError(request, `the provider asked to be ${cause.message}`, cause)
        }
        yield* wait(url.host, millis, pausedMillis > 0 ? "asked" : "budget")
      }
    })

    /** Learns from the head of an answer: what is used up, and whether to stay away. */
    const learn = Effect.fnUntraced(function* (
      request: Request,
      url: URL,
      response: HttpClientResponse.HttpClientResponse,
      asked: number
    ) {
      const { host } = url
      const heard = yield* Clock.currentTimeMillis
      // What a cache has kept has the date of then.
      if (response.headers["age"] === undefined) {
        const known = clocks.get(host) ?? ServerClock.unknown
        const clock = ServerClock.observe(known, response.headers["date"], asked, heard)
        clocks.set(host, clock)
        const offsetMillis = ServerClock.offsetMillis(clock)
        const counter = yield* RequestCounter
        counter.clockAheadMillis = offsetMillis < 0 ? 1_000 - offsetMillis : 0
      }
      const budget = hosts.get(host)?.budget
      const used = Number(budget?.usedHeader === undefined ? Number.NaN : response.headers[budget.usedHeader])
      const refused = response.status === 429 || response.status === 418
      const isBan = response.status === 418
      const wasBan = isBan ? bans.has(keyOf(host)) : bans.delete(keyOf(host))
      if (isBan) bans.add(keyOf(host))
      if (Number.isNaN(used) && !refused && !wasBan) return
      yield* update(request, host, (allowance) => {
        const limit = limitOf(budget)
        const known = Allowance.ban(allowance, isBan)
        const reported =
          limit === undefined || Number.isNaN(used) ? known : Allowance.report(known, limit, used, theirs(host, asked))
        const absent = response.status === 418 ? defaultBanMillis : defaultPauseMillis
        const pauseMillis = HttpReason.retryAfterMillis(response.headers) ?? absent
        return [undefined, refused ? Allowance.pause(reported, theirs(host, heard) + pauseMillis) : reported]
      })
    })

    const overdue = (request: Request, url: URL, millis: number, what: string) => () =>
      Effect.fail(transportError(shown(request, url), `${what} within ${millis / 1000} s`))

    /** The answer as if it came from the host that was asked, with the body that was read for whoever reads it next. */
    const heard = (request: Request, url: URL, response: HttpClientResponse.HttpClientResponse, body: ArrayBuffer) => {
      const visible = shown(request, url)
      // Inherits what is not said here, so that nothing is copied.
      const answer: HttpClientResponse.HttpClientResponse = Object.create(response, {
        request: { value: visible },
        url: { value: visible.url },
        arrayBuffer: { value: Effect.succeed(body) },
        stream: { get: () => Stream.make(new Uint8Array(body)) }
      })
      return { response: answer, byteLength: body.byteLength }
    }

    /** The whole answer within the deadline. */
    const whole = (request: Request, url: URL) =>
      inner.execute(HttpClientRequest.setUrl(request, rewrite(url, options))).pipe(
        Effect.flatMap((response) => Effect.map(response.arrayBuffer, (body) => heard(request, url, response, body))),
        Effect.timeoutOrElse({
          duration: policy.requestDeadlineMillis,
          orElse: overdue(request, url, policy.requestDeadlineMillis, "no whole answer")
        })
      )

    /** A file: it may take its time as long as something comes, within reason. */
    const file = (request: Request, url: URL) => {
      const millis = policy.requestDeadlineMillis
      const most = policy.mostFileBytes
      let bytes = 0
      const weigh = (chunk: Uint8Array) =>
        (bytes += chunk.byteLength) > most
          ? Effect.fail(transportError(shown(request, url), `a file of more than ${most} bytes`))
          : Effect.void
      return inner.execute(HttpClientRequest.setUrl(request, rewrite(url, options))).pipe(
        Effect.timeoutOrElse({ duration: millis, orElse: overdue(request, url, millis, "no answer") }),
        Effect.flatMap((response) =>
          response.stream.pipe(
            Stream.timeoutOrElse({
              duration: millis,
              orElse: () => Stream.fromEffect(overdue(request, url, millis, "nothing more of the answer came")())
            }),
            Stream.tap(weigh),
            Stream.runCollect,
            Effect.map((chunks) => heard(request, url, response, join(chunks)))
          )
        ),
        Effect.timeoutOrElse({
          duration: policy.fileDeadlineMillis,
          orElse: overdue(request, url, policy.fileDeadlineMillis, "no whole file")
        })
      )
    }

    const exchange = (request: Request, url: URL) => {
      const visible = shown(request, url)
      return (hosts.get(url.host)?.bulk === true ? file(request, url) : whole(request, url)).pipe(
        // An error of the inner client names the rewritten URL; ours names the declared host.
        Effect.mapError((error) => {
          if (error.reason._tag === "TransportError") {
            const { cause, description } = error.reason
            const variable = replacing(url, options)?.variable
            const sentElsewhere =
              variable === undefined || cause === undefined
                ? undefined
                : `${HttpReason.causeOf(cause)}, at the URL of ${variable}`
            return new HttpClientError.HttpClientError({
              reason: new HttpClientError.TransportError({
                request: visible,
                cause,
                // Ours say what happened and have no cause; what others say may hold a URL.
                ...(cause === undefined && description !== undefined ? { description } : {}),
                ...(sentElsewhere === undefined ? {} : { description: sentElsewhere })
              })
            })
          }
          return transportError(visible, "the connection broke before the whole answer was there")
        })
      )
    }

    /** The exchange behind the breaker: while the host is left alone the request waits, as after a `Retry-After`. */
    const guarded = (request: Request, url: URL, waitedMillis: number): ReturnType<typeof exchange> =>
      breaker
        .execute(exchange(request, url), {
          key: url.host,
          classify: (exit) => {
            if (Exit.isSuccess(exit)) {
              return exit.value.response.status < 500 ? CircuitBreaker.success : CircuitBreaker.failure()
            }
            const error = Cause.findErrorOption(exit.cause)
            // It spares a host that fails; where nothing listens, asking costs nobody anything.
            return Option.isSome(error) && HttpReason.isRefused(error.value)
              ? CircuitBreaker.ignored
              : CircuitBreaker.failure()
          }
        })
        .pipe(
          Effect.catchTag("CircuitBreakerError", ({ reason }) => {
            const millis = reason._tag === "CircuitOpen" ? Duration.toMillis(reason.retryAfter) + 1 : probeMillis
            // Instead of files there is something else to ask.
            if (hosts.get(url.host)?.bulk === true || waitedMillis + millis > policy.maxRetryAfterMillis) {
              return Effect.fail(
                transportError(shown(request, url), "it fails again and again and was left alone for a while")
              )
            }
            // What was allowed before the wait may not be any more: the host may have asked for a pause meanwhile.
            return wait(url.host, millis, "failing").pipe(
              Effect.andThen(admit(shown(request, url), url)),
              Effect.andThen(guarded(request, url, waitedMillis + millis))
            )
          })
        )

    const watchBreaker = (host: string) =>
      Effect.ignore(Effect.flatMap(breaker.state(host), (state) => Metrics.breaker(options.source, host, state)))

    const client = HttpClient.make((request, url) =>
      Effect.gen(function* () {
        const visible = shown(request, url)
        if (!hosts.has(url.host)) {
          return yield* transportError(visible, `the source ${options.source} does not declare this host`)
        }
        yield* admit(visible, url)
        const counter = yield* RequestCounter
        counter.requests++
        const asked = yield* Clock.currentTimeMillis
        const done = Effect.fnUntraced(function* (status: number | undefined, bytes: number) {
          const millis = (yield* Clock.currentTimeMillis) - asked
          yield* Metrics.request(options.source, status)
          yield* Metrics.duration(options.source, millis)
          yield* events.publish({
            _tag: "RequestDone",
            source: options.source,
            host: url.host,
            status,
            bytes,
            millis
          })
        })
        const answer = yield* guarded(request, url, 0).pipe(
          Effect.ensuring(watchBreaker(url.host)),
          Effect.tapError(() => {
            counter.unanswered++
            return done(undefined, 0)
          })
        )
        const { response } = answer
        if (isRefusalForNow(response)) counter.unanswered++
        yield* done(response.status, answer.byteLength)
        yield* Effect.annotateCurrentSpan("http.response.status_code", response.status)
        yield* learn(visible, url, response, asked)
        return response
      }).pipe(
        Effect.withSpan("SourceHttp.request", {
          kind: "client",
          attributes: { source: options.source, "server.address": url.host, "url.path": url.pathname }
        })
      )
    )
    // The client's own spans would hold queries and cookies, where keys live.
    return HttpClient.transform(client, (effect) =>
      effect.pipe(
        Effect.provideService(HttpClient.TracerDisabledWhen, () => true),
        Effect.provideService(HttpClient.TracerPropagationEnabled, false)
      )
    )
  }

  return SourceHttp.of({ clientFor })
})

/** Over any `HttpClient` and whoever keeps the budgets, with a breaker in memory. */
export const layerShared = Layer.unwrap(
  Effect.map(Policy, (policy) =>
    Layer.effect(SourceHttp, make).pipe(
      Layer.provide(
        CircuitBreaker.layer({
          tripPolicy: CircuitBreaker.consecutive(policy.breakerFailures),
          openDuration: policy.breakerOpenMillis
        }).pipe(Layer.provide(CircuitBreaker.layerStoreMemory()))
      )
    )
  )
)

/** With the budgets of this process alone. */
export const layer = Layer.provide(layerShared, RequestBudgets.RequestBudgets.layerMemory)
