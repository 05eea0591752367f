/** The daemon as people run it: a process of its own, stopped and started again. */
import { spawn } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { CandleStore, JobStore } from "@tidemark/core"
import { DuckDbStorage } from "@tidemark/storage-duckdb"
import { Effect, Layer } from "effect"

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url))

const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "tidemark-daemon-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

interface Ended {
  readonly code: number | null
  readonly said: string
}

/** Runs the daemon until it has said something; then it is told to stop. */
const served = (cwd: string, until: string) =>
  Effect.promise(
    () =>
      new Promise<Ended>((resolve) => {
        const child = spawn(process.execPath, [main], {
          cwd,
          env: { PATH: process.env["PATH"], HOME: cwd, DATABASE_URL: "duckdb:./x.duckdb", TIDEMARK_PORT: "0" },
          stdio: ["ignore", "pipe", "pipe"]
        })
        let said = ""
        const hear = (chunk: string) => {
          said += chunk
          if (said.includes(until)) child.kill("SIGTERM")
        }
        child.stdout.setEncoding("utf8").on("data", hear)
        child.stderr.setEncoding("utf8").on("data", hear)
        child.once("close", (code) => resolve({ code, said }))
      })
  )

/** Looks into the database, or changes it, while no daemon has it. */
const withStore =
  (cwd: string) =>
  <A, E>(effect: Effect.Effect<A, E, JobStore.JobStore | CandleStore.CandleStore>) =>
    Effect.provide(
      effect,
      DuckDbStorage.layer({ path: join(cwd, "x.duckdb"), mode: "write" }).pipe(Layer.provide(NodeServices.layer))
    )

const job = (
  name: string,
  work: string,
  wantedAt: number | undefined,
  settings: JobStore.Job["settings"]
): JobStore.Job => ({
  name,
  work,
  cron: "0 0 1 1 *",
  timeZone: "UTC",
  settings,
  isPaused: true,
  since: Date.now(),
  wantedAt
})

const settings = { symbols: ["BTC/USDT"], timeframes: ["1h", "1d"], source: "synthetic", days: 30 }

describe("the daemon", () => {
  it.live(
    "does what is wanted of it, keeps what became of it, and ends when it is told to",
    () =>
      Effect.gen(function* () {
        const cwd = yield* folder
        const store = withStore(cwd)
        const wantedAt = Date.now() - 1_000
        yield* store(
          Effect.flatMap(JobStore.JobStore, (jobs) =>
            Effect.forEach(
              [
                job("first", "backfill", wantedAt, settings),
                job("incremental", "backfill", undefined, {}),
                job("wrong", "backfill", wantedAt, { days: -1 })
              ],
              jobs.put
            )
          )
        )
        const { code, said } = yield* served(cwd, "first: succeeded")
        assert.strictEqual(code, 130, said)
        const { all, names, rows } = yield* store(
          Effect.gen(function* () {
            const jobs = yield* JobStore.JobStore
            const stored = yield* (yield* CandleStore.CandleStore).list
            return {
              all: yield* jobs.runs({ limit: 10 }),
              names: (yield* jobs.list).map(({ name }) => name),
              rows: stored.map(({ rows, series }) => [series.timeframe, rows] as const)
            }
          })
        )
        const run = (name: string) => all.find((one) => one.job === name)
        assert.deepInclude(run("first"), { status: "succeeded", dueAt: wantedAt })
        assert.include(run("first")!.log, "2 series, 2 complete, 0 failed")
        assert.deepInclude(run("wrong"), { status: "failed" })
        assert.include(JSON.stringify(run("wrong")!.result), "the settings of the job are wrong")
        assert.isUndefined(run("incremental"))
        // Those that were there are as they were, the others have come.
        assert.includeMembers(names, ["first", "incremental", "wrong", "features", "retention", "gaps"])
        const byTimeframe = new Map(rows)
        assert.isAtLeast(byTimeframe.get("1h")!, 29 * 24)
        assert.isAtLeast(byTimeframe.get("1d")!, 29)
      }),
    60_000
  )
})
