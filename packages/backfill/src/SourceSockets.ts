/**
 * The one door, for sockets: a plugin connects only to the hosts it declares
 * for listening, at the user's URL where there is one, within a deadline; what
 * its errors say holds no query, where keys would live. It never connects
 * again: whether and when is decided above.
 */
import { HttpReason, type SocketDoor, SourceError } from "@tidemark/core"
import { Context, Effect, Layer, Result } from "effect"
import * as Socket from "effect/socket/Socket"
import { Policy } from "./Policy.ts"
import { type ClientOptions, replacing, rewrite } from "./SourceHttp.ts"

/** How a socket is made; loaded when the first one is. */
export type Constructor = Socket.WebSocketConstructor["Service"]

export class SourceSockets extends Context.Service<
  SourceSockets,
  { readonly doorFor: (options: ClientOptions) => SocketDoor.SocketDoor }
>()("@tidemark/backfill/SourceSockets") {
  static readonly layer = (constructor: Effect.Effect<Constructor>) =>
    Layer.effect(
      SourceSockets,
      Effect.gen(function* () {
        const policy = yield* Policy
        const load = yield* Effect.cached(constructor)
        return SourceSockets.of({ doorFor: (options) => doorFor(options, load, policy.requestDeadlineMillis) })
      })
    )
}

const handshakeStatus = /Unexpected server response: (\d{3})/

/** Every message of a cause, outermost first: libraries nest what the system said. */
const messagesOf = (cause: unknown): string => {
  const said: Array<string> = []
  for (let at = cause, depth = 0; typeof at === "object" && at !== null && depth < 5; depth++) {
    const { cause: inner, code, error, message } = at as Readonly<Record<string, unknown>>
    said.push(String(message ?? ""), String(code ?? ""))
    at = error ?? inner
  }
  return said.join(" ")
}

/** Why there is no connection any more, or none at all. `where` is host and path. */
export const reasonOf = ({ reason }: Socket.SocketError, where: string): SourceError.Reason => {
  if (reason._tag === "SocketCloseError") {
    const why = reason.closeReason === undefined || reason.closeReason === "" ? "" : ` (${reason.closeReason})`
    return new SourceError.Unavailable({ detail: `the connection to ${where} was closed with ${reason.code}${why}` })
  }
  const said = messagesOf(reason)
  const status = handshakeStatus.exec(said)?.[1]
  if (status !== undefined) return HttpReason.ofHead({ status: Number(status), headers: {}, where })
  if (reason._tag !== "SocketOpenError") {
    return new SourceError.Unavailable({ detail: `the connection to ${where} broke` })
  }
  if (reason.kind === "Timeout") return new SourceError.Unavailable({ detail: `no connection to ${where} in time` })
  const refused = said.includes("ECONNREFUSED")
  return new SourceError.Unavailable({
    detail: refused ? `${where}: connection refused` : `no connection to ${where}`,
    ...(refused ? { refused } : {})
  })
}

const protocols: Readonly<Record<string, string>> = { "http:": "ws:", "https:": "wss:" }

/** Where a socket goes: as a request would, in the sockets' protocol. */
export const target = (url: URL, options: ClientOptions): URL => {
  const goes = new URL(rewrite(url, options))
  goes.protocol = protocols[goes.protocol] ?? goes.protocol
  return goes
}

const doorFor = (
  options: ClientOptions,
  load: Effect.Effect<Constructor>,
  deadlineMillis: number
): SocketDoor.SocketDoor => {
  const declared = new Set(options.capabilities.tail?.hosts ?? [])
  const admit = (text: string): Result.Result<URL, SourceError.Reason> => {
    const url = new URL(text)
    if (declared.has(url.host)) return Result.succeed(url)
    const detail = `the source ${options.source} does not declare the host ${url.host} for listening`
    return Result.fail(new SourceError.Misconfigured({ detail }))
  }

  const open = Effect.fn("SocketDoor.open")(function* (text: string) {
    const url = yield* Effect.fromResult(admit(text))
    const variable = replacing(url, options)?.variable
    const where = `${url.host}${url.pathname}${variable === undefined ? "" : ` (at the URL of ${variable})`}`
    const failed = <A, R>(effect: Effect.Effect<A, Socket.SocketError, R>) =>
      Effect.mapError(effect, (error) => reasonOf(error, where))
    const constructor = yield* load
    const socket = yield* Socket.makeWebSocket(target(url, options).href, { openTimeout: deadlineMillis }).pipe(
      Effect.provideService(Socket.WebSocketConstructor, constructor)
    )
    const { write } = yield* socket.writer
    const pull = yield* failed(Socket.readerString(socket))
    const connection: SocketDoor.Connection = {
      pull: failed(pull),
      send: (message) => failed(write(message))
    }
    return connection
  })

  return { open, route: (url) => Result.map(admit(url), (from) => target(from, options).href) }
}
