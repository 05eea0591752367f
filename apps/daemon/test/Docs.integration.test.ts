/** What README and the pages say of the daemon, done as it stands: every line of every shell block, in order. */
import { type ChildProcess, execFile, spawn } from "node:child_process"
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"

const root = fileURLToPath(new URL("../../..", import.meta.url))
const documented = 8_430

/** The port of the documentation, or another where somebody has it. */
const freePort = Effect.promise(
  () =>
    new Promise<number>((resolve) => {
      const take = (port: number) => {
        const server = createServer()
        server.once("error", () => take(0))
        server.listen(port, "127.0.0.1", () => {
          const address = server.address()
          server.close(() => resolve(typeof address === "object" && address !== null ? address.port : port))
        })
      }
      take(documented)
    })
)

const blocks = (page: string, language: string): ReadonlyArray<string> =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map(([, text]) => text!)

interface Answer {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const shell = (line: string, cwd: string, env: NodeJS.ProcessEnv) =>
  Effect.promise(
    () =>
      new Promise<Answer>((resolve) => {
        execFile("bash", ["-c", line], { cwd, env, timeout: 60_000 }, (error, stdout, stderr) =>
          resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : 1, stdout, stderr })
        )
      })
  )

/** A daemon in a folder of its own, ended with the scope. */
const daemon = (cwd: string, env: NodeJS.ProcessEnv) =>
  Effect.acquireRelease(
    Effect.promise(
      () =>
        new Promise<ChildProcess>((resolve, reject) => {
          const child = spawn(process.execPath, [join(root, "apps/daemon/src/main.ts")], { cwd, env })
          let said = ""
          const hear = (chunk: string) => {
            said += chunk
            if (said.includes("the API is at")) resolve(child)
          }
          child.stdout.setEncoding("utf8").on("data", hear)
          child.stderr.setEncoding("utf8").on("data", hear)
          child.once("close", () => reject(new Error(said)))
        })
    ),
    (child) =>
      Effect.promise(
        () =>
          new Promise<void>((resolve) => {
            child.removeAllListeners("close").once("close", () => resolve())
            child.kill("SIGTERM")
          })
      )
  )

const begin = Effect.gen(function* () {
  const cwd = yield* Effect.acquireRelease(
    Effect.promise(() => mkdtemp(join(tmpdir(), "tidemark-docs-"))),
    (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
  )
  yield* Effect.promise(() => symlink(join(root, "node_modules"), join(cwd, "node_modules")))
  const port = yield* freePort
  const env = {
    PATH: `${join(root, "node_modules/.bin")}:${process.env["PATH"]}`,
    HOME: cwd,
    TIDEMARK_PORT: String(port)
  }
  const run = (line: string) => shell(line.replaceAll(`:${documented}`, `:${port}`), cwd, env)
  return { cwd, env, run }
})

/** Whether the answer of a line is one that was meant: JSON without a problem, or the table of a command. */
const check = (line: string, { code, stderr, stdout }: Answer): void => {
  assert.strictEqual(code, 0, `${line}\n${stdout}\n${stderr}`)
  const isJson = /^\s*[[{]/.test(stdout)
  if (!line.startsWith("curl") || !isJson) return
  const body: unknown = JSON.parse(stdout)
  const isProblem = typeof body === "object" && body !== null && "status" in body && typeof body.status === "number"
  assert.isFalse(isProblem, `${line}\n${stdout}`)
}

const lines = (block: string): ReadonlyArray<string> => block.split("\n").filter((line) => line !== "")

describe("what is documented of the daemon", () => {
  it.live(
    "README's section on it works as written, on a new database",
    () =>
      Effect.gen(function* () {
        const page = yield* Effect.promise(() => readFile(join(root, "README.md"), "utf8"))
        const section = page.slice(page.indexOf("## All year"), page.indexOf("## The doors"))
        const [serve, questions] = blocks(section, "sh")
        assert.strictEqual(serve, "npx nx run daemon:serve\n")
        const { cwd, env, run } = yield* begin
        yield* daemon(cwd, env)
        assert.isAtLeast(lines(questions!).length, 5)
        for (const line of lines(questions!)) check(line, yield* run(line))
      }),
    120_000
  )

  it.live(
    "docs/api.md works as it stands: every question is answered, every key opens",
    () =>
      Effect.gen(function* () {
        const page = yield* Effect.promise(() => readFile(join(root, "docs/api.md"), "utf8"))
        const { cwd, env, run } = yield* begin
        const [policies] = blocks(page, "json")
        yield* Effect.promise(() => writeFile(join(cwd, "tidemark.json"), policies!))
        for (const command of [
          "npx tidemark backfill --symbols BTC/USDT --timeframes 1d --source synthetic --days 400 --quiet",
          "npx tidemark regime market --symbol BTC/USDT --quiet",
          "npx tidemark backfill --symbols SPY --timeframes 1h,1d --source synthetic --days 60 --quiet",
          "npx tidemark gamma backfill --symbol SPY --days 10 --quiet"
        ])
          check(command, yield* run(command))
        yield* daemon(cwd, env)
        const all = blocks(page, "sh").flatMap(lines)
        assert.isAtLeast(all.length, 25)
        for (const line of all) check(line, yield* run(line))
        // The last made a key: nobody gets in without one any more.
        const refused = yield* run("curl http://127.0.0.1:8430/api/v1/coverage")
        assert.include(refused.stdout, '"status":401')
      }),
    240_000
  )

  it.live(
    "docs/daemon.md changes jobs as it says",
    () =>
      Effect.gen(function* () {
        const page = yield* Effect.promise(() => readFile(join(root, "docs/daemon.md"), "utf8"))
        const { cwd, env, run } = yield* begin
        yield* daemon(cwd, env)
        const all = blocks(page, "sh").flatMap(lines)
        const commands = all.filter((line) => line.includes("--remote"))
        assert.isAtLeast(commands.length, 6)
        for (const line of commands) check(line, yield* run(line))
        const listed = yield* run("npx tidemark jobs list --json --remote http://127.0.0.1:8430")
        const jobs = JSON.parse(listed.stdout) as ReadonlyArray<{ readonly name: string; readonly time_zone: string }>
        assert.strictEqual(jobs.find(({ name }) => name === "features")?.time_zone, "America/New_York")
      }),
    120_000
  )
})
