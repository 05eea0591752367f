/**
 * Answers to what never becomes a request: no HTTP, too slow, too large, or of
 * a kind that this server does not do. Node would answer some of it with
 * nothing, and some with an empty page.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http"
import type { Duplex } from "node:stream"
import * as Problem from "./Problem.ts"

/** How long whoever was refused has to hear it; then the connection is gone, whether they close it or not. */
const hearingMillis = 1_000

interface Connection extends Duplex {
  /** The answer that is being sent over it; Node's own handler looks at this too. */
  readonly _httpMessage?: Pick<ServerResponse, "headersSent"> | null
}

const bodyOf = (status: number, detail?: string) => {
  const document = Problem.document(status, detail)
  return { title: document.title, body: JSON.stringify(document) }
}

const statusOf = (code: string | undefined): number =>
  code === "ERR_HTTP_REQUEST_TIMEOUT" ? 408 : code === "HPE_HEADER_OVERFLOW" ? 431 : 400

const answer = (socket: Connection, status: number, detail?: string): void => {
  // In the middle of an answer there is no place for another one.
  if (!socket.writable || socket._httpMessage?.headersSent === true) {
    socket.destroy()
    return
  }
  const { body, title } = bodyOf(status, detail)
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nContent-Type: application/problem+json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`
  )
  const timer = setTimeout(() => socket.destroy(), hearingMillis)
  socket.once("close", () => clearTimeout(timer))
}

/** Teaches a server to refuse. */
export const on = (server: Server): Server =>
  server
    .on("clientError", (error: NodeJS.ErrnoException, socket) =>
      error.code === "ECONNRESET" ? socket.destroy() : answer(socket, statusOf(error.code))
    )
    .on("connect", (_: IncomingMessage, socket: Duplex) => answer(socket, 405, "This server is no proxy."))
    .on("checkExpectation", ({ headers: { expect = "" } }: IncomingMessage, response: ServerResponse) => {
      const { body } = bodyOf(417, `This server cannot do what the header Expect asks for: ${expect}`)
      response.writeHead(417, { "content-type": "application/problem+json" }).end(body)
    })
