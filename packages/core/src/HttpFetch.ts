/**
 * `fetch` for libraries that bring their own client: every request of theirs
 * goes through the engine's `HttpClient` all the same.
 *
 * A library is called inside `run`. What it asks meanwhile belongs to the
 * fiber that called it: its context, its interruption. Libraries lose
 * statuses and headers on the way to their errors, so a failure comes with
 * what the door itself saw last.
 */
import { type Context, Effect } from "effect"
import * as HttpBody from "effect/http/HttpBody"
import type * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpMethod from "effect/http/HttpMethod"
import { AsyncLocalStorage } from "node:async_hooks"

/** The head of an answer, as it came. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Host and path: never the query, where keys live. */
  readonly where: string
  readonly contentType: string
}

/** What a library failed with, and what came over the wire last. */
export interface Failure {
  readonly _tag: "LibraryFailed"
  readonly cause: unknown
  readonly answer: Answer | undefined
  /** Set if there was no answer. */
  readonly error: HttpClientError.HttpClientError | undefined
}

export interface HttpFetch {
  readonly fetch: typeof globalThis.fetch
  /** Runs a call of the library; interrupting it ends its request. */
  readonly run: <A>(call: (signal: AbortSignal) => PromiseLike<A>) => Effect.Effect<A, Failure>
}

interface Running {
  readonly context: Context.Context<never>
  readonly signal: AbortSignal
  answer: Answer | undefined
  error: HttpClientError.HttpClientError | undefined
}

/** Headers that `fetch` and the server agree on by themselves; a decoded body no longer has them. */
const ofTheWire = new Set(["content-encoding", "content-length", "transfer-encoding", "connection"])

const requestOf = async (request: Request): Promise<HttpClientRequest.HttpClientRequest> => {
  const headers = Object.fromEntries([...request.headers].filter(([name]) => !ofTheWire.has(name)))
  const plain = HttpClientRequest.make(request.method as HttpMethod.HttpMethod)(request.url, { headers })
  if (request.body === null) return plain
  const bytes = new Uint8Array(await request.arrayBuffer())
  const body = HttpBody.uint8Array(bytes, request.headers.get("content-type") ?? "application/octet-stream")
  return HttpClientRequest.setBody(plain, body)
}

export const make = (client: HttpClient.HttpClient): HttpFetch => {
  const storage = new AsyncLocalStorage<Running>()

  const fetch: typeof globalThis.fetch = async (input, init) => {
    const running = storage.getStore()
    if (running === undefined) throw new Error("a request outside of a call of the source")
    const request = new Request(input, init)
    const asked = await requestOf(request)
    running.error = undefined
    const exchange = client.execute(asked).pipe(
      Effect.flatMap((response) => Effect.map(response.arrayBuffer, (bytes) => ({ response, bytes }))),
      Effect.tapError((error) =>
        Effect.sync(() => {
          running.answer = undefined
          running.error = error
        })
      )
    )
    const { bytes, response } = await Effect.runPromiseWith(running.context)(exchange, {
      signal: AbortSignal.any([running.signal, request.signal])
    })
    const url = new URL(request.url)
    running.answer = {
      status: response.status,
      headers: response.headers,
      where: `${request.method} ${url.host}${url.pathname}`,
      contentType: response.headers["content-type"] ?? ""
    }
    const headers = new Headers()
    for (const [name, value] of Object.entries(response.headers)) {
      if (value !== undefined && !ofTheWire.has(name)) headers.set(name, value)
    }
    const hasBody = bytes.byteLength > 0 && response.status !== 204 && response.status !== 304
    const answer = new Response(hasBody ? bytes : null, { status: response.status, headers })
    // A response made by hand has no URL, which libraries look at after redirects.
    Object.defineProperty(answer, "url", { value: request.url })
    return answer
  }

  const run: HttpFetch["run"] = (call) =>
    Effect.flatMap(Effect.context<never>(), (context) => {
      let running: Running | undefined
      return Effect.tryPromise({
        try: (signal) => {
          running = { context, signal, answer: undefined, error: undefined }
          return Promise.resolve(storage.run(running, () => call(signal)))
        },
        catch: (cause): Failure => ({
          _tag: "LibraryFailed",
          cause,
          answer: running?.answer,
          error: running?.error
        })
      })
    })

  return { fetch, run }
}
