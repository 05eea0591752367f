/**
 * The command as people run it: a process of its own, in a folder of its own,
 * with providers on loopback.
 */
import { spawn as spawnProcess } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Emulator } from "@tidemark/emulator"
import { Context, Deferred, Effect, Layer, type Scope } from "effect"

const bin = fileURLToPath(new URL("../src/bin.js", import.meta.url))

/** Where nothing listens: no test ever reaches a real provider. */
const nowhere = "http://127.0.0.1:9"

export interface Options {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
}

/** How a process ended, and all that it said. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly pid: number
  readonly kill: (signal: NodeJS.Signals) => Effect.Effect<void>
  readonly ended: Effect.Effect<Ended>
  /** For waits that are no effects: whether it still runs. */
  readonly isAlive: () => boolean
}

/** Starts the command; the scope kills what is left of it. */
export const spawn = (args: ReadonlyArray<string>, options: Options): Effect.Effect<Running, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.gen(function* () {
      const ended = yield* Deferred.make<Ended>()
      const child = spawnProcess(process.execPath, [bin, ...args], {
        cwd: options.cwd,
        // Nothing of the caller's environment that the product reads.
        env: {
          PATH: process.env["PATH"],
          HOME: options.cwd,
          BINANCE_BASE_URL: nowhere,
          YAHOO_BASE_URL: nowhere,
          CBOE_BASE_URL: nowhere,
          POLYGON_BASE_URL: nowhere,
          CCXT_BASE_URL: nowhere,
          // Page by page, unless a test says otherwise.
          BINANCE_ARCHIVE: "off",
          ...options.env
        },
        stdio: ["ignore", "pipe", "pipe"]
      })
      let stdout = ""
      let stderr = ""
      child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk))
      child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk))
      child.once("close", (code, signal) => {
        Deferred.doneUnsafe(ended, Effect.succeed({ code, signal, stdout, stderr }))
      })
      const running: Running = {
        pid: child.pid!,
        kill: (signal) => Effect.sync(() => void child.kill(signal)),
        ended: Deferred.await(ended),
        isAlive: () => child.exitCode === null && child.signalCode === null
      }
      return running
    }),
    (running) => Effect.andThen(running.kill("SIGKILL"), running.ended)
  )

/** Runs the command to its end. */
export const run = (args: ReadonlyArray<string>, options: Options): Effect.Effect<Ended> =>
  Effect.scoped(Effect.flatMap(spawn(args, options), (running) => running.ended))

/** An empty folder that the scope removes. */
export const folder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "tidemark-cli-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

/** Every file under a folder with the hash of its bytes: equal before and after means that nothing changed. */
export const contents = (path: string): Effect.Effect<Readonly<Record<string, string>>> =>
  Effect.promise(async () => {
    const out: Record<string, string> = {}
    for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
      const file = join(entry.parentPath, entry.name)
      out[file.slice(path.length + 1)] = entry.isFile()
        ? createHash("sha256")
            .update(await readFile(file))
            .digest("hex")
        : "folder"
    }
    return out
  })

/** A provider for the life of the scope. */
export const provider = (
  options: Parameters<typeof Emulator.layer>[0]
): Effect.Effect<Emulator["Service"], never, Scope.Scope> =>
  Effect.map(Layer.build(Emulator.layer(options)), (context) => Context.get(context, Emulator))

/** Waits until a figure is what it should become. */
export const until = <A>(figure: Effect.Effect<A>, reached: (value: A) => boolean): Effect.Effect<void> =>
  Effect.flatMap(figure, (value) =>
    reached(value) ? Effect.void : Effect.andThen(Effect.sleep(3), until(figure, reached))
  )

/** What `--json` printed: all of stdout, or the test fails. */
export const parse = <A>(ended: Ended): A => {
  try {
    return JSON.parse(ended.stdout) as A
  } catch {
    throw new Error(`stdout is not JSON: ${ended.stdout}\nstderr: ${ended.stderr}`)
  }
}

export type Row = Readonly<Record<string, unknown>>

/** The rows of `tidemark query`. */
export const query = (sql: string, options: Options): Effect.Effect<ReadonlyArray<Row>> =>
  Effect.map(run(["query", sql, "--json"], options), (ended) => parse(ended))

/** The parts of `backfill --json` that tests read. */
export interface ReportJson {
  readonly summary: Readonly<Record<string, unknown>> & {
    readonly requests: number
    readonly inserted: number
    readonly changed: number
  }
  readonly series: ReadonlyArray<Row>
  readonly gaps_detected: ReadonlyArray<Row>
  readonly gaps_filled: ReadonlyArray<Row>
  readonly errors: ReadonlyArray<Row>
}
