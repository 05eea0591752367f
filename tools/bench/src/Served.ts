/** The daemon as a process of its own, over a database that is there. */
import { readFileSync } from "node:fs"
import { execPath } from "node:process"
import { fileURLToPath } from "node:url"
import { JobStore } from "@tidemark/core"
import { Deferred, Effect, Stream } from "effect"
import { ChildProcess } from "effect/process"
import { BenchError } from "./BenchError.ts"

const main = fileURLToPath(new URL("../../../apps/daemon/src/main.ts", import.meta.url))

export interface Daemon {
  readonly url: string
  readonly pid: number
}

/** Jobs that a new database would begin with do nothing while something is measured. */
export const paused = Effect.flatMap(JobStore.JobStore, ({ put }) =>
  Effect.forEach(
    [
      "tail",
      "incremental",
      "watch",
      "features",
      "market-regime",
      "structure-regime",
      "retention",
      "gaps",
      "consolidation"
    ],
    (name) =>
      put({
        name,
        work: "gaps",
        cron: "0 0 1 1 *",
        timeZone: "UTC",
        settings: {},
        isPaused: true,
        since: Date.now(),
        wantedAt: undefined
      }),
    { discard: true }
  )
)

/** Serves until the scope closes. `nodeArgs`: such as `--cpu-prof`, to look into it. */
export const daemon = Effect.fnUntraced(function* (cwd: string, databaseUrl: string, nodeArgs: ReadonlyArray<string>) {
  const child = yield* ChildProcess.make(execPath, [...nodeArgs, main], {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", HOME: cwd, DATABASE_URL: databaseUrl, TIDEMARK_PORT: "0" },
    extendEnv: false,
    stdin: "ignore"
  })
  const url = yield* Deferred.make<string, BenchError>()
  let said = ""
  yield* child.all.pipe(
    Stream.decodeText,
    Stream.runForEach((text) => {
      said += text
      const found = /the API is at (http:\/\/[^/]+)\//.exec(said)
      return found === null ? Effect.void : Deferred.succeed(url, found[1]!)
    }),
    Effect.ignore,
    Effect.andThen(Effect.suspend(() => Deferred.fail(url, new BenchError({ detail: `the daemon ended:\n${said}` })))),
    Effect.forkScoped
  )
  const found: Daemon = { url: yield* Deferred.await(url), pid: Number(child.pid) }
  return found
})

/** Seconds of a processor that a process has had so far; `NaN` where there is no `/proc`. */
export const processorSeconds = ({ pid }: Daemon): number => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ")
    // In hundredths.
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return Number.NaN
  }
}
