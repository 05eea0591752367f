/** What the Dockerfile, the units and the manifests run, run as they say, with a folder of its own for the data. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Dockerfile from "./Dockerfile.ts"
import * as Manifest from "./Manifest.ts"
import * as Repository from "./Repository.ts"

const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "tidemark-image-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

const freePort = Effect.promise(
  () =>
    new Promise<number>((resolve) => {
      const probe = createServer()
      probe.listen(0, "127.0.0.1", () => {
        const { port } = probe.address() as { readonly port: number }
        probe.close(() => resolve(port))
      })
    })
)

/** A command of the image, in the folders of this machine: `data` stands for /data, the repository for /app. */
const start = (data: string, command: ReadonlyArray<string>, variables: Readonly<Record<string, string>>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const [program, ...args] = command.map((word) => word.replace(/^\/app\//, `${Repository.root}/`))
      assert.strictEqual(program, "node")
      return spawn(process.execPath, args, {
        cwd: data,
        env: {
          ...Dockerfile.environment,
          PATH: process.env["PATH"],
          DATABASE_URL: Dockerfile.environment["DATABASE_URL"]!.replace("/data", data),
          ...variables
        },
        stdio: ["ignore", "pipe", "pipe"]
      })
    }),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

/** What it says, up to some words or to its end. */
const said = (child: ChildProcess, until: string) =>
  Effect.promise(
    () =>
      new Promise<string>((resolve) => {
        let all = ""
        const hear = (chunk: Buffer) => {
          all += String(chunk)
          if (all.includes(until)) resolve(all)
        }
        child.stdout!.on("data", hear)
        child.stderr!.on("data", hear)
        child.once("close", () => resolve(all))
      })
  )

const codeOf = (child: ChildProcess) =>
  Effect.promise(async () => (child.exitCode === null ? ((await once(child, "exit"))[0] as number) : child.exitCode))

const healthcheck = (data: string, port: number) =>
  Effect.flatMap(start(data, Dockerfile.healthcheck, { TIDEMARK_PORT: String(port) }), codeOf)

const containers = ["base/deployment.yaml", "backfill/job.yaml", "cron/cronjob.yaml"].flatMap(
  (path) => Manifest.pod(Manifest.file(path)[0]!).containers
)

describe("what the image starts", () => {
  it.live(
    "is healthy for the image and for Kubernetes while it runs, and ends in time when it is told to",
    () =>
      Effect.gen(function* () {
        const data = yield* folder
        const port = yield* freePort
        const child = yield* start(data, Dockerfile.entrypoint, { TIDEMARK_PORT: String(port), TIDEMARK_API_KEY: "k" })
        assert.include(yield* said(child, "the API is at"), `http://0.0.0.0:${port}`)
        assert.strictEqual(yield* healthcheck(data, port), 0)
        const probes = containers.flatMap(({ livenessProbe, readinessProbe, startupProbe }) =>
          [livenessProbe, readinessProbe, startupProbe].filter((probe) => probe !== undefined)
        )
        assert.lengthOf(probes, 3)
        for (const { httpGet } of probes) {
          const answer = yield* Effect.promise(() => fetch(`http://127.0.0.1:${port}${httpGet.path}`))
          assert.strictEqual(answer.status, 200, httpGet.path)
        }
        const before = performance.now()
        child.kill("SIGTERM")
        assert.strictEqual(yield* codeOf(child), 130)
        assert.isBelow(performance.now() - before, Repository.shutdownSeconds * 1_000)
        assert.strictEqual(yield* healthcheck(data, port), 1)
      }),
    60_000
  )

  it.live("does not listen without a key", () =>
    Effect.gen(function* () {
      const data = yield* folder
      const port = yield* freePort
      const child = yield* start(data, Dockerfile.entrypoint, { TIDEMARK_PORT: String(port) })
      assert.include(yield* said(child, "there is no key"), "there is no key")
      assert.strictEqual(yield* codeOf(child), 2)
    })
  )
})

/** The arguments of each backfill that somebody runs by these files. */
const backfills = [
  ...containers.flatMap(({ args, command }) => (command?.[0] === "tidemark" ? [args!] : [])),
  Repository.read("deploy/systemd/tidemark-backfill.service")
    .match(/bin\.js (.*)/)![1]!
    .split(" ")
]

describe("the backfills of these files", () => {
  it("are three", () => assert.lengthOf(backfills, 3))

  it.live.each(backfills.map((args) => [args.join(" "), args] as const))("are command lines: %s", ([, args]) =>
    Effect.gen(function* () {
      const cwd = yield* folder
      const { status, stderr } = spawnSync(
        process.execPath,
        [join(Repository.root, "apps/cli/src/bin.js"), ...args, "--source", "synthetic", "--dry-run"],
        { cwd, encoding: "utf8", env: { PATH: process.env["PATH"] } }
      )
      assert.strictEqual(status, 0, stderr)
    })
  )
})
