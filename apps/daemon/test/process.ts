/** The daemon as a process of its own, and who listens to it on loopback. */
import { spawn } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { createServer, type IncomingHttpHeaders, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { type AlertStore, type CandleStore, JobStore } from "@tidemark/core"
import { DuckDbStorage } from "@tidemark/storage-duckdb"
import { Deferred, Effect, Layer } from "effect"

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url))
const nowhere = "http://127.0.0.1:9"

export const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "tidemark-daemon-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

/** Waits until a figure is what it should become. */
export const until = <A>(figure: () => A, reached: (value: A) => boolean): Effect.Effect<A> =>
  Effect.suspend(() => {
    const value = figure()
    return reached(value) ? Effect.succeed(value) : Effect.andThen(Effect.sleep(5), until(figure, reached))
  })

/** Starts a daemon on the file `x.duckdb` of a folder; the scope kills what is left of it. */
export const start = (cwd: string, env: Readonly<Record<string, string>>) =>
  Effect.acquireRelease(
    Effect.gen(function* () {
      const ended = yield* Deferred.make<number | null>()
      const child = spawn(process.execPath, [main], {
        cwd,
        env: {
          PATH: process.env["PATH"],
          HOME: cwd,
          DATABASE_URL: "duckdb:./x.duckdb",
          TIDEMARK_PORT: "0",
          BINANCE_BASE_URL: nowhere,
          BINANCE_ARCHIVE: "off",
          ...env
        },
        stdio: ["ignore", "pipe", "pipe"]
      })
      let [stdout, stderr] = ["", ""]
      child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk))
      child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk))
      child.once("close", (code) => Deferred.doneUnsafe(ended, Effect.succeed(code)))
      return {
        pid: child.pid!,
        said: () => stdout + stderr,
        stdout: () => stdout,
        kill: (signal: NodeJS.Signals) => Effect.sync(() => void child.kill(signal)),
        ended: Deferred.await(ended)
      }
    }),
    ({ ended, kill }) => Effect.andThen(kill("SIGKILL"), ended)
  )

export interface Heard {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** An HTTP server that keeps what it hears; `answers: false`: it never says anything. */
export const listener = (answers = true) =>
  Effect.acquireRelease(
    Effect.promise(
      () =>
        new Promise<{ readonly url: string; readonly heard: Array<Heard>; readonly close: () => void }>((resolve) => {
          const heard: Array<Heard> = []
          const listen: RequestListener = (request, response) => {
            const chunks: Array<Buffer> = []
            request.on("data", (chunk: Buffer) => chunks.push(chunk))
            request.on("end", () => {
              heard.push({ path: request.url!, headers: request.headers, body: Buffer.concat(chunks) })
              if (answers) response.writeHead(200, { "content-type": "application/json" }).end("{}")
            })
          }
          const server = createServer(listen)
          server.listen(0, "127.0.0.1", () => {
            const close = () => {
              server.closeAllConnections()
              server.close()
            }
            resolve({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heard, close })
          })
        })
    ),
    ({ close }) => Effect.sync(close)
  )

/** Looks into the database, or changes it, while no daemon has it. */
export const withStore =
  (cwd: string) =>
  <A, E>(effect: Effect.Effect<A, E, AlertStore.AlertStore | CandleStore.CandleStore | JobStore.JobStore>) =>
    Effect.provide(
      effect,
      DuckDbStorage.layer({ path: join(cwd, "x.duckdb"), mode: "write" }).pipe(Layer.provide(NodeServices.layer))
    )

export const job = (change: Partial<JobStore.Job> & Pick<JobStore.Job, "name" | "work">): JobStore.Job => ({
  cron: "0 0 1 1 *",
  timeZone: "UTC",
  settings: {},
  isPaused: true,
  since: Date.now(),
  wantedAt: undefined,
  ...change
})

/** Jobs in a new database, and none of those that it would have by itself at work. */
export const jobs = (cwd: string, ...mine: ReadonlyArray<Parameters<typeof job>[0]>) =>
  withStore(cwd)(
    Effect.flatMap(JobStore.JobStore, (store) =>
      Effect.forEach(
        [job({ name: "incremental", work: "backfill" }), job({ name: "watch", work: "watch" }), ...mine.map(job)],
        store.put
      )
    )
  )
