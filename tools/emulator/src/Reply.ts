/**
 * An answer as it goes over the wire, and how it can be spoilt on the way.
 *
 * Everything is decided before the first byte is sent; `send` only does what
 * the value says, on Node's own response, because stalls, resets and broken
 * lengths are beneath what an HTTP framework lets through.
 */
import type { ServerResponse } from "node:http"
import type { Fault } from "./Fault.ts"

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Sent one after the other without being copied. */
  readonly body: ReadonlyArray<Buffer>
  /** Complete where absent. */
  readonly delivery?:
    | { readonly _tag: "Reset" }
    /** Nothing more comes after so many bytes of the body; -1: not even the status. */
    | { readonly _tag: "Stall"; readonly afterBytes: number }
    /** The connection is closed after so many bytes of the body. */
    | { readonly _tag: "Cut"; readonly afterBytes: number }
    /** The body comes in ten parts, each so much after the one before. */
    | { readonly _tag: "Trickle"; readonly millis: number }
  readonly delayMillis?: number
}

export const make = (status: number, contentType: string, body: string | ReadonlyArray<Buffer>): Reply => ({
  status,
  headers: { "content-type": contentType },
  body: typeof body === "string" ? [Buffer.from(body)] : body
})

/** What a gateway in front of a provider says for itself. */
export const gatewayPage = (status: number, title: string): Reply =>
  make(
    status,
    "text/html",
    `<html>\r\n<head><title>${status} ${title}</title></head>\r\n<body>\r\n` +
      `<center><h1>${status} ${title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`
  )

/** For a path that there is not. */
export const notFound: Reply = gatewayPage(404, "Not Found")

/** What a proxy or a maintenance screen gives. */
const page = "<!DOCTYPE html><html><head><title>Maintenance</title></head><body><h1>Back soon</h1></body></html>"

const megabyte = 1024 * 1024

/** The reply after a fault of the connection; faults of the data leave it as it is. */
export const spoil = (reply: Reply, fault: Fault | undefined, path: string): Reply => {
  switch (fault?._tag) {
    case "Stall": {
      const after = fault.after ?? "headers"
      const afterBytes = after === "nothing" ? -1 : after === "headers" ? 0 : after
      return { ...reply, delivery: { _tag: "Stall", afterBytes } }
    }
    case "Truncate": {
      const whole = Buffer.concat(reply.body)
      const half = whole.length >>> 1
      return fault.variant === "json"
        ? { ...reply, body: [whole.subarray(0, half)] }
        : { ...reply, delivery: { _tag: "Cut", afterBytes: half } }
    }
    case "Html":
      return { status: 200, headers: { ...reply.headers, "content-type": "text/html" }, body: [Buffer.from(page)] }
    case "EmptyBody":
      return { ...reply, status: 200, body: [] }
    case "Reset":
      return { ...reply, delivery: { _tag: "Reset" } }
    case "Slow":
      return { ...reply, delayMillis: fault.millis ?? 1000 }
    case "Trickle":
      return { ...reply, delivery: { _tag: "Trickle", millis: fault.millis ?? 1000 } }
    case "Redirect":
      return {
        status: 302,
        headers: { ...reply.headers, location: fault.to ?? `http://elsewhere.invalid${path}` },
        body: []
      }
    case "HugeBody": {
      const body = Buffer.alloc((fault.megabytes ?? 64) * megabyte, " ")
      body[0] = 0x5b
      body[body.length - 1] = 0x5d
      return { ...reply, status: 200, body: [body] }
    }
    default:
      return reply
  }
}

/** The reply, so much later than it would come otherwise. */
export const delay = (reply: Reply, millis: number): Reply =>
  millis > 0 ? { ...reply, delayMillis: (reply.delayMillis ?? 0) + millis } : reply

const parts = 10

const trickle = (response: ServerResponse, reply: Reply, millis: number): void => {
  const whole = Buffer.concat(reply.body)
  const size = Math.ceil(whole.length / parts)
  response.writeHead(reply.status, { ...reply.headers, "content-length": whole.length })
  response.flushHeaders()
  let at = 0
  const timer = setInterval(() => {
    response.write(whole.subarray(at, at + size))
    at += size
    if (at < whole.length) return
    clearInterval(timer)
    response.end()
  }, millis)
  response.once("close", () => clearInterval(timer))
}

/** As much of an answer as `delivery` lets through. */
const sendPart = (response: ServerResponse, reply: Reply, delivery: NonNullable<Reply["delivery"]>): void => {
  if (delivery._tag === "Reset") {
    response.socket?.resetAndDestroy()
    return
  }
  if (delivery._tag === "Trickle") {
    trickle(response, reply, delivery.millis)
    return
  }
  if (delivery.afterBytes < 0) return
  const whole = Buffer.concat(reply.body)
  // At least one byte stays owed, whatever the body: else the answer would be complete.
  const promised = Math.max(whole.length, 1)
  response.writeHead(reply.status, { ...reply.headers, "content-length": promised })
  response.flushHeaders()
  const part = whole.subarray(0, Math.min(delivery.afterBytes, promised - 1))
  if (delivery._tag === "Cut") response.write(part, () => response.socket?.destroy())
  else if (part.length > 0) response.write(part)
}

const sendNow = (response: ServerResponse, reply: Reply): void => {
  if (reply.delivery !== undefined) {
    sendPart(response, reply, reply.delivery)
    return
  }
  let length = 0
  for (const part of reply.body) length += part.length
  response.writeHead(reply.status, { ...reply.headers, "content-length": length })
  for (const part of reply.body) response.write(part)
  response.end()
}

/** Sends it, unless the connection ends during its delay. */
export const send = (response: ServerResponse, reply: Reply): void => {
  if (reply.delayMillis === undefined) {
    sendNow(response, reply)
    return
  }
  const timer = setTimeout(() => sendNow(response, reply), reply.delayMillis)
  response.once("close", () => clearTimeout(timer))
}
