/** Takes what webhooks are sent, on loopback; refuses for a while when it is told to. */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { Effect } from "effect"
import type { Notice } from "./Judgement.ts"

interface Body {
  readonly id: string
  readonly groups: ReadonlyArray<{ readonly notices: ReadonlyArray<Omit<Notice, "message">> }>
}

export interface Receiver {
  readonly url: string
  readonly notices: ReadonlyArray<Notice>
  /** Messages that came again, under the same name. */
  readonly repeated: () => number
  readonly refuse: (isAway: boolean) => void
}

export const make = Effect.acquireRelease(
  Effect.promise(
    () =>
      new Promise<Receiver & { readonly close: () => void }>((resolve) => {
        const notices: Array<Notice> = []
        const names = new Set<string>()
        let [repeated, isAway] = [0, false]
        const server = createServer((request, response) => {
          const chunks: Array<Buffer> = []
          request.on("data", (chunk: Buffer) => chunks.push(chunk))
          request.on("end", () => {
            if (isAway) return response.writeHead(503).end()
            const { groups, id } = JSON.parse(Buffer.concat(chunks).toString("utf8")) as Body
            if (names.has(id)) repeated++
            names.add(id)
            for (const { first_at, subject, what } of groups.flatMap((group) => group.notices)) {
              notices.push({ message: id, what, subject, first_at })
            }
            return response.writeHead(204).end()
          })
        })
        server.listen(0, "127.0.0.1", () =>
          resolve({
            url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
            notices,
            repeated: () => repeated,
            refuse: (away) => void (isAway = away),
            close: () => {
              server.close()
              server.closeAllConnections()
            }
          })
        )
      })
  ),
  ({ close }) => Effect.sync(close)
)
