/**
 * The streams of a provider on loopback, over real WebSockets.
 *
 * The door that comes with it leads every socket there, whatever its host, and
 * records where it was meant to go. What is sent is answered by the suite's
 * provider; what is told, when a connection is cut and whether one is taken at
 * all, a test decides.
 */
import { WebSocketServer, type WebSocket } from "@effect/platform-node/NodeWS"
import * as NodeWS from "@effect/platform-node/NodeWS"
import { type SocketDoor, SourceError } from "@tidemark/core"
import { Context, Effect, Layer, Queue, Result } from "effect"
import * as Socket from "effect/socket/Socket"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"

/** What the provider sends when it has heard something on a connection to a URL. */
export type Answer = (message: string, url: URL) => ReadonlyArray<string>

export class LoopbackSockets extends Context.Service<
  LoopbackSockets,
  {
    readonly door: SocketDoor.SocketDoor
    /** URLs as the source named them, oldest first. */
    readonly asked: () => ReadonlyArray<URL>
    /** Sends to every connection. */
    readonly tell: (...messages: ReadonlyArray<string>) => void
    /** Cuts every connection. */
    readonly cut: () => void
    /** From now on connections are refused with a status; `undefined`: they are taken. */
    readonly refuse: (status: number | undefined) => void
    /** Completes when a message has come that was answered. */
    readonly answered: Effect.Effect<void>
    /** Completes when a connection has closed. */
    readonly closed: Effect.Effect<void>
    readonly reset: Effect.Effect<void>
  }
>()("@tidemark/source-testing/LoopbackSockets") {}

const listen = Effect.acquireRelease(
  Effect.callback<Server>((resume) => {
    const server = createServer()
    server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
  }),
  (server) =>
    Effect.callback<void>((resume) => {
      server.close(() => resume(Effect.void))
      server.closeAllConnections()
    })
)

const broken = () => new SourceError.Unavailable({ detail: "the connection broke" })

export const layer = (answer: Answer): Layer.Layer<LoopbackSockets> =>
  Layer.effect(
    LoopbackSockets,
    Effect.gen(function* () {
      const server = yield* listen
      const sockets = new WebSocketServer({ noServer: true })
      const answers = yield* Queue.unbounded<void>()
      const closings = yield* Queue.unbounded<void>()
      const open = new Set<WebSocket>()
      let asked: Array<URL> = []
      let refused: number | undefined
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          for (const socket of open) socket.terminate()
          sockets.close()
        })
      )
      server.on("upgrade", (request, socket, head) => {
        if (refused !== undefined) {
          socket.end(`HTTP/1.1 ${refused} Refused\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
          return
        }
        const url = new URL(
          new URL(request.url ?? "/", "http://127.0.0.1").searchParams.get("asked") ?? "wss://nowhere"
        )
        sockets.handleUpgrade(request, socket, head, (client) => {
          open.add(client)
          client.on("error", () => client.terminate())
          client.on("close", () => {
            open.delete(client)
            Queue.offerUnsafe(closings, undefined)
          })
          client.on("message", (data: Buffer) => {
            const said = answer(data.toString(), url)
            for (const message of said) client.send(message)
            if (said.length > 0) Queue.offerUnsafe(answers, undefined)
          })
        })
      })
      const { port } = server.address() as AddressInfo

      const route = (text: string): string => {
        asked.push(new URL(text))
        return `ws://127.0.0.1:${port}/?${new URLSearchParams({ asked: text }).toString()}`
      }
      const connect = Effect.fnUntraced(function* (text: string) {
        const socket = yield* Socket.makeWebSocket(route(text)).pipe(
          Effect.provideService(Socket.WebSocketConstructor, (url) => new NodeWS.WebSocket(url))
        )
        const { write } = yield* socket.writer
        const pull = yield* Effect.mapError(Socket.readerString(socket), broken)
        return {
          pull: Effect.mapError(pull, broken),
          send: (message: string) => Effect.mapError(write(message), broken)
        } satisfies SocketDoor.Connection
      })

      return LoopbackSockets.of({
        door: { open: connect, route: (text) => Result.succeed(route(text)) },
        asked: () => asked,
        tell: (...messages) => {
          for (const socket of open) for (const message of messages) socket.send(message)
        },
        cut: () => {
          for (const socket of open) socket.terminate()
        },
        refuse: (status) => {
          refused = status
        },
        answered: Queue.take(answers),
        closed: Queue.take(closings),
        reset: Effect.gen(function* () {
          asked = []
          refused = undefined
          for (const socket of open) socket.terminate()
          yield* Queue.clear(answers)
          yield* Queue.clear(closings)
        })
      })
    })
  )
