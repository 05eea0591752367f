/**
 * A provider on loopback that can misbehave.
 *
 * Real HTTP: a `node:http` server answers with what `respond` gives, or does
 * to the connection what a fault says. The client that comes with it sends
 * every request there, whatever its host, and records what was asked.
 */
import { NodeHttpClient } from "@effect/platform-node"
import { Context, Effect, Layer, Queue, type Scope } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo, Socket } from "node:net"

/** What the provider does instead of answering properly. */
export type Misbehaviour =
  | {
      readonly _tag: "Status"
      readonly status: number
      readonly headers?: Record<string, string>
      readonly body?: string
    }
  | { readonly _tag: "Body"; readonly body: string; readonly contentType?: string }
  /** Sends the head and half of the body, then cuts the connection. */
  | { readonly _tag: "Truncate" }
  /** Never answers. */
  | { readonly _tag: "Stall" }
  /** Answers every request as it answered the first. */
  | { readonly _tag: "Repeat" }

export type Respond = (url: URL) => Response | Promise<Response>

export class LoopbackProvider extends Context.Service<
  LoopbackProvider,
  {
    /** URLs as the source asked for them, oldest first. */
    readonly asked: () => ReadonlyArray<URL>
    /** Forgets what was asked, who came and went, and any misbehaviour. */
    readonly reset: Effect.Effect<void>
    readonly misbehave: (how: Misbehaviour | undefined) => void
    /** Completes when a request has arrived. */
    readonly arrived: Effect.Effect<void>
    /** Completes when a connection has closed. */
    readonly closed: Effect.Effect<void>
  }
>()("@tidemark/source-testing/LoopbackProvider") {}

const listen = (handler: (request: IncomingMessage, response: ServerResponse) => void) =>
  Effect.acquireRelease(
    Effect.callback<Server>((resume) => {
      const server = createServer(handler)
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )

const send = async (response: ServerResponse, answer: Response, truncate: boolean) => {
  const body = Buffer.from(await answer.arrayBuffer())
  response.writeHead(answer.status, { ...Object.fromEntries(answer.headers), "content-length": String(body.length) })
  if (!truncate) {
    response.end(body)
    return
  }
  response.write(body.subarray(0, body.length >> 1), () => response.destroy())
}

/** The provider, and an `HttpClient` that reaches it. */
export const layer = (respond: Respond): Layer.Layer<LoopbackProvider | HttpClient.HttpClient> =>
  Layer.effectContext(
    Effect.gen(function* (): Effect.fn.Return<
      Context.Context<LoopbackProvider | HttpClient.HttpClient>,
      never,
      HttpClient.HttpClient | Scope.Scope
    > {
      const inner = yield* HttpClient.HttpClient
      const arrivals = yield* Queue.unbounded<void>()
      const closings = yield* Queue.unbounded<void>()
      let asked: Array<URL> = []
      let misbehaviour: Misbehaviour | undefined
      let first: URL | undefined

      const answer = async (url: URL, response: ServerResponse) => {
        const how = misbehaviour
        switch (how?._tag) {
          case "Stall":
            return
          case "Status":
            return send(
              response,
              new Response(how.body ?? "{}", {
                status: how.status,
                headers: { "content-type": "application/json", ...how.headers }
              }),
              false
            )
          case "Body":
            return send(
              response,
              new Response(how.body, { headers: { "content-type": how.contentType ?? "application/json" } }),
              false
            )
          case "Truncate":
            return send(response, await respond(url), true)
          case "Repeat":
            return send(response, await respond(first ?? url), false)
          case undefined:
            return send(response, await respond(url), false)
        }
      }

      const server = yield* listen((request, response) => {
        const url = new URL(String(request.headers["x-asked-url"]))
        first ??= url
        Queue.offerUnsafe(arrivals, undefined)
        answer(url, response).catch(() => response.destroy())
      })
      server.on("connection", (socket: Socket) => socket.on("close", () => Queue.offerUnsafe(closings, undefined)))
      const { port } = server.address() as AddressInfo

      const client = HttpClient.make((request, url) => {
        asked.push(url)
        return inner.execute(
          request.pipe(
            HttpClientRequest.setUrl(new URL(`http://127.0.0.1:${port}${url.pathname}${url.search}`)),
            HttpClientRequest.setHeader("x-asked-url", url.toString())
          )
        )
      })
      const provider = LoopbackProvider.of({
        asked: () => asked,
        reset: Effect.gen(function* () {
          asked = []
          first = undefined
          misbehaviour = undefined
          yield* Queue.clear(arrivals)
          yield* Queue.clear(closings)
        }),
        misbehave: (how) => {
          misbehaviour = how
        },
        arrived: Queue.take(arrivals),
        closed: Queue.take(closings)
      })
      return Context.make(LoopbackProvider, provider).pipe(Context.add(HttpClient.HttpClient, client))
    })
  ).pipe(Layer.provide(NodeHttpClient.layerUndici))
