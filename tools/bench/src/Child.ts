/**
 * A Node process, run to its end and measured from outside.
 *
 * Everything that is compared runs this way, so that start-up counts for all
 * alike and the peak of memory belongs to one of them alone.
 */
import { Effect, FileSystem, Stream } from "effect"
import { ChildProcess } from "effect/process"
import { readFileSync } from "node:fs"
import { execPath } from "node:process"
import { fileURLToPath } from "node:url"
import { BenchError } from "./BenchError.ts"

export interface Command {
  /** Whom a failure is about. */
  readonly name: string
  readonly args: ReadonlyArray<string>
  /** Nothing else of ours is in its environment. */
  readonly env?: Readonly<Record<string, string>>
  /** A folder without a configuration of the user's own. */
  readonly cwd: string
}

export interface Measured {
  /** From spawning it to its end. */
  readonly seconds: number
  /** Largest resident memory. */
  readonly peakBytes: number
  readonly stdout: string
}

const peakProbe = new URL("./child/peak.ts", import.meta.url).href

/** What a process needs of the environment of this one. */
const inherited = ["PATH", "HOME", "TMPDIR"]

const text = <E, R>(stream: Stream.Stream<Uint8Array, E, R>) => stream.pipe(Stream.decodeText, Stream.mkString)

const spawn = Effect.fnUntraced(function* (command: Command, nodeArgs: ReadonlyArray<string>, peakFile: string) {
  const env = {
    ...Object.fromEntries(inherited.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []))),
    BENCH_PEAK_FILE: peakFile,
    ...command.env
  }
  const startedAt = performance.now()
  const child = yield* ChildProcess.make(execPath, [...nodeArgs, ...command.args], {
    cwd: command.cwd,
    env,
    extendEnv: false,
    stdin: "ignore"
  })
  const [code, stdout, stderr] = yield* Effect.all(
    [
      Effect.map(child.exitCode, (code) => ({ code, seconds: (performance.now() - startedAt) / 1000 })),
      text(child.stdout),
      text(child.stderr)
    ],
    { concurrency: "unbounded" }
  )
  if (code.code !== 0) {
    return yield* new BenchError({
      detail: `${command.name} ended with ${code.code}: ${command.args.join(" ")}\n${stderr || stdout}`
    })
  }
  return { seconds: code.seconds, stdout }
}, Effect.scoped)

/** How long it takes. Fails if it does not end with 0. */
export const time = (command: Command) => spawn(command, [], "")

/** How long it takes and how much memory. */
export const measure = Effect.fnUntraced(function* (command: Command) {
  const fs = yield* FileSystem.FileSystem
  const peakFile = yield* fs.makeTempFileScoped({ prefix: "tidemark-peak-" })
  const run = yield* spawn(command, ["--import", peakProbe], peakFile)
  const peakBytes = Number(yield* fs.readFileString(peakFile))
  if (!(peakBytes > 0)) return yield* new BenchError({ detail: `${command.name} did not tell its memory` })
  const measured: Measured = { ...run, peakBytes }
  return measured
}, Effect.scoped)

/** The path of a script of this package. */
export const script = (name: string): string => fileURLToPath(new URL(`./child/${name}`, import.meta.url))

const bin = fileURLToPath(new URL("../../../apps/cli/src/bin.js", import.meta.url))

/** The product as its first line starts it: Node's flags, then the program. */
export const tidemark: ReadonlyArray<string> = [
  ...readFileSync(bin, "utf8")
    .split("\n", 1)[0]!
    .split(" ")
    .filter((word) => word.startsWith("--")),
  bin
]
