/** A daemon in this process: a real server on a free port, over a real database. */
import { mkdtemp, rm } from "node:fs/promises"
import { type IncomingHttpHeaders, request as nodeRequest } from "node:http"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert } from "@effect/vitest"
import * as AlertSettings from "@tidemark/alerts/Settings"
import { Client } from "@tidemark/api/Client"
import { JobStore } from "@tidemark/core"
import { type Configuration, Runtime } from "@tidemark/runtime"
import { Context, Effect, Layer, Logger, type Redacted, Tracer } from "effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Daemon from "../src/Daemon.ts"
import * as Jobs from "../src/Jobs.ts"

export type Settings = Configuration.Configuration

export const settings = (databaseUrl: string, api: Partial<Settings["api"]> = {}): Settings => ({
  databaseUrl,
  sources: {},
  retention: {},
  policies: {},
  variables: {},
  // Whoever counts runs counts those that he has begun.
  daemon: { tail: false },
  alerts: AlertSettings.make({}, { database: "test", file: undefined, webhooks: [] }),
  log: { format: "pretty", level: "info" },
  api: {
    host: "127.0.0.1",
    port: 0,
    requestsPerSecond: 100_000,
    bodyBytes: 1_048_576,
    timeoutSeconds: 60,
    cors: [],
    key: undefined,
    ...api
  }
})

/** A file of its own for as long as the scope. */
export const database = Effect.map(
  Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "tidemark-api-"))),
    (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true }))
  ),
  (folder) => `duckdb:${join(folder, "x.duckdb")}`
)

/** Works on the database while no daemon has it. */
export const withStores = (given: Settings) =>
  Effect.provide(Layer.provideMerge(Runtime.layer(given, "write"), NodeServices.layer))

export interface Serving {
  readonly url: string
  readonly port: number
  /** What the log has, a line a message. */
  readonly log: () => string
  /** How many requests it is at, streams among them. */
  readonly requests: () => number
  /** Asks through the typed client. */
  readonly ask: <A, E>(
    question: (client: Client["Service"]) => Effect.Effect<A, E>,
    key?: Redacted.Redacted
  ) => Effect.Effect<A, E>
}

/** The daemon's own jobs are there and paused: nothing begins that nobody has asked for. */
const paused = Effect.flatMap(JobStore.JobStore, ({ put }) =>
  Effect.forEach(Jobs.initial(0), (job) => put({ ...job, isPaused: true }), { discard: true })
)

/** Knows which requests are not done yet: a span of each lasts as long as the fiber that answers. */
const tracer = (open: Set<Tracer.Span>) =>
  Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      if (options.kind === "server") {
        open.add(span)
        const end = span.end.bind(span)
        span.end = (...ended) => {
          open.delete(span)
          end(...ended)
        }
      }
      return span
    }
  })

/** Serves until the scope closes. */
export const serve = Effect.fnUntraced(function* (given: Settings) {
  yield* withStores(given)(paused)
  const lines: Array<string> = []
  const logger = Logger.map(Logger.formatLogFmt, (line) => void lines.push(line))
  const open = new Set<Tracer.Span>()
  const context = yield* Layer.build(
    Daemon.layer(given).pipe(
      Layer.provide(Logger.layer([logger])),
      Layer.provide(Layer.succeed(Tracer.Tracer, tracer(open))),
      Layer.provideMerge(NodeServices.layer)
    )
  )
  const { address } = Context.get(context, HttpServer.HttpServer)
  if (!("port" in address)) return yield* Effect.die("it listens to no port")
  const url = `http://127.0.0.1:${address.port}`
  const serving: Serving = {
    url,
    port: address.port,
    log: () => lines.join("\n"),
    requests: () => open.size,
    ask: (question, key) =>
      Effect.flatMap(Client, question).pipe(
        Effect.provide(Client.layer({ url, key }).pipe(Layer.provide(NodeHttpClient.layerUndici)))
      )
  }
  return serving
})

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Asked {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string | ReadonlyArray<string>>>
  readonly body?: string | Buffer
  /** Default: loopback. Another address of this machine is where strangers would come in. */
  readonly host?: string
}

/** One request as it is, with nothing added. */
export const send = (
  { port }: Pick<Serving, "port">,
  { body, headers = {}, host = "127.0.0.1", method = "GET", path }: Asked
) =>
  Effect.promise(
    () =>
      new Promise<Answer>((resolve, reject) => {
        const request = nodeRequest(
          { host, port, method, path, headers: headers as Record<string, string>, agent: false },
          (response) => {
            const chunks: Array<Buffer> = []
            response.on("data", (chunk: Buffer) => chunks.push(chunk))
            response.once("error", reject)
            response.once("end", () =>
              resolve({
                status: response.statusCode!,
                headers: response.headers,
                body: Buffer.concat(chunks).toString("utf8")
              })
            )
          }
        )
        request.once("error", reject)
        request.end(body)
      })
  )

/** Writes to a socket, and hears what comes back until it is closed. */
export const talk = ({ port }: Pick<Serving, "port">, ...said: ReadonlyArray<string>) =>
  Effect.promise(
    () =>
      new Promise<string>((resolve) => {
        const socket = connect(port, "127.0.0.1")
        let heard = ""
        socket.setEncoding("utf8").on("data", (chunk) => (heard += chunk))
        // A reset tells as much as an end.
        socket.on("error", () => undefined)
        socket.once("close", () => resolve(heard))
        for (const one of said) socket.write(one)
      })
  )

/** Fails unless an answer is a problem document of this status; gives its `detail`. */
export const problem = ({ body, headers, status }: Answer, expected: number): string => {
  assert.strictEqual(status, expected, body)
  assert.strictEqual(headers["content-type"], "application/problem+json", body)
  const document = JSON.parse(body)
  assert.strictEqual(document.status, expected)
  for (const member of ["type", "title", "detail"]) assert.isString(document[member], `${member} in ${body}`)
  return document.detail
}
